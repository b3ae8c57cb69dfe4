//! Sealed anonymous memory, seen as atomic words. The only unsafe code of the crate.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::{self, NonNull};
use std::sync::atomic::AtomicU64;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, fstat, ftruncate, memfd_create};
use rustix::io::{Errno, fcntl_dupfd_cloexec};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use crate::JournalError;
use crate::layout::{HEADER_WORDS, WORD};

/// Neither grow nor shrink: a mapped word stays a word until it is unmapped.
const SEALS: SealFlags = SealFlags::SHRINK.union(SealFlags::GROW);

/// A shared mapping and the descriptor it came from.
#[derive(Debug)]
pub(crate) struct Memory {
    start: NonNull<AtomicU64>,
    words: usize,
    file: OwnedFd,
}

// SAFETY: the mapping belongs to no thread, is reached only through atomics, and is unmapped once, by the owner.
unsafe impl Send for Memory {}
// SAFETY: shared access is access to `[AtomicU64]`, which is `Sync`.
unsafe impl Sync for Memory {}

impl Memory {
    /// New zeroed memory.
    pub(crate) fn create(words: usize) -> Result<Self, JournalError> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let file = memfd_create("deadhand-journal", flags).map_err(os("create shared memory"))?;
        ftruncate(&file, words as u64 * WORD).map_err(os("size the shared memory"))?;
        fcntl_add_seals(&file, SEALS | SealFlags::SEAL).map_err(os("seal the shared memory"))?;
        Self::map(file, words)
    }

    /// The memory behind somebody else's descriptor, through a duplicate of it.
    pub(crate) fn attach(fd: i32) -> Result<Self, JournalError> {
        let refuse = |reason| JournalError::NotAJournal { fd, reason };
        if fd < 0 {
            return Err(refuse("a descriptor is never negative"));
        }
        // SAFETY: the number is not -1 and is only handed to fcntl, which answers EBADF when it is not open.
        let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
        let file = fcntl_dupfd_cloexec(borrowed, 0).map_err(|error| match error {
            Errno::BADF => refuse("it is not open in this process"),
            other => os("duplicate the descriptor")(other),
        })?;
        match fcntl_get_seals(&file) {
            Ok(seals) if seals.contains(SEALS) => {}
            Ok(_) | Err(Errno::INVAL) => return Err(refuse("it is not sealed shared memory")),
            Err(other) => return Err(os("read the seals")(other)),
        }
        let size = fstat(&file).map_err(os("measure the shared memory"))?.st_size;
        let bytes = u64::try_from(size).map_err(|_| refuse("its size is negative"))?;
        let words = usize::try_from(bytes / WORD).map_err(|_| refuse("it is larger than the address space"))?;
        if words <= HEADER_WORDS || !bytes.is_multiple_of(WORD) {
            return Err(refuse("its size is wrong"));
        }
        Self::map(file, words)
    }

    fn map(file: OwnedFd, words: usize) -> Result<Self, JournalError> {
        let bytes = words * size_of::<AtomicU64>();
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: without MAP_FIXED the kernel chooses an unused address, so no existing memory is affected.
        let start = unsafe { mmap(ptr::null_mut(), bytes, access, MapFlags::SHARED, &file, 0) };
        let start = start.map_err(os("map the shared memory"))?;
        let start = NonNull::new(start.cast()).ok_or_else(|| os("map the shared memory")(Errno::FAULT))?;
        Ok(Self { start, words, file })
    }

    /// Every word of the mapping, header first.
    #[inline]
    pub(crate) fn words(&self) -> &[AtomicU64] {
        // SAFETY: `start` is page-aligned and leads to `words` mapped words, which the seals keep backed by memory;
        // they live as long as `self`; any bit pattern is a word; other processes may write, hence atomics.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.words) }
    }

    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: `map` made exactly this mapping, and the slices that lead into it borrow `self`, so none is left.
        let unmapped = unsafe { munmap(self.start.as_ptr().cast(), self.words * size_of::<AtomicU64>()) };
        debug_assert!(unmapped.is_ok(), "munmap of an own mapping failed: {unmapped:?}");
    }
}

fn os(action: &'static str) -> impl Fn(Errno) -> JournalError {
    move |error| JournalError::Os { action, source: error.into() }
}
