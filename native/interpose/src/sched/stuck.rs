//! What cannot be got out of: it is written down, and the process ends.

use std::sync::Arc;

use deadhand_journal::{Journal, JournalError};

use super::record::Record;
use super::state::{State, Status, Thread};
use super::{Kind, Thing, graph};

/// The process ended because no thread of a region could go on. The parent knows it by this status.
pub const DEADLOCK: i32 = 89;
/// The process ended because its journal is full.
pub const FULL_JOURNAL: i32 = 87;

/// Why a region cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stuck {
    /// Threads wait for locks that other waiting threads hold.
    Deadlock,
    /// All threads wait, and none for something that somebody holds.
    LostWakeUp,
    /// The budget of decisions is used up.
    Livelock,
}

impl Stuck {
    const fn name(self) -> &'static str {
        match self {
            Self::Deadlock => "deadlock",
            Self::LostWakeUp => "lost wake-up",
            Self::Livelock => "livelock",
        }
    }
}

/// All threads wait: for each other, or for nobody?
pub(crate) fn all_wait(state: &State) -> Stuck {
    let waits_for_somebody = state.threads.iter().any(|thread| match &thread.status {
        Status::Blocked(wait) => graph::owners(state, wait).next().is_some() && wait.thing.kind != Kind::Thread,
        _ => false,
    });
    if waits_for_somebody { Stuck::Deadlock } else { Stuck::LostWakeUp }
}

/// Write down who waits for what, and leave the process at once.
pub(crate) fn give_up(state: &mut State, why: Stuck) -> ! {
    let record = describe(state, why);
    let status = write(state.journal.as_ref(), &record).err().unwrap_or(DEADLOCK);
    leave(status)
}

/// Append a record; a full journal ends the process, since what is not written down cannot be repeated.
pub(crate) fn append(journal: Option<&Arc<Journal>>, record: &Record) {
    if let Err(status) = write(journal, record) {
        leave(status);
    }
}

fn write(journal: Option<&Arc<Journal>>, record: &Record) -> Result<(), i32> {
    match journal.map(|journal| journal.append(record.bytes())) {
        Some(Err(JournalError::Full { .. })) => Err(FULL_JOURNAL),
        // A damaged journal is seen by its reader.
        _ => Ok(()),
    }
}

fn leave(status: i32) -> ! {
    // SAFETY: ends the process without running anything of it.
    unsafe { libc::_exit(status) }
}

fn describe(state: &mut State, why: Stuck) -> Record {
    let is_there = |thread: &Thread| !matches!(thread.status, Status::Left | Status::Ended | Status::Coming);
    let there: Vec<_> = (0..state.threads.len()).filter(|index| is_there(&state.threads[*index])).collect();
    let rows: Vec<_> = there.into_iter().map(|index| row(state, index)).collect();
    let mut record = Record::default().array(4).text("G").text(why.name()).number(state.number.into()).array(rows.len());
    for (thread, step, call, owner, name) in rows {
        record = record.array(5).number(thread.into()).number(step).text(call).number(owner).text(&name);
    }
    record
}

type Row = (u32, i64, &'static str, i64, String);

fn row(state: &mut State, index: usize) -> Row {
    let thread = &state.threads[index];
    let (number, step) = (thread.number, thread.step);
    let Status::Blocked(wait) = thread.status else {
        let doing = if matches!(thread.status, Status::Away) { "a system call" } else { "nothing: it runs" };
        return (number, step, doing, -1, String::new());
    };
    let others = graph::owners(state, &wait).find(|owner| *owner != index);
    let owner = others.or_else(|| graph::owners(state, &wait).next());
    let owner = owner.map_or(-1, |owner| state.threads[owner].number.into());
    (number, step, wait.call, owner, name(state, wait.thing))
}

/// What a thing is called: its kind and the order in which it was first met.
fn name(state: &mut State, thing: Thing) -> String {
    let number = state.number_of(thing);
    match thing.kind {
        Kind::Mutex => format!("mutex {number}"),
        Kind::Condition => format!("condition {number}"),
        Kind::RwLock => format!("rwlock {number}"),
        Kind::Semaphore => format!("semaphore {number}"),
        Kind::Futex => format!("futex {number}"),
        Kind::Thread => format!("join of thread {}", state.threads[thing.address].number),
        Kind::Gil => "the GIL".to_owned(),
        Kind::Sleep => "a sleep".to_owned(),
        Kind::Descriptor => format!("descriptor {number}"),
        Kind::Process => "a child process".to_owned(),
    }
}
