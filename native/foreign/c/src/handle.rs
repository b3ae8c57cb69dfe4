//! What can be asked of any handle, and of all.

use std::ffi::c_char;

use deadhand_core::buffer::Buffers;
use deadhand_core::guard::{Handle, fence};
use deadhand_core::store::{Deleter, Reader, Store, Writer, alive};
use deadhand_core::text::Texts;

use crate::Status;
use crate::channel::channels;
use crate::entry::{Error, Out, bytes, entry};
use crate::event::callbacks;
use crate::task::futures;

/// The version of this interface. A library with another one than `DEADHAND_VERSION` is not what the header describes.
pub const VERSION: u32 = 1;

/// The version of the interface that the library has.
#[unsafe(no_mangle)]
pub extern "C" fn deadhand_version() -> u32 {
    VERSION
}

/// Whether the object of that handle is there and not closed: 1 or 0. One that is fenced off is open, too.
#[unsafe(no_mangle)]
pub extern "C" fn deadhand_is_open(handle: u64) -> i32 {
    let Ok(handle) = Handle::from_u64(handle) else { return 0 };
    let open = fence(|| {
        Store::of(handle).is_open()
            || Reader::of(handle).is_open()
            || Writer::of(handle).is_open()
            || Deleter::of(handle).is_open()
            || Buffers::shared().is_ok_and(|buffers| buffers.is_open(handle))
            || Texts::shared().is_ok_and(|texts| texts.is_open(handle))
            || callbacks().is_ok_and(|all| all.is_open(handle) || all.is_registered(handle))
            || channels().is_ok_and(|all| all.producer_is_open(handle) || all.consumer_is_open(handle))
            || futures().is_ok_and(|all| all.runtime_is_open(handle) || all.task_is_open(handle))
    });
    i32::from(open.unwrap_or(false))
}

/// For finalizers: closes the object on any thread, never fails, and leaves the record of errors as it is. A deleter of
/// another thread is queued for that; what waits for a consumer is left for `deadhand_producer_reclaim`.
#[unsafe(no_mangle)]
pub extern "C" fn deadhand_discard(handle: u64) {
    let Ok(handle) = Handle::from_u64(handle) else { return };
    // A handle is of one table only: all others refuse it.
    let done = fence(|| {
        Store::of(handle).discard();
        Reader::of(handle).discard();
        Writer::of(handle).discard();
        Deleter::of(handle).discard();
        if let Ok(buffers) = Buffers::shared() {
            buffers.discard(handle);
        }
        if let Ok(texts) = Texts::shared() {
            texts.discard(handle);
        }
        if let Ok(callbacks) = callbacks() {
            drop(callbacks.unregister(handle).or_else(|_| callbacks.dispose(handle)));
        }
        if let Ok(channels) = channels() {
            drop(channels.close_producer(handle));
            drop(channels.abandon_consumer(handle));
        }
        if let Ok(futures) = futures() {
            drop(futures.dispose(handle));
            drop(futures.close(handle, std::time::Duration::ZERO));
        }
    });
    drop(done);
}

/// How many objects of a kind are alive in this process: `store`, `reader`, `writer`, `deleter`, `queued` (deleters that
/// wait for their thread), `buffer`, `slice`, `span`, `pool`, `text`, `event`, `registration`, `producer`, `consumer`,
/// `item`, `runtime`, `task`, and `bytes` (memory that was handed out). What is queued for this thread is freed first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_alive(kind: *const c_char, length: usize, count: *mut u64) -> Status {
    entry(|| {
        // SAFETY: the caller's promise.
        let (kind, count) = (unsafe { bytes(kind.cast(), length, "kind") }?, unsafe { Out::new(count, "count") }?);
        let remedy = "pass the name of a kind, without a NUL";
        let found = census()?.into_iter().find(|(name, _)| name.as_bytes() == kind);
        count.put(found.ok_or(Error::OutOfRange { name: "kind", remedy })?.1);
        Ok(())
    })
}

fn census() -> Result<Vec<(&'static str, u64)>, Error> {
    let kinds = alive();
    let mut counts: Vec<_> = kinds.iter().map(|each| (each.kind, each.count)).collect();
    counts.push(("queued", kinds.iter().map(|each| each.queued).sum()));
    counts.extend(Buffers::shared()?.alive());
    counts.push(Texts::shared()?.alive());
    counts.extend(callbacks()?.alive());
    counts.extend(channels()?.alive());
    counts.extend(futures()?.alive());
    let mut counts: Vec<_> = counts.into_iter().map(|(kind, count)| (kind, u64::from(count))).collect();
    counts.push(("bytes", crate::bytes::out() as u64));
    Ok(counts)
}
