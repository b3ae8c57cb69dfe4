//! Texts in native memory, which never change. Any thread may use them.

use deadhand_core::guard::GuardError;
use deadhand_core::text::Texts;

use crate::Status;
use crate::bytes::Bytes;
use crate::entry::{Out, bytes, closing, entry, on, room};

fn texts() -> Result<&'static Texts, GuardError> {
    Texts::shared()
}

/// Makes a text of UTF-8; with `lossy`, of any bytes, with U+FFFD for what is not UTF-8. It needs no NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_text_of(data: *const u8, length: usize, lossy: i32, text: *mut u64) -> Status {
    entry(|| {
        // SAFETY: the caller's promise.
        let (data, text) = (unsafe { bytes(data, length, "data") }?, unsafe { Out::new(text, "text") }?);
        let texts = texts()?;
        let made = if lossy == 0 { texts.from_bytes(data) } else { texts.from_bytes_lossy(data) };
        text.put(made?.to_u64());
        Ok(())
    })
}

/// How many bytes it has in UTF-8, without a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_text_length(text: u64, length: *mut usize) -> Status {
    // SAFETY: the caller's promise.
    let length = unsafe { Out::new(length, "length") };
    on(text, |text| {
        let length = length?;
        length.put(texts()?.length(text)?);
        Ok(())
    })
}

/// How many characters it has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_text_characters(text: u64, count: *mut usize) -> Status {
    // SAFETY: the caller's promise.
    let count = unsafe { Out::new(count, "count") };
    on(text, |text| {
        let count = count?;
        count.put(texts()?.characters(text)?);
        Ok(())
    })
}

/// Native allocates: all of it in UTF-8, without a NUL, to be given back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_text_get(text: u64, bytes: *mut Bytes) -> Status {
    // SAFETY: the caller's promise.
    let bytes = unsafe { Out::new(bytes, "bytes") };
    on(text, |text| {
        let bytes = bytes?;
        bytes.put(Bytes::of(texts()?.get(text)?.into_bytes()));
        Ok(())
    })
}

/// Native allocates: all of it with the NUL that C wants, which counts, and no other. To be given back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_text_for_c(text: u64, bytes: *mut Bytes) -> Status {
    // SAFETY: the caller's promise.
    let bytes = unsafe { Out::new(bytes, "bytes") };
    on(text, |text| {
        let bytes = bytes?;
        bytes.put(Bytes::of(texts()?.get_for_c(text)?.into_bytes_with_nul()));
        Ok(())
    })
}

/// The host allocates, native fills: all of it, without a NUL, or nothing. Says how many bytes were written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_text_read(text: u64, into: *mut u8, length: usize, written: *mut usize) -> Status {
    // SAFETY: the caller's promise.
    let (into, written) = (unsafe { room(into, length, "into") }, unsafe { Out::new(written, "written") });
    on(text, |text| {
        let (into, written) = (into?, written?);
        written.put(texts()?.copy_into(text, into)?);
        Ok(())
    })
}

/// Makes a text of the bytes `start` to `end`, which needs the first one no more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_text_cut(text: u64, start: usize, end: usize, part: *mut u64) -> Status {
    // SAFETY: the caller's promise.
    let part = unsafe { Out::new(part, "part") };
    on(text, |text| {
        let part = part?;
        part.put(texts()?.cut(text, start, end)?.to_u64());
        Ok(())
    })
}

/// Makes a text of one after the other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_text_join(text: u64, other: u64, joined: *mut u64) -> Status {
    // SAFETY: the caller's promise.
    let joined = unsafe { Out::new(joined, "joined") };
    on(text, |text| {
        let joined = joined?;
        let other = deadhand_core::guard::Handle::from_u64(other)?;
        joined.put(texts()?.join(text, other)?.to_u64());
        Ok(())
    })
}

/// Ends it; calls that are reading it on other threads end well.
#[unsafe(no_mangle)]
pub extern "C" fn deadhand_text_close(text: u64) -> Status {
    closing(text, |text| Ok(texts()?.dispose(text)?))
}

/// Panics inside a call, for tests: the text is fenced off.
#[unsafe(no_mangle)]
pub extern "C" fn deadhand_text_provoke_panic(text: u64) -> Status {
    on(text, |text| Ok(texts()?.provoke_panic(text)?))
}
