//! A region at work: stopping, waiting, waking, handing the token on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use deadhand_journal::Journal;

use super::managed::{self, Managed};
use crate::model::Control;
use super::state::{NOBODY, State, Status, Wait, Woken};
use super::stuck::{self, Stuck};
use super::{Point, Thing, gil, graph};
use crate::policy::Policy;
use crate::raw::{Door, Gate, Held, Lock, Wake};

/// Why control is partial when somebody waits for a thread that the region does not know.
pub(crate) const OUTSIDE_NEEDED: &str = "a thread outside the region was needed";

/// How long a waiting thread waits before it looks whether the one with the token still gets on.
const PATIENCE: Duration = Duration::from_millis(100);
/// So many naps for a thread that may be on its way.
const GRACE: u32 = 40;
/// How long the thread with the token may wait, or compute, in what is not modelled.
const ASLEEP: Duration = Duration::from_millis(200);
const COMPUTING: Duration = Duration::from_secs(2);
/// How long to wait for the world outside before looking again.
const NAP: Duration = Duration::from_micros(500);

pub(crate) struct Run {
    state: Lock<State>,
    /// As in the state, for those that have not got its lock.
    over: AtomicBool,
    /// Who held the GIL when it was over.
    last_gil: AtomicUsize,
    /// Rung when a thread comes back from a call that nobody could look into.
    bell: Gate,
    /// Where threads outside the region wait that want the GIL.
    door: Door,
}

impl Run {
    pub(crate) fn new(
        number: u32,
        threads: &[u32],
        policy: Box<dyn Policy>,
        budget: u32,
        journal: Option<Arc<Journal>>,
    ) -> Self {
        Self {
            state: Lock::new(State::new(number, threads, policy, budget, journal)),
            over: AtomicBool::new(false),
            last_gil: AtomicUsize::new(NOBODY),
            bell: Gate::default(),
            door: Door::default(),
        }
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
            state.is_idle = true;
            drop(state);
            let is_quiet = gil::wait_until_outside_lets_go();
            state = self.lock();
            state.is_idle = false;
            if !is_quiet {
                state.lose(Control::Partial, "a thread outside the region did not let go of the GIL");
            }
            // Who came last is chance, and no part of the trace.
            if let Some(first) = state.decide(None, Point::Start, false) {
                let gate = give(&mut state, first);
                drop(state);
                gate.open();
            }
        } else {
            drop(state);
        }
        managed::with(|me| {
            self.await_turn(me);
            // It takes the GIL next, before its first step: no point in letting others go first in between.
            me.quiet.set(gil::is_recognised());
        });
    }

    /// A thread that the region started begins; returns with the token.
    pub(crate) fn begin(&self, me: &Managed) {
        self.lock().threads[me.index].system = system_number();
        self.await_turn(me);
    }

    /// The thread lets go of the GIL only to leave.
    pub(crate) fn before_leaving(me: &Managed) {
        me.quiet.set(true);
    }

    /// Done with its part; returns when all are.
    pub(crate) fn leave(&self, me: &Managed) {
        me.quiet.set(false);
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
                return self.finish(&mut state, me);
            }
            if let Some(next) = state.decide(None, Point::End, false) {
                let gate = give(&mut state, next);
                drop(state);
                return gate.open();
            }
            // Who waits for the world outside looks on for all: nobody gives the token back to one that wants it no more.
            let mut others = (0..state.threads.len()).filter(|index| *index != me.index);
            if let Some(next) = others.find(|index| state.send_to_look(*index, *index)) {
                let gate = Arc::clone(&state.threads[next].gate);
                drop(state);
                return gate.open();
            }
            state = self.idle(state, me);
            if state.holder != me.index {
                return;
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
            self.hand_to(state, me, next);
        }
    }

    /// Wait for something, for at most so long.
    pub(crate) fn block(&self, me: &Managed, wait: Wait, limit: Option<Duration>) -> Woken {
        self.block_for(self.lock(), me, wait, limit)
    }

    /// Wait for something that was just seen not to be there.
    pub(crate) fn block_for<'s>(
        &'s self,
        state: Held<'s, State>,
        me: &Managed,
        wait: Wait,
        limit: Option<Duration>,
    ) -> Woken {
        if state.over {
            release(me);
            return Woken::Released;
        }
        let wait = limit.map_or(wait, |limit| state.limit(wait, limit));
        self.block_with(state, me, wait)
    }

    pub(crate) fn block_with<'s>(&'s self, mut state: Held<'s, State>, me: &Managed, wait: Wait) -> Woken {
        if let Some(sender) = state.looked_in_vain(me.index, wait) {
            // It was sent to look again, and leaves no trace.
            if sender != me.index {
                state.holder = sender;
                state.threads[sender].gate.open();
                return self.wait_on(state, me);
            }
        } else {
            state.block(me.index, wait);
            state.stop_at(me.index, Point::Block, wait.thing.address);
            if graph::is_in_cycle(&state, me.index) {
                stuck::give_up(&mut state, Stuck::Deadlock);
            }
        }
        loop {
            if state.is_finished() {
                self.finish(&mut state, me);
                return Woken::Released;
            }
            let decided = me.next.take().filter(|next| state.can_go_on(*next));
            match decided.or_else(|| state.decide(None, Point::Block, false)) {
                Some(next) if next == me.index => {
                    state.give(next);
                    return state.threads[next].woken;
                }
                Some(next) => {
                    self.hand_to(state, me, next);
                    return self.how_it_ended(me);
                }
                None => state = self.idle(state, me),
            }
            if me.released.get() {
                return Woken::Released;
            }
            if matches!(state.threads[me.index].status, Status::Ready) && state.holder == me.index {
                return state.threads[me.index].woken;
            }
        }
    }

    /// Wait on, after having done something without the token.
    pub(crate) fn wait_on(&self, state: Held<'_, State>, me: &Managed) -> Woken {
        drop(state);
        self.await_turn(me);
        self.how_it_ended(me)
    }

    fn how_it_ended(&self, me: &Managed) -> Woken {
        if me.released.get() { Woken::Released } else { self.lock().threads[me.index].woken }
    }

    /// Hand the token to a thread, and wait until it comes back.
    pub(crate) fn hand_to(&self, mut state: Held<'_, State>, me: &Managed, next: usize) {
        let gate = give(&mut state, next);
        drop(state);
        gate.open();
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
        if state.is_finished() {
            self.finish(&mut state, me);
        } else if let Some(next) = state.decide(None, Point::Block, false) {
            hand(&mut state, next);
        }
        drop(state);
        let result = work();
        self.come_back(me);
        result
    }

    pub(crate) fn come_back(&self, me: &Managed) {
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
    fn idle<'s>(&'s self, mut state: Held<'s, State>, me: &Managed) -> Held<'s, State> {
        // This one has just looked.
        for index in (0..state.threads.len()).filter(|index| *index != me.index) {
            if !state.send_to_look(index, me.index) {
                continue;
            }
            state.threads[index].gate.open();
            drop(state);
            self.await_turn(me);
            state = self.lock();
            let is_back = state.holder == me.index && !matches!(state.threads[me.index].status, Status::Ready);
            if !is_back || me.released.get() {
                return state;
            }
        }
        state.notice_alarm();
        if state.threads.iter().any(|thread| matches!(thread.status, Status::Ready)) {
            return state;
        }
        self.let_in(&mut state);
        if !state.waits_for_outside() && !self.somebody_comes(&mut state) {
            let why = stuck::all_wait(&state);
            stuck::give_up(&mut state, why);
        }
        state.is_idle = true;
        drop(state);
        let wake = self.bell.wait(NAP);
        let mut state = self.lock();
        state.is_idle = false;
        if wake == Wake::TimedOut {
            let now = state.clock.in_future(NAP);
            state.clock.advance_to(now);
            state.lose(Control::Partial, "all threads waited for something outside the region");
        }
        if wake == Wake::Interrupted {
            state.interrupt(me.index);
        }
        if state.over {
            release(me);
        }
        state.send_to_look(me.index, me.index);
        state
    }

    /// Whether a thread outside the region, woken just now, is on its way. There is no way to ask for that but to wait.
    fn somebody_comes(&self, state: &mut Held<'_, State>) -> bool {
        if state.threads.iter().filter(|thread| !matches!(thread.status, Status::Ended)).count() >= count_threads() {
            return false;
        }
        for _ in 0..GRACE {
            state.without(|| {
                self.bell.wait(NAP);
            });
            self.let_in(state);
            let can_go_on = (0..state.threads.len()).any(|index| state.can_go_on(index));
            if can_go_on || state.waits_for_outside() {
                return true;
            }
        }
        false
    }

    /// A thread outside the region wants the GIL: it gets it when the region is over, or when nothing goes on without it.
    pub(crate) fn keep_out(&self) {
        let mut state = self.lock();
        if !state.started || state.over {
            return;
        }
        state.kept_out += 1;
        state.strangers |= self.door.is_open();
        drop(state);
        self.door.wait();
    }

    /// Nothing goes on without the threads outside.
    fn let_in(&self, state: &mut State) {
        if state.kept_out > 0 && !self.door.is_open() {
            state.strangers = true;
            state.lose(Control::Partial, OUTSIDE_NEEDED);
            self.door.open();
        }
    }

    /// Something will need a thread outside the region: whoever wants the GIL gets it.
    pub(crate) fn open_door(&self) {
        let mut state = self.lock();
        if !state.over {
            state.strangers |= state.kept_out > 0;
            state.lose(Control::Partial, OUTSIDE_NEEDED);
            self.door.open();
        }
    }

    /// Wait for the token, or for the end of the region.
    pub(crate) fn await_turn(&self, me: &Managed) {
        loop {
            match me.gate.wait(PATIENCE) {
                Wake::Opened => break,
                Wake::Interrupted => self.interrupted(me),
                Wake::TimedOut if self.asks_without_token(me) => return,
                Wake::TimedOut => self.look_after_token(),
            }
        }
        if self.over.load(Ordering::Acquire) {
            if self.last_gil.load(Ordering::Acquire) == me.index {
                gil::carry_out();
            }
            release(me);
        }
    }
}

impl Run {
    /// A thread that runs nothing but bytecode comes to no point of ours. Who waits for the GIL then asks for it by the
    /// clock, as it would in any other program, and without the token.
    fn asks_without_token(&self, me: &Managed) -> bool {
        let mut state = self.lock();
        let waits = matches!(state.threads[me.index].status, Status::Blocked(Wait { thing: Thing::GIL, .. }));
        let owner = state.gil.filter(|owner| *owner == state.holder);
        let asks = waits && owner.is_some() && !state.over && !state.threads[me.index].asked_for_gil;
        if asks && state.stands_still_for() >= PATIENCE {
            state.threads[me.index].woken = Woken::TimedOut;
            me.without_token.set(true);
            return true;
        }
        false
    }

    /// A thread has waited for long. Does the one with the token still get on?
    ///
    /// One that waits in a call that is not modelled, or that computes for very long, loses the token to the others.
    fn look_after_token(&self) {
        let mut state = self.lock();
        if state.over || state.is_idle || !state.started {
            return;
        }
        let still = state.stands_still_for();
        let holder = state.holder;
        if holder == NOBODY {
            self.let_in(&mut state);
            let now = state.clock.in_future(PATIENCE);
            state.clock.advance_to(now);
            return Self::pass_if_nobodys(&mut state);
        }
        let limit = if is_asleep(state.threads[holder].system) { ASLEEP } else { COMPUTING };
        let others = (0..state.threads.len()).any(|index| index != holder && state.can_go_on(index));
        if still < limit || !(others || state.kept_out > 0) {
            return;
        }
        self.let_in(&mut state);
        if others {
            state.lose(Control::None, "a thread was in a call that is not modelled, or computed for very long");
            state.threads[holder].status = Status::Away;
            state.threads[holder].gate.oust();
            state.holder = NOBODY;
            Self::pass_if_nobodys(&mut state);
        }
    }

    /// The interpreter exits on this thread: the region ends in the middle.
    pub(crate) fn abandon(&self, me: &Managed) {
        let mut state = self.lock();
        state.lose(Control::None, "the interpreter exited inside the region");
        if !state.over {
            self.finish(&mut state, me);
        }
    }

    /// All have left: let everybody go.
    fn finish(&self, state: &mut State, me: &Managed) {
        state.over = true;
        self.last_gil.store(state.gil.unwrap_or(NOBODY), Ordering::Release);
        self.over.store(true, Ordering::Release);
        if state.gil == Some(me.index) {
            gil::carry_out();
        }
        release(me);
        for (index, thread) in state.threads.iter().enumerate() {
            if index != me.index && !matches!(thread.status, Status::Ended) {
                thread.gate.open();
            }
        }
        self.door.open();
        crate::region::ended();
    }

    fn interrupted(&self, me: &Managed) {
        let mut state = self.lock();
        if state.interrupt(me.index) {
            Self::pass_if_nobodys(&mut state);
        }
    }

    /// Something was woken: if nobody has the token, it goes on.
    pub(crate) fn pass_if_nobodys(state: &mut State) {
        if state.holder == NOBODY
            && !state.over
            && let Some(next) = state.decide(None, Point::Block, false)
        {
            hand(state, next);
        }
    }
}

/// Give the token to a thread, and open its gate at once.
pub(crate) fn hand(state: &mut State, next: usize) {
    give(state, next).open();
}

/// Give the token to a thread. Its gate is best opened without the lock, which the thread needs next.
fn give(state: &mut State, next: usize) -> Arc<Gate> {
    state.give(next);
    Arc::clone(&state.threads[next].gate)
}

fn release(me: &Managed) {
    me.released.set(true);
}

/// How many threads this process has.
fn count_threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

/// Whether a thread waits in the system.
fn is_asleep(thread: i32) -> bool {
    let stat = std::fs::read(format!("/proc/self/task/{thread}/stat")).unwrap_or_default();
    let name_end = stat.iter().rposition(|byte| *byte == b')');
    name_end.is_some_and(|end| stat.get(end + 2) == Some(&b'S'))
}

fn system_number() -> i32 {
    rustix::thread::gettid().as_raw_nonzero().get()
}
