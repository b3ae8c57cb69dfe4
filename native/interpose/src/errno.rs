//! The calling thread's `errno`.

use libc::c_int;

pub(crate) fn set(error: c_int) {
    // SAFETY: always leads to the calling thread's own.
    let place = unsafe { libc::__errno_location() };
    // SAFETY: as above, and nobody else writes there.
    unsafe { place.write(error) };
}
