//! What is known of a region while it runs, and the decision who goes on.

use std::mem::MaybeUninit;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deadhand_journal::Journal;
use libc::{c_int, c_short};

use super::clock::Clock;
use super::record::Record;
use super::stuck::{self, Stuck};
use super::{Kind, Point, Thing};
use crate::descriptor::is_ready;
use crate::model::{Control, MOST_STOPS, Stop};
use crate::policy::{Candidate, Choice, Policy};
use crate::raw::Gate;

/// Up to this long a time-out may fire although others could go on: a thread can always be that late.
const SHORT: Duration = Duration::from_millis(100);
/// So many decisions count like one poll: a thread that does much is not one that gets nowhere.
const DECISIONS_PER_POLL: u32 = 50;
/// After so many switches a region goes on by the default: a schedule is to be written down, and to be read.
const MOST_SWITCHES: usize = 4096;
/// The token is with nobody: all that could have it are away.
pub(crate) const NOBODY: usize = usize::MAX;

/// What a thread is doing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Status {
    /// It has not entered yet.
    Coming,
    /// It runs, or could.
    Ready,
    Blocked(Wait),
    /// It is in a call that nobody can look into, without the token.
    Away,
    /// It has done its part and waits for the others.
    Left,
    Ended,
}

/// Whether others may hold the same thing at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// What a thread waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait {
    pub(crate) thing: Thing,
    /// The function it called.
    pub(crate) call: &'static str,
    pub(crate) access: Access,
    /// When it gives up, on the region's clock.
    pub(crate) deadline: Option<u64>,
    is_short: bool,
    /// For a futex the bitset, for a descriptor the events.
    pub(crate) bits: u32,
    /// A thread outside the region holds the thing, or may wake this one.
    pub(crate) outside: bool,
}

impl Wait {
    pub(crate) const fn new(thing: Thing, call: &'static str) -> Self {
        Self { thing, call, access: Access::Write, deadline: None, is_short: false, bits: u32::MAX, outside: false }
    }

    pub(crate) const fn access(self, access: Access) -> Self {
        Self { access, ..self }
    }

    pub(crate) const fn bits(self, bits: u32) -> Self {
        Self { bits, ..self }
    }

    pub(crate) const fn outside(self, outside: bool) -> Self {
        Self { outside, ..self }
    }
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Woken {
    Called,
    TimedOut,
    Interrupted,
    /// The region is over: what is waited for must be waited for outside it.
    Released,
}

#[derive(Debug)]
pub(crate) struct Thread {
    /// Its number in the program.
    pub(crate) number: u32,
    pub(crate) gate: Arc<Gate>,
    pub(crate) status: Status,
    pub(crate) woken: Woken,
    /// The step it is in; -1 before the first.
    pub(crate) step: i64,
    /// When its wait began, in order.
    since: u64,
    /// Where it stopped last, and at what.
    stopped: (Point, usize),
    /// Its handle, if the region started it.
    pub(crate) started: Option<libc::pthread_t>,
    /// Its number in the system.
    pub(crate) system: i32,
    /// It asked for the GIL and was refused: asking again before the next hand-over changes nothing.
    pub(crate) asked_for_gil: bool,
    /// Whether it takes part, or was started by one that does.
    pub(crate) takes_part: bool,
}

impl Thread {
    fn new(number: u32, status: Status, takes_part: bool) -> Self {
        Self {
            number,
            gate: Arc::default(),
            status,
            woken: Woken::Called,
            step: -1,
            since: 0,
            stopped: (Point::Start, 0),
            started: None,
            system: 0,
            asked_for_gil: false,
            takes_part,
        }
    }
}

/// A lock that a thread of the region holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holding {
    pub(crate) thing: Thing,
    pub(crate) thread: usize,
    pub(crate) access: Access,
}

#[expect(clippy::struct_excessive_bools, reason = "each says one thing that has happened")]
pub(crate) struct State {
    /// The region's number.
    pub(crate) number: u32,
    pub(crate) threads: Vec<Thread>,
    pub(crate) held: Vec<Holding>,
    /// Who took a semaphore that has not been posted since.
    pub(crate) takers: Vec<(Thing, usize)>,
    /// Who holds the GIL.
    pub(crate) gil: Option<usize>,
    /// Whether a thread of the region has held the GIL yet.
    pub(crate) gil_was_held: bool,
    pub(crate) clock: Clock,
    pub(crate) journal: Option<Arc<Journal>>,
    pub(crate) started: bool,
    pub(crate) over: bool,
    /// Who has the token.
    pub(crate) holder: usize,
    /// Grows with everything that happens: who watches it sees that the holder gets on.
    pub(crate) pulse: u64,
    /// Threads outside the region that wait for its end to get the GIL.
    pub(crate) kept_out: u32,
    /// Threads outside the region were seen at things of this region.
    pub(crate) strangers: bool,
    pub(crate) control: Control,
    pub(crate) why: Vec<&'static str>,
    pub(crate) decisions: u32,
    pub(crate) switches: Vec<(u32, u32)>,
    pub(crate) hash: u64,
    policy: Box<dyn Policy>,
    budget: u32,
    /// How often somebody looked whether something had changed: by yielding, by trying, by a time-out.
    polls: u32,
    waits: u64,
    /// The one with the token waits for the world outside, or for the beginning.
    pub(crate) is_idle: bool,
    /// Who was sent to look again, for what, and by whom.
    sent: Option<(usize, Thing, usize)>,
    /// A signal was due by itself when somebody last looked.
    alarm: bool,
    /// What the pulse was when somebody last looked, and since when it is so.
    watched: (u64, Instant),
    /// In the order in which they were first waited for.
    seen: Vec<Thing>,
    candidates: Vec<(usize, Candidate)>,
    options: Vec<Candidate>,
    /// Where threads stopped, if that is to be told, and the addresses of what they stopped at.
    pub(crate) stops: Option<Vec<Stop>>,
    /// In a replay, where only the stops of its switches are told, how many that is so far.
    pub(crate) switched: Option<usize>,
    objects: Vec<usize>,
}

impl State {
    pub(crate) fn new(
        number: u32,
        threads: &[u32],
        policy: Box<dyn Policy>,
        budget: u32,
        journal: Option<Arc<Journal>>,
    ) -> Self {
        Self {
            number,
            threads: threads.iter().map(|number| Thread::new(*number, Status::Coming, true)).collect(),
            held: Vec::with_capacity(16),
            takers: Vec::with_capacity(16),
            gil: None,
            gil_was_held: false,
            clock: Clock::start(),
            journal,
            started: false,
            over: false,
            holder: NOBODY,
            pulse: 0,
            kept_out: 0,
            strangers: false,
            control: Control::Full,
            why: Vec::new(),
            decisions: 0,
            switches: Vec::new(),
            hash: 0xcbf2_9ce4_8422_2325,
            policy,
            budget,
            polls: 0,
            waits: 0,
            is_idle: false,
            sent: None,
            alarm: false,
            watched: (0, Instant::now()),
            seen: Vec::new(),
            candidates: Vec::with_capacity(threads.len()),
            options: Vec::with_capacity(threads.len()),
            stops: None,
            switched: None,
            objects: Vec::new(),
        }
    }

    /// Something took the order of events out of our hands.
    pub(crate) fn lose(&mut self, control: Control, why: &'static str) {
        self.control = self.control.max(control);
        if !self.why.contains(&why) {
            self.why.push(why);
        }
    }

    pub(crate) fn diverged(&self) -> Option<u32> {
        self.policy.diverged()
    }

    /// The number of a thing among those of its kind.
    pub(crate) fn number_of(&mut self, thing: Thing) -> usize {
        let position = self.seen.iter().position(|each| *each == thing).unwrap_or_else(|| {
            self.seen.push(thing);
            self.seen.len() - 1
        });
        self.seen[..=position].iter().filter(|each| each.kind == thing.kind).count()
    }

    /// A thread is about to be started by a thread of the region.
    pub(crate) fn adopt(&mut self) -> usize {
        let number = self.threads.iter().map(|thread| thread.number + 1).max().unwrap_or(0);
        self.threads.push(Thread::new(number, Status::Ready, false));
        self.threads.len() - 1
    }

    /// A thread stops where others may go first. This is part of the trace, whoever goes on.
    pub(crate) fn stop_at(&mut self, thread: usize, point: Point, what: usize) {
        self.pulse += 1;
        self.sent = None;
        self.threads[thread].stopped = (point, what);
        self.note_stop(thread, point, what);
        self.mix(u64::from(self.threads[thread].number) << 8 | point as u64);
    }

    fn note_stop(&mut self, thread: usize, point: Point, what: usize) {
        let Some(stops) = self.stops.as_mut().filter(|stops| stops.len() < MOST_STOPS) else { return };
        let object = if matches!(point, Point::Acquire | Point::Release | Point::Block) && what != 0 {
            let known = self.objects.iter().position(|each| *each == what);
            known.unwrap_or_else(|| {
                self.objects.push(what);
                self.objects.len() - 1
            }) + 1
        } else {
            0
        };
        let thread = self.threads[thread].number;
        stops.truncate(self.switched.unwrap_or(MOST_STOPS));
        stops.push(Stop { decision: None, able: 0, thread, sort: point.name(), object: u32::try_from(object).unwrap_or(0) });
    }

    /// A thread begins to wait.
    pub(crate) fn block(&mut self, thread: usize, wait: Wait) {
        self.waits += 1;
        self.number_of(wait.thing);
        let waiting = &mut self.threads[thread];
        waiting.since = self.waits;
        waiting.status = Status::Blocked(wait);
    }

    /// The deadline of a wait that lasts at most so long.
    pub(crate) fn limit(&self, wait: Wait, limit: Duration) -> Wait {
        Wait { deadline: Some(self.clock.in_future(limit)), is_short: limit <= SHORT, ..wait }
    }

    /// Wake up to `most` threads that wait for a thing, those that have waited longest first. Returns how many.
    pub(crate) fn wake(&mut self, thing: Thing, most: usize, bits: u32) -> usize {
        let mut woken = 0;
        while woken < most {
            let waits = |thread: &Thread| match &thread.status {
                Status::Blocked(wait) => wait.thing == thing && wait.bits & bits != 0,
                _ => false,
            };
            let Some(thread) = self.threads.iter_mut().filter(|each| waits(each)).min_by_key(|each| each.since) else {
                break;
            };
            thread.status = Status::Ready;
            thread.woken = Woken::Called;
            woken += 1;
        }
        woken
    }

    /// Have threads that wait for one thing wait for another. Returns how many.
    pub(crate) fn requeue(&mut self, from: Thing, to: Thing, most: usize) -> usize {
        let mut moved = 0;
        for thread in &mut self.threads {
            if let Status::Blocked(wait) = &mut thread.status
                && wait.thing == from
                && moved < most
            {
                wait.thing = to;
                moved += 1;
            }
        }
        moved
    }

    /// Remember that a thread holds a lock.
    pub(crate) fn hold(&mut self, thing: Thing, thread: usize, access: Access) {
        self.held.push(Holding { thing, thread, access });
    }

    /// A thread let go of a lock, once.
    pub(crate) fn let_go(&mut self, thing: Thing, thread: usize) {
        let own = |each: &Holding| each.thing == thing && each.thread == thread;
        // A mutex may be unlocked by another thread than the one that locked it.
        let position =
            self.held.iter().rposition(own).or_else(|| self.held.iter().rposition(|each| each.thing == thing));
        if let Some(position) = position {
            self.held.remove(position);
        }
    }

    /// A thread took a semaphore.
    pub(crate) fn take(&mut self, thing: Thing, thread: usize) {
        self.takers.push((thing, thread));
    }

    /// A semaphore was posted.
    pub(crate) fn posted(&mut self, thing: Thing) {
        if let Some(position) = self.takers.iter().rposition(|(each, _)| *each == thing) {
            self.takers.remove(position);
        }
    }

    pub(crate) fn is_held(&self, thing: Thing) -> bool {
        self.held.iter().any(|each| each.thing == thing)
    }

    /// Whether all have done their part and nothing that they started runs any more.
    pub(crate) fn is_finished(&self) -> bool {
        self.threads.iter().all(|thread| match thread.status {
            Status::Left | Status::Ended => true,
            Status::Coming | Status::Ready => false,
            Status::Blocked(_) | Status::Away => !thread.takes_part,
        })
    }

    /// Who goes on, if anybody can. Counts as a decision, and is written down, only if there is a choice.
    pub(crate) fn decide(&mut self, current: Option<usize>, point: Point, polite: bool) -> Option<usize> {
        self.collect(current, point);
        let plain = |(_, each): &&(usize, Candidate)| !each.times_out;
        if current.is_none() && !self.candidates.iter().any(|each| plain(&each)) {
            let (deadline, index) = self.first_to_time_out()?;
            // The world outside is slow: while somebody waits for it, time-outs take their time, too.
            return (deadline <= self.clock.now() || !self.waits_for_outside()).then_some(index);
        }
        let default = self.default(current, polite)?;
        if self.candidates.len() == 1 {
            return Some(self.candidates[default].0);
        }
        let at = self.decisions;
        if let Some(stop) = self.stops.as_mut().and_then(|stops| stops.last_mut())
            && stop.decision.is_none()
        {
            let bit = |each: &(usize, Candidate)| 1u32.checked_shl(each.1.thread).unwrap_or(0);
            stop.able = self.candidates.iter().map(bit).fold(0, |all, each| all | each);
            stop.decision = Some(at);
        }
        self.polls += u32::from(polite);
        if self.polls >= self.budget || at / DECISIONS_PER_POLL >= self.budget {
            stuck::give_up(self, Stuck::Livelock);
        }
        self.decisions += 1;
        let position = |index: usize| self.candidates.iter().position(|(each, _)| *each == index);
        let current = current.and_then(position);
        let mut options = std::mem::take(&mut self.options);
        options.clear();
        options.extend(self.candidates.iter().map(|(_, each)| *each));
        let choice = Choice { at, current, default, polite, candidates: &options };
        let chosen = if self.switches.len() < MOST_SWITCHES { self.policy.choose(&choice) } else { default };
        self.options = options;
        let (index, Candidate { thread, .. }) = self.candidates[chosen];
        self.mix(u64::from(at) << 32 | u64::from(thread));
        if chosen != default {
            self.switches.push((at, thread));
            if let (Some(switched), Some(stops)) = (self.switched.as_mut(), self.stops.as_ref()) {
                *switched = stops.len();
            }
            let record = Record::default().array(4).text("C").number(self.number.into()).number(at.into());
            stuck::append(self.journal.as_ref(), &record.number(thread.into()));
        }
        Some(index)
    }

    /// Whether a thread could be given the token.
    pub(crate) fn can_go_on(&self, index: usize) -> bool {
        match &self.threads[index].status {
            Status::Ready => true,
            Status::Blocked(wait) => wait.deadline.is_some() || self.comes_free(wait),
            _ => false,
        }
    }

    /// Whether what is waited for is there, without anybody having said so.
    fn comes_free(&self, wait: &Wait) -> bool {
        match wait.thing {
            Thing::GIL => self.gil.is_none(),
            Thing { kind: Kind::Descriptor, address } => {
                let [descriptor, events] = [address, wait.bits as usize];
                c_int::try_from(descriptor).is_ok_and(|each| is_ready(each, c_short::try_from(events).unwrap_or(0)))
            }
            _ => false,
        }
    }

    fn collect(&mut self, current: Option<usize>, point: Point) {
        let leaves_gil = matches!(point, Point::Step | Point::Marked);
        let holds_gil = current.is_some() && self.gil == current;
        self.candidates.clear();
        for (index, thread) in self.threads.iter().enumerate() {
            let times_out = match &thread.status {
                Status::Ready => false,
                Status::Blocked(wait) if self.comes_free(wait) => false,
                Status::Blocked(Wait { thing: Thing::GIL, .. }) if holds_gil && leaves_gil => false,
                // It may ask for it; nobody else can let go of it.
                Status::Blocked(Wait { thing: Thing::GIL, .. }) if holds_gil && !thread.asked_for_gil => true,
                Status::Blocked(Wait { deadline: Some(_), is_short: true, .. }) => true,
                _ => continue,
            };
            let (point, object) = thread.stopped;
            let candidate = Candidate { thread: thread.number, marked: point.is_marked(), object, times_out };
            self.candidates.push((index, candidate));
        }
    }

    /// The position of the thread that goes on unless a policy says otherwise.
    fn default(&self, current: Option<usize>, polite: bool) -> Option<usize> {
        let plain = |position: &usize| !self.candidates[*position].1.times_out;
        let own = |position: &usize| Some(self.candidates[*position].0) == current;
        let mut all = 0..self.candidates.len();
        let Some(current) = all.clone().find(own) else { return all.find(plain) };
        let next = if polite { (current + 1..all.end).chain(0..current).find(plain) } else { None };
        Some(next.unwrap_or(current))
    }

    /// Nobody can go on of itself: whose time-out fires first?
    fn first_to_time_out(&self) -> Option<(u64, usize)> {
        let deadline = |(index, thread): (usize, &Thread)| match thread.status {
            Status::Blocked(Wait { deadline: Some(deadline), .. }) => Some((deadline, index)),
            _ => None,
        };
        self.threads.iter().enumerate().filter_map(deadline).min()
    }

    /// Give a thread that waits for something nobody announces the token to look again. Returns whether it is one.
    pub(crate) fn send_to_look(&mut self, index: usize, sender: usize) -> bool {
        let Status::Blocked(wait) = self.threads[index].status else { return false };
        if wait.outside {
            self.threads[index].status = Status::Ready;
            self.threads[index].woken = Woken::Called;
            self.holder = index;
            self.sent = Some((index, wait.thing, sender));
        }
        wait.outside
    }

    /// A thread begins to wait: if it was sent to look, and waits for the same thing on, by whom?
    pub(crate) fn looked_in_vain(&mut self, index: usize, wait: Wait) -> Option<usize> {
        let (sent, thing, sender) = self.sent.take()?;
        if sent != index || thing != wait.thing {
            return None;
        }
        self.threads[index].status = Status::Blocked(wait);
        Some(sender)
    }

    /// Whether something outside the region could let a thread go on.
    pub(crate) fn waits_for_outside(&self) -> bool {
        self.strangers
            || !self.started
            || alarm_is_set()
            || self.threads.iter().any(|thread| match &thread.status {
                Status::Away => true,
                Status::Blocked(wait) => may_end_by_itself(wait),
                _ => false,
            })
    }

    /// Give a thread the token: what it waited for has come, or its time-out fires.
    pub(crate) fn give(&mut self, index: usize) {
        self.holder = index;
        self.pulse += 1;
        let comes_free = matches!(&self.threads[index].status, Status::Blocked(wait) if self.comes_free(wait));
        let thread = &mut self.threads[index];
        if let Status::Blocked(wait) = thread.status {
            self.polls += u32::from(!comes_free);
            thread.status = Status::Ready;
            thread.woken = if comes_free { Woken::Called } else { Woken::TimedOut };
            if let Some(deadline) = wait.deadline.filter(|_| !comes_free) {
                self.clock.advance_to(deadline);
            }
        }
    }

    /// For how long nothing has happened.
    pub(crate) fn stands_still_for(&mut self) -> Duration {
        if self.watched.0 != self.pulse {
            self.watched = (self.pulse, Instant::now());
        }
        self.watched.1.elapsed()
    }

    /// A signal handler ran on a thread: a wait that the system would end is ended. Returns whether it was one.
    pub(crate) fn interrupt(&mut self, index: usize) -> bool {
        let Status::Blocked(wait) = &self.threads[index].status else { return false };
        let ends =
            matches!(wait.thing.kind, Kind::Semaphore | Kind::Sleep | Kind::Futex | Kind::Descriptor | Kind::Outside);
        if ends {
            self.threads[index].status = Status::Ready;
            self.threads[index].woken = Woken::Interrupted;
            self.lose(Control::Partial, "a signal interrupted a wait");
        }
        ends
    }

    /// A signal that was due has come: it may have done so between two waits of the main thread.
    pub(crate) fn notice_alarm(&mut self) {
        if std::mem::replace(&mut self.alarm, alarm_is_set()) && !self.alarm {
            let main = rustix::process::getpid().as_raw_nonzero().get();
            if let Some(index) = self.threads.iter().position(|thread| thread.system == main) {
                self.interrupt(index);
            }
        }
    }

    /// Make something part of the trace.
    pub(crate) fn mix(&mut self, word: u64) {
        self.hash = (self.hash ^ word).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
    }
}

/// Whether a wait is of a kind that the world outside the region can end.
fn may_end_by_itself(wait: &Wait) -> bool {
    wait.outside || wait.thing.kind == Kind::Descriptor
}

/// Whether a signal is due by itself.
fn alarm_is_set() -> bool {
    let mut alarm = MaybeUninit::<libc::itimerval>::uninit();
    // SAFETY: a place for the answer.
    if unsafe { libc::getitimer(libc::ITIMER_REAL, alarm.as_mut_ptr()) } != 0 {
        return false;
    }
    // SAFETY: the call has filled it in.
    let left = unsafe { alarm.assume_init() }.it_value;
    left.tv_sec != 0 || left.tv_usec != 0
}
