// tally: the native half of tally.py, driven by ctypes with the GIL held: numbers, and a visitor that is shown each of them.
// Class      MAD-23 runtime borrow errors.
// Mechanism  visit() holds the RefCell's borrow while it calls out; an add() from inside finds it borrowed, and its error is
//            handed to the user. The fixed twin calls out with a copy and holds no borrow.
// Program    make, visit(callback that adds)       Threads 1       Known minimum 3 steps
// Model      https://github.com/PyO3/pyo3/issues/4265 ("Already borrowed" from a call inside a call)

use crate::FIXED;
use std::cell::RefCell;
use std::sync::atomic::{AtomicIsize, Ordering::SeqCst};

static ALIVE: AtomicIsize = AtomicIsize::new(0);
const BORROWED: i64 = -1;
const MOST: usize = 64;

struct Tally {
    numbers: RefCell<Vec<i64>>,
}

#[unsafe(no_mangle)]
extern "C" fn tally_alive() -> isize {
    ALIVE.load(SeqCst)
}

#[unsafe(no_mangle)]
extern "C" fn tally_new() -> *mut Tally {
    ALIVE.fetch_add(1, SeqCst);
    Box::into_raw(Box::new(Tally { numbers: RefCell::new(vec![1]) }))
}

/// How many there are now, or BORROWED.
///
/// # Safety
/// The tally is alive, and the GIL is held.
#[unsafe(no_mangle)]
unsafe extern "C" fn tally_add(tally: *const Tally, number: i64) -> i64 {
    // SAFETY: as the caller promises.
    match unsafe { &(*tally).numbers }.try_borrow_mut() {
        Ok(mut numbers) => {
            if numbers.len() < MOST {
                numbers.push(number);
            }
            numbers.len() as i64
        }
        Err(_) => BORROWED,
    }
}

/// Show every number; how many there were, or BORROWED.
///
/// # Safety
/// The tally stays alive as long as this runs, and the GIL is held.
#[unsafe(no_mangle)]
unsafe extern "C" fn tally_visit(tally: *const Tally, show: extern "C" fn(i64)) -> i64 {
    // SAFETY: as the caller promises.
    let Ok(numbers) = unsafe { &(*tally).numbers }.try_borrow_mut() else {
        return BORROWED;
    };
    let shown = numbers.clone();
    let held = if FIXED {
        drop(numbers);
        None
    } else {
        Some(numbers)
    };
    for number in &shown {
        show(*number);
    }
    drop(held);
    shown.len() as i64
}

/// # Safety
/// The tally is alive, and nobody uses it.
#[unsafe(no_mangle)]
unsafe extern "C" fn tally_free(tally: *mut Tally) {
    // SAFETY: it came out of a Box, and is freed once.
    drop(unsafe { Box::from_raw(tally) });
    ALIVE.fetch_sub(1, SeqCst);
}
