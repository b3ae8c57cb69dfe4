//! Memory that native allocates and hands out.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::entry::Answer;

/// Bytes that native has allocated, and the host gives back with `deadhand_bytes_free`. No bytes at all (`data` is null)
/// are something else than none (`length` is 0).
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Bytes {
    /// The first of them.
    pub data: *mut u8,
    /// How many there are.
    pub length: usize,
}

/// How many are out.
static OUT: AtomicUsize = AtomicUsize::new(0);

impl Answer for Bytes {
    const NONE: Self = Self { data: std::ptr::null_mut(), length: 0 };
}

impl Bytes {
    /// Hands them out.
    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        let bytes = bytes.into_boxed_slice();
        let length = bytes.len();
        OUT.fetch_add(1, Ordering::Relaxed);
        Self { data: Box::into_raw(bytes).cast(), length }
    }
}

/// How many were handed out and not given back.
pub(crate) fn out() -> usize {
    OUT.load(Ordering::Relaxed)
}

/// Gives bytes back and makes them null, so that doing it again does nothing. Null does nothing, too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_bytes_free(bytes: *mut Bytes) {
    if bytes.is_null() {
        return;
    }
    // SAFETY: not null, and the caller's promise.
    let given = unsafe { bytes.replace(Bytes::NONE) };
    if !given.data.is_null() {
        let slice = std::ptr::slice_from_raw_parts_mut(given.data, given.length);
        // SAFETY: it came from `of`, as it is, and has not been here before: the host's copy is null now.
        drop(unsafe { Box::from_raw(slice) });
        OUT.fetch_sub(1, Ordering::Relaxed);
    }
}
