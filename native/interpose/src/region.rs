//! Regions: what runs under control.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::hooks::thread;
use crate::model::{MOST_THREADS, Moment, Plan, PolicyKind, RegionError, Report};
use crate::policy::{self, Recipe};
use crate::raw::Lock;
use crate::sched::gil;
use crate::sched::managed;
use crate::sched::run::Run;
use crate::sched::state::{NOBODY, Status};
use crate::sched::Point;
use crate::scheduler;


static CURRENT: Lock<Option<Arc<Run>>> = Lock::new(None);
static ON: AtomicBool = AtomicBool::new(false);

/// Threads that run one at a time, from when all have entered until all have left.
pub struct Region {
    run: Arc<Run>,
    threads: Vec<u32>,
}

impl Region {
    /// Make a region; it begins when all its threads have entered.
    ///
    /// # Errors
    /// [`RegionError`], where the plan is none or nobody could carry it out.
    pub fn new(plan: &Plan) -> Result<Self, RegionError> {
        if !scheduler::is_armed() {
            return Err(RegionError::NotArmed);
        }
        let mut threads = plan.threads.clone();
        threads.sort_unstable();
        threads.dedup();
        if threads.len() != plan.threads.len() || !(1..=MOST_THREADS).contains(&threads.len()) {
            return Err(RegionError::Threads);
        }
        if plan.budget == 0 {
            return Err(RegionError::Budget);
        }
        let policy = policy::make(&Recipe {
            kind: plan.policy,
            seed: plan.seed,
            depth: plan.depth,
            length: plan.length,
            threads: threads.len(),
            switches: &plan.switches,
        });
        let run = Arc::new(Run::new(plan.number, &threads, policy, plan.budget, scheduler::journal()));
        let mut state = run.lock();
        scheduler::note_limits(&mut state);
        state.switched = (plan.policy == PolicyKind::Replay).then_some(0);
        state.stops = matches!(plan.policy, PolicyKind::Default | PolicyKind::Replay).then(Vec::new);
        drop(state);
        let mut current = CURRENT.lock();
        // One that nobody has entered was given up.
        let is_busy = |run: &Arc<Run>| !run.lock().threads.iter().all(|thread| matches!(thread.status, Status::Coming));
        if current.as_ref().is_some_and(is_busy) {
            return Err(RegionError::Busy);
        }
        *current = Some(Arc::clone(&run));
        ON.store(true, Ordering::Release);
        drop(current);
        scheduler::refresh();
        Ok(Self { run, threads })
    }

    /// Enter as one of the threads, without the GIL. Returns, with the token, when all have entered.
    ///
    /// # Errors
    /// [`RegionError::Inside`] and [`RegionError::Stranger`].
    pub fn enter(&self, thread: u32) -> Result<(), RegionError> {
        if managed::is_managed() {
            return Err(RegionError::Inside);
        }
        let index = self.index(thread).ok_or(RegionError::Stranger(thread))?;
        if !matches!(self.run.lock().threads[index].status, Status::Coming) {
            return Err(RegionError::Stranger(thread));
        }
        thread::watch_end(true);
        self.run.enter(index);
        Ok(())
    }

    /// The calling thread is about to let go of the GIL, to leave.
    pub fn before_leaving(&self) {
        managed::with(Run::before_leaving);
    }

    /// Leave, without the GIL. Returns when all have left. In a forked child it does nothing.
    ///
    /// # Errors
    /// [`RegionError::Outside`].
    pub fn leave(&self, thread: u32) -> Result<(), RegionError> {
        if managed::is_forked() {
            return Ok(());
        }
        let index = self.index(thread);
        let left = managed::with(|me| {
            let ours = Arc::ptr_eq(&me.run, &self.run) && Some(me.index) == index;
            if ours {
                self.run.leave(me);
            }
            ours
        });
        if left != Some(true) {
            return Err(RegionError::Outside(thread));
        }
        thread::watch_end(false);
        Ok(())
    }

    /// The calling thread, which holds the GIL if there is one, begins a step. See [`point`] for what is returned.
    #[must_use]
    pub fn step(&self, number: u32) -> Option<Turn> {
        decide(Point::Step, number, |state, index| state.threads[index].step = number.into())
    }

    /// What happened so far; after the end, all of it.
    #[must_use]
    pub fn report(&self) -> Report {
        let state = self.run.lock();
        let mut stops = state.stops.clone().unwrap_or_default();
        stops.truncate(state.switched.unwrap_or(stops.len()));
        Report {
            decisions: state.decisions,
            switches: state.switches.clone(),
            hash: state.hash,
            control: state.control,
            why: state.why.clone(),
            diverged: if state.over { state.diverged() } else { None },
            stops,
        }
    }

    fn index(&self, thread: u32) -> Option<usize> {
        self.threads.binary_search(&thread).ok()
    }
}

/// A point between the instructions of a program that holds the GIL. `None`: nothing changes. Else the caller must let go of
/// the GIL, call [`Turn::give`], and take the GIL back.
#[must_use]
pub fn point(kind: u32, what: u32) -> Option<Turn> {
    decide(Point::Marked, what, |state, _| state.mix(kind.into()))
}

/// A point in native code that uses a handle of this number. The GIL stays where it is: a thread that has it keeps it, for
/// its caller does not expect to lose it here.
pub fn handle_point(moment: Moment, handle: u64) {
    let (point, what) = match moment {
        Moment::BeforeUse => (Point::Acquire, usize::try_from(handle).unwrap_or(usize::MAX)),
        Moment::AfterUse => (Point::Release, usize::try_from(handle).unwrap_or(usize::MAX)),
        Moment::Free => (Point::Free, 0),
    };
    managed::with(|me| me.run.stop(me, point, what, false));
}

/// Another thread is to go on.
#[derive(Debug)]
#[must_use]
pub struct Turn(());

impl Turn {
    /// Let the other thread go on, without the GIL. Returns when it is this one's turn again.
    pub fn give(self) {
        managed::with(|me| {
            // With a GIL it stays quiet until it has it again.
            me.quiet.set(gil::is_recognised());
            let state = me.run.lock();
            // Letting go of the GIL can have handed the token over already.
            if let Some(next) = me.next.take().filter(|next| state.can_go_on(*next)) {
                me.run.hand_to(state, me, next);
            }
        });
    }
}

fn decide(point: Point, what: u32, note: impl FnOnce(&mut crate::sched::state::State, usize)) -> Option<Turn> {
    managed::with(|me| {
        let mut state = me.run.lock();
        if state.over || me.quiet.get() {
            return None;
        }
        note(&mut state, me.index);
        state.stop_at(me.index, point, what as usize);
        let next = state.decide(Some(me.index), point, false).filter(|next| *next != me.index)?;
        me.next.set(Some(next));
        me.quiet.set(true);
        Some(Turn(()))
    })?
}

/// The interpreter exits. If the calling thread is in a region, that is over: everybody goes on as without it, for what
/// runs at the exit may let go of the GIL and expect it to be taken.
pub fn interpreter_exits() {
    managed::with(|me| me.run.abandon(me));
}

/// Whether there is a region, begun or not.
pub(crate) fn is_on() -> bool {
    ON.load(Ordering::Acquire)
}

/// The region at work, for a thread that is in none.
pub(crate) fn current_from_outside() -> Option<Arc<Run>> {
    if !ON.load(Ordering::Acquire) || managed::is_managed() {
        return None;
    }
    CURRENT.lock().clone()
}

/// The region at work is over.
pub(crate) fn ended() {
    ON.store(false, Ordering::Release);
    *CURRENT.lock() = None;
}

/// Whether a region is at work.
pub(crate) fn is_at_work() -> bool {
    CURRENT.lock().as_ref().is_some_and(|run| {
        let state = run.lock();
        state.started && !state.over && state.holder != NOBODY
    })
}

/// In a forked child: there is no region.
pub(crate) fn forget() {
    ON.store(false, Ordering::Release);
    CURRENT.break_open();
    // Not dropped: its lock and its threads may be in any state.
    std::mem::forget(CURRENT.lock().take());
    managed::forget();
}
