//! What can be asked of a file descriptor without waiting.

use std::mem::MaybeUninit;

use libc::{O_NONBLOCK, c_int, c_short, pollfd};

/// Whether a call on it would not wait, or would fail at once.
pub(crate) fn is_ready(descriptor: c_int, events: c_short) -> bool {
    let mut one = pollfd { fd: descriptor, events, revents: 0 };
    // SAFETY: one record, for one descriptor, and no time to wait.
    unsafe { libc::poll(&raw mut one, 1, 0) != 0 }
}

/// Whether its calls never wait; so it is if it is not open.
pub(crate) fn is_non_blocking(descriptor: c_int) -> bool {
    // SAFETY: asks for flags; a descriptor that is not open is answered with an error.
    let flags = unsafe { libc::fcntl(descriptor, libc::F_GETFL) };
    flags == -1 || flags & O_NONBLOCK != 0
}

/// Whether a long write may have to wait for a reader.
pub(crate) fn is_stream(descriptor: c_int) -> bool {
    let mut found = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: a place for the answer; a descriptor that is not open is answered with an error.
    if unsafe { libc::fstat(descriptor, found.as_mut_ptr()) } != 0 {
        return false;
    }
    // SAFETY: the call has filled it in.
    let kind = unsafe { found.assume_init() }.st_mode & libc::S_IFMT;
    [libc::S_IFIFO, libc::S_IFSOCK, libc::S_IFCHR].contains(&kind) && !is_non_blocking(descriptor)
}
