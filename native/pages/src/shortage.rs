//! Allocations of the interpreter that fail on purpose: the n-th that a thread makes, and no other.

use std::cell::Cell;
use std::ffi::c_void;
use std::ptr;
use std::sync::OnceLock;

use crate::PagesError;
use crate::python::{Before, Functions, before, stand_in_front};

static BEFORE: OnceLock<Before> = OnceLock::new();

thread_local! {
    /// How many allocations of this thread are still to come until the one that fails; zero for none.
    static UNTIL: Cell<u64> = const { Cell::new(0) };
}

/// The n-th allocation that this thread makes through the interpreter's allocators fails, counted from now on. Zero: none does.
///
/// What C libraries allocate by themselves does not count and does not fail. It is best called the last thing before what
/// is to run short, for each call of Python makes some. Returns how many were still to come until the one that was to fail
/// before; zero if it has failed, or none was to.
///
/// # Errors
/// [`PagesError::NoInterpreter`].
pub fn fail_allocation(nth: u64) -> Result<u64, PagesError> {
    if nth != 0 && BEFORE.get().is_none() {
        stand_in_front(&BEFORE, &Functions { malloc, calloc, realloc, free })?;
    }
    Ok(UNTIL.replace(nth))
}

/// Whether this is the one.
fn fails() -> bool {
    // A thread on its way out has no cell any more, and nothing that fails.
    UNTIL
        .try_with(|until| {
            let left = until.get();
            if left == 0 {
                return false;
            }
            until.set(left - 1);
            left == 1
        })
        .unwrap_or(false)
}

unsafe extern "C" fn malloc(context: *mut c_void, size: usize) -> *mut c_void {
    if fails() {
        return ptr::null_mut();
    }
    // SAFETY: the interpreter hands back what was registered.
    let old = unsafe { before(context) };
    // SAFETY: the caller's promise is passed on.
    unsafe { (old.malloc)(old.context, size) }
}

unsafe extern "C" fn calloc(context: *mut c_void, count: usize, size: usize) -> *mut c_void {
    if fails() {
        return ptr::null_mut();
    }
    // SAFETY: the interpreter hands back what was registered.
    let old = unsafe { before(context) };
    // SAFETY: the caller's promise is passed on.
    unsafe { (old.calloc)(old.context, count, size) }
}

unsafe extern "C" fn realloc(context: *mut c_void, block: *mut c_void, size: usize) -> *mut c_void {
    if fails() {
        return ptr::null_mut();
    }
    // SAFETY: the interpreter hands back what was registered.
    let old = unsafe { before(context) };
    // SAFETY: the caller's promise is passed on.
    unsafe { (old.realloc)(old.context, block, size) }
}

unsafe extern "C" fn free(context: *mut c_void, block: *mut c_void) {
    // SAFETY: the interpreter hands back what was registered.
    let old = unsafe { before(context) };
    // SAFETY: the caller's promise is passed on.
    unsafe { (old.free)(old.context, block) }
}
