//! System calls that are given memory. The kernel does not fault on what is gone: it answers EFAULT, which few look at.

use std::ffi::{c_int, c_ulong, c_void};

use libc::{iovec, off_t, sockaddr, socklen_t, ssize_t};

use crate::ledger::State;
use crate::report::{self, Access, Kind, Place};
use crate::{Guard, Replacement, mappings};

/// Write down that `name` was given memory that is freed.
fn check(name: &'static str, memory: *const c_void) {
    let address = memory.expose_provenance();
    let Some(guard) = Guard::get() else { return };
    let kind = match guard.block(address) {
        Some((_, record)) if record.state() == State::Freed => Kind::UseAfterFree,
        None if guard.is_armed() && mappings::gone(address).is_some() => Kind::UseAfterUnmap,
        _ => return,
    };
    report::append(guard, kind, Access::System(name), &Place::of(guard, address), None);
}

macro_rules! calls {
    ($($name:ident / $c:literal ($($before:ident: $type:ty),*; $memory:ident: $pointer:ty; $($after:ident: $rest:ty),*) -> $answer:ty;)*) => {
        $(
            unsafe extern "C" fn $name($($before: $type,)* $memory: $pointer, $($after: $rest),*) -> $answer {
                check(concat!(stringify!($name), "()"), $memory.cast());
                // SAFETY: the caller's promise is passed on.
                unsafe { libc::$name($($before,)* $memory, $($after),*) }
            }
        )*

        /// Each by its name.
        pub(crate) fn all() -> Vec<Replacement> {
            let mut all = vec![$(Replacement { name: $c, function: $name as *const () }),*];
            all.push(Replacement { name: c"pread64", function: pread as *const () });
            all.push(Replacement { name: c"pwrite64", function: pwrite as *const () });
            all
        }
    };
}

calls! {
    read / c"read" (fd: c_int; memory: *mut c_void; count: usize) -> ssize_t;
    write / c"write" (fd: c_int; memory: *const c_void; count: usize) -> ssize_t;
    pread / c"pread" (fd: c_int; memory: *mut c_void; count: usize, at: off_t) -> ssize_t;
    pwrite / c"pwrite" (fd: c_int; memory: *const c_void; count: usize, at: off_t) -> ssize_t;
    recv / c"recv" (fd: c_int; memory: *mut c_void; count: usize, flags: c_int) -> ssize_t;
    send / c"send" (fd: c_int; memory: *const c_void; count: usize, flags: c_int) -> ssize_t;
    recvfrom / c"recvfrom" (fd: c_int; memory: *mut c_void; count: usize, flags: c_int, from: *mut sockaddr, length: *mut socklen_t) -> ssize_t;
    sendto / c"sendto" (fd: c_int; memory: *const c_void; count: usize, flags: c_int, to: *const sockaddr, length: socklen_t) -> ssize_t;
    readv / c"readv" (fd: c_int; memory: *const iovec; count: c_int) -> ssize_t;
    writev / c"writev" (fd: c_int; memory: *const iovec; count: c_int) -> ssize_t;
    ioctl / c"ioctl" (fd: c_int, request: c_ulong; memory: *mut c_void;) -> c_int;
}
