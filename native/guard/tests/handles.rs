//! What a handle that is wrong is told, and how slots are used again.
#![cfg(not(loom))]

use std::collections::HashSet;
use std::sync::Arc;

use deadhand_guard::{
    Config, Disposed, ExclusiveTable, Freed, GuardError, Handle, Operation, Owner, SharedTable, build_info,
};

fn table(config: Config) -> SharedTable<u32> {
    SharedTable::new(config).unwrap()
}

/// The handle with some bits flipped.
fn forge(handle: Handle, flip: u64) -> Handle {
    Handle::from_u64(handle.to_u64() ^ flip).unwrap()
}

#[test]
fn a_handle_of_another_table_is_told_which() {
    let (ours, same) = (table(Config::new("cursor")), table(Config::new("cursor")));
    let other = ExclusiveTable::new(Config::new("connection")).unwrap();
    let (stray, stranger) = (same.insert(1).unwrap(), other.insert(1).unwrap());
    assert_eq!(ours.check(stray), Err(GuardError::ForeignTable { handle: stray, kind: "cursor", table: ours.id() }));
    let wrong = GuardError::WrongKind { handle: stranger, expected: "cursor", found: "connection" };
    assert_eq!(wrong.to_string(), format!("{stranger} is a connection, not a cursor: pass a cursor"));
    assert_eq!(ours.pin(stranger).map(drop), Err(wrong.clone()));
    assert_eq!(ours.dispose(stranger), Err(wrong));
    drop(other);
    assert!(matches!(ours.check(stranger), Err(GuardError::WrongKind { .. })), "also after the table is gone");
}

#[test]
fn a_changed_number_is_told_what_does_not_fit() {
    let table = table(Config::new("cursor").owner(Owner::Host));
    let handle = table.insert(1).unwrap();
    assert_eq!(handle.owner(), Owner::Host);
    let owner = forge(handle, 1 << 24);
    assert_eq!(
        table.check(owner),
        Err(GuardError::WrongOwner { handle: owner, kind: "cursor", expected: Owner::Host })
    );
    let far = forge(handle, 1 << 20);
    assert_eq!(table.check(far), Err(GuardError::NoSuchSlot { handle: far, kind: "cursor", slots: 1 }));
    let near = forge(handle, 1);
    assert_eq!(table.check(near), Err(GuardError::NeverIssued { handle: near, kind: "cursor", slot_generation: 1 }));
    let future = forge(handle, 1 << 45);
    assert_eq!(
        table.dispose(future),
        Err(GuardError::NeverIssued { handle: future, kind: "cursor", slot_generation: 1 })
    );
    assert_eq!(table.check(handle), Ok(()));
}

#[test]
fn a_stale_handle_is_told_which_call_freed_it() {
    let table = table(Config::new("cursor").reuse_distance(0));
    let first = table.insert(1).unwrap();
    assert_eq!(table.dispose(first), Ok(Disposed::Freed));
    let GuardError::Stale { slot_generation: 2, freed, .. } = table.check(first).unwrap_err() else { panic!() };
    let second = table.insert(2).unwrap();
    assert_eq!((second.index(), second.generation()), (first.index(), 2));
    assert_eq!(table.dispose(second), Ok(Disposed::Freed));
    let GuardError::Stale { slot_generation: 3, freed: later, .. } = table.dispose(first).unwrap_err() else {
        panic!()
    };
    if build_info().checked {
        let (Freed::By(freed), Freed::Before(later)) = (freed, later) else { panic!("{freed:?}, {later:?}") };
        assert!(freed < later && Some(later) < Operation::last());
    } else {
        assert_eq!((freed, later), (Freed::Unknown, Freed::Unknown));
    }
}

#[test]
fn a_closed_handle_is_told_which_call_closed_it_and_what_keeps_it() {
    let table = table(Config::new("cursor"));
    let handle = table.insert(1).unwrap();
    let pin = table.pin(handle).unwrap();
    assert_eq!(table.dispose(handle), Ok(Disposed::Deferred));
    let error = table.check(handle).unwrap_err();
    let GuardError::Closed { closed_by, uses: 1, children: 0, .. } = error else { panic!("{error}") };
    let by = closed_by.map_or(String::new(), |operation| format!(" by {operation}"));
    assert_eq!(closed_by.is_some(), build_info().checked);
    assert_eq!(
        error.to_string(),
        format!(
            "cursor {handle} is closed{by}, and stays in memory for 1 uses, 0 children or its home thread; \
             do not use it again"
        )
    );
    assert_eq!(*pin, 1);
}

#[test]
fn a_reserved_slot_cannot_be_used_before_the_commit_nor_after_a_cancel() {
    let table = table(Config::new("cursor"));
    let reservation = table.reserve().unwrap();
    let handle = reservation.handle();
    assert_eq!(table.pin(handle).map(drop), Err(GuardError::NotReady { handle, kind: "cursor" }));
    assert_eq!(table.dispose(handle), Err(GuardError::NotReady { handle, kind: "cursor" }));
    assert_eq!(reservation.commit(5), handle);
    assert_eq!(*table.pin(handle).unwrap(), 5);
    let cancelled = table.reserve().unwrap().handle();
    assert!(matches!(table.check(cancelled), Err(GuardError::Stale { .. })));
    assert_eq!(table.len(), 1);
}

#[test]
fn a_slot_is_retired_when_its_generations_are_used_up() {
    let table = table(Config::new("cursor").reuse_distance(0).max_generation(3).max_slots(2));
    let mut seen = HashSet::new();
    for value in 0..6 {
        let handle = table.insert(value).unwrap();
        assert!(seen.insert(handle), "{handle} was given out twice");
        assert_eq!(table.dispose(handle), Ok(Disposed::Freed));
    }
    assert_eq!(table.retired(), 2);
    let full = GuardError::Full { kind: "cursor", slots: 2, alive: 0, retired: 2 };
    assert_eq!(table.insert(6), Err(full));
    for handle in seen {
        let stale = matches!(table.check(handle), Err(GuardError::Stale { slot_generation: 4, .. }));
        assert!(stale, "{:?}", table.check(handle));
    }
}

#[test]
fn a_slot_is_not_used_again_before_enough_others_were_freed() {
    const DISTANCE: usize = 5;
    let table = table(Config::new("cursor").reuse_distance(5));
    let mut freed: Vec<u32> = Vec::new();
    for value in 0..200 {
        let handle = table.insert(value).unwrap();
        if let Some(last) = freed.iter().rposition(|index| *index == handle.index()) {
            assert_eq!(freed.len() - last - 1, DISTANCE, "first in, first out, after {DISTANCE} others");
        }
        table.dispose(handle).unwrap();
        freed.push(handle.index());
    }
    assert!(freed.iter().all(|index| *index <= 5));
}

#[test]
fn get_mut_checks_as_pin_does() {
    let mut table = table(Config::new("cursor"));
    let handle = table.insert(1).unwrap();
    *table.get_mut(handle).unwrap() += 1;
    assert_eq!(*table.pin(handle).unwrap(), 2);
    table.fence_off(handle).unwrap();
    assert_eq!(table.get_mut(handle), Err(GuardError::Fenced { handle, kind: "cursor" }));
    table.dispose(handle).unwrap();
    assert!(matches!(table.get_mut(handle), Err(GuardError::Stale { .. })));
}

#[test]
fn a_destructor_that_panics_leaves_no_half_live_handle() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("boom");
        }
    }
    let table = SharedTable::new(Config::new("bomb")).unwrap();
    let handle = table.insert(Bomb).unwrap();
    let error = table.dispose(handle).unwrap_err();
    assert!(matches!(&error, GuardError::DestructorPanicked { message, .. } if message.ends_with("boom")), "{error}");
    assert!(matches!(table.check(handle), Err(GuardError::Stale { .. })));
    assert!(table.is_empty());
    let deferred = table.insert(Bomb).unwrap();
    let pin = table.pin(deferred).unwrap();
    assert_eq!(table.dispose(deferred), Ok(Disposed::Deferred));
    drop(pin);
    assert!(table.is_empty());
    table.insert(Bomb).unwrap();
    drop(table);
}

#[test]
fn a_forgotten_pin_keeps_its_object_until_the_table_goes() {
    let canary = Arc::new(());
    let table = SharedTable::new(Config::new("cursor")).unwrap();
    let handle = table.insert(Arc::clone(&canary)).unwrap();
    std::mem::forget(table.pin(handle).unwrap());
    assert_eq!(table.dispose(handle), Ok(Disposed::Deferred));
    assert_eq!(Arc::strong_count(&canary), 2);
    drop(table);
    assert_eq!(Arc::strong_count(&canary), 1);
}

#[test]
fn retire_gets_the_object_instead_of_drop() {
    let (sender, retired) = std::sync::mpsc::channel();
    let sender = std::sync::Mutex::new(sender);
    let table = SharedTable::with_retire(Config::new("number"), move |handle, by, value: u32| {
        sender.lock().unwrap().send((handle, by.is_some(), value)).unwrap();
    });
    let table = table.unwrap();
    let handle = table.insert(9).unwrap();
    table.dispose(handle).unwrap();
    assert_eq!(retired.try_recv(), Ok((handle, build_info().checked, 9)));
}
