//! What is written into the journal. Called by the fault handler: no lock, no allocation.

use std::sync::atomic::Ordering;

use rmp::encode::{write_array_len, write_bin, write_nil, write_sint, write_str, write_uint};

use crate::ledger::{DEPTH, Trace};
use crate::{Guard, Moment, mappings, seats, trace};

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    UseAfterFree,
    OutOfBounds,
    DoubleFree,
    InvalidFree,
    SlackWritten,
    UseAfterUnmap,
    NullPointer,
    WildPointer,
    StackOverflow,
    Exhausted,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::UseAfterFree => "use after free",
            Self::OutOfBounds => "out of bounds",
            Self::DoubleFree => "double free",
            Self::InvalidFree => "invalid free",
            Self::SlackWritten => "slack written",
            Self::UseAfterUnmap => "use after unmap",
            Self::NullPointer => "null pointer",
            Self::WildPointer => "wild pointer",
            Self::StackOverflow => "stack overflow",
            Self::Exhausted => "exhausted",
        }
    }
}

/// By what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
    /// The processor does not say which.
    Touch,
    Free,
    /// The kernel, on behalf of a system call.
    System(&'static str),
}

impl Access {
    const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Touch => "touch",
            Self::Free => "free",
            Self::System(call) => call,
        }
    }
}

/// Room for the longest record: a stack.
const LONGEST: usize = 64 + 9 * DEPTH;

/// What `rmp` writes into: a slice that shrinks from the front.
type ByteWriter<'b> = &'b mut [u8];

/// A record under construction. What does not fit is lost, which no record of ours does.
struct Line {
    bytes: [u8; LONGEST],
    left: usize,
}

impl Line {
    fn new(letter: &str, items: u32) -> Self {
        let mut line = Self { bytes: [0; LONGEST], left: LONGEST };
        line.put(|to| write_array_len(to, items).is_ok());
        line.text(letter);
        line
    }

    fn put(&mut self, write: impl FnOnce(&mut ByteWriter<'_>) -> bool) {
        let from = LONGEST - self.left;
        let mut rest = &mut self.bytes[from..];
        if write(&mut rest) {
            self.left = rest.len();
        }
    }

    fn text(&mut self, text: &str) {
        self.put(|to| write_str(to, text).is_ok());
    }

    fn number(&mut self, number: u64) {
        self.put(|to| write_uint(to, number).is_ok());
    }

    fn signed(&mut self, number: i64) {
        self.put(|to| write_sint(to, number).is_ok());
    }

    fn moment(&mut self, moment: Option<Moment>) {
        match moment.filter(|moment| moment.program() == seats::program()) {
            Some(moment) => {
                self.put(|to| write_array_len(to, 2).is_ok());
                self.signed(moment.step().into());
                self.signed(moment.thread().into());
            }
            None => self.put(|to| write_nil(to).is_ok()),
        }
    }

    /// A journal that is full loses it: the process dies either way.
    fn append(&self, guard: &Guard) {
        drop(guard.journal().append(&self.bytes[..LONGEST - self.left]));
    }
}

/// What is known of an address.
#[derive(Clone, Copy, Default)]
pub(crate) struct Place {
    /// Bytes from the start of the block, or from address 0 where there is none.
    offset: i64,
    size: u64,
    made: Option<Moment>,
    freed: Option<Moment>,
    /// The number of the block's record.
    number: Option<u32>,
}

impl Place {
    pub(crate) fn of(guard: &Guard, address: usize) -> Self {
        let from = |start: usize| address.wrapping_sub(start).cast_signed() as i64;
        if let Some((number, record)) = guard.block(address) {
            let (made, freed) = (Some(record.made()), record.freed());
            let size = record.size.load(Ordering::Relaxed) as u64;
            return Self {
                offset: from(record.start.load(Ordering::Relaxed)),
                size,
                made,
                freed,
                number: Some(number),
            };
        }
        if let Some(gone) = mappings::gone(address) {
            let (made, freed) = (Some(gone.made), Some(gone.freed));
            return Self { offset: from(gone.start), size: gone.length as u64, made, freed, number: None };
        }
        Self { offset: from(0), ..Self::default() }
    }
}

/// Append the record of a fault, with the stacks if they were asked for. `counter`: the instruction.
pub(crate) fn append(guard: &Guard, kind: Kind, access: Access, place: &Place, counter: Option<usize>) {
    let mut line = Line::new("V", 8);
    line.text(kind.name());
    line.text(access.name());
    line.signed(place.offset);
    line.number(place.size);
    line.moment(place.made);
    line.moment(place.freed);
    line.moment(Some(seats::now()));
    line.append(guard);
    if guard.tracing() {
        append_stacks(guard, place.number.and_then(|number| guard.ledger().trace(number)), counter);
    }
}

/// Append that the guard has no addresses left.
pub(crate) fn exhausted(guard: &Guard) {
    let mut line = Line::new("V", 8);
    line.text(Kind::Exhausted.name());
    line.text(Access::Free.name());
    line.signed(0);
    line.number(guard.capacity());
    line.moment(None);
    line.moment(None);
    line.moment(Some(seats::now()));
    line.append(guard);
}

fn append_stacks(guard: &Guard, trace: Option<&Trace>, counter: Option<usize>) {
    if let Some(trace) = trace {
        append_stack(guard, "made", trace::frames(&trace.made));
        append_stack(guard, "freed", trace::frames(&trace.freed));
    }
    trace::maps(|part| append_part(guard, part));
    // Last, for it may run into what is broken.
    let here = trace::here(counter);
    append_stack(guard, "touched", trace::frames(&here));
}

fn append_stack(guard: &Guard, whose: &str, frames: impl Iterator<Item = usize>) {
    let mut kept = [0; DEPTH];
    let mut count = 0;
    for (slot, frame) in kept.iter_mut().zip(frames) {
        *slot = frame;
        count += 1;
    }
    if count == 0 {
        return;
    }
    let mut line = Line::new("N", 3);
    line.text(whose);
    line.put(|to| write_array_len(to, count).is_ok());
    for frame in &kept[..count as usize] {
        line.number(*frame as u64);
    }
    line.append(guard);
}

/// Longest part of the list of mappings in one record.
pub(crate) const PART: usize = 4096;

fn append_part(guard: &Guard, part: &[u8]) {
    let mut bytes = [0; PART + 16];
    let all = bytes.len();
    let mut rest = &mut bytes[..];
    let written = write_array_len(&mut rest, 2).is_ok()
        && write_str(&mut rest, "M").is_ok()
        && write_bin(&mut rest, part).is_ok();
    let used = all - rest.len();
    if written {
        drop(guard.journal().append(&bytes[..used]));
    }
}
