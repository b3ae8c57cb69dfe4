//! A view of a part of a buffer. It does not pin: the buffer may be resized or closed, and then the slice says so.

use crate::Status;
use crate::buffer::buffers;
use crate::bytes::Bytes;
use crate::entry::{Out, bytes, closing, on, room};

/// How many bytes it shows.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_slice_length(slice: u64, length: *mut usize) -> Status {
    // SAFETY: the caller's promise.
    let length = unsafe { Out::new(length, "length") };
    on(slice, |slice| {
        let length = length?;
        length.put(buffers()?.slice_length(slice)?);
        Ok(())
    })
}

/// Native allocates: bytes from `offset` on, to be given back; as many as `length` says, or with `SIZE_MAX` all.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_slice_get(slice: u64, offset: usize, length: usize, bytes: *mut Bytes) -> Status {
    // SAFETY: the caller's promise.
    let bytes = unsafe { Out::new(bytes, "bytes") };
    on(slice, |slice| {
        let bytes = bytes?;
        let length = (length != usize::MAX).then_some(length);
        bytes.put(Bytes::of(buffers()?.get_slice(slice, offset, length)?));
        Ok(())
    })
}

/// The host allocates, native fills: `length` bytes from `offset` on. All of them, or nothing is written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_slice_read(slice: u64, offset: usize, into: *mut u8, length: usize) -> Status {
    // SAFETY: the caller's promise.
    let into = unsafe { room(into, length, "into") };
    on(slice, |slice| {
        let into = into?;
        Ok(buffers()?.read_slice(slice, offset, into)?)
    })
}

/// Copies bytes of the host to `offset`. All of them, or nothing is written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_slice_write(slice: u64, offset: usize, data: *const u8, length: usize) -> Status {
    // SAFETY: the caller's promise.
    let data = unsafe { bytes(data, length, "data") };
    on(slice, |slice| {
        let data = data?;
        Ok(buffers()?.write_slice(slice, offset, data)?)
    })
}

/// Takes its right away, for good. When this returns, no call reads or writes through it any more.
#[unsafe(no_mangle)]
pub extern "C" fn deadhand_slice_revoke(slice: u64) -> Status {
    on(slice, |slice| Ok(buffers()?.revoke(slice)?))
}

/// Ends the slice, not the buffer.
#[unsafe(no_mangle)]
pub extern "C" fn deadhand_slice_close(slice: u64) -> Status {
    closing(slice, |slice| Ok(buffers()?.dispose_slice(slice)?))
}
