//! Every kind of table against a model that is a `HashMap` and a few numbers: any sequence of calls gives the answers
//! that the model gives, and in the end everything that was made has been freed exactly once.
#![cfg(not(loom))]

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use deadhand_guard::{
    Access, Config, Dispose, Disposed, ExclusiveTable, Export, GuardError, Handle, Hold, SharedTable, Table,
    ThreadBoundTable,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// One call. Numbers choose among what there is, modulo how much that is.
#[derive(Clone, Debug)]
enum Op {
    Insert,
    InsertUnder(usize),
    Cancel,
    Pin(usize),
    Release(usize),
    Check(usize),
    Dispose(usize),
    DisposeElsewhere(usize),
    FenceOff(usize),
    Drain,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => Just(Op::Insert),
        2 => any::<usize>().prop_map(Op::InsertUnder),
        1 => Just(Op::Cancel),
        4 => any::<usize>().prop_map(Op::Pin),
        3 => any::<usize>().prop_map(Op::Release),
        3 => any::<usize>().prop_map(Op::Check),
        4 => any::<usize>().prop_map(Op::Dispose),
        1 => any::<usize>().prop_map(Op::DisposeElsewhere),
        1 => any::<usize>().prop_map(Op::FenceOff),
        1 => Just(Op::Drain),
    ]
}

/// An object that counts its drops and knows its number.
struct Counted(u32, Arc<AtomicU32>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::Relaxed);
    }
}

/// What the model knows of an object that is not freed.
#[derive(Clone, Debug, Default)]
struct Alive {
    number: u32,
    uses: u32,
    children: u32,
    parent: Option<Handle>,
    closed: bool,
    fenced: bool,
    /// Closed by another thread with nobody using it: waits for a drain.
    queued: bool,
}

#[derive(Debug)]
struct Model {
    refusing: bool,
    exclusive: bool,
    bound: bool,
    alive: HashMap<Handle, Alive>,
    freed: u32,
}

/// The answers, without the facts that the model does not keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Fine,
    Freed,
    Deferred,
    Queued,
    Stale,
    Closed,
    Fenced,
    Busy,
    InUse(u32),
    HasChildren(u32),
    Other,
}

fn told<T>(result: Result<T, GuardError>, fine: impl FnOnce(T) -> Answer) -> Answer {
    match result {
        Ok(value) => fine(value),
        Err(GuardError::Stale { .. }) => Answer::Stale,
        Err(GuardError::Closed { .. }) => Answer::Closed,
        Err(GuardError::Fenced { .. }) => Answer::Fenced,
        Err(GuardError::Busy { .. }) => Answer::Busy,
        Err(GuardError::InUse { uses, .. }) => Answer::InUse(uses),
        Err(GuardError::HasChildren { children, .. }) => Answer::HasChildren(children),
        Err(_) => Answer::Other,
    }
}

fn disposed(what: Disposed) -> Answer {
    match what {
        Disposed::Freed => Answer::Freed,
        Disposed::Deferred => Answer::Deferred,
        Disposed::Queued => Answer::Queued,
        _ => Answer::Other,
    }
}

impl Model {
    fn check(&self, handle: Handle) -> Answer {
        match self.alive.get(&handle) {
            None => Answer::Stale,
            Some(object) if object.closed => Answer::Closed,
            Some(object) if object.fenced => Answer::Fenced,
            Some(_) => Answer::Fine,
        }
    }

    fn pin(&mut self, handle: Handle) -> Answer {
        let answer = self.check(handle);
        if answer != Answer::Fine {
            return answer;
        }
        let object = self.alive.get_mut(&handle).unwrap();
        if self.exclusive && object.uses > 0 {
            return Answer::Busy;
        }
        object.uses += 1;
        Answer::Fine
    }

    fn dispose(&mut self, handle: Handle, elsewhere: bool) -> Answer {
        let Some(object) = self.alive.get_mut(&handle) else { return Answer::Stale };
        if object.closed {
            return Answer::Closed;
        }
        if self.refusing && object.uses > 0 {
            return Answer::InUse(object.uses);
        }
        if self.refusing && object.children > 0 {
            return Answer::HasChildren(object.children);
        }
        object.closed = true;
        if object.uses + object.children > 0 {
            return Answer::Deferred;
        }
        if self.bound && elsewhere {
            object.queued = true;
            return Answer::Queued;
        }
        self.free(handle);
        Answer::Freed
    }

    fn release(&mut self, handle: Handle) {
        let object = self.alive.get_mut(&handle).unwrap();
        object.uses -= 1;
        self.free_if_last(handle);
    }

    fn free_if_last(&mut self, handle: Handle) {
        let object = &self.alive[&handle];
        if object.closed && object.uses + object.children == 0 {
            self.free(handle);
        }
    }

    fn free(&mut self, handle: Handle) {
        let object = self.alive.remove(&handle).unwrap();
        self.freed += 1;
        if let Some(parent) = object.parent {
            self.alive.get_mut(&parent).unwrap().children -= 1;
            self.free_if_last(parent);
        }
    }

    /// What happens whenever home creates, disposes or drains.
    fn drain(&mut self) -> usize {
        let queued: Vec<_> = self.alive.iter().filter(|(_, object)| object.queued).map(|(handle, _)| *handle).collect();
        for handle in &queued {
            self.free(*handle);
        }
        queued.len()
    }
}

/// Creates an object, as a child if there is a parent, unless that refuses.
fn insert<A: Access>(
    table: &Arc<Table<Counted, A>>,
    model: &mut Model,
    freed: &Arc<AtomicU32>,
    number: u32,
    parent: Option<Handle>,
) -> Result<Option<Handle>, TestCaseError>
where
    Table<Counted, A>: Send + Sync,
{
    let mut hold: Option<Hold> = None;
    if let Some(parent) = parent {
        let answer = told(table.hold(parent), |held| {
            hold = Some(held);
            Answer::Fine
        });
        prop_assert_eq!(answer, model.check(parent));
        if hold.is_none() {
            return Ok(None);
        }
        model.alive.get_mut(&parent).unwrap().children += 1;
    }
    if model.bound {
        model.drain();
    }
    let object = Counted(number, Arc::clone(freed));
    let handle = match hold {
        Some(hold) => table.insert_under(hold, object).unwrap(),
        None => table.insert(object).unwrap(),
    };
    model.alive.insert(handle, Alive { number, parent, ..Alive::default() });
    Ok(Some(handle))
}

/// Runs the calls on a table and on the model, and compares each answer.
fn agree<A: Access>(
    table: Table<Counted, A>,
    mut model: Model,
    ops: &[Op],
    drain: impl Fn(&Table<Counted, A>) -> usize,
) -> Result<(), TestCaseError>
where
    Table<Counted, A>: Send + Sync,
{
    let table = Arc::new(table);
    let freed = Arc::new(AtomicU32::new(0));
    let mut made = 0;
    let mut handles: Vec<Handle> = Vec::new();
    let mut leases: Vec<Export<Counted, A>> = Vec::new();
    let pick = |handles: &[Handle], n: usize| (!handles.is_empty()).then(|| handles[n % handles.len()]);
    for op in ops {
        match *op {
            Op::Insert | Op::InsertUnder(_) => {
                let parent = if let Op::InsertUnder(n) = *op { pick(&handles, n) } else { None };
                if let Some(handle) = insert(&table, &mut model, &freed, made, parent)? {
                    prop_assert!(!handles.contains(&handle), "{} was given out twice", handle);
                    handles.push(handle);
                    made += 1;
                }
            }
            Op::Cancel => {
                if model.bound {
                    model.drain();
                }
                handles.push(table.reserve().unwrap().handle());
            }
            Op::Pin(n) => {
                let Some(handle) = pick(&handles, n) else { continue };
                let mut number = None;
                let answer = told(table.export(handle), |lease| {
                    number = Some(lease.0);
                    leases.push(lease);
                    Answer::Fine
                });
                prop_assert_eq!(answer, model.pin(handle));
                prop_assert_eq!(number.is_some(), answer == Answer::Fine);
                prop_assert!(number.is_none_or(|number| model.alive[&handle].number == number));
            }
            Op::Release(n) => {
                if leases.is_empty() {
                    continue;
                }
                let lease = leases.swap_remove(n % leases.len());
                let handle = lease.handle();
                prop_assert_eq!(lease.deref().0, model.alive[&handle].number);
                drop(lease);
                model.release(handle);
            }
            Op::Check(n) => {
                let Some(handle) = pick(&handles, n) else { continue };
                prop_assert_eq!(told(table.check(handle), |()| Answer::Fine), model.check(handle));
            }
            Op::Dispose(n) => {
                let Some(handle) = pick(&handles, n) else { continue };
                if model.bound {
                    model.drain();
                }
                prop_assert_eq!(told(table.dispose(handle), disposed), model.dispose(handle, false));
            }
            Op::DisposeElsewhere(n) => {
                let Some(handle) = pick(&handles, n) else { continue };
                let answer =
                    std::thread::scope(|scope| scope.spawn(|| told(table.dispose(handle), disposed)).join().unwrap());
                prop_assert_eq!(answer, model.dispose(handle, true));
            }
            Op::FenceOff(n) => {
                let Some(handle) = pick(&handles, n) else { continue };
                let answer = told(table.fence_off(handle), |()| Answer::Fine);
                let expected = match model.check(handle) {
                    Answer::Fenced => Answer::Fine,
                    other => other,
                };
                prop_assert_eq!(answer, expected);
                if answer == Answer::Fine {
                    model.alive.get_mut(&handle).unwrap().fenced = true;
                }
            }
            Op::Drain => prop_assert_eq!(drain(&table), if model.bound { model.drain() } else { 0 }),
        }
        prop_assert_eq!(freed.load(Ordering::Relaxed), model.freed);
        prop_assert_eq!(table.len() as usize, model.alive.len());
    }
    // Children inside their parents' own table keep it; so it is emptied, children first, as its owner would.
    for lease in leases.drain(..) {
        let handle = lease.handle();
        drop(lease);
        model.release(handle);
    }
    drain(&table);
    for handle in handles.iter().rev() {
        let _: Result<_, GuardError> = table.dispose(*handle);
    }
    prop_assert_eq!((freed.load(Ordering::Relaxed), table.len()), (made, 0));
    prop_assert_eq!(Arc::strong_count(&table), 1);
    Ok(())
}

fn model(config: &Setup, exclusive: bool, bound: bool) -> Model {
    Model { refusing: config.refusing, exclusive, bound, alive: HashMap::new(), freed: 0 }
}

#[derive(Clone, Debug)]
struct Setup {
    refusing: bool,
    distance: u32,
    generations: u32,
}

impl Setup {
    fn config(&self) -> Config {
        let dispose = if self.refusing { Dispose::Refusing } else { Dispose::Deferred };
        Config::new("object").dispose(dispose).reuse_distance(self.distance).max_generation(self.generations)
    }
}

fn setup() -> impl Strategy<Value = Setup> {
    (any::<bool>(), 0..4_u32, 1..5_u32).prop_map(|(refusing, distance, generations)| Setup {
        refusing,
        distance,
        generations,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_shared_table_agrees(setup in setup(), ops in vec(op(), 0..60)) {
        agree(SharedTable::new(setup.config()).unwrap(), model(&setup, false, false), &ops, |_| 0)?;
    }

    #[test]
    fn an_exclusive_table_agrees(setup in setup(), ops in vec(op(), 0..60)) {
        agree(ExclusiveTable::new(setup.config()).unwrap(), model(&setup, true, false), &ops, |_| 0)?;
    }

    #[test]
    fn a_thread_bound_table_agrees(setup in setup(), ops in vec(op(), 0..60)) {
        agree(ThreadBoundTable::new(setup.config()).unwrap(), model(&setup, false, true), &ops, Table::drain)?;
    }
}
