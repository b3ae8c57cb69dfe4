//! Functions for the import slots of libraries: C's allocator, system calls that take buffers, the start of threads.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr::{self, NonNull};

use crate::guard::ALIGNMENT;
use crate::{Guard, aim, calls, mappings, threads};

/// A function of the C library, by name, and what to call instead.
#[derive(Clone, Copy, Debug)]
pub struct Replacement {
    /// The name it is imported by.
    pub name: &'static CStr,
    /// The address of a function with the same type and promise.
    pub function: *const (),
}

// SAFETY: it names a function that may be called by any thread.
unsafe impl Sync for Replacement {}
// SAFETY: as above.
unsafe impl Send for Replacement {}

macro_rules! replacements {
    ($($name:literal => $function:path),* $(,)?) => {
        vec![$(Replacement { name: $name, function: $function as *const () }),*]
    };
}

/// What allocates: for the libraries whose memory is to be guarded.
#[must_use]
pub fn allocating() -> Vec<Replacement> {
    replacements! {
        c"malloc" => malloc,
        c"calloc" => calloc,
        c"aligned_alloc" => memalign,
        c"memalign" => memalign,
        c"posix_memalign" => posix_memalign,
        c"reallocarray" => reallocarray,
        c"strdup" => strdup,
        c"__strdup" => strdup,
        c"strndup" => strndup,
        c"__strndup" => strndup,
    }
}

/// What takes a block that the guard may have made, maps memory, begins threads, or loads libraries: for every library in the process.
#[must_use]
pub fn freeing() -> Vec<Replacement> {
    let mut all = replacements! {
        c"free" => free,
        c"realloc" => realloc,
        c"malloc_usable_size" => malloc_usable_size,
        c"pthread_create" => threads::create,
        c"dlopen" => dlopen,
    };
    all.extend(calls::all());
    all.extend(mappings::all());
    all
}

fn cut(size: usize, alignment: usize) -> Option<NonNull<u8>> {
    Guard::get()?.allocate(size, alignment)
}

/// The guard, if it made the block at `address`.
fn maker(block: *mut c_void) -> Option<&'static Guard> {
    Guard::get().filter(|guard| guard.holds(block.expose_provenance()))
}

fn fail(code: c_int) -> *mut c_void {
    // SAFETY: the C library says where this thread's errno is.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: it is there.
    unsafe { *errno = code };
    ptr::null_mut()
}

unsafe extern "C" fn malloc(size: usize) -> *mut c_void {
    match cut(size, ALIGNMENT) {
        Some(block) => block.as_ptr().cast(),
        // SAFETY: the caller's promise is passed on.
        None => unsafe { libc::malloc(size) },
    }
}

unsafe extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
    match count.checked_mul(size).and_then(|size| cut(size, ALIGNMENT)) {
        Some(block) => block.as_ptr().cast(), // its pages are fresh: zeros
        // SAFETY: the caller's promise is passed on.
        None => unsafe { libc::calloc(count, size) },
    }
}

unsafe extern "C" fn memalign(alignment: usize, size: usize) -> *mut c_void {
    match Some(alignment).filter(|alignment| alignment.is_power_of_two()).and_then(|alignment| cut(size, alignment)) {
        Some(block) => block.as_ptr().cast(),
        // SAFETY: the caller's promise is passed on.
        None => unsafe { libc::memalign(alignment, size) },
    }
}

unsafe extern "C" fn posix_memalign(into: *mut *mut c_void, alignment: usize, size: usize) -> c_int {
    let good = alignment.is_power_of_two() && alignment.is_multiple_of(size_of::<*mut c_void>());
    match Some(alignment).filter(|_| good).and_then(|alignment| cut(size, alignment)) {
        Some(block) => {
            // SAFETY: the caller promises that a pointer can be stored there.
            unsafe { *into = block.as_ptr().cast() };
            0
        }
        // SAFETY: the caller's promise is passed on.
        None => unsafe { libc::posix_memalign(into, alignment, size) },
    }
}

unsafe extern "C" fn free(block: *mut c_void) {
    match maker(block) {
        Some(guard) => {
            // SAFETY: the C library says where this thread's errno is.
            let errno = unsafe { libc::__errno_location() };
            // SAFETY: it is there.
            let kept = unsafe { *errno };
            guard.release(block.expose_provenance()).unwrap_or_else(|misuse| misuse.die(guard));
            // SAFETY: as above: `free` keeps it.
            unsafe { *errno = kept };
        }
        // SAFETY: the caller's promise is passed on.
        None => unsafe { libc::free(block) },
    }
}

unsafe extern "C" fn realloc(block: *mut c_void, size: usize) -> *mut c_void {
    if block.is_null() {
        // SAFETY: the caller's promise is passed on. Where `realloc` alone is replaced, it may not allocate from the
        // guard, but may.
        return unsafe { malloc(size) };
    }
    let Some(guard) = maker(block) else {
        // SAFETY: the caller's promise is passed on.
        return unsafe { libc::realloc(block, size) };
    };
    let address = block.expose_provenance();
    let had = guard.size(address).unwrap_or_else(|misuse| misuse.die(guard));
    if size == 0 {
        guard.release(address).unwrap_or_else(|misuse| misuse.die(guard));
        return ptr::null_mut();
    }
    // Always to another place: who keeps the old address faults.
    // SAFETY: any size may be asked for.
    let moved = unsafe { malloc(size) };
    if !moved.is_null() {
        // SAFETY: both blocks are live, of at least so many bytes, and different.
        unsafe { ptr::copy_nonoverlapping(block.cast::<u8>(), moved.cast(), had.min(size)) };
        guard.release(address).unwrap_or_else(|misuse| misuse.die(guard));
    }
    moved
}

unsafe extern "C" fn reallocarray(block: *mut c_void, count: usize, size: usize) -> *mut c_void {
    match count.checked_mul(size) {
        // SAFETY: the caller's promise is passed on.
        Some(size) => unsafe { realloc(block, size) },
        None => fail(libc::ENOMEM),
    }
}

unsafe extern "C" fn malloc_usable_size(block: *mut c_void) -> usize {
    match maker(block) {
        Some(guard) => guard.size(block.expose_provenance()).unwrap_or_else(|misuse| misuse.die(guard)),
        // SAFETY: the caller's promise is passed on.
        None => unsafe { libc::malloc_usable_size(block) },
    }
}

/// What was loaded must know how to give back before it is called. (It is searched for as if the guard wanted it: a
/// `RUNPATH` of the caller does not count.)
unsafe extern "C" fn dlopen(path: *const c_char, flags: c_int) -> *mut c_void {
    // SAFETY: the caller's promise is passed on.
    let handle = unsafe { libc::dlopen(path, flags) };
    aim::refresh();
    handle
}

unsafe extern "C" fn strdup(text: *const c_char) -> *mut c_char {
    // SAFETY: the caller promises a C string.
    let length = unsafe { libc::strlen(text) };
    // SAFETY: so many characters are there.
    unsafe { copy(text, length) }
}

unsafe extern "C" fn strndup(text: *const c_char, most: usize) -> *mut c_char {
    // SAFETY: the caller promises a C string, or so many characters.
    let length = unsafe { libc::strnlen(text, most) };
    // SAFETY: so many characters are there.
    unsafe { copy(text, length) }
}

/// A new C string of the first `length` characters.
///
/// # Safety
/// They can be read.
unsafe fn copy(text: *const c_char, length: usize) -> *mut c_char {
    // SAFETY: any size may be asked for.
    let block = unsafe { malloc(length + 1) }.cast::<c_char>();
    if !block.is_null() {
        // SAFETY: the block is new and long enough.
        unsafe { ptr::copy_nonoverlapping(text, block, length) };
        // SAFETY: the block has one character more.
        let end = unsafe { block.add(length) };
        // SAFETY: as above.
        unsafe { *end = 0 };
    }
    block
}
