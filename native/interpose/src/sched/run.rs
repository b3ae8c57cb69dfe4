//! A region at work: stopping, waiting, waking, handing the token on.

use std::sync::Arc;
use std::time::Duration;

use deadhand_journal::Journal;

use super::managed::{self, Managed};
use super::state::{Control, NOBODY, State, Status, Wait, Woken};
use super::stuck::{self, Stuck};
use super::{Point, Thing, graph};
use crate::policy::Policy;
use crate::raw::{Gate, Held, Lock, Wake};

/// How long a waiting thread waits before it looks whether the one with the token still gets on.
const PATIENCE: Duration = Duration::from_millis(100);
/// How long to wait for the world outside before looking again.
const NAP: Duration = Duration::from_micros(500);

pub(crate) struct Run {
    state: Lock<State>,
    /// Rung when a thread comes back from a call that nobody could look into.
    bell: Gate,
}

impl Run {
    pub(crate) fn new(
        number: u32,
        threads: &[u32],
        policy: Box<dyn Policy>,
        budget: u32,
        journal: Option<Arc<Journal>>,
    ) -> Self {
        Self { state: Lock::new(State::new(number, threads, policy, budget, journal)), bell: Gate::default() }
    }

    pub(crate) fn lock(&self) -> Held<'_, State> {
        self.state.lock()
    }

    /// Take part as the thread of this index; returns with the token.
    pub(crate) fn enter(self: &Arc<Self>, index: usize) {
        let mut state = self.lock();
        let gate = Arc::clone(&state.threads[index].gate);
        managed::join(Arc::clone(self), index, gate);
        state.threads[index].status = Status::Ready;
        state.threads[index].system = system_number();
        let all_are_here = !state.threads.iter().any(|thread| matches!(thread.status, Status::Coming));
        if all_are_here && !state.started {
            state.started = true;
            state.stop_at(index, Point::Start, 0);
            if let Some(first) = state.decide(None, Point::Start, false) {
                hand(&mut state, first);
            }
        }
        drop(state);
        managed::with(|me| self.await_turn(me));
    }

    /// A thread that the region started begins; returns with the token.
    pub(crate) fn begin(&self, me: &Managed) {
        self.lock().threads[me.index].system = system_number();
        self.await_turn(me);
    }

    /// Done with its part; returns when all are.
    pub(crate) fn leave(&self, me: &Managed) {
        let mut state = self.lock();
        state.threads[me.index].status = Status::Left;
        state.stop_at(me.index, Point::End, 0);
        self.pass_on(state, me);
        while !me.released.get() {
            self.await_turn(me);
        }
    }

    /// The thread ends. It gives the token up for good.
    pub(crate) fn end(&self, me: &Managed) {
        let mut state = self.lock();
        state.threads[me.index].status = Status::Ended;
        let lost = state.held.iter().any(|each| each.thread == me.index);
        if lost {
            state.held.retain(|each| each.thread != me.index);
        }
        state.stop_at(me.index, Point::End, 0);
        state.wake(Thing { kind: super::Kind::Thread, address: me.index }, usize::MAX, u32::MAX);
        me.released.set(true);
        if !state.over {
            self.pass_on(state, me);
        }
    }

    /// Hand the token on although this thread wants it no more.
    fn pass_on<'s>(&'s self, mut state: Held<'s, State>, me: &Managed) {
        loop {
            if state.over {
                return;
            }
            if state.is_finished() {
                return finish(&mut state, me);
            }
            match state.decide(None, Point::End, false) {
                Some(next) => return hand(&mut state, next),
                None => state = self.idle(state),
            }
        }
    }

    /// Let others go first, if the policy says so.
    pub(crate) fn stop(&self, me: &Managed, point: Point, what: usize, polite: bool) {
        if me.quiet.get() || me.released.get() {
            return;
        }
        let mut state = self.lock();
        if state.over {
            return release(me);
        }
        state.stop_at(me.index, point, what);
        if let Some(next) = state.decide(Some(me.index), point, polite).filter(|next| *next != me.index) {
            hand(&mut state, next);
            drop(state);
            self.await_turn(me);
        }
    }

    /// Wait for something, for at most so long.
    pub(crate) fn block(&self, me: &Managed, wait: Wait, limit: Option<Duration>) -> Woken {
        let mut state = self.lock();
        if state.over {
            release(me);
            return Woken::Released;
        }
        let wait = limit.map_or(wait, |limit| state.limit(wait, limit));
        self.block_with(state, me, wait)
    }

    pub(crate) fn block_with<'s>(&'s self, mut state: Held<'s, State>, me: &Managed, wait: Wait) -> Woken {
        state.block(me.index, wait);
        state.stop_at(me.index, Point::Block, wait.thing.address);
        if graph::is_in_cycle(&state, me.index) {
            stuck::give_up(&mut state, Stuck::Deadlock);
        }
        loop {
            let decided = me.next.take().filter(|next| state.can_go_on(*next));
            match decided.or_else(|| state.decide(None, Point::Block, false)) {
                Some(next) if next == me.index => {
                    state.give(next);
                    return state.threads[next].woken;
                }
                Some(next) => {
                    hand(&mut state, next);
                    break;
                }
                None => state = self.idle(state),
            }
        }
        drop(state);
        self.await_turn(me);
        if me.released.get() {
            return Woken::Released;
        }
        self.lock().threads[me.index].woken
    }

    /// Hand the token to a thread, and wait until it comes back.
    pub(crate) fn hand_to(&self, mut state: Held<'_, State>, me: &Managed, next: usize) {
        hand(&mut state, next);
        drop(state);
        self.await_turn(me);
    }

    /// Do something that may last and that nobody can look into, without the token.
    pub(crate) fn away<T>(&self, me: &Managed, why: &'static str, work: impl FnOnce() -> T) -> T {
        let mut state = self.lock();
        if state.over {
            release(me);
            drop(state);
            return work();
        }
        state.lose(Control::Partial, why);
        state.threads[me.index].status = Status::Away;
        state.stop_at(me.index, Point::Block, 0);
        state.holder = NOBODY;
        if let Some(next) = state.decide(None, Point::Block, false) {
            hand(&mut state, next);
        }
        drop(state);
        let result = work();
        self.come_back(me);
        result
    }

    fn come_back(&self, me: &Managed) {
        let mut state = self.lock();
        if state.over {
            return release(me);
        }
        state.threads[me.index].status = Status::Ready;
        if state.holder == NOBODY {
            return state.give(me.index);
        }
        drop(state);
        self.bell.open();
        self.await_turn(me);
    }

    /// Nobody can go on. Wait for the world outside if it could change that; else this is the end.
    fn idle<'s>(&'s self, mut state: Held<'s, State>) -> Held<'s, State> {
        if !state.waits_for_outside() {
            let why = stuck::all_wait(&state);
            stuck::give_up(&mut state, why);
        }
        state.naps += 1;
        drop(state);
        self.bell.wait(NAP);
        let mut state = self.lock();
        for thread in &mut state.threads {
            if let Status::Blocked(wait) = &thread.status
                && wait.outside
            {
                thread.status = Status::Ready;
                thread.woken = Woken::Called;
            }
        }
        state
    }

    /// Wait for the token, or for the end of the region.
    pub(crate) fn await_turn(&self, me: &Managed) {
        loop {
            match me.gate.wait(PATIENCE) {
                Wake::Opened => break,
                Wake::Interrupted => {}
                Wake::TimedOut => self.look_after_token(),
            }
        }
        if self.lock().over {
            release(me);
        }
    }
}

impl Run {
    /// If nobody has the token, somebody who has waited long enough passes it on.
    fn look_after_token(&self) {
        let mut state = self.lock();
        if state.holder == NOBODY && !state.over {
            state.naps += 1;
            self.pass_if_nobodys(&mut state);
        }
    }

    /// Something was woken: if nobody has the token, it goes on.
    pub(crate) fn pass_if_nobodys(&self, state: &mut State) {
        if state.holder == NOBODY
            && !state.over
            && let Some(next) = state.decide(None, Point::Block, false)
        {
            hand(state, next);
        }
    }
}

/// Give the token to a thread.
pub(crate) fn hand(state: &mut State, next: usize) {
    state.give(next);
    state.threads[next].gate.open();
}

fn release(me: &Managed) {
    me.released.set(true);
}

/// All have left: let everybody go.
fn finish(state: &mut State, me: &Managed) {
    state.over = true;
    release(me);
    for (index, thread) in state.threads.iter().enumerate() {
        if index != me.index && !matches!(thread.status, Status::Ended) {
            thread.gate.open();
        }
    }
    crate::region::ended();
}

fn system_number() -> i32 {
    rustix::thread::gettid().as_raw_nonzero().get()
}
