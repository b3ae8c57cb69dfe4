// ticket: the native half of ticket.py: shares of one native object, counted.
// Class      MAD-24 races on refcount-like native state without the GIL.
// Mechanism  the count is a plain number: the GIL, which ctypes.PyDLL keeps, makes each change whole. On a free-threaded
//            interpreter there is none: two threads that let go of a share at once lose one change, and the object is
//            never freed, or freed twice. The fixed twin counts atomically.
// Program    open; share; close on one thread, close on another       Threads 2       Known minimum 4 steps
// Model      https://github.com/python/cpython/issues/153852 (races on what the GIL protected by accident)

use crate::FIXED;
use std::sync::atomic::{AtomicI64, AtomicIsize, Ordering::SeqCst};

static ALIVE: AtomicIsize = AtomicIsize::new(0);

struct Ticket {
    shares: AtomicI64,
}

impl Ticket {
    /// Change the count; its new value. In the wrong twin another thread may come between reading and writing.
    fn change(&self, by: i64) -> i64 {
        if FIXED {
            return self.shares.fetch_add(by, SeqCst) + by;
        }
        let shares = self.shares.load(SeqCst);
        crate::window();
        self.shares.store(shares + by, SeqCst);
        shares + by
    }
}

#[unsafe(no_mangle)]
extern "C" fn ticket_alive() -> isize {
    ALIVE.load(SeqCst)
}

#[unsafe(no_mangle)]
extern "C" fn ticket_open() -> *mut Ticket {
    ALIVE.fetch_add(1, SeqCst);
    Box::into_raw(Box::new(Ticket { shares: AtomicI64::new(1) }))
}

/// # Safety
/// The caller holds a share.
#[unsafe(no_mangle)]
unsafe extern "C" fn ticket_share(ticket: *const Ticket) -> i64 {
    // SAFETY: the share keeps it alive.
    unsafe { &*ticket }.change(1)
}

/// # Safety
/// The caller holds a share, and gives it up.
#[unsafe(no_mangle)]
unsafe extern "C" fn ticket_release(ticket: *mut Ticket) {
    // SAFETY: the share keeps it alive until here.
    if unsafe { &*ticket }.change(-1) == 0 {
        ALIVE.fetch_sub(1, SeqCst);
        // SAFETY: it was the last share. (In the wrong twin, perhaps not.)
        drop(unsafe { Box::from_raw(ticket) });
    }
}
