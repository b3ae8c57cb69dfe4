// parcel: the native half of parcel.py, driven by ctypes with the GIL held: weighed, and sent or thrown away.
// Class      MAD-02 double free.
// Mechanism  two functions free a parcel: sending takes it over, and the wrapper, which only notes that it was sent, frees what
//            it has in any case. The fixed twin borrows what it sends.
// Program    pack, send; the last reference goes       Threads 1       Known minimum 2 steps
// Model      https://github.com/ParallelSSH/ssh2-python/issues/95 (a channel freed by its session and by itself)

use crate::FIXED;
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicIsize, Ordering::SeqCst};

static ALIVE: AtomicIsize = AtomicIsize::new(0);

struct Parcel {
    stamps: [i64; 12],
}

impl Drop for Parcel {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, SeqCst);
    }
}

#[unsafe(no_mangle)]
extern "C" fn parcel_alive() -> isize {
    ALIVE.load(SeqCst)
}

#[unsafe(no_mangle)]
extern "C" fn parcel_pack() -> *mut Parcel {
    ALIVE.fetch_add(1, SeqCst);
    Box::into_raw(Box::new(Parcel { stamps: [1; 12] }))
}

/// # Safety
/// The parcel is alive.
#[unsafe(no_mangle)]
unsafe extern "C" fn parcel_weigh(parcel: *const Parcel) -> i64 {
    // SAFETY: as the caller promises.
    unsafe { &*parcel }.stamps.iter().sum()
}

/// What it cost.
///
/// # Safety
/// The parcel is alive.
#[unsafe(no_mangle)]
unsafe extern "C" fn parcel_send(parcel: *mut Parcel) -> i64 {
    // SAFETY: it came out of a Box, which nobody has now. (In the wrong twin, the caller still has it.)
    let mut parcel = ManuallyDrop::new(unsafe { Box::from_raw(parcel) });
    let cost = parcel.stamps.iter().sum();
    if !FIXED {
        // SAFETY: it is not used below.
        unsafe { ManuallyDrop::drop(&mut parcel) };
    }
    cost
}

/// # Safety
/// The parcel is alive, and nobody uses it.
#[unsafe(no_mangle)]
unsafe extern "C" fn parcel_free(parcel: *mut Parcel) {
    // SAFETY: it came out of a Box, and is freed once. (In the wrong twin, twice.)
    drop(unsafe { Box::from_raw(parcel) });
}
