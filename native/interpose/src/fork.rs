//! Forks: in the child there are no other threads, so there is no region.

use std::sync::atomic::{AtomicBool, Ordering};

static WATCHED: AtomicBool = AtomicBool::new(false);

/// Notice forks from now on.
pub(crate) fn watch() {
    unsafe extern "C" fn child() {
        crate::scheduler::forget();
    }

    if !WATCHED.swap(true, Ordering::Relaxed) {
        // SAFETY: the handler stays callable: this object is never unloaded.
        unsafe { libc::pthread_atfork(None, None, Some(child)) };
    }
}
