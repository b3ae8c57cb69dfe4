//! The guard under Python's own allocators: objects, their memory, and what is allocated without the GIL.

use std::ffi::c_void;
use std::ptr::{self, NonNull};
use std::sync::OnceLock;

use crate::guard::ALIGNMENT;
use crate::python::{Before, Functions, before, stand_in_front};
use crate::{Guard, PagesError};

static BEFORE: OnceLock<Before> = OnceLock::new();

/// Stand in front of the allocators of all three domains.
pub(crate) fn hook() -> Result<(), PagesError> {
    stand_in_front(&BEFORE, &Functions { malloc, calloc, realloc, free })
}

fn cut(size: usize) -> Option<NonNull<u8>> {
    Guard::get()?.allocate(size, ALIGNMENT)
}

unsafe extern "C" fn malloc(context: *mut c_void, size: usize) -> *mut c_void {
    if let Some(block) = cut(size) {
        return block.as_ptr().cast();
    }
    // SAFETY: the interpreter hands back what was registered.
    let old = unsafe { before(context) };
    // SAFETY: the caller's promise is passed on.
    unsafe { (old.malloc)(old.context, size) }
}

unsafe extern "C" fn calloc(context: *mut c_void, count: usize, size: usize) -> *mut c_void {
    if let Some(block) = count.checked_mul(size).and_then(cut) {
        return block.as_ptr().cast();
    }
    // SAFETY: the interpreter hands back what was registered.
    let old = unsafe { before(context) };
    // SAFETY: the caller's promise is passed on.
    unsafe { (old.calloc)(old.context, count, size) }
}

unsafe extern "C" fn realloc(context: *mut c_void, block: *mut c_void, size: usize) -> *mut c_void {
    let address = block.expose_provenance();
    if block.is_null() {
        // SAFETY: the caller's promise is passed on.
        return unsafe { malloc(context, size) };
    }
    // SAFETY: the interpreter hands back what was registered.
    let old = unsafe { before(context) };
    let Some(guard) = Guard::get().filter(|guard| guard.holds(address)) else {
        // SAFETY: the caller's promise is passed on.
        return unsafe { (old.realloc)(old.context, block, size) };
    };
    let had = guard.size(address).unwrap_or_else(|misuse| misuse.die(guard));
    // SAFETY: the caller's promise is passed on.
    let moved = unsafe { malloc(context, size.max(1)) };
    if !moved.is_null() {
        // SAFETY: both blocks are live, of at least so many bytes, and different.
        unsafe { ptr::copy_nonoverlapping(block.cast::<u8>(), moved.cast(), had.min(size)) };
        guard.release(address).unwrap_or_else(|misuse| misuse.die(guard));
    }
    moved
}

unsafe extern "C" fn free(context: *mut c_void, block: *mut c_void) {
    let address = block.expose_provenance();
    if let Some(guard) = Guard::get().filter(|guard| guard.holds(address)) {
        guard.release(address).unwrap_or_else(|misuse| misuse.die(guard));
        return;
    }
    // SAFETY: the interpreter hands back what was registered.
    let old = unsafe { before(context) };
    // SAFETY: the caller's promise is passed on.
    unsafe { (old.free)(old.context, block) }
}
