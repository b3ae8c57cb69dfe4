//! What went wrong last on this thread. A function that succeeds clears it; these ones and
//! [`deadhand_discard`](crate::handle::deadhand_discard), which is for finalizers, leave it as it is.

use std::ffi::c_char;

use deadhand_core::error::{clear_last_error, copy_last_message, last_error};
use deadhand_core::guard::Handle;

use crate::Status;
use crate::entry;

/// What went wrong last on this thread; `DEADHAND_STATUS_OK` if nothing has.
#[unsafe(no_mangle)]
pub extern "C" fn deadhand_last_error_status() -> Status {
    last_error().map_or(Status::Ok, |last| Status::from(last.code))
}

/// The handle that it went wrong with; 0 if that is not known.
#[unsafe(no_mangle)]
pub extern "C" fn deadhand_last_error_handle() -> u64 {
    last_error().and_then(|last| last.handle).map_or(0, Handle::to_u64)
}

/// Copies what went wrong, in one line of UTF-8 that says what to do: as much as fits, and a NUL. Returns the bytes that
/// all of it needs with the NUL; 0 if nothing has gone wrong, and then nothing is written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_last_error_message(into: *mut c_char, length: usize) -> usize {
    // SAFETY: the caller's promise.
    let room = unsafe { entry::room(into.cast(), length, "into") };
    copy_last_message(room.unwrap_or_default())
}

/// Forgets what went wrong on this thread.
#[unsafe(no_mangle)]
pub extern "C" fn deadhand_clear_last_error() {
    clear_last_error();
}

/// Panics behind the fence, for tests: no object is struck.
#[unsafe(no_mangle)]
#[expect(clippy::missing_panics_doc, reason = "never out of this call")]
pub extern "C" fn deadhand_provoke_panic() -> Status {
    entry::entry(|| panic!("provoked by deadhand_provoke_panic()"))
}
