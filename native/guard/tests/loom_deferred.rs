//! The deferred word, under every interleaving: the object is freed once, by the last one out, never under a user.
#![cfg(loom)]

mod loom_common;

use deadhand_guard::{Config, Disposed, GuardError, SharedTable};
use loom::thread;
use loom_common::{Canary, model};

#[test]
fn the_last_user_or_the_disposer_frees_but_only_one_of_them() {
    model(|| {
        let (canary, freed) = Canary::new();
        let table = loom_common::leak(SharedTable::new(Config::new("view")).unwrap());
        let handle = table.insert(canary).unwrap();
        let users = [(); 2].map(|()| {
            let freed = freed.clone();
            thread::spawn(move || match table.pin(handle) {
                Ok(pin) => {
                    assert_eq!(pin.value, 7);
                    assert_eq!(freed.count(), 0, "freed under a user");
                }
                Err(error) => {
                    let gone =
                        matches!(error, GuardError::Closed { .. } | GuardError::Stale { slot_generation: 2, .. });
                    assert!(gone, "{error}");
                }
            })
        });
        let disposed = table.dispose(handle).unwrap();
        assert!(disposed == Disposed::Deferred || freed.count() == 1);
        for user in users {
            user.join().unwrap();
        }
        assert_eq!(freed.count(), 1);
        loom_common::reclaim(table);
        assert_eq!(freed.count(), 1);
    });
}

#[test]
fn of_two_disposers_one_is_told_that_it_came_second() {
    model(|| {
        let (canary, freed) = Canary::new();
        let table = loom_common::leak(SharedTable::new(Config::new("view")).unwrap());
        let handle = table.insert(canary).unwrap();
        let other = thread::spawn(move || table.dispose(handle).is_ok());
        let ours = table.dispose(handle).is_ok();
        assert!(ours != other.join().unwrap());
        assert_eq!(freed.count(), 1);
        loom_common::reclaim(table);
    });
}
