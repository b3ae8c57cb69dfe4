//! Shared mappings, seen as atomic words.
#![expect(unsafe_code, reason = "mapping memory and looking at it")]

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::ptr::{self, NonNull};
use std::sync::atomic::AtomicU64;

use rustix::fs::fstat;
use rustix::io::{Errno, fcntl_dupfd_cloexec};
use rustix::mm::{MapFlags, ProtFlags, mmap, mmap_anonymous, munmap};

use super::LedgerError;

/// A mapping that is shared with whoever forks from this process or maps the descriptor.
#[derive(Debug)]
pub(crate) struct Memory {
    start: NonNull<AtomicU64>,
    words: usize,
    file: Option<OwnedFd>,
}

// SAFETY: the mapping belongs to no thread, and is unmapped once, by its owner.
unsafe impl Send for Memory {}
// SAFETY: through `&Memory` there are only atomics to reach.
unsafe impl Sync for Memory {}

impl Memory {
    /// Zeroed memory behind a sealed descriptor.
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    pub(crate) fn create(words: usize) -> Result<Self, LedgerError> {
        use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};

        let file = memfd_create("deadhand-ledger", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING);
        let file = file.map_err(refused("create the ledger's memory"))?;
        ftruncate(&file, bytes_of(words) as u64).map_err(refused("size the ledger's memory"))?;
        // A file that cannot shrink cannot turn a read of ours into a SIGBUS.
        let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
        fcntl_add_seals(&file, seals).map_err(refused("seal the ledger's memory"))?;
        Self::map(file, words)
    }

    /// There is no memfd here.
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
    pub(crate) fn create(_words: usize) -> Result<Self, LedgerError> {
        Err(LedgerError::Unsupported { what: "memfd", instead: "use an anonymous ledger and fork" })
    }

    /// Zeroed memory without a descriptor.
    pub(crate) fn anonymous(words: usize) -> Result<Self, LedgerError> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: without MAP_FIXED the kernel takes an unused address, so nothing that exists is changed.
        let start = unsafe { mmap_anonymous(ptr::null_mut(), bytes_of(words), access, MapFlags::SHARED) };
        Self::own(start, words, None)
    }

    /// The memory behind a descriptor of somebody else, which must have that many words and be sealed if it can be.
    pub(crate) fn attach(fd: i32, words: usize) -> Result<Self, LedgerError> {
        let not = |reason| LedgerError::NotALedger { fd, reason };
        if fd < 0 {
            return Err(not("a descriptor is never negative"));
        }
        // SAFETY: it is not -1, and fcntl answers EBADF if it is not open.
        let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
        let file = match fcntl_dupfd_cloexec(borrowed, 0) {
            Err(Errno::BADF) => return Err(not("it is not open in this process")),
            other => other.map_err(refused("duplicate the descriptor"))?,
        };
        if !cannot_shrink(&file) {
            return Err(not("it is not sealed shared memory"));
        }
        let size = fstat(&file).map_err(refused("measure the ledger's memory"))?.st_size;
        if usize::try_from(size) != Ok(bytes_of(words)) {
            return Err(not("its size is wrong"));
        }
        Self::map(file, words)
    }

    fn map(file: OwnedFd, words: usize) -> Result<Self, LedgerError> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: as for `anonymous`.
        let start = unsafe { mmap(ptr::null_mut(), bytes_of(words), access, MapFlags::SHARED, &file, 0) };
        Self::own(start, words, Some(file))
    }

    fn own(
        mapped: Result<*mut std::ffi::c_void, Errno>,
        words: usize,
        file: Option<OwnedFd>,
    ) -> Result<Self, LedgerError> {
        let map = refused("map the ledger's memory");
        let start = NonNull::new(mapped.map_err(&map)?).ok_or_else(|| map(Errno::FAULT))?;
        Ok(Self { start: start.cast(), words, file })
    }

    #[inline]
    pub(crate) fn words(&self) -> &[AtomicU64] {
        // SAFETY: a mapping starts at a page, has `words` words which sealing keeps there, and lives as long as
        // `self`; any bits are a word, and as other processes write them they are atomics.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.words) }
    }

    pub(crate) fn as_raw_fd(&self) -> Option<i32> {
        self.file.as_ref().map(AsRawFd::as_raw_fd)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: this is exactly what was mapped, and all that leads into it borrows `self`.
        let unmapped = unsafe { munmap(self.start.as_ptr().cast(), bytes_of(self.words)) };
        debug_assert!(unmapped.is_ok(), "munmap of an own mapping failed: {unmapped:?}");
    }
}

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
fn cannot_shrink(file: &OwnedFd) -> bool {
    use rustix::fs::{SealFlags, fcntl_get_seals};
    fcntl_get_seals(file).is_ok_and(|seals| seals.contains(SealFlags::SHRINK))
}

/// Without seals a file could shrink under its reader.
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
fn cannot_shrink(_file: &OwnedFd) -> bool {
    false
}

fn bytes_of(words: usize) -> usize {
    words * size_of::<AtomicU64>()
}

fn refused(action: &'static str) -> impl Fn(Errno) -> LedgerError {
    move |error| LedgerError::Os { action, source: error.into() }
}
