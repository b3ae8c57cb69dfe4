//! By what pages are made inaccessible.

use std::ptr;

/// `MADV_GUARD_INSTALL`, Linux 6.13.
pub(crate) const GUARD_INSTALL: libc::c_int = 102;

/// The ways, the best first: the first two leave the number of mappings alone, which the kernel limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `madvise(MADV_GUARD_INSTALL)`: Linux 6.13 and later.
    Advice,
    /// Pages that are missing raise SIGBUS by a userfaultfd: Linux 5.11 and later, where it is allowed. Not inherited
    /// by a fork.
    Userfault,
    /// Mapping inaccessible memory over them. No page between two blocks, so that neighbours share a mapping.
    Mapping,
}

impl Method {
    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Advice => "MADV_GUARD_INSTALL",
            Self::Userfault => "userfaultfd",
            Self::Mapping => "MAP_FIXED",
        }
    }

    /// Inaccessible pages behind each block.
    pub(crate) const fn gap(self) -> usize {
        match self {
            Self::Advice | Self::Userfault => 1,
            Self::Mapping => 0,
        }
    }

    /// The best that this kernel offers.
    pub(crate) fn probe(page: usize) -> Self {
        if Self::has_advice(page) {
            Self::Advice
        } else if userfault::open().is_some_and(userfault::close) {
            Self::Userfault
        } else {
            Self::Mapping
        }
    }

    fn has_advice(page: usize) -> bool {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: without MAP_FIXED the kernel chooses an unused address, so no existing memory is affected.
        let start = unsafe { libc::mmap(ptr::null_mut(), page, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) };
        if start == libc::MAP_FAILED {
            return false;
        }
        // SAFETY: the page was mapped just now and nobody else knows it.
        let done = unsafe { libc::madvise(start, page, GUARD_INSTALL) };
        // SAFETY: as above; it is not used any more.
        unsafe { libc::munmap(start, page) };
        done == 0
    }
}

/// The ioctls of userfaultfd(2) that are needed, with the structures of `linux/userfaultfd.h`.
pub(crate) mod userfault {
    const USER_MODE_ONLY: libc::c_int = 1;
    const API: u64 = 0xAA;
    const FEATURE_SIGBUS: u64 = 1 << 7;
    const MODE_MISSING: u64 = 1;
    const IOCTL_API: libc::c_ulong = 0xC018_AA3F;
    const IOCTL_REGISTER: libc::c_ulong = 0xC020_AA00;
    const IOCTL_ZEROPAGE: libc::c_ulong = 0xC020_AA04;

    #[repr(C)]
    struct Handshake {
        api: u64,
        features: u64,
        ioctls: u64,
    }

    #[repr(C)]
    struct Range {
        start: u64,
        len: u64,
        mode: u64,
        answer: u64,
    }

    /// A descriptor that makes missing pages raise SIGBUS in user mode, if the system allows it.
    pub(crate) fn open() -> Option<libc::c_int> {
        let flags = libc::O_CLOEXEC | libc::O_NONBLOCK | USER_MODE_ONLY;
        // SAFETY: the call takes one number and makes a descriptor.
        let fd = unsafe { libc::syscall(libc::SYS_userfaultfd, flags) };
        let fd = libc::c_int::try_from(fd).ok().filter(|fd| *fd >= 0)?;
        let mut handshake = Handshake { api: API, features: FEATURE_SIGBUS, ioctls: 0 };
        // SAFETY: the descriptor is a userfaultfd and the structure is the one that this ioctl fills.
        let done = unsafe { libc::ioctl(fd, IOCTL_API, &raw mut handshake) };
        if done == 0 && handshake.features & FEATURE_SIGBUS != 0 {
            return Some(fd);
        }
        close(fd);
        None
    }

    pub(crate) fn close(fd: libc::c_int) -> bool {
        // SAFETY: the descriptor is ours and is not used any more.
        unsafe { libc::close(fd) == 0 }
    }

    /// From now on a touch of what is missing in this range raises SIGBUS.
    pub(crate) fn register(fd: libc::c_int, start: usize, length: usize) -> bool {
        let mut range = Range { start: start as u64, len: length as u64, mode: MODE_MISSING, answer: 0 };
        // SAFETY: the structure is the one that this ioctl reads and fills; it changes no contents.
        unsafe { libc::ioctl(fd, IOCTL_REGISTER, &raw mut range) == 0 }
    }

    /// Put zeroed pages where they are missing.
    pub(crate) fn zero(fd: libc::c_int, start: usize, length: usize) -> bool {
        let mut range = Range { start: start as u64, len: length as u64, mode: 0, answer: 0 };
        // SAFETY: the structure is the one that this ioctl reads and fills; it refuses where there are pages.
        unsafe { libc::ioctl(fd, IOCTL_ZEROPAGE, &raw mut range) == 0 }
    }
}
