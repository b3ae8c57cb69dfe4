//! A stack for the fault handler: the fault may be that the ordinary one is exhausted.

use std::io;
use std::ptr;

use crate::PagesError;
use crate::arena::map;

/// Ours, the unwinder's and that of the handler we chain to.
const SIZE: usize = 1 << 16;

/// Give the calling thread one. It keeps it to its end, where `take_back` may be told its address.
pub(crate) fn give_this_thread() -> Result<usize, PagesError> {
    let refuse = |source| PagesError::Os { action: "map a stack for the fault handler", source };
    let start = map(SIZE, libc::PROT_READ | libc::PROT_WRITE).map_err(refuse)?;
    let stack = libc::stack_t { ss_sp: ptr::with_exposed_provenance_mut(start), ss_flags: 0, ss_size: SIZE };
    // SAFETY: the memory was mapped just now, for this and nothing else.
    if unsafe { libc::sigaltstack(&raw const stack, ptr::null_mut()) } != 0 {
        return Err(refuse(io::Error::last_os_error()));
    }
    Ok(start)
}

/// Take it away again.
pub(crate) fn take_back(start: usize) {
    let none = libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: SIZE };
    // SAFETY: the call changes where this thread's handlers run; it refuses while one runs there.
    if unsafe { libc::sigaltstack(&raw const none, ptr::null_mut()) } == 0 {
        // SAFETY: `give_this_thread` mapped it, and no handler can run on it any more.
        unsafe { libc::munmap(ptr::with_exposed_provenance_mut(start), SIZE) };
    }
}
