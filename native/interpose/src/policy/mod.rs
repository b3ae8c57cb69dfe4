//! Policies: which thread goes on at a decision. Each is a deterministic function of its seed and of what it was asked.

mod default;
mod pct;
mod pos;
mod random;
mod replay;
mod surw;
mod walk;

use std::str::FromStr;

/// A thread that could go on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    /// Its number in the program.
    pub(crate) thread: u32,
    /// Whether what it does next touches a handle: a step, a marked point, a free.
    pub(crate) marked: bool,
    /// What it is about to touch; equal for equal objects, and otherwise without meaning.
    pub(crate) object: usize,
    /// Whether it goes on because a time-out fires.
    pub(crate) times_out: bool,
}

/// What a policy is asked. There are always at least two candidates, in the order of their numbers.
#[derive(Debug)]
pub(crate) struct Choice<'a> {
    /// The decision's number in its region.
    pub(crate) at: u32,
    /// The position of the running thread, if it can go on.
    pub(crate) current: Option<usize>,
    /// The position that the non-preemptive default takes.
    pub(crate) default: usize,
    /// Whether the running thread asks for others to go first (it yields, or it polls).
    pub(crate) polite: bool,
    pub(crate) candidates: &'a [Candidate],
}

/// Chooses.
pub(crate) trait Policy: Send {
    /// The position of the candidate that goes on.
    fn choose(&mut self, choice: &Choice<'_>) -> usize;

    /// The first decision at which what was asked for could not be done.
    fn diverged(&self) -> Option<u32> {
        None
    }
}

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

/// What policies are made from.
#[derive(Debug)]
pub(crate) struct Recipe<'a> {
    pub(crate) kind: PolicyKind,
    pub(crate) seed: u64,
    pub(crate) depth: u32,
    /// How many decisions are to be expected.
    pub(crate) length: u32,
    pub(crate) threads: usize,
    pub(crate) switches: &'a [(u32, u32)],
}

pub(crate) fn make(recipe: &Recipe<'_>) -> Box<dyn Policy> {
    let &Recipe { kind, seed, depth, length, threads, switches } = recipe;
    match kind {
        PolicyKind::Default => Box::new(default::Default),
        PolicyKind::Replay => Box::new(replay::Replay::new(switches)),
        PolicyKind::Pct => Box::new(pct::Pct::new(seed, depth, length)),
        PolicyKind::Pos => Box::new(pos::Pos::new(seed)),
        PolicyKind::Surw => Box::new(surw::Surw::new(seed, length, threads)),
        PolicyKind::Walk => Box::new(walk::Walk::new(seed)),
    }
}
