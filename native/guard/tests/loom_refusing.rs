//! The refusing word, under every interleaving: a use and a dispose never both succeed at once.
#![cfg(loom)]

mod loom_common;

use deadhand_guard::{Config, Dispose, Disposed, GuardError, SharedTable};
use loom::thread;
use loom_common::{Canary, model};

#[test]
fn a_dispose_is_refused_or_the_use_is() {
    model(|| {
        let (canary, freed) = Canary::new();
        let table = loom_common::leak(SharedTable::new(Config::new("view").dispose(Dispose::Refusing)).unwrap());
        let handle = table.insert(canary).unwrap();
        let user = thread::spawn({
            let freed = freed.clone();
            move || {
                table.pin(handle).is_ok_and(|pin| {
                    assert_eq!(pin.value, 7);
                    assert_eq!(freed.count(), 0, "freed under a user");
                    true
                })
            }
        });
        let disposed = table.dispose(handle);
        let used = user.join().unwrap();
        match disposed {
            Ok(Disposed::Freed) => assert_eq!(freed.count(), 1),
            Err(GuardError::InUse { uses: 1, .. }) => assert!(used && freed.count() == 0),
            other => panic!("{other:?}"),
        }
        loom_common::reclaim(table);
        assert_eq!(freed.count(), 1);
    });
}

#[test]
fn a_child_is_registered_or_the_parent_goes() {
    model(|| {
        let (canary, freed) = Canary::new();
        let config = Config::new("connection").dispose(Dispose::Refusing);
        let parents = std::sync::Arc::new(SharedTable::new(config).unwrap());
        let parent = parents.insert(canary).unwrap();
        let child = thread::spawn({
            let (parents, freed) = (std::sync::Arc::clone(&parents), freed.clone());
            move || parents.hold(parent).is_ok_and(|_hold| freed.count() == 0)
        });
        let disposed = parents.dispose(parent);
        let held = child.join().unwrap();
        match disposed {
            Ok(Disposed::Freed) => assert_eq!(freed.count(), 1),
            Err(GuardError::HasChildren { children: 1, .. }) => assert!(held && freed.count() == 0),
            other => panic!("{other:?}"),
        }
        drop(parents);
        assert_eq!(freed.count(), 1);
    });
}
