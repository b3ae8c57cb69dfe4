// page: the native half of page.py; read() runs without the GIL.
// Class      MAD-18 dispose while in use.
// Mechanism  page.py asks whether the page is open, ctypes gives up the GIL, read() follows the
//            pointer; close() on another thread frees in between. The window has no width: giving
//            up the GIL is the last thing before the read. The fixed twin takes a share first.
// Program    open; read on one thread, close on another       Threads 2       Known minimum 3 steps
// Model      https://github.com/jnwatson/py-lmdb/issues/180 (close/get race)

use crate::FIXED;
use std::ptr::null_mut;
use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, AtomicPtr, Ordering::SeqCst};

static ALIVE: AtomicIsize = AtomicIsize::new(0);

struct Page {
    word: AtomicPtr<i64>,
}

impl Drop for Page {
    fn drop(&mut self) {
        // SAFETY: it came out of a Box, and a page is dropped once.
        drop(unsafe { Box::from_raw(self.word.swap(null_mut(), SeqCst)) });
        ALIVE.fetch_sub(1, SeqCst);
    }
}

#[unsafe(no_mangle)]
extern "C" fn page_alive() -> isize {
    ALIVE.load(SeqCst)
}

#[unsafe(no_mangle)]
extern "C" fn page_open(word: i64) -> *const Page {
    ALIVE.fetch_add(1, SeqCst);
    Arc::into_raw(Arc::new(Page { word: AtomicPtr::new(Box::into_raw(Box::new(word))) }))
}

/// One owner more.
///
/// # Safety
/// The page is open.
#[unsafe(no_mangle)]
unsafe extern "C" fn page_share(page: *const Page) {
    // SAFETY: as the caller promises.
    unsafe { Arc::increment_strong_count(page) }
}

/// Read the page; the fixed twin gives its share back.
///
/// # Safety
/// The page is open, or somebody owns a share of it.
#[unsafe(no_mangle)]
unsafe extern "C" fn page_read(page: *const Page) -> i64 {
    crate::window();
    // SAFETY: the share keeps it alive. (There is none in the wrong twin.)
    let word = unsafe { std::ptr::read_volatile((*page).word.load(SeqCst)) };
    if FIXED {
        // SAFETY: `page_share` was called for this.
        unsafe { Arc::decrement_strong_count(page) }
    }
    word
}

/// # Safety
/// The page is open.
#[unsafe(no_mangle)]
unsafe extern "C" fn page_close(page: *const Page) {
    // SAFETY: as the caller promises.
    unsafe { Arc::decrement_strong_count(page) }
}
