//! An embedded database: keys and values are bytes.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use deadhand_core::store::Store;

use crate::Status;
use crate::entry::{Out, bytes, closing, entry, on};

/// Makes an empty database in memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_store_in_memory(store: *mut u64) -> Status {
    entry(|| {
        // SAFETY: the caller's promise.
        let store = unsafe { Out::new(store, "store") }?;
        store.put(Store::in_memory()?.handle().to_u64());
        Ok(())
    })
}

/// Opens the database in that file, which is made if it is not there. The path needs no NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_store_open(path: *const u8, length: usize, store: *mut u64) -> Status {
    entry(|| {
        // SAFETY: the caller's promise.
        let (path, store) = (unsafe { bytes(path, length, "path") }?, unsafe { Out::new(store, "store") }?);
        store.put(Store::open(Path::new(OsStr::from_bytes(path)))?.handle().to_u64());
        Ok(())
    })
}

/// Takes a snapshot of what is committed now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_store_read(store: u64, reader: *mut u64) -> Status {
    // SAFETY: the caller's promise.
    let reader = unsafe { Out::new(reader, "reader") };
    on(store, |store| {
        let reader = reader?;
        reader.put(Store::of(store).read()?.handle().to_u64());
        Ok(())
    })
}

/// Begins the one transaction that writes; never waits for another one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_store_write(store: u64, writer: *mut u64) -> Status {
    // SAFETY: the caller's promise.
    let writer = unsafe { Out::new(writer, "writer") };
    on(store, |store| {
        let writer = writer?;
        writer.put(Store::of(store).write()?.handle().to_u64());
        Ok(())
    })
}

/// Closes it: nothing new is made of it; readers and writer go on. With `refuse`, it stays open while there are any.
#[unsafe(no_mangle)]
pub extern "C" fn deadhand_store_close(store: u64, refuse: i32) -> Status {
    closing(store, |store| {
        let store = Store::of(store);
        Ok(if refuse == 0 { store.close() } else { store.close_or_refuse() }?)
    })
}

/// Panics inside a call, for tests: the store is fenced off.
#[unsafe(no_mangle)]
pub extern "C" fn deadhand_store_provoke_panic(store: u64) -> Status {
    on(store, |store| Ok(Store::of(store).provoke_panic()?))
}
