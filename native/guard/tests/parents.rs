//! Children and their parents, across tables, under both policies.
#![cfg(not(loom))]

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use deadhand_guard::{Config, Dispose, Disposed, ExclusiveTable, GuardError, SharedTable, ThreadBoundTable};

/// Says its name when it is dropped.
struct Named(&'static str, Mutex<Sender<&'static str>>);

impl Drop for Named {
    fn drop(&mut self) {
        self.1.lock().unwrap().send(self.0).unwrap();
    }
}

fn names() -> (impl Fn(&'static str) -> Named, Receiver<&'static str>) {
    let (sender, receiver) = channel();
    (move |name| Named(name, Mutex::new(sender.clone())), receiver)
}

#[test]
fn a_refusing_parent_outlives_its_children() {
    let (named, dropped) = names();
    let parents = Arc::new(SharedTable::new(Config::new("connection").dispose(Dispose::Refusing)).unwrap());
    let children = ExclusiveTable::new(Config::new("cursor")).unwrap();
    let parent = parents.insert(named("parent")).unwrap();
    let child = children.insert_under(parents.hold(parent).unwrap(), named("child")).unwrap();
    let refused = GuardError::HasChildren { handle: parent, kind: "connection", children: 1 };
    assert_eq!(parents.dispose(parent), Err(refused));
    assert_eq!(parents.check(parent), Ok(()));
    assert_eq!(children.dispose(child), Ok(Disposed::Freed));
    assert_eq!(parents.dispose(parent), Ok(Disposed::Freed));
    assert_eq!(dropped.try_iter().collect::<Vec<_>>(), ["child", "parent"]);
}

#[test]
fn a_deferring_parent_is_closed_at_once_and_freed_after_its_last_child() {
    let (named, dropped) = names();
    let parents = Arc::new(SharedTable::new(Config::new("connection")).unwrap());
    let children = Arc::new(SharedTable::new(Config::new("cursor")).unwrap());
    let parent = parents.insert(named("parent")).unwrap();
    let child = children.insert_under(parents.hold(parent).unwrap(), named("child")).unwrap();
    let grandchild = children.insert_under(children.hold(child).unwrap(), named("grandchild")).unwrap();
    assert_eq!(parents.dispose(parent), Ok(Disposed::Deferred));
    assert!(matches!(parents.check(parent), Err(GuardError::Closed { uses: 0, children: 1, .. })));
    assert!(parents.hold(parent).is_err(), "no more children");
    assert_eq!(children.dispose(child), Ok(Disposed::Deferred));
    assert_eq!(children.check(grandchild), Ok(()));
    assert_eq!(children.dispose(grandchild), Ok(Disposed::Freed));
    assert_eq!(dropped.try_iter().collect::<Vec<_>>(), ["grandchild", "child", "parent"]);
    assert!(parents.is_empty() && children.is_empty());
}

#[test]
fn a_child_that_was_never_made_gives_its_parent_up() {
    let parents = Arc::new(SharedTable::new(Config::new("connection").dispose(Dispose::Refusing)).unwrap());
    let children = ExclusiveTable::<()>::new(Config::new("cursor")).unwrap();
    let parent = parents.insert(()).unwrap();
    let reservation = children.reserve().unwrap().under(parents.hold(parent).unwrap());
    assert!(matches!(parents.dispose(parent), Err(GuardError::HasChildren { children: 1, .. })));
    drop(reservation);
    assert_eq!(parents.dispose(parent), Ok(Disposed::Freed));
}

#[test]
fn the_last_child_dying_elsewhere_queues_a_thread_bound_parent_home() {
    let (named, dropped) = names();
    let parents = Arc::new(ThreadBoundTable::new(Config::new("connection")).unwrap());
    let children = SharedTable::new(Config::new("cursor")).unwrap();
    let parent = parents.insert(named("parent")).unwrap();
    let child = children.insert_under(parents.hold(parent).unwrap(), named("child")).unwrap();
    assert_eq!(parents.dispose(parent), Ok(Disposed::Deferred));
    std::thread::scope(|scope| {
        assert_eq!(scope.spawn(|| children.dispose(child)).join().unwrap(), Ok(Disposed::Freed));
    });
    assert_eq!(dropped.try_iter().collect::<Vec<_>>(), ["child"]);
    assert_eq!(parents.drain(), 1);
    assert_eq!(dropped.try_iter().collect::<Vec<_>>(), ["parent"]);
}

#[test]
fn a_child_keeps_the_table_of_its_parent() {
    let (named, dropped) = names();
    let parents = Arc::new(SharedTable::new(Config::new("connection")).unwrap());
    let children = SharedTable::new(Config::new("cursor")).unwrap();
    let parent = parents.insert(named("parent")).unwrap();
    children.insert_under(parents.hold(parent).unwrap(), named("child")).unwrap();
    drop(parents);
    assert!(dropped.try_recv().is_err());
    drop(children);
    assert_eq!(dropped.try_iter().collect::<Vec<_>>(), ["child", "parent"]);
}
