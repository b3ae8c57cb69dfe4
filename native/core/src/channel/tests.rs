use std::collections::BTreeSet;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use deadhand_guard::{CallError, GuardError, Ledger};

use super::*;
use crate::planted;

const LONG: Option<Duration> = Some(Duration::from_secs(8));
const SHORT: Option<Duration> = Some(Duration::from_millis(20));

struct World {
    ledger: Arc<Ledger>,
    channels: Channels<String>,
}

impl World {
    fn new() -> Self {
        let ledger = Arc::new(Ledger::anonymous().unwrap());
        let channels = Channels::new(Some(&ledger)).unwrap();
        Self { ledger, channels }
    }

    fn end(self) {
        assert_eq!(self.ledger.settle(), Ok(()));
    }
}

fn item(name: &str) -> String {
    name.to_owned()
}

fn guard<T: std::fmt::Debug>(result: Result<T, ChannelError>) -> GuardError {
    match result.unwrap_err() {
        ChannelError::Call(CallError::Guard(error)) => error,
        error => panic!("{error}"),
    }
}

/// Polls once, with nobody to wake.
fn once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    std::pin::Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn what_goes_in_comes_out_in_order_until_it_is_full_or_empty() {
    let world = World::new();
    let all = &world.channels;
    let (producer, consumer) = all.channel(2).unwrap();
    all.try_send(producer, item("a")).unwrap();
    all.try_send(producer, item("b")).unwrap();
    let refused = all.try_send(producer, item("c")).unwrap_err();
    assert!(matches!(refused.reason, ChannelError::Full { capacity: 2 }));
    assert_eq!(refused.item.unwrap(), "c", "it comes back");
    assert_eq!(crate::census::census(&world.ledger)["item"], 2);
    let counts = all.producer_counts(producer).unwrap();
    assert_eq!((counts.sent, counts.received, counts.in_flight, counts.capacity), (2, 0, 2, 2));
    assert_eq!(all.try_receive(consumer).unwrap(), "a");
    assert_eq!(all.try_receive(consumer).unwrap(), "b");
    assert!(matches!(all.try_receive(consumer), Err(ChannelError::Empty)));
    assert_eq!(all.consumer_counts(consumer).unwrap().in_flight, 0);
    for capacity in [0, MAX_CAPACITY + 1] {
        assert!(matches!(all.channel(capacity), Err(ChannelError::BadCapacity { .. })));
    }
    assert_eq!(all.close_producer(producer).unwrap(), [""; 0]);
    let stale = all.try_send(producer, item("late")).unwrap_err();
    assert_eq!(stale.item.unwrap(), "late");
    assert!(matches!(stale.reason, ChannelError::Call(CallError::Guard(GuardError::Stale { .. }))));
    assert_eq!(all.close_consumer(consumer).unwrap(), [""; 0]);
    assert!(matches!(guard(all.close_consumer(consumer)), GuardError::Stale { .. }));
    world.end();
}

#[test]
fn after_the_last_producer_the_rest_is_received_and_then_it_is_closed() {
    let world = World::new();
    let all = &world.channels;
    let (producer, consumer) = all.channel(4).unwrap();
    let second = all.another_producer(producer).unwrap();
    all.try_send(producer, item("a")).unwrap();
    all.close_producer(producer).unwrap();
    assert!(matches!(guard(all.another_producer(producer)), GuardError::Stale { .. }));
    all.try_send(second, item("b")).unwrap();
    assert_eq!(all.close_producer(second).unwrap(), [""; 0], "the consumer is going to receive them");
    assert_eq!(all.try_receive(consumer).unwrap(), "a");
    assert_eq!(all.receive_timeout(consumer, None).unwrap(), "b");
    assert!(matches!(all.try_receive(consumer), Err(ChannelError::Closed { by: Side::Producer })));
    assert!(matches!(all.receive_timeout(consumer, None), Err(ChannelError::Closed { by: Side::Producer })));
    all.close_consumer(consumer).unwrap();
    world.end();
}

#[test]
fn after_the_last_consumer_items_are_returned_and_never_lost() {
    let world = World::new();
    let all = &world.channels;
    let (producer, consumer) = all.channel(4).unwrap();
    let second = all.another_consumer(consumer).unwrap();
    for name in ["a", "b", "c"] {
        all.try_send(producer, item(name)).unwrap();
    }
    assert_eq!(all.close_consumer(consumer).unwrap(), [""; 0], "another one is there");
    assert_eq!(all.reclaim(producer).unwrap(), [""; 0]);
    assert_eq!(all.try_receive(second).unwrap(), "a");
    all.abandon_consumer(second).unwrap();
    let refused = all.try_send(producer, item("d")).unwrap_err();
    assert!(matches!(refused.reason, ChannelError::Closed { by: Side::Consumer }));
    assert_eq!(refused.item.unwrap(), "d");
    assert_eq!(all.reclaim(producer).unwrap(), ["b", "c"]);
    let counts = all.producer_counts(producer).unwrap();
    assert_eq!((counts.sent, counts.received, counts.returned, counts.in_flight), (3, 1, 2, 0));
    all.close_producer(producer).unwrap();

    let (producer, consumer) = all.channel(4).unwrap();
    all.try_send(producer, item("left")).unwrap();
    assert_eq!(all.close_consumer(consumer).unwrap(), ["left"]);
    all.close_producer(producer).unwrap();

    let (producer, consumer) = all.channel(4).unwrap();
    all.try_send(producer, item("left")).unwrap();
    all.abandon_consumer(consumer).unwrap();
    assert_eq!(all.close_producer(producer).unwrap(), ["left"], "to the very last");

    let (producer, consumer) = all.channel(4).unwrap();
    all.try_send(producer, item("left")).unwrap();
    all.close_producer(producer).unwrap();
    all.abandon_consumer(consumer).unwrap();
    world.end();
}

#[test]
fn waiting_ends_in_time() {
    let world = World::new();
    let all = &world.channels;
    let (producer, consumer) = all.channel(1).unwrap();
    let start = Instant::now();
    assert!(matches!(all.receive_timeout(consumer, SHORT), Err(ChannelError::TimedOut { full: false })));
    all.send_timeout(producer, item("a"), SHORT).unwrap();
    let late = all.send_timeout(producer, item("b"), SHORT).unwrap_err();
    assert!(matches!(late.reason, ChannelError::TimedOut { full: true }));
    assert_eq!(late.item.unwrap(), "b");
    assert!(start.elapsed() >= SHORT.unwrap() * 2);
    assert_eq!(all.close_consumer(consumer).unwrap(), ["a"]);
    all.close_producer(producer).unwrap();
    world.end();
}

/// Runs the first on a thread of its own, and the second when the first is surely waiting.
fn while_waiting<R: Send>(waits: impl FnOnce() -> R + Send, then: impl FnOnce()) -> R {
    let started = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            started.store(true, Ordering::SeqCst);
            waits()
        });
        while !started.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_millis(50));
        assert!(!waiting.is_finished(), "it was to wait");
        then();
        waiting.join().unwrap()
    })
}

#[test]
fn a_blocked_thread_is_woken_by_whatever_happens() {
    let world = World::new();
    let all = &world.channels;
    let (producer, consumer) = all.channel(1).unwrap();
    let got = while_waiting(|| all.receive_timeout(consumer, LONG), || all.try_send(producer, item("a")).unwrap());
    assert_eq!(got.unwrap(), "a");
    all.try_send(producer, item("b")).unwrap();
    let sent = while_waiting(
        || all.send_timeout(producer, item("c"), LONG),
        || {
            assert_eq!(all.try_receive(consumer).unwrap(), "b");
        },
    );
    sent.unwrap();

    let second = all.another_producer(producer).unwrap();
    let own = while_waiting(
        || all.send_timeout(second, item("d"), None),
        || {
            all.close_producer(second).unwrap();
        },
    );
    let own = own.unwrap_err();
    assert!(matches!(own.reason, ChannelError::EndClosed { side: Side::Producer, end } if end == second));
    assert_eq!(own.item.unwrap(), "d");

    let closed = while_waiting(
        || all.send_timeout(producer, item("e"), None),
        || {
            assert_eq!(all.close_consumer(consumer).unwrap(), ["c"]);
        },
    );
    let closed = closed.unwrap_err();
    assert!(matches!(closed.reason, ChannelError::Closed { by: Side::Consumer }));
    assert_eq!(closed.item.unwrap(), "e");
    all.close_producer(producer).unwrap();

    let (producer, consumer) = all.channel(1).unwrap();
    let closed = while_waiting(|| all.receive_timeout(consumer, None), || drop(all.close_producer(producer).unwrap()));
    assert!(matches!(closed, Err(ChannelError::Closed { by: Side::Producer })));
    let (other, twin) = (all.channel(1).unwrap(), all.another_consumer(consumer).unwrap());
    all.close_consumer(twin).unwrap();
    let own = while_waiting(|| all.receive_timeout(other.1, None), || drop(all.close_consumer(other.1).unwrap()));
    assert!(matches!(own, Err(ChannelError::EndClosed { side: Side::Consumer, .. })));
    all.close_producer(other.0).unwrap();
    all.close_consumer(consumer).unwrap();
    world.end();
}

#[test]
fn futures_wait_and_are_woken() {
    let world = World::new();
    let all = &world.channels;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (producer, consumer) = all.channel(1).unwrap();
    let received = runtime.block_on(async {
        let send = async {
            for number in 0..100 {
                all.send(producer, number.to_string()).await.unwrap();
            }
            all.close_producer(producer).unwrap();
        };
        let receive = async {
            let mut received = Vec::new();
            loop {
                match all.receive(consumer).await {
                    Ok(item) => received.push(item),
                    Err(ChannelError::Closed { by: Side::Producer }) => return received,
                    Err(error) => panic!("{error}"),
                }
            }
        };
        let (mut send, mut receive) = (pin!(send), pin!(receive));
        let mut done = false;
        std::future::poll_fn(|context| {
            done = done || send.as_mut().poll(context).is_ready();
            receive.as_mut().poll(context)
        })
        .await
    });
    assert_eq!(received, (0..100).map(|number| number.to_string()).collect::<Vec<_>>());
    all.close_consumer(consumer).unwrap();
    world.end();
}

#[test]
fn a_future_is_told_when_its_end_or_the_other_side_closes() {
    let world = World::new();
    let all = &world.channels;
    let (producer, consumer) = all.channel(1).unwrap();
    let twin = all.another_consumer(consumer).unwrap();
    let (mut first, mut second) = (all.receive(consumer), all.receive(twin));
    assert!(once(&mut first).is_pending() && once(&mut second).is_pending());
    all.close_consumer(twin).unwrap();
    assert!(matches!(once(&mut second), Poll::Ready(Err(ChannelError::EndClosed { end, .. })) if end == twin));
    assert!(once(&mut first).is_pending());
    drop(first);
    all.try_send(producer, item("a")).unwrap();
    let (mut waits, mut given_up) = (all.send(producer, item("b")), all.send(producer, item("c")));
    assert!(once(&mut waits).is_pending() && once(&mut given_up).is_pending());
    assert_eq!(given_up.item().unwrap(), "c");
    assert_eq!(given_up.give_up().unwrap(), "c");
    assert_eq!(all.close_consumer(consumer).unwrap(), ["a"]);
    let Poll::Ready(Err(error)) = once(&mut waits) else { panic!() };
    assert!(matches!(error.reason, ChannelError::Closed { by: Side::Consumer }));
    assert_eq!(error.item.unwrap(), "b");
    all.close_producer(producer).unwrap();
    let Poll::Ready(Err(error)) = once(&mut all.send(producer, item("d"))) else { panic!() };
    assert!(matches!(error.reason, ChannelError::Call(CallError::Guard(GuardError::Stale { .. }))));
    assert_eq!(error.item.unwrap(), "d");
    world.end();
}

#[test]
fn a_panic_strikes_one_end_and_the_item_comes_back() {
    let world = World::new();
    let all = &world.channels;
    let (producer, consumer) = all.channel(4).unwrap();
    let (second, twin) = (all.another_producer(producer).unwrap(), all.another_consumer(consumer).unwrap());
    planted::arm("channel.send");
    let struck = all.try_send(producer, item("a")).unwrap_err();
    assert!(matches!(struck.reason, ChannelError::Call(CallError::Panicked(_))) && !planted::waiting());
    assert_eq!(struck.item.unwrap(), "a");
    assert!(matches!(guard(all.producer_counts(producer)), GuardError::Fenced { .. }));
    all.try_send(second, item("b")).unwrap();
    planted::arm("channel.receive");
    assert!(matches!(once(&mut all.receive(consumer)), Poll::Ready(Err(ChannelError::Call(CallError::Panicked(_))))));
    assert!(matches!(guard(all.try_receive(consumer)), GuardError::Fenced { .. }));
    assert_eq!(all.try_receive(twin).unwrap(), "b");
    all.close_producer(producer).unwrap();
    all.close_consumer(consumer).unwrap();
    let counts = all.producer_counts(second).unwrap();
    assert_eq!((counts.producers, counts.consumers), (1, 1), "fenced ends leave when they are closed");
    all.close_producer(second).unwrap();
    assert!(matches!(all.try_receive(twin), Err(ChannelError::Closed { .. })));
    all.close_consumer(twin).unwrap();
    world.end();
}

#[test]
fn many_threads_lose_nothing_and_double_nothing() {
    let world = World::new();
    let all = &world.channels;
    let (producer, consumer) = all.channel(3).unwrap();
    let producers = [producer, all.another_producer(producer).unwrap()];
    let consumers = [consumer, all.another_consumer(consumer).unwrap()];
    let (received, twice) = (Mutex::new(BTreeSet::new()), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for (which, producer) in producers.into_iter().enumerate() {
            scope.spawn(move || {
                for number in 0..300 {
                    all.send_timeout(producer, format!("{which}/{number}"), LONG).unwrap();
                }
                all.close_producer(producer).unwrap();
            });
        }
        for consumer in consumers {
            let (received, twice) = (&received, &twice);
            scope.spawn(move || {
                loop {
                    match all.receive_timeout(consumer, LONG) {
                        Ok(item) => twice.fetch_or(!received.lock().unwrap().insert(item), Ordering::Relaxed),
                        Err(ChannelError::Closed { .. }) => break,
                        Err(error) => panic!("{error}"),
                    };
                }
                all.close_consumer(consumer).unwrap();
            });
        }
    });
    assert_eq!((received.into_inner().unwrap().len(), twice.into_inner()), (600, false));
    world.end();
}

#[test]
fn what_is_left_goes_with_its_owner() {
    let world = World::new();
    let (producer, _) = world.channels.channel(4).unwrap();
    world.channels.try_send(producer, item("a")).unwrap();
    assert_eq!(world.ledger.alive(), 3);
    drop(world.channels);
    assert_eq!(world.ledger.settle(), Ok(()));
}

#[test]
fn a_collector_sees_what_waits_and_may_take_it() {
    let world = World::new();
    let (producer, consumer) = world.channels.channel(2).unwrap();
    let contents = world.channels.contents(producer).unwrap();
    let seen = || {
        let mut seen = Vec::new();
        contents.visit(|item| seen.push(item.clone()));
        seen
    };
    for name in ["a", "b"] {
        world.channels.try_send(producer, item(name)).unwrap();
    }
    assert_eq!(world.channels.try_receive(consumer).unwrap(), "a");
    assert_eq!((seen(), world.channels.alive()), (vec![item("b")], [("producer", 1), ("consumer", 1), ("item", 1)]));
    assert_eq!(contents.take(), ["b"]);
    let counts = world.channels.producer_counts(producer).unwrap();
    assert_eq!((counts.sent, counts.received, counts.returned, counts.in_flight), (2, 1, 1, 0));
    world.channels.try_send(producer, item("c")).unwrap();
    assert!(world.channels.producer_is_open(producer) && world.channels.consumer_is_open(consumer));
    world.channels.abandon_consumer(consumer).unwrap();
    assert_eq!(seen(), ["c"], "it waits to be reclaimed");
    world.channels.close_producer(producer).unwrap();
    assert!(!world.channels.producer_is_open(producer) && !world.channels.consumer_is_open(consumer));
    assert_eq!((seen(), contents.take()), (vec![], vec![]), "it does not keep them");
    world.end();
}
