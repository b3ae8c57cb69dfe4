//! The interpreter's own allocators, and how to stand in front of them: all three domains, those of before being asked in turn.

use std::ffi::{CStr, c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::OnceLock;

use crate::PagesError;

type Malloc = unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void;
type Calloc = unsafe extern "C" fn(*mut c_void, usize, usize) -> *mut c_void;
type Realloc = unsafe extern "C" fn(*mut c_void, *mut c_void, usize) -> *mut c_void;
type Free = unsafe extern "C" fn(*mut c_void, *mut c_void);

/// `PyMemAllocatorEx`, unchanged since Python 3.5. It is not part of the stable ABI, so it is looked up by name.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Allocator {
    pub(crate) context: *mut c_void,
    pub(crate) malloc: Malloc,
    pub(crate) calloc: Calloc,
    pub(crate) realloc: Realloc,
    pub(crate) free: Free,
}

// SAFETY: it is made of addresses of functions that may be called by any thread that may call the allocator.
unsafe impl Sync for Allocator {}
// SAFETY: as above.
unsafe impl Send for Allocator {}

/// What is to be called instead. Each is given, as its context, the allocator that was there [before].
pub(crate) struct Functions {
    pub(crate) malloc: Malloc,
    pub(crate) calloc: Calloc,
    pub(crate) realloc: Realloc,
    pub(crate) free: Free,
}

type Exchange = unsafe extern "C" fn(c_int, *mut Allocator);

/// `PYMEM_DOMAIN_RAW`, `_MEM`, `_OBJ`.
const DOMAINS: usize = 3;

/// The allocators of each domain as they were.
pub(crate) type Before = [Allocator; DOMAINS];

/// Have `functions` called for every domain, and remember in `kept` what was there; the second time it does nothing new.
///
/// The functions must keep the promises of an allocator, and take back what those before them gave.
pub(crate) fn stand_in_front(kept: &'static OnceLock<Before>, functions: &Functions) -> Result<(), PagesError> {
    let (get, set) = (look_up(c"PyMem_GetAllocator")?, look_up(c"PyMem_SetAllocator")?);
    let before = kept.get_or_init(|| {
        [0, 1, 2].map(|domain| {
            let mut found = MaybeUninit::<Allocator>::uninit();
            // SAFETY: the interpreter fills in the allocator of a domain that exists.
            unsafe { get(domain, found.as_mut_ptr()) };
            // SAFETY: it was filled in just now.
            unsafe { found.assume_init() }
        })
    });
    let Functions { malloc, calloc, realloc, free } = *functions;
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
/// `context` is what [`stand_in_front`] registered.
pub(crate) unsafe fn before(context: *mut c_void) -> &'static Allocator {
    // SAFETY: addresses of a static are registered.
    unsafe { &*context.cast() }
}
