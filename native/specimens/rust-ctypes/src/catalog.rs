// catalog: the native half of catalog.py; each() runs without the GIL and calls Python, add() is
//          short and keeps the GIL.
// Class      MAD-22 GIL against native lock.
// Mechanism  each() calls Python, which takes the GIL, with the RwLock read-locked; add() holds the
//            GIL when it write-locks it. The fixed twin copies, unlocks, and calls.
// Program    open; each on one thread, add on another       Threads 2       Known minimum 3 steps
// Model      https://github.com/earth-mover/icechunk/pull/563 (a read-write lock against the GIL)

use crate::FIXED;
use std::sync::RwLock;
use std::sync::atomic::{AtomicIsize, Ordering::SeqCst};

static ALIVE: AtomicIsize = AtomicIsize::new(0);

struct Catalog(RwLock<Vec<i64>>);

#[unsafe(no_mangle)]
extern "C" fn catalog_alive() -> isize {
    ALIVE.load(SeqCst)
}

#[unsafe(no_mangle)]
extern "C" fn catalog_open() -> *mut Catalog {
    ALIVE.fetch_add(1, SeqCst);
    Box::into_raw(Box::new(Catalog(RwLock::new(vec![1]))))
}

/// # Safety
/// The catalog was not freed.
#[unsafe(no_mangle)]
unsafe extern "C" fn catalog_add(catalog: *const Catalog, number: i64) {
    // SAFETY: as the caller promises.
    unsafe { &*catalog }.0.write().unwrap().push(number);
}

/// # Safety
/// The catalog is not freed before this returns.
#[unsafe(no_mangle)]
unsafe extern "C" fn catalog_each(catalog: *const Catalog, call: extern "C" fn(i64)) {
    // SAFETY: as the caller promises.
    let numbers = unsafe { &*catalog }.0.read().unwrap();
    let copy = numbers.clone();
    let held = (!FIXED).then_some(numbers); // the fixed twin unlocks here
    crate::window();
    copy.into_iter().for_each(|number| call(number));
    drop(held);
}

/// # Safety
/// Nobody uses the catalog, and nobody will.
#[unsafe(no_mangle)]
unsafe extern "C" fn catalog_free(catalog: *mut Catalog) {
    // SAFETY: as the caller promises.
    drop(unsafe { Box::from_raw(catalog) });
    ALIVE.fetch_sub(1, SeqCst);
}
