//! The queue of thread-bound objects that others disposed of, under every interleaving: none lost, none freed twice,
//! none freed away from home while the table is there.
#![cfg(loom)]

mod loom_common;

use std::sync::atomic::{AtomicUsize, Ordering};

use deadhand_guard::{Config, Disposed, GuardError, ThreadBoundTable};
use loom::thread;
use loom_common::{Canary, model};

/// Loom looks for other orders of an access only where it meets another thread's access to the same word as the last
/// one before. A push begins with a load, which hides a drain that went before it; so the first order to be tried has
/// to be the one with the drain at the end.
fn others_first() {
    thread::yield_now();
}

#[test]
fn what_two_threads_queue_while_home_drains_is_freed_once() {
    static MOST: AtomicUsize = AtomicUsize::new(0);
    static LEAST: AtomicUsize = AtomicUsize::new(usize::MAX);
    model(|| {
        let table = loom_common::leak(ThreadBoundTable::new(Config::new("window")).unwrap());
        let ((first, freed_first), (second, freed_second)) = (Canary::new(), Canary::new());
        let handles = [table.insert(first).unwrap(), table.insert(second).unwrap()];
        let disposers =
            handles.map(|handle| thread::spawn(move || assert_eq!(table.dispose(handle), Ok(Disposed::Queued))));
        others_first();
        let early = table.drain();
        MOST.fetch_max(early, Ordering::Relaxed);
        LEAST.fetch_min(early, Ordering::Relaxed);
        assert_eq!(early, freed_first.count() + freed_second.count());
        for disposer in disposers {
            disposer.join().unwrap();
        }
        assert_eq!(early + table.drain(), 2);
        assert_eq!((freed_first.count(), freed_second.count()), (1, 1));
        loom_common::reclaim(table);
        assert_eq!((freed_first.count(), freed_second.count()), (1, 1));
    });
    let explored = (LEAST.load(Ordering::Relaxed), MOST.load(Ordering::Relaxed));
    assert_eq!(explored, (0, 2), "the model is to come to drains of nothing and of everything");
}

#[test]
fn a_drain_elsewhere_puts_back_what_is_not_its_own() {
    model(|| {
        let table = loom_common::leak(ThreadBoundTable::new(Config::new("window")).unwrap());
        let (canary, freed) = Canary::new();
        let handle = table.insert(canary).unwrap();
        let stranger = thread::spawn(move || {
            assert_eq!(table.dispose(handle), Ok(Disposed::Queued));
            assert_eq!(table.drain(), 0);
        });
        others_first();
        let early = table.drain();
        stranger.join().unwrap();
        assert_eq!(early + table.drain(), 1);
        assert_eq!(freed.count(), 1);
        loom_common::reclaim(table);
    });
}

#[test]
fn a_use_at_home_and_a_dispose_elsewhere_free_once_and_after_the_use() {
    model(|| {
        let table = loom_common::leak(ThreadBoundTable::new(Config::new("window")).unwrap());
        let (canary, freed) = Canary::new();
        let handle = table.insert(canary).unwrap();
        let stranger = thread::spawn(move || table.dispose(handle).unwrap());
        others_first();
        match table.pin(handle) {
            Ok(pin) => {
                assert_eq!(pin.value, 7);
                assert_eq!(freed.count(), 0, "freed under a user");
            }
            Err(GuardError::Closed { .. }) => {}
            Err(other) => panic!("{other}"),
        }
        let disposed = stranger.join().unwrap();
        assert_eq!(freed.count(), usize::from(disposed == Disposed::Deferred));
        loom_common::reclaim(table);
        assert_eq!(freed.count(), 1);
    });
}
