//! Bounded channels for objects of the host. Both ends are handles, of which there can be many.

use std::ffi::c_void;
use std::sync::LazyLock;

use deadhand_core::channel::{Channels, Counts as Native, SendError};
use deadhand_core::guard::{GuardError, Handle};
use deadhand_core::ledger::ledger;

use crate::Status;
use crate::entry::{Answer, Error, Out, closing, entry, on, patience};
use crate::host::{Owned, Release};

/// What one channel has done so far. `sent` is always `received + returned + in_flight`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Counts {
    /// Items that can wait.
    pub capacity: usize,
    /// Producers that are open.
    pub producers: usize,
    /// Consumers that are open.
    pub consumers: usize,
    /// Items that were taken from producers.
    pub sent: u64,
    /// Items that were given to consumers.
    pub received: u64,
    /// Items that no consumer was left for, and that were returned.
    pub returned: u64,
    /// Items that wait.
    pub in_flight: usize,
}

impl Answer for Counts {
    const NONE: Self =
        Self { capacity: 0, producers: 0, consumers: 0, sent: 0, received: 0, returned: 0, in_flight: 0 };
}

impl From<Native> for Counts {
    fn from(native: Native) -> Self {
        let Native { capacity, producers, consumers, sent, received, returned, in_flight, .. } = native;
        Self { capacity, producers, consumers, sent, received, returned, in_flight }
    }
}

/// Items that come back to the host. They are its own again; the list is given back with `deadhand_items_free`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Items {
    /// The first of them; null if there are none.
    pub data: *mut *mut c_void,
    /// How many there are.
    pub length: usize,
}

impl Answer for Items {
    const NONE: Self = Self { data: std::ptr::null_mut(), length: 0 };
}

impl Items {
    fn of(items: Vec<Owned>) -> Self {
        if items.is_empty() {
            return Self::NONE;
        }
        let items: Box<[_]> = items.into_iter().map(Owned::give_back).collect();
        let length = items.len();
        Self { data: Box::into_raw(items).cast(), length }
    }
}

/// Gives a list of items back, not the items, and makes it null, so that doing it again does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_items_free(items: *mut Items) {
    if items.is_null() {
        return;
    }
    // SAFETY: not null, and the caller's promise.
    let given = unsafe { items.replace(Items::NONE) };
    if !given.data.is_null() {
        let slice = std::ptr::slice_from_raw_parts_mut(given.data, given.length);
        // SAFETY: it came from `of`, as it is, and has not been here before: the host's copy is null now.
        drop(unsafe { Box::from_raw(slice) });
    }
}

/// All channels of the process, made when first asked for.
pub(crate) fn channels() -> Result<&'static Channels<Owned>, GuardError> {
    static CHANNELS: LazyLock<Result<Channels<Owned>, GuardError>> = LazyLock::new(|| Channels::new(ledger()));
    CHANNELS.as_ref().map_err(Clone::clone)
}

/// Makes a channel in which `capacity` items can wait: its first producer and its first consumer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_channel_new(capacity: usize, producer: *mut u64, consumer: *mut u64) -> Status {
    entry(|| {
        // SAFETY: the caller's promise.
        let producer = unsafe { Out::new(producer, "producer") }?;
        // SAFETY: the caller's promise.
        let consumer = unsafe { Out::new(consumer, "consumer") }?;
        let ends = channels()?.channel(capacity)?;
        producer.put(ends.0.to_u64());
        consumer.put(ends.1.to_u64());
        Ok(())
    })
}

/// Sends an item now or not at all. `release` (or null) lets go of it if nobody ever receives it. If this fails the item
/// is still the host's, and is not released.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_producer_try_send(producer: u64, item: *mut c_void, release: Release) -> Status {
    on(producer, |producer| sent(channels()?.try_send(producer, Owned::new(item, release))))
}

/// The same when there is room, for which it waits that many seconds; without end if they are fewer than 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_producer_send(
    producer: u64,
    item: *mut c_void,
    release: Release,
    seconds: f64,
) -> Status {
    on(producer, |producer| {
        let patience = patience(seconds)?;
        sent(channels()?.send_timeout(producer, Owned::new(item, release), patience))
    })
}

fn sent(answer: Result<(), SendError<Owned>>) -> Result<(), Error> {
    answer.map_err(|SendError { item, reason }| {
        item.map(Owned::give_back);
        reason.into()
    })
}

/// Receives an item now or not at all.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_consumer_try_receive(consumer: u64, item: *mut *mut c_void) -> Status {
    // SAFETY: the caller's promise.
    let item = unsafe { Out::new(item, "item") };
    on(consumer, |consumer| {
        let item = item?;
        item.put(channels()?.try_receive(consumer)?.give_back());
        Ok(())
    })
}

/// The same when there is one, for which it waits that many seconds; without end if they are fewer than 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_consumer_receive(consumer: u64, seconds: f64, item: *mut *mut c_void) -> Status {
    // SAFETY: the caller's promise.
    let item = unsafe { Out::new(item, "item") };
    on(consumer, |consumer| {
        let item = item?;
        item.put(channels()?.receive_timeout(consumer, patience(seconds)?)?.give_back());
        Ok(())
    })
}

/// Makes another producer of the same channel.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_producer_another(producer: u64, other: *mut u64) -> Status {
    // SAFETY: the caller's promise.
    let other = unsafe { Out::new(other, "other") };
    on(producer, |producer| {
        let other = other?;
        other.put(channels()?.another_producer(producer)?.to_u64());
        Ok(())
    })
}

/// Makes another consumer of the same channel. Each item goes to one of them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_consumer_another(consumer: u64, other: *mut u64) -> Status {
    // SAFETY: the caller's promise.
    let other = unsafe { Out::new(other, "other") };
    on(consumer, |consumer| {
        let other = other?;
        other.put(channels()?.another_consumer(consumer)?.to_u64());
        Ok(())
    })
}

/// What the channel of that producer has done so far.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_producer_counts(producer: u64, counts: *mut Counts) -> Status {
    // SAFETY: the caller's promise.
    let counts = unsafe { Out::new(counts, "counts") };
    on(producer, |producer| {
        let counts = counts?;
        counts.put(channels()?.producer_counts(producer)?.into());
        Ok(())
    })
}

/// What the channel of that consumer has done so far.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_consumer_counts(consumer: u64, counts: *mut Counts) -> Status {
    // SAFETY: the caller's promise.
    let counts = unsafe { Out::new(counts, "counts") };
    on(consumer, |consumer| {
        let counts = counts?;
        counts.put(channels()?.consumer_counts(consumer)?.into());
        Ok(())
    })
}

/// The items that a last consumer left behind when it was discarded.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_producer_reclaim(producer: u64, items: *mut Items) -> Status {
    // SAFETY: the caller's promise.
    let items = unsafe { Out::new(items, "items") };
    on(producer, |producer| {
        let items = items?;
        items.put(Items::of(channels()?.reclaim(producer)?));
        Ok(())
    })
}

/// Closes it and wakes who waits. The last end of a channel returns the items that are left; into null, they are
/// released.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_producer_close(producer: u64, items: *mut Items) -> Status {
    // SAFETY: the caller's promise.
    unsafe { end(producer, items, |producer| Ok(channels()?.close_producer(producer)?)) }
}

/// Closes it and wakes who waits. The last consumer of a channel returns the items that are left; into null, they are
/// released.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_consumer_close(consumer: u64, items: *mut Items) -> Status {
    // SAFETY: the caller's promise.
    unsafe { end(consumer, items, |consumer| Ok(channels()?.close_consumer(consumer)?)) }
}

/// # Safety
/// As for all functions of this crate.
unsafe fn end(handle: u64, items: *mut Items, close: impl FnOnce(Handle) -> Result<Vec<Owned>, Error>) -> Status {
    // SAFETY: the caller's promise.
    let items = (!items.is_null()).then(|| unsafe { Out::new(items, "items") });
    closing(handle, |handle| {
        let items = items.transpose()?;
        let left = close(handle)?;
        if let Some(items) = items {
            items.put(Items::of(left));
        }
        Ok(())
    })
}

/// Panics inside a call, for tests: the producer is fenced off.
#[unsafe(no_mangle)]
pub extern "C" fn deadhand_producer_provoke_panic(producer: u64) -> Status {
    on(producer, |producer| Ok(channels()?.provoke_panic(producer)?))
}
