//! The objects without Python: what UniFFI would call, called from Rust.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use deadhand_foreign_uniffi::{
    Buffer, CallFailed, Callback, Cancel, CoreError, Event, Item, OnDead, Pair, Pool, Runtime, Store, Text,
    WeakCallback, channel, last_error, pause,
};

/// An item of Rust's own: the host is not the only one who can make them.
#[derive(Debug)]
struct Own(u32);

impl Item for Own {}

impl Drop for Own {
    fn drop(&mut self) {
        DROPPED.fetch_add(self.0, Ordering::SeqCst);
    }
}

static DROPPED: AtomicU32 = AtomicU32::new(0);

/// Answers with its argument, or fails with that text.
#[derive(Debug)]
struct Echo(Option<CallFailed>);

impl Callback for Echo {
    fn call(&self, argument: Arc<dyn Item>) -> Result<Arc<dyn Item>, CallFailed> {
        self.0.clone().map_or(Ok(argument), Err)
    }
}

#[derive(Debug)]
struct Dead;

impl WeakCallback for Dead {
    fn upgrade(&self) -> Option<Arc<dyn Callback>> {
        None
    }
}

fn item() -> Arc<dyn Item> {
    Arc::new(Own(0))
}

#[test]
fn a_store_is_written_read_and_closed() {
    let store = Store::in_memory().unwrap();
    let writer = store.write().unwrap();
    writer.put(b"a", b"1").unwrap();
    writer.put(b"ab", b"2").unwrap();
    assert!(matches!(store.write(), Err(CoreError::Busy { handle: Some(_), .. })));
    let deleter = writer.deleter(b"ab").unwrap();
    assert_eq!(deleter.step().unwrap(), Some(b"ab".to_vec()));
    deleter.close().unwrap();
    writer.commit().unwrap();
    assert!(writer.is_closed());
    let reader = store.read().unwrap();
    assert_eq!((reader.get(b"a").unwrap(), reader.count().unwrap()), (Some(b"1".to_vec()), 1));
    assert_eq!(reader.next().unwrap(), Some(Pair { key: b"a".to_vec(), value: b"1".to_vec() }));
    assert_eq!(reader.next().unwrap(), None);
    assert!(matches!(store.close(true), Err(CoreError::HasChildren { .. })));
    reader.close().unwrap();
    store.close(true).unwrap();
    let gone = store.read().unwrap_err();
    assert!(matches!(&gone, CoreError::Stale { handle: Some(handle), .. } if *handle == store.id()), "{gone}");
    assert_eq!(last_error().unwrap().text, gone.to_string());
}

#[test]
fn a_deleter_is_of_its_thread() {
    let store = Store::in_memory().unwrap();
    let writer = store.write().unwrap();
    let deleter = writer.deleter(b"").unwrap();
    let elsewhere = std::thread::scope(|scope| scope.spawn(|| deleter.step()).join().unwrap());
    assert!(matches!(elsewhere, Err(CoreError::WrongThread { .. })));
}

#[test]
fn memory_goes_both_ways_and_views_end() {
    let buffer = Buffer::of(b"0123456789").unwrap();
    let (slice, span) = (buffer.clone().slice(2, 4).unwrap(), buffer.clone().span(0, 8).unwrap());
    assert_eq!((slice.read(1, None).unwrap(), span.read(0, Some(2)).unwrap()), (b"345".to_vec(), b"01".to_vec()));
    assert!(matches!(buffer.resize(20), Err(CoreError::Busy { .. })));
    span.close().unwrap();
    assert_eq!(buffer.resize(20).unwrap(), 2);
    assert!(matches!(slice.size(), Err(CoreError::Stale { .. })));
    assert!(matches!(buffer.read(u64::MAX, None), Err(CoreError::OutOfRange { .. })));
    let pool = Pool::create(1).unwrap();
    drop(pool.rent(8).unwrap());
    assert_eq!(pool.figures().unwrap().resting, 1);
}

#[test]
fn a_view_keeps_the_buffer_that_is_dropped() {
    let buffer = Buffer::of(b"kept").unwrap();
    let slice = buffer.clone().slice(0, 4).unwrap();
    drop(buffer);
    assert_eq!(slice.read(0, None).unwrap(), b"kept");
}

#[test]
fn texts_say_what_is_no_text() {
    let text = Text::from_bytes("grün".as_bytes(), false).unwrap();
    assert_eq!((text.size().unwrap(), text.count().unwrap()), (5, 4));
    assert_eq!(text.join(&Text::of("!").unwrap()).unwrap().get().unwrap(), "grün!");
    assert!(matches!(text.cut(3, 4), Err(CoreError::OutOfRange { .. })));
    assert!(matches!(Text::from_bytes(b"\xff", false), Err(CoreError::NotText { .. })));
    assert_eq!(Text::from_bytes(b"\xff", true).unwrap().get().unwrap(), "\u{fffd}");
}

#[test]
fn an_event_calls_all_and_says_which_failed() {
    let event = Event::new().unwrap();
    let good = event.register(Arc::new(Echo(None)), None).unwrap();
    assert_eq!(event.fire(item()).unwrap().len(), 1);
    let bad = event.register(Arc::new(Echo(Some(CallFailed::Raised { text: "no".to_owned() }))), None).unwrap();
    let weak = event.register_weakly(Arc::new(Dead), Some(OnDead::Unregister)).unwrap();
    let CoreError::CallbackFailed { failures, .. } = event.fire(item()).unwrap_err() else { panic!("another error") };
    assert_eq!((failures.len(), failures[0].registration, failures[0].text.as_str()), (1, bad.id(), "no"));
    assert!(weak.is_closed());
    bad.close().unwrap();
    drop(good);
    assert_eq!(event.count().unwrap(), 0);
}

#[test]
fn a_callback_that_says_stop_is_the_last_one_called() {
    let event = Event::new().unwrap();
    let stop = event.register(Arc::new(Echo(Some(CallFailed::Stop { text: "deep".to_owned() }))), None).unwrap();
    let after = event.register(Arc::new(Echo(None)), None).unwrap();
    assert!(matches!(event.fire(item()), Err(CoreError::TooDeep { text }) if text == "deep"));
    drop((stop, after));
}

#[test]
fn items_go_through_a_channel_and_come_back_from_a_closed_one() {
    let ends = channel(1).unwrap();
    ends.producer.try_send_item(item()).unwrap();
    assert!(matches!(ends.producer.try_send_item(item()), Err(CoreError::ChannelFull { .. })));
    assert!(matches!(ends.producer.send_item(item(), Some(0.0)), Err(CoreError::TimedOut { .. })));
    assert!(matches!(ends.producer.send_item(item(), Some(-1.0)), Err(CoreError::OutOfRange { .. })));
    ends.consumer.try_receive_item().unwrap();
    assert!(matches!(ends.consumer.try_receive_item(), Err(CoreError::ChannelEmpty { .. })));
    ends.producer.try_send_item(item()).unwrap();
    assert_eq!(ends.consumer.close_end().unwrap().len(), 1);
    let counts = ends.producer.figures().unwrap();
    assert_eq!((counts.sent, counts.received, counts.returned), (2, 1, 1));
    assert!(matches!(channel(0), Err(CoreError::OutOfRange { .. })));
}

#[tokio::test]
async fn tasks_are_awaited_cancelled_and_told() {
    let runtime = Runtime::start(1).unwrap();
    let (quick, slow) = (runtime.delay(item(), 0.0).unwrap(), runtime.delay(item(), 900.0).unwrap());
    quick.join().await.unwrap();
    assert!(matches!(quick.take(), Err(CoreError::Taken { .. })));
    assert!(matches!(slow.take(), Err(CoreError::NotDone { .. })));
    assert_eq!(slow.cancel().unwrap(), Cancel::Cancelled);
    assert!(matches!(slow.join().await, Err(CoreError::Cancelled { .. })));
    let called = runtime.call(Arc::new(Echo(Some(CallFailed::Raised { text: "no".to_owned() }))), item()).unwrap();
    assert!(matches!(called.join().await, Err(CoreError::CallbackFailed { .. })));
    let pending = runtime.delay(item(), 900.0).unwrap();
    assert_eq!(runtime.close(0.0).unwrap().told, 1);
    assert!(matches!(pending.join().await, Err(CoreError::RuntimeClosed { .. })));
    pause(0.0).await.unwrap();
    assert!(matches!(pause(f64::NAN).await, Err(CoreError::OutOfRange { .. })));
}

#[test]
fn an_item_that_nobody_receives_is_dropped_with_its_channel() {
    let before = DROPPED.load(Ordering::SeqCst);
    let ends = channel(4).unwrap();
    ends.producer.try_send_item(Arc::new(Own(7))).unwrap();
    drop(ends);
    assert_eq!(DROPPED.load(Ordering::SeqCst), before + 7);
}

#[test]
fn a_panic_behind_the_fence_is_an_error_with_its_place() {
    let buffer = Buffer::zeros(8).unwrap();
    let Err(CoreError::Panicked { location: Some(place), backtrace: Some(_), .. }) = buffer.provoke_panic() else {
        panic!("another error")
    };
    assert!(place.contains("buffer"), "{place}");
    assert!(matches!(buffer.size(), Err(CoreError::Fenced { .. })));
    buffer.close().unwrap();
}
