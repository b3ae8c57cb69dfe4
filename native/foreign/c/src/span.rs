//! A pinned part of a buffer, which can be neither resized nor closed meanwhile.

use crate::Status;
use crate::buffer::buffers;
use crate::bytes::Bytes;
use crate::entry::{Out, bytes, closing, on, room};

/// How many bytes it pins.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_span_length(span: u64, length: *mut usize) -> Status {
    // SAFETY: the caller's promise.
    let length = unsafe { Out::new(length, "length") };
    on(span, |span| {
        let length = length?;
        length.put(buffers()?.span_length(span)?);
        Ok(())
    })
}

/// Native allocates: bytes from `offset` on, to be given back; as many as `length` says, or with `SIZE_MAX` all.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_span_get(span: u64, offset: usize, length: usize, bytes: *mut Bytes) -> Status {
    // SAFETY: the caller's promise.
    let bytes = unsafe { Out::new(bytes, "bytes") };
    on(span, |span| {
        let bytes = bytes?;
        let length = (length != usize::MAX).then_some(length);
        bytes.put(Bytes::of(buffers()?.get_span(span, offset, length)?));
        Ok(())
    })
}

/// The host allocates, native fills: `length` bytes from `offset` on. All of them, or nothing is written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_span_read(span: u64, offset: usize, into: *mut u8, length: usize) -> Status {
    // SAFETY: the caller's promise.
    let into = unsafe { room(into, length, "into") };
    on(span, |span| {
        let into = into?;
        Ok(buffers()?.read_span(span, offset, into)?)
    })
}

/// Copies bytes of the host to `offset`. All of them, or nothing is written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_span_write(span: u64, offset: usize, data: *const u8, length: usize) -> Status {
    // SAFETY: the caller's promise.
    let data = unsafe { bytes(data, length, "data") };
    on(span, |span| {
        let data = data?;
        Ok(buffers()?.write_span(span, offset, data)?)
    })
}

/// Where its bytes are: valid until it is closed. What the host writes there while another call reads is a race that
/// nobody can see.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_span_address(span: u64, start: *mut *mut u8, length: *mut usize) -> Status {
    // SAFETY: the caller's promise.
    let (start, length) = (unsafe { Out::new(start, "start") }, unsafe { Out::new(length, "length") });
    on(span, |span| {
        let (start, length) = (start?, length?);
        let address = buffers()?.span_address(span)?;
        start.put(std::ptr::with_exposed_provenance_mut(address.start));
        length.put(address.length);
        Ok(())
    })
}

/// Releases the buffer; if another thread is in a call, when that ends.
#[unsafe(no_mangle)]
pub extern "C" fn deadhand_span_close(span: u64) -> Status {
    closing(span, |span| Ok(buffers()?.release(span)?))
}
