//! A snapshot of a store, and a place in it. One thread at a time may use it.

use deadhand_core::store::Reader;

use crate::Status;
use crate::bytes::Bytes;
use crate::entry::{Out, bytes, closing, on};

/// The value of the key, to be given back; null if there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_reader_get(reader: u64, key: *const u8, length: usize, value: *mut Bytes) -> Status {
    // SAFETY: the caller's promise.
    let (key, value) = (unsafe { bytes(key, length, "key") }, unsafe { Out::new(value, "value") });
    on(reader, |reader| {
        let (key, value) = (key?, value?);
        if let Some(found) = Reader::of(reader).get(key)? {
            value.put(Bytes::of(found));
        }
        Ok(())
    })
}

/// The next item in the order of keys, both to be given back; both are null after the last one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_reader_next(reader: u64, key: *mut Bytes, value: *mut Bytes) -> Status {
    // SAFETY: the caller's promise.
    let (key, value) = (unsafe { Out::new(key, "key") }, unsafe { Out::new(value, "value") });
    on(reader, |reader| {
        let (key, value) = (key?, value?);
        if let Some(item) = Reader::of(reader).next()? {
            key.put(Bytes::of(item.0));
            value.put(Bytes::of(item.1));
        }
        Ok(())
    })
}

/// Goes back to before the first item.
#[unsafe(no_mangle)]
pub extern "C" fn deadhand_reader_rewind(reader: u64) -> Status {
    on(reader, |reader| Ok(Reader::of(reader).rewind()?))
}

/// How many items there are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_reader_count(reader: u64, count: *mut u64) -> Status {
    // SAFETY: the caller's promise.
    let count = unsafe { Out::new(count, "count") };
    on(reader, |reader| {
        let count = count?;
        count.put(Reader::of(reader).count()?);
        Ok(())
    })
}

/// Gives the snapshot up; if another thread is in a call, when that ends.
#[unsafe(no_mangle)]
pub extern "C" fn deadhand_reader_close(reader: u64) -> Status {
    closing(reader, |reader| Ok(Reader::of(reader).close()?))
}
