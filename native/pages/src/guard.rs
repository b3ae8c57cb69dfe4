//! The allocator itself.

use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use deadhand_journal::Journal;

use crate::arena::Arena;
use crate::ledger::{Ledger, Record, State};
use crate::report::{self, Access, Kind, Place};
use crate::{Method, Moment, PagesError, aim, fault, objects, seats, stack, trace};

/// What `malloc` promises on the platforms we are built for.
pub(crate) const ALIGNMENT: usize = 16;
/// Fills the slack behind a block.
const CANARY: u8 = 0xA7;
/// A block may take this part of the addresses: what is larger is mapped, and unmapped, by the C library itself.
const LARGEST: usize = 256;
/// Live blocks may take this part of the addresses together: they are memory, a page at least for each.
const LIVE: usize = 64;

static GUARD: OnceLock<Guard> = OnceLock::new();

/// The page guard of this process.
#[derive(Debug)]
pub struct Guard {
    arena: Arena,
    ledger: Ledger,
    journal: Arc<Journal>,
    armed: AtomicBool,
    tracing: AtomicBool,
    passed: AtomicUsize,
    exhausted: AtomicBool,
    allocated: AtomicUsize,
    released: AtomicUsize,
    bytes: AtomicU64,
    /// Pages of live blocks.
    pages: AtomicUsize,
}

/// What the guard has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Blocks it allocated.
    pub allocated: usize,
    /// Blocks freed of those.
    pub freed: usize,
    /// Blocks that it left to the real allocator: too large, too strictly aligned, too many, or no addresses left.
    pub passed: usize,
    /// Bytes in live blocks.
    pub bytes: u64,
}

/// Live blocks that one moment allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// When.
    pub made: Moment,
    /// How many.
    pub blocks: u64,
    /// Bytes in all of them.
    pub bytes: u64,
}

/// A free that is none.
pub(crate) struct Misuse {
    kind: Kind,
    address: usize,
}

impl Guard {
    /// Reserve `bytes` of addresses for guarded blocks, or half of it, or a quarter …, where a limit forbids more.
    ///
    /// `method` is probed if it is not given.
    ///
    /// # Errors
    /// [`PagesError::Taken`], [`PagesError::Small`], [`PagesError::Os`].
    pub fn reserve(journal: Arc<Journal>, bytes: u64, method: Option<Method>) -> Result<&'static Self, PagesError> {
        if GUARD.get().is_some() {
            return Err(PagesError::Taken);
        }
        let arena = Arena::reserve(usize::try_from(bytes).unwrap_or(usize::MAX), method)?;
        let ledger = Ledger::new(arena.pages(), arena.method().gap())?;
        let (armed, tracing, exhausted) = (AtomicBool::new(false), AtomicBool::new(false), AtomicBool::new(false));
        let [passed, allocated, released, pages] = [const { AtomicUsize::new(0) }; 4];
        let bytes = AtomicU64::new(0);
        let guard =
            Self { arena, ledger, journal, armed, tracing, passed, exhausted, allocated, released, bytes, pages };
        GUARD.set(guard).map_err(|_| PagesError::Taken)?;
        Self::get().ok_or(PagesError::Taken)
    }

    /// The guard, if one was reserved.
    #[inline]
    pub fn get() -> Option<&'static Self> {
        GUARD.get()
    }

    /// Guard what is allocated from now on, and catch faults. `stacks` are costly: for a second look at a hit.
    ///
    /// # Errors
    /// [`PagesError::Os`] if the system refuses what it did not refuse when the guard was reserved.
    pub fn arm(&self, stacks: bool) -> Result<(), PagesError> {
        self.arena.activate()?;
        if stacks {
            trace::prime();
        }
        stack::give_this_thread()?;
        fault::install()?;
        self.tracing.store(stacks, Ordering::Relaxed);
        self.armed.store(true, Ordering::Release);
        Ok(())
    }

    /// Guard nothing new. Blocks that are out stay guarded.
    pub fn disarm(&self) {
        self.armed.store(false, Ordering::Release);
    }

    /// Put the guard under the interpreter's allocators. Attached to the interpreter only, and once.
    ///
    /// # Errors
    /// [`PagesError::NoInterpreter`].
    pub fn guard_objects(&self) -> Result<(), PagesError> {
        objects::hook()
    }

    /// Have the import slots of all loaded libraries lead to the guard. Returns how many do.
    ///
    /// With `libraries` only those whose path ends in one of them allocate from it, and the C++ library for them; all
    /// others only give back. What is loaded later is looked at when the next step begins.
    #[must_use]
    pub fn patch(&self, libraries: Option<Vec<String>>) -> usize {
        aim::patch(libraries)
    }

    /// This thread is in a step from now on, inside what it is in already, until [`Self::end`].
    pub fn begin(&self, step: i32, thread: i16) {
        aim::refresh();
        seats::enter(step, thread);
    }

    /// The step that this thread began last is over.
    pub fn end(&self) {
        seats::leave();
    }

    /// This thread is in no step, but in what the caller numbers so, until something else is said. What it allocates
    /// meanwhile is not guarded.
    pub fn rest(&self, step: i32, thread: i16) {
        seats::rest(step, thread);
    }

    /// Another program begins: what was allocated before it is not its doing.
    pub fn next_program(&self) {
        self.ledger.mark();
        seats::next_program();
    }

    /// By what pages are made inaccessible.
    #[must_use]
    pub fn method(&self) -> Method {
        self.arena.method()
    }

    /// Bytes of addresses that there are in all.
    #[must_use]
    pub fn capacity(&self) -> u64 {
        (self.arena.pages() * self.arena.page()) as u64
    }

    /// What was done so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            allocated: self.allocated.load(Ordering::Relaxed),
            freed: self.released.load(Ordering::Relaxed),
            passed: self.passed.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }

    /// The live blocks of the program that runs, by the moment that allocated them.
    #[must_use]
    pub fn left(&self) -> Vec<Left> {
        let mut found: Vec<Left> = Vec::new();
        let now = seats::program();
        for record in self.ledger.since_mark().filter(|record| record.state() == State::Live) {
            let made = record.made();
            if made.program() != now {
                continue;
            }
            let size = record.size.load(Ordering::Relaxed) as u64;
            match found.iter_mut().find(|left| left.made == made) {
                Some(left) => (left.blocks, left.bytes) = (left.blocks + 1, left.bytes + size),
                None => found.push(Left { made, blocks: 1, bytes: size }),
            }
        }
        found
    }

    pub(crate) fn is_armed(&self) -> bool {
        self.armed.load(Ordering::Relaxed)
    }

    pub(crate) fn journal(&self) -> &Journal {
        &self.journal
    }

    pub(crate) fn tracing(&self) -> bool {
        self.tracing.load(Ordering::Relaxed)
    }

    /// Whether `address` is in the range of guarded blocks.
    #[inline]
    pub(crate) fn holds(&self, address: usize) -> bool {
        self.arena.find(address).is_some()
    }

    /// The number and the record of the block that `address` is in, or near.
    pub(crate) fn block(&self, address: usize) -> Option<(u32, &Record)> {
        self.ledger.find(self.arena.find(address)?)
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// A block of `size` zeroed bytes, or nothing if it is for the real allocator.
    #[inline]
    pub(crate) fn allocate(&self, size: usize, alignment: usize) -> Option<NonNull<u8>> {
        if !self.armed.load(Ordering::Relaxed) {
            return None;
        }
        let made = seats::at_work()?;
        let block = self.cut(size, alignment.max(ALIGNMENT), made);
        if block.is_none() {
            self.passed.fetch_add(1, Ordering::Relaxed);
        }
        block
    }

    fn cut(&self, size: usize, alignment: usize, made: Moment) -> Option<NonNull<u8>> {
        let page = self.arena.page();
        if size > self.arena.pages() / LARGEST * page || alignment > page {
            return None;
        }
        let room = size.max(1).next_multiple_of(ALIGNMENT);
        let pages = (room + alignment - ALIGNMENT).div_ceil(page);
        let room_left = self.pages.load(Ordering::Relaxed) + pages <= self.arena.pages() / LIVE;
        let Some(first) = room_left.then(|| self.arena.take(pages)).flatten() else {
            self.say_exhausted();
            return None;
        };
        let end = self.arena.address(first + pages);
        let start = (end - room) & !(alignment - 1);
        let number = self.ledger.open(start, size, first, pages, self.arena.method().gap(), made)?;
        let block = ptr::with_exposed_provenance_mut::<u8>(start);
        // SAFETY: `start + size` lies in the pages that were made accessible for this block just now, before their end.
        let slack = unsafe { block.add(size) };
        // SAFETY: as above; the slack reaches to the end of those pages.
        unsafe { slack.write_bytes(CANARY, end - start - size) };
        if self.tracing()
            && let Some(trace) = self.ledger.trace(number)
        {
            trace::take(&trace.made);
        }
        self.pages.fetch_add(pages, Ordering::Relaxed);
        self.allocated.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(size as u64, Ordering::Relaxed);
        NonNull::new(block)
    }

    /// Free a block. Its pages are gone when this returns.
    #[inline]
    pub(crate) fn release(&self, address: usize) -> Result<(), Misuse> {
        let Some((number, record)) = self.block(address) else {
            return Err(Misuse { kind: Kind::InvalidFree, address });
        };
        let start = record.start.load(Ordering::Relaxed);
        if start != address {
            return Err(Misuse { kind: Kind::InvalidFree, address });
        }
        let (first, pages) =
            (record.first.load(Ordering::Relaxed) as usize, record.pages.load(Ordering::Relaxed) as usize);
        let size = record.size.load(Ordering::Relaxed);
        if record.state() == State::Live
            && let Some(changed) = first_change(start + size, self.arena.address(first + pages))
        {
            return Err(Misuse { kind: Kind::SlackWritten, address: changed });
        }
        if !record.end(seats::now()) {
            return Err(Misuse { kind: Kind::DoubleFree, address });
        }
        if self.tracing()
            && let Some(trace) = self.ledger.trace(number)
        {
            trace::take(&trace.freed);
        }
        self.pages.fetch_sub(pages, Ordering::Relaxed);
        self.released.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_sub(size as u64, Ordering::Relaxed);
        self.arena.close(first, pages);
        Ok(())
    }

    /// Bytes asked for when the live block at `address` was allocated.
    #[inline]
    pub(crate) fn size(&self, address: usize) -> Result<usize, Misuse> {
        match self.block(address) {
            Some((_, record)) if record.start.load(Ordering::Relaxed) == address => match record.state() {
                State::Live => Ok(record.size.load(Ordering::Relaxed)),
                _ => Err(Misuse { kind: Kind::UseAfterFree, address }),
            },
            _ => Err(Misuse { kind: Kind::InvalidFree, address }),
        }
    }

    fn say_exhausted(&self) {
        if !self.exhausted.swap(true, Ordering::Relaxed) {
            report::exhausted(self);
        }
    }
}

impl Misuse {
    /// Write it down and end the process, as glibc does.
    #[cold]
    pub(crate) fn die(self, guard: &Guard) -> ! {
        let access = match self.kind {
            Kind::SlackWritten => Access::Write,
            _ => Access::Free,
        };
        report::append(guard, self.kind, access, &Place::of(guard, self.address), None);
        // SAFETY: the call ends the process, by way of the handler for SIGABRT.
        unsafe { libc::abort() }
    }
}

/// The first byte of the slack that is not as it was.
#[inline]
fn first_change(from: usize, to: usize) -> Option<usize> {
    (from..to).find(|at| {
        // SAFETY: the caller names the slack of a live block, which is accessible memory of ours.
        (unsafe { ptr::with_exposed_provenance::<u8>(*at).read_volatile() }) != CANARY
    })
}
