//! Any sequence of calls gives what a model made of an enum gives, and each callback runs once, with the right fate.

use std::sync::mpsc;

use proptest::collection::vec;
use proptest::prelude::*;
use tokio::sync::oneshot;

use super::*;

const LONG: Duration = Duration::from_secs(8);

/// One call. Numbers choose among what there is, modulo how much that is.
#[derive(Clone, Copy, Debug)]
enum Op {
    Spawn,
    Finish(usize),
    Panic(usize),
    Cancel(usize),
    Take(usize),
    OnDone(usize),
    Dispose(usize),
    Close,
}

fn op() -> impl Strategy<Value = Op> {
    let which = any::<usize>;
    prop_oneof![
        8 => Just(Op::Spawn),
        5 => which().prop_map(Op::Finish),
        2 => which().prop_map(Op::Panic),
        3 => which().prop_map(Op::Cancel),
        6 => which().prop_map(Op::Take),
        5 => which().prop_map(Op::OnDone),
        2 => which().prop_map(Op::Dispose),
        1 => Just(Op::Close),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Pending,
    Done,
    Taken,
    Cancelled,
    Closed,
    Panicked,
    Gone,
    Other,
}

fn stage(fate: &Fate) -> Stage {
    match fate {
        Fate::Finished => Stage::Done,
        Fate::Cancelled => Stage::Cancelled,
        Fate::RuntimeClosed => Stage::Closed,
        Fate::Panicked(_) => Stage::Panicked,
    }
}

fn told(result: &Result<u32, FutureError>, number: usize) -> Stage {
    match result {
        Ok(value) if *value as usize == number => Stage::Done,
        Err(FutureError::NotDone) => Stage::Pending,
        Err(FutureError::Taken) => Stage::Taken,
        Err(FutureError::Cancelled) => Stage::Cancelled,
        Err(FutureError::RuntimeClosed) => Stage::Closed,
        Err(FutureError::Panicked { .. }) => Stage::Panicked,
        Err(FutureError::Call(_)) => Stage::Gone,
        Ok(_) | Err(_) => Stage::Other,
    }
}

struct Modelled {
    handle: Handle,
    stage: Stage,
    finish: Option<oneshot::Sender<bool>>,
    /// Callbacks that wait.
    callbacks: Vec<u32>,
}

struct World {
    real: Futures<u32>,
    runtime: Handle,
    closed: bool,
    tasks: Vec<Modelled>,
    report: mpsc::Sender<(u32, Stage)>,
    expected: Vec<(u32, Stage)>,
    last_callback: u32,
}

impl World {
    fn settle(&mut self, at: usize, stage: Stage) {
        let task = &mut self.tasks[at];
        if task.stage == Stage::Pending {
            task.stage = stage;
            self.expected.extend(task.callbacks.drain(..).map(|callback| (callback, stage)));
        }
    }

    fn finish(&mut self, at: usize, panics: bool) {
        let sent = self.tasks[at].finish.take().is_some_and(|finish| finish.send(panics).is_ok());
        if self.tasks[at].stage == Stage::Pending {
            assert!(sent, "its future was dropped");
            self.real.wait(self.tasks[at].handle, Some(LONG)).unwrap();
            self.settle(at, if panics { Stage::Panicked } else { Stage::Done });
        }
    }

    fn step(&mut self, op: Op) -> Result<(), TestCaseError> {
        let pick = |which: usize| (!self.tasks.is_empty()).then(|| which % self.tasks.len());
        match op {
            Op::Spawn => {
                let number = u32::try_from(self.tasks.len()).unwrap();
                let (finish, finished) = oneshot::channel::<bool>();
                let spawned = self.real.spawn(self.runtime, async move {
                    assert!(!finished.await.unwrap_or_default(), "on purpose");
                    number
                });
                prop_assert_eq!(spawned.is_ok(), !self.closed);
                if let Ok(handle) = spawned {
                    let (stage, callbacks) = (Stage::Pending, Vec::new());
                    self.tasks.push(Modelled { handle, stage, finish: Some(finish), callbacks });
                }
            }
            Op::Finish(which) => {
                if let Some(at) = pick(which) {
                    self.finish(at, false);
                }
            }
            Op::Panic(which) => {
                if let Some(at) = pick(which) {
                    self.finish(at, true);
                }
            }
            Op::Cancel(which) => {
                let Some(at) = pick(which) else { return Ok(()) };
                let expected = match self.tasks[at].stage {
                    Stage::Pending => Some(Cancel::Cancelled),
                    Stage::Cancelled => Some(Cancel::Already),
                    Stage::Gone => None,
                    _ => Some(Cancel::TooLate),
                };
                prop_assert_eq!(self.real.cancel(self.tasks[at].handle).ok(), expected);
                self.settle(at, Stage::Cancelled);
            }
            Op::Take(which) => {
                let Some(at) = pick(which) else { return Ok(()) };
                let task = &mut self.tasks[at];
                prop_assert_eq!(told(&self.real.take(task.handle), at), task.stage);
                if task.stage == Stage::Done {
                    task.stage = Stage::Taken;
                }
            }
            Op::OnDone(which) => {
                let Some(at) = pick(which) else { return Ok(()) };
                self.last_callback += 1;
                let (callback, report) = (self.last_callback, self.report.clone());
                let task = &mut self.tasks[at];
                let answer = self.real.on_done(task.handle, move |fate| report.send((callback, stage(&fate))).unwrap());
                prop_assert_eq!(answer.is_ok(), task.stage != Stage::Gone);
                match task.stage {
                    Stage::Pending => task.callbacks.push(callback),
                    Stage::Gone => {}
                    Stage::Taken => self.expected.push((callback, Stage::Done)),
                    stage => self.expected.push((callback, stage)),
                }
            }
            Op::Dispose(which) => {
                let Some(at) = pick(which) else { return Ok(()) };
                let there = self.tasks[at].stage != Stage::Gone;
                prop_assert_eq!(self.real.dispose(self.tasks[at].handle).is_ok(), there);
                self.settle(at, Stage::Cancelled);
                self.tasks[at].stage = Stage::Gone;
            }
            Op::Close => self.close()?,
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), TestCaseError> {
        let pending = self.tasks.iter().filter(|task| task.stage == Stage::Pending).count();
        let closing = self.real.close(self.runtime, LONG).ok().map(|closing| (closing.told, closing.still_running));
        prop_assert_eq!(closing, (!self.closed).then_some((pending, 0)));
        self.closed = true;
        (0..self.tasks.len()).for_each(|at| self.settle(at, Stage::Closed));
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tasks_behave_as_their_model(ops in vec(op(), 0..50)) {
        let ledger = Arc::new(Ledger::anonymous().unwrap());
        let real = Futures::new(Some(&ledger)).unwrap();
        let runtime = real.runtime(1).unwrap();
        let (report, reported) = mpsc::channel();
        let (tasks, expected) = (Vec::new(), Vec::new());
        let mut world = World { real, runtime, closed: false, tasks, report, expected, last_callback: 0 };
        for op in ops {
            world.step(op)?;
        }
        if !world.closed {
            world.close()?;
        }
        for at in 0..world.tasks.len() {
            if world.tasks[at].stage != Stage::Gone {
                world.step(Op::Dispose(at))?;
            }
        }
        prop_assert_eq!(ledger.settle(), Ok(()));
        let World { real, report, mut expected, .. } = world;
        drop((real, report));
        // Ends when the last callback is dropped.
        let mut all: Vec<_> = reported.iter().collect();
        all.sort_by_key(|(callback, _)| *callback);
        expected.sort_by_key(|(callback, _)| *callback);
        prop_assert_eq!(all, expected);
    }
}
