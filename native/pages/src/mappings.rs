//! Memory that libraries map and unmap themselves: files, shared memory. An address that was given back is kept from being
//! used again as long as there is room, and who gave it back is remembered.

use std::ffi::{c_int, c_void};
use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use libc::off_t;

use crate::{Guard, Moment, Replacement, seats};

/// Mappings that are remembered, in a process.
const MOST: usize = 4096;
/// What is mapped is mapped in pages of this size, or larger ones.
const PAGE: usize = 4096;
/// Bytes of addresses that are kept from being used again.
const KEPT: usize = 1 << 30;

struct Entry {
    start: AtomicUsize,
    length: AtomicUsize,
    made: AtomicU64,
    /// 0 while it is mapped.
    freed: AtomicU64,
}

static TABLE: [Entry; MOST] = [const {
    Entry { start: AtomicUsize::new(0), length: AtomicUsize::new(0), made: AtomicU64::new(0), freed: AtomicU64::new(0) }
}; MOST];
static NEXT: AtomicUsize = AtomicUsize::new(0);
static HELD: AtomicUsize = AtomicUsize::new(0);

/// A mapping that is gone.
#[derive(Clone, Copy)]
pub(crate) struct Gone {
    pub(crate) start: usize,
    pub(crate) length: usize,
    pub(crate) made: Moment,
    pub(crate) freed: Moment,
}

/// What was mapped at `address`, if it was given back and nothing else is known to be there.
pub(crate) fn gone(address: usize) -> Option<Gone> {
    let entry = newest(address)?;
    let freed = entry.freed.load(Ordering::Acquire);
    (freed != 0).then(|| Gone {
        start: entry.start.load(Ordering::Relaxed),
        length: entry.length.load(Ordering::Relaxed),
        made: Moment::from_word(entry.made.load(Ordering::Relaxed)),
        freed: Moment::from_word(freed),
    })
}

fn newest(address: usize) -> Option<&'static Entry> {
    let end = NEXT.load(Ordering::Acquire).min(MOST);
    TABLE[..end].iter().rev().find(|entry| {
        let inside = address.checked_sub(entry.start.load(Ordering::Acquire));
        inside.is_some_and(|inside| inside < entry.length.load(Ordering::Relaxed).next_multiple_of(PAGE))
    })
}

fn remember(start: usize, length: usize, made: Moment, freed: u64) {
    let at = NEXT.fetch_add(1, Ordering::AcqRel);
    let Some(entry) = TABLE.get(at) else {
        NEXT.store(MOST, Ordering::Release);
        return;
    };
    entry.length.store(length, Ordering::Relaxed);
    entry.made.store(made.to_word(), Ordering::Relaxed);
    entry.freed.store(freed, Ordering::Relaxed);
    entry.start.store(start, Ordering::Release);
}

fn is_at_work() -> bool {
    Guard::get().is_some_and(Guard::is_armed)
}

unsafe extern "C" fn mmap(
    address: *mut c_void,
    length: usize,
    access: c_int,
    flags: c_int,
    fd: c_int,
    offset: off_t,
) -> *mut c_void {
    // SAFETY: the caller's promise is passed on.
    let mapped = unsafe { libc::mmap(address, length, access, flags, fd, offset) };
    if mapped != libc::MAP_FAILED && is_at_work() {
        remember(mapped.expose_provenance(), length, seats::now(), 0);
    }
    mapped
}

unsafe extern "C" fn munmap(address: *mut c_void, length: usize) -> c_int {
    if !is_at_work() {
        // SAFETY: the caller's promise is passed on.
        return unsafe { libc::munmap(address, length) };
    }
    let start = address.expose_provenance();
    let known = newest(start).filter(|entry| entry.freed.load(Ordering::Acquire) == 0);
    let made = known.map_or(Moment::from_word(0), |entry| Moment::from_word(entry.made.load(Ordering::Relaxed)));
    let result = give_back(address, length);
    if result == 0 {
        remember(start, length, made, seats::now().to_word());
    }
    result
}

/// Unmap, but leave something inaccessible there, while there is room.
fn give_back(address: *mut c_void, length: usize) -> c_int {
    let has_room = HELD.load(Ordering::Relaxed).saturating_add(length) <= KEPT;
    if has_room && length > 0 {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED;
        // SAFETY: the caller gives up this range; what is put in its place can be neither read nor written.
        let over = unsafe { libc::mmap(address, length, libc::PROT_NONE, flags, -1, 0) };
        if over != libc::MAP_FAILED {
            HELD.fetch_add(length, Ordering::Relaxed);
            return 0;
        }
        if io::Error::last_os_error().raw_os_error() == Some(libc::EINVAL) {
            return -1;
        }
    }
    // SAFETY: the caller gives up this range.
    unsafe { libc::munmap(address, length) }
}

unsafe extern "C" fn mremap(
    old: *mut c_void,
    had: usize,
    wants: usize,
    flags: c_int,
    fixed: *mut c_void,
) -> *mut c_void {
    // SAFETY: the caller's promise is passed on.
    let moved = unsafe { libc::mremap(old, had, wants, flags, fixed) };
    if moved != libc::MAP_FAILED && is_at_work() {
        let now = seats::now();
        if moved == old {
            let shrunk = had.saturating_sub(wants);
            if shrunk > 0 {
                remember(old.expose_provenance() + wants, shrunk, now, now.to_word());
            }
        } else {
            let made = newest(old.expose_provenance())
                .map_or(now, |entry| Moment::from_word(entry.made.load(Ordering::Relaxed)));
            remember(old.expose_provenance(), had, made, now.to_word());
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED_NOREPLACE;
            // SAFETY: nothing is mapped there any more, and nothing is replaced.
            unsafe { libc::mmap(old, had, libc::PROT_NONE, flags, -1, 0) };
        }
        remember(moved.expose_provenance(), wants, now, 0);
    }
    moved
}

/// For every library in the process.
pub(crate) fn all() -> Vec<Replacement> {
    [
        (c"mmap", mmap as *const ()),
        (c"mmap64", mmap as *const ()),
        (c"munmap", munmap as *const ()),
        (c"mremap", mremap as *const ()),
    ]
    .map(|(name, function)| Replacement { name, function })
    .to_vec()
}

#[cfg(test)]
mod tests {
    use super::{gone, remember};
    use crate::Moment;

    #[test]
    fn what_was_said_last_of_an_address_counts() {
        let (start, made, freed) = (1 << 46, Moment::new(1, 1, 0), Moment::new(1, 2, 0));
        remember(start, 4096, made, 0);
        assert!(gone(start).is_none());
        remember(start, 4096, made, freed.to_word());
        let found = gone(start + 4095).expect("it is gone");
        assert_eq!((found.start, found.length, found.made, found.freed), (start, 4096, made, freed));
        assert!(gone(start + 4096).is_none());
        remember(start, 1, made, freed.to_word());
        assert!(gone(start + 4095).is_some(), "a page at least");
        remember(start, 8192, made, 0);
        assert!(gone(start).is_none(), "mapped again");
    }
}
