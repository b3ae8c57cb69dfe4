//! The guard under Python's own allocators: objects, their memory, and what is allocated without the GIL.

use std::ffi::{CStr, c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};
use std::sync::OnceLock;

use crate::guard::ALIGNMENT;
use crate::{Guard, PagesError};

/// `PyMemAllocatorEx`, unchanged since Python 3.5. It is not part of the stable ABI, so it is looked up by name.
#[repr(C)]
#[derive(Clone, Copy)]
struct Allocator {
    context: *mut c_void,
    malloc: unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void,
    calloc: unsafe extern "C" fn(*mut c_void, usize, usize) -> *mut c_void,
    realloc: unsafe extern "C" fn(*mut c_void, *mut c_void, usize) -> *mut c_void,
    free: unsafe extern "C" fn(*mut c_void, *mut c_void),
}

// SAFETY: it is made of addresses of functions that may be called by any thread that may call the allocator.
unsafe impl Sync for Allocator {}
// SAFETY: as above.
unsafe impl Send for Allocator {}

type Exchange = unsafe extern "C" fn(c_int, *mut Allocator);

/// `PYMEM_DOMAIN_RAW`, `_MEM`, `_OBJ`.
const DOMAINS: usize = 3;

static BEFORE: OnceLock<[Allocator; DOMAINS]> = OnceLock::new();

/// Stand in front of the allocators of all three domains.
pub(crate) fn hook() -> Result<(), PagesError> {
    let (get, set) = (look_up(c"PyMem_GetAllocator")?, look_up(c"PyMem_SetAllocator")?);
    let before = BEFORE.get_or_init(|| {
        [0, 1, 2].map(|domain| {
            let mut found = MaybeUninit::<Allocator>::uninit();
            // SAFETY: the interpreter fills in the allocator of a domain that exists.
            unsafe { get(domain, found.as_mut_ptr()) };
            // SAFETY: it was filled in just now.
            unsafe { found.assume_init() }
        })
    });
    for (domain, allocator) in (0..).zip(before) {
        let context = ptr::from_ref(allocator).cast_mut().cast();
        let mut ours = Allocator { context, malloc, calloc, realloc, free };
        // SAFETY: the functions keep the promises of an allocator and take back what those before them gave.
        unsafe { set(domain, &raw mut ours) };
    }
    Ok(())
}

fn look_up(name: &CStr) -> Result<Exchange, PagesError> {
    // SAFETY: the name is a C string; the call only looks.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    if found.is_null() {
        return Err(PagesError::NoInterpreter);
    }
    // SAFETY: both functions have this type in every version of CPython that there is.
    Ok(unsafe { std::mem::transmute::<*mut c_void, Exchange>(found) })
}

/// The allocator that was there before.
///
/// # Safety
/// `context` is what `hook` registered.
unsafe fn before(context: *mut c_void) -> &'static Allocator {
    // SAFETY: `hook` registers addresses of a static.
    unsafe { &*context.cast() }
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
