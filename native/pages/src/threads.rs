//! Threads that begin under the guard get a stack for the fault handler.

use std::ffi::{c_int, c_void};
use std::ptr;

use crate::{Guard, seats, stack};

type Start = extern "C" fn(*mut c_void) -> *mut c_void;

/// What a thread is to do.
struct Work {
    start: Start,
    argument: *mut c_void,
}

/// In place of `pthread_create`.
///
/// # Safety
/// As for `pthread_create`.
pub(crate) unsafe extern "C" fn create(
    thread: *mut libc::pthread_t,
    attributes: *const libc::pthread_attr_t,
    start: Start,
    argument: *mut c_void,
) -> c_int {
    if Guard::get().is_none() {
        // SAFETY: the caller's promise is passed on.
        return unsafe { libc::pthread_create(thread, attributes, start, argument) };
    }
    let work = Box::into_raw(Box::new(Work { start, argument }));
    // SAFETY: the caller's promise is passed on; `run` takes what `work` leads to, once.
    let failed = unsafe { libc::pthread_create(thread, attributes, run, work.cast()) };
    if failed != 0 {
        // SAFETY: no thread was made, so this is still ours alone.
        drop(unsafe { Box::from_raw(work) });
    }
    failed
}

extern "C" fn run(work: *mut c_void) -> *mut c_void {
    if work.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: `create` made it for this thread and has let go of it.
    let Work { start, argument } = *unsafe { Box::from_raw(work.cast::<Work>()) };
    seats::stand_up();
    let given = stack::give_this_thread();
    let result = start(argument);
    if let Ok(given) = given {
        stack::take_back(given);
    }
    result
}
