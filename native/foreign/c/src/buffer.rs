//! Bytes of native memory. Any thread may use them; a lock inside keeps reads and writes apart.

use deadhand_core::buffer::Buffers;
use deadhand_core::guard::GuardError;

use crate::Status;
use crate::bytes::Bytes;
use crate::entry::{Out, bytes, closing, entry, on, room};

/// The buffers of the process.
pub(crate) fn buffers() -> Result<&'static Buffers, GuardError> {
    Buffers::shared()
}

/// Makes a buffer of zeros.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_buffer_zeros(length: usize, buffer: *mut u64) -> Status {
    entry(|| {
        // SAFETY: the caller's promise.
        let buffer = unsafe { Out::new(buffer, "buffer") }?;
        buffer.put(buffers()?.allocate(length)?.to_u64());
        Ok(())
    })
}

/// Makes a buffer with a copy of bytes of the host.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_buffer_of(data: *const u8, length: usize, buffer: *mut u64) -> Status {
    entry(|| {
        // SAFETY: the caller's promise.
        let (data, buffer) = (unsafe { bytes(data, length, "data") }?, unsafe { Out::new(buffer, "buffer") }?);
        buffer.put(buffers()?.copy_of(data)?.to_u64());
        Ok(())
    })
}

/// How many bytes it has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_buffer_length(buffer: u64, length: *mut usize) -> Status {
    // SAFETY: the caller's promise.
    let length = unsafe { Out::new(length, "length") };
    on(buffer, |buffer| {
        let length = length?;
        length.put(buffers()?.length(buffer)?);
        Ok(())
    })
}

/// Native allocates: bytes from `offset` on, to be given back; as many as `length` says, or with `SIZE_MAX` all.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_buffer_get(buffer: u64, offset: usize, length: usize, bytes: *mut Bytes) -> Status {
    // SAFETY: the caller's promise.
    let bytes = unsafe { Out::new(bytes, "bytes") };
    on(buffer, |buffer| {
        let bytes = bytes?;
        let length = (length != usize::MAX).then_some(length);
        bytes.put(Bytes::of(buffers()?.get(buffer, offset, length)?));
        Ok(())
    })
}

/// The host allocates, native fills: `length` bytes from `offset` on. All of them, or nothing is written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_buffer_read(buffer: u64, offset: usize, into: *mut u8, length: usize) -> Status {
    // SAFETY: the caller's promise.
    let into = unsafe { room(into, length, "into") };
    on(buffer, |buffer| {
        let into = into?;
        Ok(buffers()?.read(buffer, offset, into)?)
    })
}

/// Copies bytes of the host to `offset`. All of them, or nothing is written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_buffer_write(buffer: u64, offset: usize, data: *const u8, length: usize) -> Status {
    // SAFETY: the caller's promise.
    let data = unsafe { bytes(data, length, "data") };
    on(buffer, |buffer| {
        let data = data?;
        Ok(buffers()?.write(buffer, offset, data)?)
    })
}

/// How often it was resized, plus one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_buffer_epoch(buffer: u64, epoch: *mut u64) -> Status {
    // SAFETY: the caller's promise.
    let epoch = unsafe { Out::new(epoch, "epoch") };
    on(buffer, |buffer| {
        let epoch = epoch?;
        epoch.put(buffers()?.epoch(buffer)?);
        Ok(())
    })
}

/// Gives it another length, keeps what fits, fills up with zeros, and says the new epoch. Every slice is outdated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_buffer_resize(buffer: u64, length: usize, epoch: *mut u64) -> Status {
    // SAFETY: the caller's promise.
    let epoch = unsafe { Out::new(epoch, "epoch") };
    on(buffer, |buffer| {
        let epoch = epoch?;
        epoch.put(buffers()?.resize(buffer, length)?);
        Ok(())
    })
}

/// Makes a view of a part that is good until it is revoked, or the buffer is resized or closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_buffer_slice(buffer: u64, offset: usize, length: usize, slice: *mut u64) -> Status {
    // SAFETY: the caller's promise.
    let slice = unsafe { Out::new(slice, "slice") };
    on(buffer, |buffer| {
        let slice = slice?;
        slice.put(buffers()?.slice(buffer, offset, length)?.to_u64());
        Ok(())
    })
}

/// Pins a part: the buffer can be neither resized nor closed until the span is closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_buffer_span(buffer: u64, offset: usize, length: usize, span: *mut u64) -> Status {
    // SAFETY: the caller's promise.
    let span = unsafe { Out::new(span, "span") };
    on(buffer, |buffer| {
        let span = span?;
        span.put(buffers()?.span(buffer, offset, length)?.to_u64());
        Ok(())
    })
}

/// Ends it; a rented one gives its memory back to the pool. It is refused while a span is out.
#[unsafe(no_mangle)]
pub extern "C" fn deadhand_buffer_close(buffer: u64) -> Status {
    closing(buffer, |buffer| Ok(buffers()?.dispose(buffer)?))
}

/// Panics inside a call, for tests: the buffer is fenced off.
#[unsafe(no_mangle)]
pub extern "C" fn deadhand_buffer_provoke_panic(buffer: u64) -> Status {
    on(buffer, |buffer| Ok(buffers()?.provoke_panic(buffer)?))
}
