use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::sync::{Arc, Weak};

use deadhand_guard::{CallError, GuardError, Handle, Ledger};

use super::*;
use crate::planted;

type Host = Arc<&'static str>;

struct World {
    ledger: Arc<Ledger>,
    callbacks: Callbacks<Host, Weak<&'static str>>,
}

impl World {
    fn new() -> Self {
        let ledger = Arc::new(Ledger::anonymous().unwrap());
        let callbacks = Callbacks::new(Some(&ledger)).unwrap();
        Self { ledger, callbacks }
    }

    fn strong(&self, event: Handle, name: &'static str) -> Handle {
        self.callbacks.register(event, Target::Strong(Arc::new(name)), OnDead::Error).unwrap()
    }

    fn names(&self, event: Handle) -> Vec<&'static str> {
        let fired = self.callbacks.fire(event, |_, host| Ok::<_, Infallible>(**host)).unwrap();
        fired.answers.into_iter().map(|(_, name)| name).collect()
    }

    fn end(self) {
        assert_eq!(self.ledger.settle(), Ok(()));
    }
}

fn guard<T: std::fmt::Debug>(result: Result<T, CallbackError>) -> GuardError {
    match result.unwrap_err() {
        CallbackError::Call(CallError::Guard(error)) => error,
        error => panic!("{error}"),
    }
}

#[test]
fn targets_are_called_in_order_and_kept_until_they_are_unregistered() {
    let world = World::new();
    let event = world.callbacks.event().unwrap();
    let canary = Arc::new("first");
    let first = world.callbacks.register(event, Target::Strong(Arc::clone(&canary)), OnDead::Error).unwrap();
    let second = world.strong(event, "second");
    assert_eq!(world.names(event), ["first", "second"]);
    assert_eq!(world.callbacks.registrations(event).unwrap(), [first, second]);
    let mut seen = Vec::new();
    world.callbacks.visit(event, |host| seen.push(**host)).unwrap();
    assert_eq!(seen, ["first", "second"]);
    world.callbacks.unregister(first).unwrap();
    assert_eq!(Arc::strong_count(&canary), 1);
    assert!(matches!(guard(world.callbacks.unregister(first)), GuardError::Stale { .. }));
    assert_eq!(world.callbacks.events.call(event, Event::snapshot).unwrap(), [second], "off the list, too");
    assert_eq!(world.names(event), ["second"]);
    assert_eq!(world.callbacks.clear(event).unwrap(), 1);
    assert_eq!(world.names(event), [""; 0]);
    let last = world.callbacks.register(event, Target::Strong(Arc::clone(&canary)), OnDead::Error).unwrap();
    world.callbacks.dispose(event).unwrap();
    assert_eq!(Arc::strong_count(&canary), 1, "what is registered ends with its event");
    assert!(matches!(guard(world.callbacks.call(last, |_| ())), GuardError::Stale { .. }));
    let late = world.callbacks.register(event, Target::Strong(Arc::clone(&canary)), OnDead::Error);
    assert!(matches!(guard(late), GuardError::Stale { .. }));
    assert_eq!(Arc::strong_count(&canary), 1);
    world.end();
}

#[test]
fn a_dead_target_is_an_error_or_skipped_or_unregistered() {
    let world = World::new();
    let event = world.callbacks.event().unwrap();
    let host = Arc::new("weak");
    let weak = |on_dead| world.callbacks.register(event, Target::Weak(Arc::downgrade(&host)), on_dead).unwrap();
    let (error, skip, unregister) = (weak(OnDead::Error), weak(OnDead::Skip), weak(OnDead::Unregister));
    assert_eq!(world.names(event), ["weak"; 3]);
    world.callbacks.visit(event, |_| panic!("weak targets are not kept alive")).unwrap();
    drop(host);
    let fire = || world.callbacks.fire(event, |_, _| Ok::<_, Infallible>(())).unwrap();
    let fired = fire();
    assert!(matches!(fired.failures[..], [(handle, Failure::Dead)] if handle == error));
    assert_eq!((fired.skipped, fired.unregistered, fired.answers), (vec![skip], vec![unregister], vec![]));
    assert_eq!(fire().unregistered, []);
    let dead = world.callbacks.call(skip, |_| ()).unwrap_err();
    assert!(matches!(dead, CallbackError::Dead { registration } if registration == skip), "{dead}");
    let gone = world.callbacks.register(event, Target::Weak(Weak::new()), OnDead::Unregister).unwrap();
    assert!(matches!(world.callbacks.call(gone, |_| ()), Err(CallbackError::Dead { .. })));
    assert!(matches!(guard(world.callbacks.call(gone, |_| ())), GuardError::Stale { .. }));
    world.callbacks.dispose(event).unwrap();
    world.end();
}

#[test]
fn a_callback_may_unregister_register_and_fire() {
    let world = World::new();
    let all = &world.callbacks;
    let event = all.event().unwrap();
    let handles: Vec<_> = ["itself", "next", "last"].map(|name| world.strong(event, name)).into();
    let (called, nested) = (RefCell::new(Vec::new()), RefCell::new(Vec::new()));
    let fired = all
        .fire(event, |_, host| {
            called.borrow_mut().push(**host);
            if **host == "itself" {
                all.unregister(handles[0]).unwrap();
                all.unregister(handles[1]).unwrap();
                world.strong(event, "new");
                nested.replace(world.names(event));
                assert_eq!(**host, "itself", "still there while it is called");
            }
            Ok::<_, Infallible>(())
        })
        .unwrap();
    assert_eq!(called.into_inner(), ["itself", "last"]);
    assert_eq!(nested.into_inner(), ["last", "new"]);
    assert!(fired.failures.is_empty() && !fired.cut_short);
    assert_eq!(world.names(event), ["last", "new"]);
    all.dispose(event).unwrap();
    world.end();
}

#[test]
fn an_event_that_is_disposed_of_from_inside_calls_nobody_else() {
    let world = World::new();
    let event = world.callbacks.event().unwrap();
    let canary = Arc::new("first");
    world.callbacks.register(event, Target::Strong(Arc::clone(&canary)), OnDead::Error).unwrap();
    world.strong(event, "second");
    let called = Cell::new(0);
    let fired = world
        .callbacks
        .fire(event, |_, host| {
            called.set(called.get() + 1);
            world.callbacks.dispose(event).unwrap();
            assert_eq!((**host, Arc::strong_count(&canary)), ("first", 2), "the call keeps its target");
            Ok::<_, Infallible>(())
        })
        .unwrap();
    assert_eq!((called.get(), fired.cut_short, Arc::strong_count(&canary)), (1, true, 1));
    world.end();
}

#[test]
fn firing_from_inside_without_end_ends() {
    fn again(
        all: &Callbacks<Host, Weak<&'static str>>,
        event: Handle,
        deepest: &Cell<u32>,
    ) -> Result<(), CallbackError> {
        let fired = all.fire(event, |_, _| {
            deepest.set(deepest.get() + 1);
            again(all, event, deepest)
        })?;
        fired.failures.into_iter().for_each(|(_, failure)| assert!(matches!(failure, Failure::Host(_))));
        Err(CallbackError::TooDeep { limit: 0 })
    }
    let world = World::new();
    let event = world.callbacks.event().unwrap();
    world.strong(event, "again");
    let deepest = Cell::new(0);
    again(&world.callbacks, event, &deepest).unwrap_err();
    assert_eq!(deepest.get(), MAX_DEPTH);
    assert_eq!(world.names(event), ["again"], "and afterwards all is well");
    world.callbacks.dispose(event).unwrap();
    world.end();
}

#[test]
fn a_host_that_fails_is_named_and_the_rest_still_fire() {
    let world = World::new();
    let event = world.callbacks.event().unwrap();
    let handles: Vec<_> = ["fine", "fails", "panics", "fine too"].map(|name| world.strong(event, name)).into();
    let fire = || {
        let fired = world.callbacks.fire(event, |_, host| match **host {
            "fails" => Err("on purpose"),
            "panics" => panic!("by accident"),
            name => Ok(name),
        });
        fired.unwrap()
    };
    let fired = fire();
    assert_eq!(fired.answers, [(handles[0], "fine"), (handles[3], "fine too")]);
    let told: Vec<_> = fired.failures.iter().map(|(handle, failure)| (*handle, failure.to_string())).collect();
    assert_eq!(told[0], (handles[1], "the callback failed: on purpose".to_owned()));
    assert!(told[1].0 == handles[2] && told[1].1.ends_with("by accident"), "{told:?}");
    let again = fire();
    assert!(matches!(again.failures[1], (_, Failure::Refused(GuardError::Fenced { .. }))));
    assert_eq!(again.answers.len(), 2);
    world.callbacks.unregister(handles[2]).unwrap();
    assert_eq!((fire().failures.len(), world.callbacks.registrations(event).unwrap().len()), (1, 3));
    assert_eq!(
        world.callbacks.events.call(event, Event::snapshot).unwrap().len(),
        3,
        "its entry is gone with the fire"
    );
    world.callbacks.dispose(event).unwrap();
    world.end();
}

#[test]
fn a_planted_panic_strikes_one_object() {
    let world = World::new();
    let (event, other) = (world.callbacks.event().unwrap(), world.callbacks.event().unwrap());
    world.strong(event, "first");
    world.strong(event, "second");
    world.strong(other, "other");
    planted::arm("callback.fire");
    let fired = world.callbacks.fire(event, |_, host| Ok::<_, Infallible>(**host)).unwrap();
    assert!(!planted::waiting());
    assert!(matches!(fired.failures[..], [(_, Failure::Panicked(_))]));
    assert_eq!(fired.answers[0].1, "second");
    let canary = Arc::new("late");
    planted::arm("callback.register");
    let late = world.callbacks.register(event, Target::Strong(Arc::clone(&canary)), OnDead::Error);
    assert!(matches!(late, Err(CallbackError::Call(CallError::Panicked(_)))));
    assert_eq!(Arc::strong_count(&canary), 1);
    assert!(matches!(guard(world.callbacks.registrations(event)), GuardError::Fenced { .. }));
    assert_eq!(world.names(other), ["other"]);
    world.callbacks.dispose(event).unwrap();
    world.callbacks.dispose(other).unwrap();
    world.end();
}

#[test]
fn a_target_whose_end_calls_back_meets_no_lock() {
    struct Caller(Weak<Callbacks<Self, Weak<Self>>>, Handle);
    impl WeakHost<Caller> for Weak<Caller> {
        fn upgrade(&self) -> Option<Caller> {
            None
        }
    }
    impl Drop for Caller {
        fn drop(&mut self) {
            if let Some(all) = self.0.upgrade() {
                assert_eq!(all.registrations(self.1).unwrap(), []);
                let weak = all.register(self.1, Target::Weak(Weak::new()), OnDead::Skip).unwrap();
                assert_eq!(all.fire(self.1, |_, _| Ok::<_, Infallible>(())).unwrap().skipped, [weak]);
            }
        }
    }
    let ledger = Arc::new(Ledger::anonymous().unwrap());
    let all = Arc::new(Callbacks::<Caller, Weak<Caller>>::new(Some(&ledger)).unwrap());
    let event = all.event().unwrap();
    let caller = Target::Strong(Caller(Arc::downgrade(&all), event));
    let registration = all.register(event, caller, OnDead::Error).unwrap();
    all.clear(event).unwrap();
    assert!(matches!(guard(all.unregister(registration)), GuardError::Stale { .. }));
    assert_eq!(all.registrations(event).unwrap().len(), 1);
    all.dispose(event).unwrap();
    assert_eq!(ledger.settle(), Ok(()));
}

#[test]
fn threads_may_fire_and_unregister_at_once() {
    let world = World::new();
    let event = world.callbacks.event().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..200).for_each(|_| drop(world.names(event))));
            scope.spawn(|| {
                for _ in 0..200 {
                    let registration = world.strong(event, "short");
                    world.callbacks.unregister(registration).unwrap();
                }
            });
        }
    });
    assert_eq!(world.callbacks.registrations(event).unwrap(), []);
    world.callbacks.dispose(event).unwrap();
    world.end();
}
