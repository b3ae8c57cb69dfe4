//! Where an outside scheduler may take over: a function pointer, called around every use and at every free.
#![expect(unsafe_code, reason = "a function pointer is kept in an atomic, and turned back into one")]

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use crate::Handle;

/// Where in a handle's life the calling thread is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Point {
    /// Just before a pin, an export, a hold or a dispose looks at the slot.
    BeforeAcquire = 1,
    /// Just after a pin, an export or a hold was released; the object may be gone.
    AfterRelease = 2,
    /// Just before the destructor runs.
    Free = 3,
}

/// What a scheduler sets: it gets the point and the handle's number, may block, and must not unwind.
///
/// No lock of this crate is held while it runs. It may use tables itself; it is then called again, so it must expect
/// to be entered twice.
pub type Hook = extern "C" fn(point: Point, handle: u64);

static HOOK: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());

/// Sets the hook for the whole process, or takes it away.
///
/// A thread that was about to call the earlier hook may still do so after this has returned.
pub fn set_point(hook: Option<Hook>) {
    HOOK.store(hook.map_or(ptr::null_mut(), |hook| hook as *mut ()), Ordering::Release);
}

/// Calls the hook. While none is set that is one relaxed load and a branch that is never taken.
#[inline]
pub fn point(point: Point, handle: Handle) {
    let hook = HOOK.load(Ordering::Relaxed);
    if !hook.is_null() {
        call(point, handle);
    }
}

#[cold]
fn call(point: Point, handle: Handle) {
    let hook = HOOK.load(Ordering::Acquire);
    if hook.is_null() {
        return;
    }
    // SAFETY: `HOOK` only ever holds null, excluded above, or a `Hook` that `set_point` stored; both have one size.
    let hook = unsafe { std::mem::transmute::<*mut (), Hook>(hook) };
    hook(point, handle.to_u64());
}
