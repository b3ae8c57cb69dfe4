//! The one transaction of a store that writes, and the cursor that deletes in it.

use deadhand_core::store::{Deleter, Writer};

use crate::Status;
use crate::bytes::Bytes;
use crate::entry::{Out, bytes, closing, on};

/// Stores the value under the key.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_writer_put(
    writer: u64,
    key: *const u8,
    key_length: usize,
    value: *const u8,
    value_length: usize,
) -> Status {
    // SAFETY: the caller's promise.
    let (key, value) = (unsafe { bytes(key, key_length, "key") }, unsafe { bytes(value, value_length, "value") });
    on(writer, |writer| {
        let (key, value) = (key?, value?);
        Ok(Writer::of(writer).put(key, value)?)
    })
}

/// The value of the key as this transaction sees it, to be given back; null if there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_writer_get(writer: u64, key: *const u8, length: usize, value: *mut Bytes) -> Status {
    // SAFETY: the caller's promise.
    let (key, value) = (unsafe { bytes(key, length, "key") }, unsafe { Out::new(value, "value") });
    on(writer, |writer| {
        let (key, value) = (key?, value?);
        if let Some(found) = Writer::of(writer).get(key)? {
            value.put(Bytes::of(found));
        }
        Ok(())
    })
}

/// Removes the key, and says whether it was there: 1 or 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_writer_remove(writer: u64, key: *const u8, length: usize, was: *mut i32) -> Status {
    // SAFETY: the caller's promise.
    let (key, was) = (unsafe { bytes(key, length, "key") }, unsafe { Out::new(was, "was") });
    on(writer, |writer| {
        let (key, was) = (key?, was?);
        was.put(i32::from(Writer::of(writer).remove(key)?));
        Ok(())
    })
}

/// Makes the changes last, and ends the writer: also when the database refuses.
#[unsafe(no_mangle)]
pub extern "C" fn deadhand_writer_commit(writer: u64) -> Status {
    on(writer, |writer| Ok(Writer::of(writer).commit()?))
}

/// Undoes the changes and ends the writer; if another thread is in a call, when that ends.
#[unsafe(no_mangle)]
pub extern "C" fn deadhand_writer_abort(writer: u64) -> Status {
    closing(writer, |writer| Ok(Writer::of(writer).abort()?))
}

/// Makes a cursor of this thread that deletes the keys with that prefix, one at a step.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_writer_deleter(
    writer: u64,
    prefix: *const u8,
    length: usize,
    deleter: *mut u64,
) -> Status {
    // SAFETY: the caller's promise.
    let (prefix, deleter) = (unsafe { bytes(prefix, length, "prefix") }, unsafe { Out::new(deleter, "deleter") });
    on(writer, |writer| {
        let (prefix, deleter) = (prefix?, deleter?);
        deleter.put(Writer::of(writer).deleter(prefix)?.handle().to_u64());
        Ok(())
    })
}

/// Deletes the next key and returns it, to be given back; null after the last one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_deleter_step(deleter: u64, key: *mut Bytes) -> Status {
    // SAFETY: the caller's promise.
    let key = unsafe { Out::new(key, "key") };
    on(deleter, |deleter| {
        let key = key?;
        if let Some(found) = Deleter::of(deleter).step()? {
            key.put(Bytes::of(found));
        }
        Ok(())
    })
}

/// Ends the cursor, not the writer. Only the thread that made it may.
#[unsafe(no_mangle)]
pub extern "C" fn deadhand_deleter_close(deleter: u64) -> Status {
    closing(deleter, |deleter| Ok(Deleter::of(deleter).close()?))
}
