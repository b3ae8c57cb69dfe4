//! Any sequence of calls, also from inside a callback, gives what a model made of `Vec`s gives.

use std::cell::RefCell;
use std::sync::{Arc, Weak};

use deadhand_guard::Ledger;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// One call. Numbers choose among what there is, modulo how much that is.
#[derive(Clone, Copy, Debug)]
enum Op {
    Event,
    Register { event: usize, weak: bool, on_dead: u8 },
    Kill(usize),
    Unregister(usize),
    Clear(usize),
    Dispose(usize),
}

#[derive(Clone, Debug)]
enum Step {
    Do(Op),
    /// Fire, and do that inside the n-th call.
    Fire(usize, usize, Op),
}

fn op() -> impl Strategy<Value = Op> {
    let which = any::<usize>;
    prop_oneof![
        1 => Just(Op::Event),
        5 => (which(), any::<bool>(), 0..3_u8)
            .prop_map(|(event, weak, on_dead)| Op::Register { event, weak, on_dead }),
        2 => which().prop_map(Op::Kill),
        2 => which().prop_map(Op::Unregister),
        1 => which().prop_map(Op::Clear),
        1 => which().prop_map(Op::Dispose),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => op().prop_map(Step::Do),
        2 => (any::<usize>(), 0..4_usize, op()).prop_map(|(event, nth, inside)| Step::Fire(event, nth, inside)),
    ]
}

#[derive(Debug)]
struct Kept {
    handle: Handle,
    event: usize,
    weak: bool,
    on_dead: OnDead,
    host: Option<Arc<usize>>,
    gone: bool,
}

struct World {
    real: Arc<Callbacks<Arc<usize>, Weak<usize>>>,
    /// With whether it is alive.
    events: Vec<(Handle, bool)>,
    kept: Vec<Kept>,
}

impl World {
    fn end(&mut self, ends: impl Fn(usize, &Kept) -> bool) -> usize {
        let mut count = 0;
        for (at, kept) in self.kept.iter_mut().enumerate() {
            if !kept.gone && ends(at, kept) {
                kept.gone = true;
                count += 1;
            }
        }
        count
    }

    /// Does it to both.
    fn run(&mut self, op: Op) {
        let event = |which: usize| (!self.events.is_empty()).then(|| which % self.events.len());
        match op {
            Op::Event => self.events.push((self.real.event().unwrap(), true)),
            Op::Register { event: which, weak, on_dead } => {
                let Some(at) = event(which) else { return };
                let host = Arc::new(self.kept.len());
                let target = if weak { Target::Weak(Arc::downgrade(&host)) } else { Target::Strong(Arc::clone(&host)) };
                let on_dead = [OnDead::Error, OnDead::Skip, OnDead::Unregister][usize::from(on_dead)];
                let made = self.real.register(self.events[at].0, target, on_dead);
                assert_eq!(made.is_ok(), self.events[at].1);
                if let Ok(handle) = made {
                    self.kept.push(Kept { handle, event: at, weak, on_dead, host: Some(host), gone: false });
                }
            }
            Op::Kill(which) if !self.kept.is_empty() => {
                let at = which % self.kept.len();
                self.kept[at].host = None;
            }
            Op::Unregister(which) if !self.kept.is_empty() => {
                let at = which % self.kept.len();
                let there = !self.kept[at].gone;
                assert_eq!(self.real.unregister(self.kept[at].handle).is_ok(), there);
                self.kept[at].gone = true;
            }
            Op::Clear(which) => {
                let Some(at) = event(which) else { return };
                let answer = self.real.clear(self.events[at].0);
                assert_eq!(answer.is_ok(), self.events[at].1);
                let count = self.end(|_, kept| kept.event == at);
                assert_eq!(answer.unwrap_or(0), count);
            }
            Op::Dispose(which) => {
                let Some(at) = event(which) else { return };
                assert_eq!(self.real.dispose(self.events[at].0).is_ok(), self.events[at].1);
                self.events[at].1 = false;
                self.end(|_, kept| kept.event == at);
            }
            Op::Kill(_) | Op::Unregister(_) => {}
        }
    }

    fn listed(&self, event: usize) -> Vec<usize> {
        (0..self.kept.len()).filter(|at| self.kept[*at].event == event && !self.kept[*at].gone).collect()
    }
}

/// Fires in the model's way, and asks `real` for each call that it expects, in order.
fn fire(world: &RefCell<World>, which: usize, nth: usize, inside: Op) {
    if world.borrow().events.is_empty() {
        return;
    }
    let (at, event, alive) = {
        let world = world.borrow();
        let at = which % world.events.len();
        (at, world.events[at].0, world.events[at].1)
    };
    let list = world.borrow().listed(at);
    // What the model expects is worked out as the calls come, for a call changes what comes after it.
    let called = RefCell::new(Vec::new());
    let expected = RefCell::new(list.into_iter());
    let (skipped, failed, unregistered) = (RefCell::new(0), RefCell::new(0), RefCell::new(0));
    let advance = || {
        let mut world = world.borrow_mut();
        for next in expected.borrow_mut().by_ref() {
            if !world.events[at].1 || world.kept[next].gone {
                continue;
            }
            if world.kept[next].weak && world.kept[next].host.is_none() {
                match world.kept[next].on_dead {
                    OnDead::Error => *failed.borrow_mut() += 1,
                    OnDead::Skip => *skipped.borrow_mut() += 1,
                    OnDead::Unregister => {
                        world.kept[next].gone = true;
                        *unregistered.borrow_mut() += 1;
                    }
                }
                continue;
            }
            return Some(next);
        }
        None
    };
    // Out of the cell, as the calls below come back to it.
    let callbacks = Arc::clone(&world.borrow().real);
    let fired = callbacks.fire(event, |handle, host| {
        let next = advance();
        assert_eq!(next, Some(**host));
        assert_eq!(world.borrow().kept[**host].handle, handle);
        let count = called.borrow().len();
        called.borrow_mut().push(**host);
        if count == nth {
            world.borrow_mut().run(inside);
        }
        if **host % 5 == 4 { Err(()) } else { Ok(()) }
    });
    assert_eq!(fired.is_ok(), alive);
    let Ok(fired) = fired else { return };
    assert_eq!(advance(), None, "nobody is forgotten");
    let called = called.into_inner();
    let errors = called.iter().filter(|host| **host % 5 == 4).count();
    assert_eq!(fired.answers.len(), called.len() - errors);
    assert_eq!(fired.failures.len(), errors + failed.into_inner());
    assert_eq!((fired.skipped.len(), fired.unregistered.len()), (skipped.into_inner(), unregistered.into_inner()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn callbacks_behave_as_their_model(steps in vec(step(), 0..60)) {
        let ledger = Arc::new(Ledger::anonymous().unwrap());
        let real = Arc::new(Callbacks::new(Some(&ledger)).unwrap());
        let world = RefCell::new(World { real, events: Vec::new(), kept: Vec::new() });
        for step in steps {
            match step {
                Step::Do(op) => world.borrow_mut().run(op),
                Step::Fire(event, nth, inside) => fire(&world, event, nth, inside),
            }
            let world = world.borrow();
            for (at, (event, alive)) in world.events.iter().enumerate() {
                let expected: Vec<_> = world.listed(at).into_iter().map(|at| world.kept[at].handle).collect();
                prop_assert_eq!(world.real.registrations(*event).ok(), alive.then_some(expected));
            }
        }
        let world = world.into_inner();
        for (event, alive) in &world.events {
            prop_assert_eq!(world.real.dispose(*event).is_ok(), *alive);
        }
        prop_assert_eq!(ledger.settle(), Ok(()));
        for kept in &world.kept {
            prop_assert!(kept.host.as_ref().is_none_or(|host| Arc::strong_count(host) == 1));
        }
    }
}
