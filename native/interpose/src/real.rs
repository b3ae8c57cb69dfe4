//! The functions that are hooked, as they really are.

use std::ffi::CStr;
use std::sync::atomic::{AtomicPtr, Ordering};

use libc::{
    c_int, c_long, c_void, clockid_t, pthread_attr_t, pthread_cond_t, pthread_mutex_t, pthread_t, sem_t, size_t,
    timespec, useconds_t,
};

/// Somebody called a hook, and so promised all that the real function asks of its caller.
#[derive(Clone, Copy)]
pub(crate) struct Contract(());

impl Contract {
    /// # Safety
    /// The arguments that are passed on under it are those of a call of the function itself.
    pub(crate) const unsafe fn of_the_caller() -> Self {
        Self(())
    }
}

/// A function of the C library.
#[derive(Debug)]
pub(crate) struct Symbol {
    name: &'static CStr,
    version: Option<&'static CStr>,
    address: AtomicPtr<c_void>,
}

impl Symbol {
    const fn new(name: &'static CStr, version: Option<&'static CStr>) -> Self {
        Self { name, version, address: AtomicPtr::new(std::ptr::null_mut()) }
    }

    pub(crate) fn name(&self) -> &'static CStr {
        self.name
    }

    pub(crate) fn version(&self) -> Option<&'static CStr> {
        self.version
    }

    /// Where it is, or null where the C library has no such function.
    pub(crate) fn address(&self) -> *mut c_void {
        self.address.load(Ordering::Relaxed)
    }

    fn find(&self) {
        // Where two versions are in the library, a plain look-up may find the wrong one.
        let versioned = self.version.map_or(std::ptr::null_mut(), |version| {
            // SAFETY: both are strings.
            unsafe { libc::dlvsym(libc::RTLD_DEFAULT, self.name.as_ptr(), version.as_ptr()) }
        });
        let found = if versioned.is_null() {
            // SAFETY: it is a string.
            unsafe { libc::dlsym(libc::RTLD_DEFAULT, self.name.as_ptr()) }
        } else {
            versioned
        };
        self.address.store(found, Ordering::Relaxed);
    }
}

macro_rules! real {
    ($($(#[version = $version:ident])? fn $name:ident($($argument:ident: $type:ty),* $(,)?) -> $result:ty;)*) => {
        $(
            pub(crate) mod $name {
                pub(crate) static SYMBOL: super::Symbol = {
                    const VERSIONS: &[Option<&std::ffi::CStr>] = &[$(super::$version,)? None];
                    match std::ffi::CStr::from_bytes_with_nul(concat!(stringify!($name), "\0").as_bytes()) {
                        Ok(name) => super::Symbol::new(name, VERSIONS[0]),
                        Err(_) => unreachable!(),
                    }
                };
            }

            pub(crate) fn $name(_: Contract, $($argument: $type),*) -> $result {
                type Function = unsafe extern "C-unwind" fn($($type),*) -> $result;
                let address = $name::SYMBOL.address();
                debug_assert!(!address.is_null(), "a hook of what is not there was called");
                // SAFETY: the C library's function of this name has this signature, and was found before it was hooked.
                let function = unsafe { std::mem::transmute::<*mut c_void, Function>(address) };
                // SAFETY: the caller of the hook has promised what the function asks for.
                unsafe { function($($argument),*) }
            }
        )*

        /// Look all of them up.
        pub(crate) fn find_all() {
            $($name::SYMBOL.find();)*
        }
    };
}

/// Where the C library has conditions of two kinds, the version of those that are in use since 2003.
const CONDITIONS: Option<&CStr> = if cfg!(target_arch = "x86_64") { Some(c"GLIBC_2.3.2") } else { None };

type Start = extern "C-unwind" fn(*mut c_void) -> *mut c_void;

real! {
    fn pthread_mutex_lock(mutex: *mut pthread_mutex_t) -> c_int;
    fn pthread_mutex_trylock(mutex: *mut pthread_mutex_t) -> c_int;
    fn pthread_mutex_timedlock(mutex: *mut pthread_mutex_t, deadline: *const timespec) -> c_int;
    fn pthread_mutex_clocklock(mutex: *mut pthread_mutex_t, clock: clockid_t, deadline: *const timespec) -> c_int;
    fn pthread_mutex_unlock(mutex: *mut pthread_mutex_t) -> c_int;
    #[version = CONDITIONS]
    fn pthread_cond_wait(condition: *mut pthread_cond_t, mutex: *mut pthread_mutex_t) -> c_int;
    #[version = CONDITIONS]
    fn pthread_cond_timedwait(condition: *mut pthread_cond_t, mutex: *mut pthread_mutex_t, deadline: *const timespec) -> c_int;
    fn pthread_cond_clockwait(
        condition: *mut pthread_cond_t, mutex: *mut pthread_mutex_t, clock: clockid_t, deadline: *const timespec,
    ) -> c_int;
    #[version = CONDITIONS]
    fn pthread_cond_signal(condition: *mut pthread_cond_t) -> c_int;
    #[version = CONDITIONS]
    fn pthread_cond_broadcast(condition: *mut pthread_cond_t) -> c_int;
    fn sem_wait(semaphore: *mut sem_t) -> c_int;
    fn sem_trywait(semaphore: *mut sem_t) -> c_int;
    fn sem_timedwait(semaphore: *mut sem_t, deadline: *const timespec) -> c_int;
    fn sem_clockwait(semaphore: *mut sem_t, clock: clockid_t, deadline: *const timespec) -> c_int;
    fn sem_post(semaphore: *mut sem_t) -> c_int;
    fn syscall(number: c_long, a: usize, b: usize, c: usize, d: usize, e: usize, f: usize) -> c_long;
    fn nanosleep(wait: *const timespec, left: *mut timespec) -> c_int;
    fn usleep(wait: useconds_t) -> c_int;
    fn clock_nanosleep(clock: clockid_t, flags: c_int, wait: *const timespec, left: *mut timespec) -> c_int;
    fn clock_gettime(clock: clockid_t, shown: *mut timespec) -> c_int;
    fn pthread_create(
        thread: *mut pthread_t, attributes: *const pthread_attr_t, start: Start, argument: *mut c_void,
    ) -> c_int;
    fn pthread_join(thread: pthread_t, result: *mut *mut c_void) -> c_int;
    fn sched_yield() -> c_int;
    fn free(block: *mut c_void) -> ();
    fn realloc(block: *mut c_void, size: size_t) -> *mut c_void;
    fn munmap(start: *mut c_void, length: size_t) -> c_int;
}
