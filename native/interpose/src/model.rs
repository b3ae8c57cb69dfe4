//! What a region is made from and what is said of it: plain data, the same on every platform.

use std::collections::BTreeSet;
use std::str::FromStr;

/// Most threads that a region can begin with.
pub const MOST_THREADS: usize = 64;
/// Most stops of a region that are noted.
pub const MOST_STOPS: usize = 400;
/// The process ended because no thread of a region could go on. The parent knows it by this status.
pub const DEADLOCK: i32 = 89;
/// The process ended because its journal is full.
pub const FULL_JOURNAL: i32 = 87;

/// The name of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyKind {
    /// Go on with the running thread as long as it can.
    Default,
    /// The default, but for the switches that are given.
    Replay,
    /// Probabilistic concurrency testing: random priorities, and `depth - 1` points where they change.
    Pct,
    /// Partial order sampling: random priorities per operation, drawn anew for operations that conflict.
    Pos,
    /// Selectively uniform random walk over the operations on handles.
    Surw,
    /// Random walk.
    Walk,
}

impl FromStr for PolicyKind {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Ok(match name {
            "default" => Self::Default,
            "replay" => Self::Replay,
            "pct" => Self::Pct,
            "pos" => Self::Pos,
            "surw" => Self::Surw,
            "walk" => Self::Walk,
            _ => return Err(()),
        })
    }
}

/// What a region is made from.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its number in the program.
    pub number: u32,
    /// The numbers of the threads that take part.
    pub threads: Vec<u32>,
    /// Who chooses.
    pub policy: PolicyKind,
    /// What random choices are made from.
    pub seed: u64,
    /// For PCT: one more than the number of points where priorities change.
    pub depth: u32,
    /// How many decisions are to be expected.
    pub length: u32,
    /// For replay: at which decision which thread goes on.
    pub switches: Vec<(u32, u32)>,
    /// After so many polls (yields, vain tries, time-outs), or fifty times as many decisions, it is a livelock.
    pub budget: u32,
}

/// Why a region cannot be made or used so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegionError {
    /// The scheduler is not armed.
    #[error("the scheduler is not armed: call Scheduler.arm() first")]
    NotArmed,
    /// Another region has not ended.
    #[error("another region has not ended: all its threads must leave before the next one is made")]
    Busy,
    /// Too few threads, too many, or one twice.
    #[error("a region needs from 1 to {MOST_THREADS} threads, each of them once")]
    Threads,
    /// The budget would be used up at once.
    #[error("a budget of 0 is used up at once: pass a positive one, such as 20000")]
    Budget,
    /// The thread does not take part, or has entered already.
    #[error("thread {0} does not take part in this region, or has entered it already")]
    Stranger(u32),
    /// The calling thread is in a region already.
    #[error("the calling thread is in a region already: it must leave that one first")]
    Inside,
    /// The calling thread has not entered this region as that thread.
    #[error("the calling thread has not entered this region as thread {0}")]
    Outside(u32),
}

/// What happened in a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Decisions that were made.
    pub decisions: u32,
    /// Those that differ from the default, and the thread that went on.
    pub switches: Vec<(u32, u32)>,
    /// Of all points, in order; without addresses, so that equal runs have equal ones.
    pub hash: u64,
    /// How far the order of events was in our hands.
    pub control: Control,
    /// Why not fully.
    pub why: Vec<&'static str>,
    /// The first given switch that could not be made.
    pub diverged: Option<u32>,
    /// Where threads stopped, in order, and at most [`MOST_STOPS`]: all of a run by the default policy, those of its switches of a replay.
    pub stops: Vec<Stop>,
}

/// A thread stopped where others may go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    /// The decision that was made there, if there was a choice.
    pub decision: Option<u32>,
    /// The threads that could have gone on then: bit n is the one of number n.
    pub able: u32,
    /// The thread's number.
    pub thread: u32,
    /// The sort of the place, in one word.
    pub sort: &'static str,
    /// The number of the lock or the like among those that were met, from 1; 0 for none.
    pub object: u32,
}

/// Where in a handle's life a thread is that says so by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Just before it is looked up.
    BeforeUse,
    /// Just after it was let go of.
    AfterUse,
    /// Where its object is freed.
    Free,
}

/// How far the order of events was in our hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Control {
    /// In every respect that is known of.
    Full,
    /// Something outside could change it; the notes say what.
    Partial,
    /// Two threads may have run at once.
    None,
}

/// Why the scheduler cannot be armed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArmError {
    /// Nothing here imports what would have to be replaced.
    #[error("no object of this process imports what would have to be replaced: is it linked statically?")]
    NoSlots,
    /// The system has no room for one more key of thread data.
    #[error("there is no room for a key of thread data: the process has too many")]
    NoKey,
    /// A region is at work.
    #[error("a region is at work: its threads must leave first")]
    Busy,
    /// Nothing of this is possible here.
    #[error("schedules are controlled on Linux with glibc on x86-64 and aarch64: run there, or with free threads")]
    Platform,
}

/// What is patched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Slots and objects, and the objects left alone.
    pub count: Count,
    /// Whether the GIL was recognised.
    pub gil: bool,
}

/// What the last look at the loaded objects found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Slots that are redirected.
    pub slots: usize,
    /// Objects they belong to.
    pub objects: usize,
    /// Objects left alone, with the reason.
    pub left: BTreeSet<(String, String)>,
}
