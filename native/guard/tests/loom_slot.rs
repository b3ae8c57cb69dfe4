//! The state of a slot, under every interleaving: a handle leads to its own object or to an error, never to the next
//! object in the slot, and one user at a time means one.
#![cfg(loom)]

mod loom_common;

use deadhand_guard::{Config, ExclusiveTable, GuardError, SharedTable};
use loom::thread;
use loom_common::{Canary, model};

#[test]
fn a_stale_handle_never_leads_to_the_next_object() {
    model(|| {
        let table = loom_common::leak(SharedTable::new(Config::new("number").reuse_distance(0)).unwrap());
        let first = table.insert(1).unwrap();
        let user = thread::spawn(move || match table.pin(first) {
            Ok(pin) => assert_eq!(*pin, 1),
            Err(GuardError::Closed { .. } | GuardError::Stale { slot_generation: 2, .. }) => {}
            Err(other) => panic!("{other}"),
        });
        table.dispose(first).unwrap();
        let second = table.insert(2).unwrap();
        assert_eq!(*table.pin(second).unwrap(), 2);
        user.join().unwrap();
        loom_common::reclaim(table);
    });
}

#[test]
fn one_user_at_a_time_and_what_the_first_did_the_second_sees() {
    model(|| {
        let (canary, freed) = Canary::new();
        let table = loom_common::leak(ExclusiveTable::new(Config::new("cursor")).unwrap());
        let handle = table.insert(canary).unwrap();
        let add = move || match table.pin(handle) {
            Ok(mut pin) => {
                pin.value += 1;
                1
            }
            Err(GuardError::Busy { .. }) => 0,
            Err(other) => panic!("{other}"),
        };
        let other = thread::spawn(add);
        let added = add() + other.join().unwrap();
        assert!(added >= 1, "nobody is kept out by nobody");
        assert_eq!(table.pin(handle).unwrap().value, 7 + added);
        loom_common::reclaim(table);
        assert_eq!(freed.count(), 1);
    });
}

#[test]
fn fencing_off_and_disposing_at_once_frees_once() {
    model(|| {
        let (canary, freed) = Canary::new();
        let table = loom_common::leak(SharedTable::new(Config::new("view")).unwrap());
        let handle = table.insert(canary).unwrap();
        let fencer = thread::spawn(move || table.fence_off(handle).is_ok());
        table.dispose(handle).unwrap();
        fencer.join().unwrap();
        assert_eq!(freed.count(), 1);
        assert!(matches!(table.check(handle), Err(GuardError::Stale { .. })));
        loom_common::reclaim(table);
    });
}
