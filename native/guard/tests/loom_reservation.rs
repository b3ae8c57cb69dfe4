//! Reserved slots, under every interleaving: who knows the handle too early gets an error or the whole object.
#![cfg(loom)]

mod loom_common;

use deadhand_guard::{Config, GuardError, SharedTable};
use loom::thread;
use loom_common::{Canary, model};

#[test]
fn an_early_user_sees_nothing_or_all() {
    model(|| {
        let (canary, freed) = Canary::new();
        let table = loom_common::leak(SharedTable::<Canary>::new(Config::new("view")).unwrap());
        let reservation = table.reserve().unwrap();
        let handle = reservation.handle();
        let early = thread::spawn(move || match table.pin(handle) {
            Ok(pin) => assert_eq!(pin.value, 7),
            Err(GuardError::NotReady { .. }) => {}
            Err(other) => panic!("{other}"),
        });
        reservation.commit(canary);
        early.join().unwrap();
        assert_eq!(table.pin(handle).unwrap().value, 7);
        loom_common::reclaim(table);
        assert_eq!(freed.count(), 1);
    });
}

#[test]
fn two_that_reserve_at_once_get_two_slots_and_a_cancelled_one_comes_back() {
    model(|| {
        let table = loom_common::leak(SharedTable::new(Config::new("view").reuse_distance(0)).unwrap());
        let other = thread::spawn(move || table.insert(1).unwrap());
        let cancelled = table.reserve().unwrap().handle();
        let kept = other.join().unwrap();
        assert_ne!(kept, cancelled);
        assert!(matches!(table.check(cancelled), Err(GuardError::Stale { .. })));
        assert_eq!((*table.pin(kept).unwrap(), table.len()), (1, 1));
        loom_common::reclaim(table);
    });
}
