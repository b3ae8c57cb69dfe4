//! The address range that guarded blocks are cut from, in order, and never twice.

use std::io;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};

use crate::PagesError;
use crate::method::{GUARD_INSTALL, Method, userfault};

/// Below this a hunt would run without a guard most of the time.
const LEAST: usize = 1 << 24;

/// Reserved addresses, most of them without memory. It is never unmapped: stale pointers lead into it.
#[derive(Debug)]
pub(crate) struct Arena {
    start: usize,
    pages: usize,
    page: usize,
    method: Method,
    next: AtomicUsize,
    userfault: AtomicI32,
}

impl Arena {
    /// Take `bytes` of addresses, or half of it, or a quarter …: a limit on the address space leaves less.
    pub(crate) fn reserve(bytes: usize, method: Option<Method>) -> Result<Self, PagesError> {
        if bytes < LEAST {
            return Err(PagesError::Small { asked: bytes as u64, least: LEAST as u64 });
        }
        // SAFETY: the call reads a constant of the system.
        let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096);
        let method = method.unwrap_or_else(|| Method::probe(page));
        let access = if method == Method::Mapping { libc::PROT_NONE } else { libc::PROT_READ | libc::PROT_WRITE };
        let mut length = bytes & !(page - 1);
        loop {
            match map(length, access) {
                Ok(start) => {
                    let (next, userfault) = (AtomicUsize::new(0), AtomicI32::new(-1));
                    return Ok(Self { start, pages: length / page, page, method, next, userfault });
                }
                Err(_) if length / 2 >= LEAST => length = (length / 2) & !(page - 1),
                Err(source) => return Err(PagesError::Os { action: "reserve addresses for the page guard", source }),
            }
        }
    }

    /// Make it work in this process: a userfaultfd does not survive a fork.
    pub(crate) fn activate(&self) -> Result<(), PagesError> {
        if self.method != Method::Userfault {
            return Ok(());
        }
        let refuse = || PagesError::Os { action: "register a userfaultfd", source: io::Error::last_os_error() };
        let fd = userfault::open().ok_or_else(refuse)?;
        if !userfault::register(fd, self.start, self.pages * self.page) {
            let error = refuse();
            userfault::close(fd);
            return Err(error);
        }
        self.userfault.store(fd, Ordering::Relaxed);
        Ok(())
    }

    pub(crate) fn method(&self) -> Method {
        self.method
    }

    pub(crate) fn page(&self) -> usize {
        self.page
    }

    pub(crate) fn pages(&self) -> usize {
        self.pages
    }

    /// The number of the page that holds `address`, if it is one of ours.
    #[inline]
    pub(crate) fn find(&self, address: usize) -> Option<usize> {
        let page = address.checked_sub(self.start)? / self.page;
        (page < self.pages).then_some(page)
    }

    /// The address of a page.
    #[inline]
    pub(crate) fn address(&self, page: usize) -> usize {
        self.start + page * self.page
    }

    /// The first of `count` fresh, zeroed, accessible pages with what the method puts behind them.
    #[inline]
    pub(crate) fn take(&self, count: usize) -> Option<usize> {
        let all = count + self.method.gap();
        let first = self.next.fetch_add(all, Ordering::Relaxed);
        if first.checked_add(all)? > self.pages {
            self.next.fetch_sub(all, Ordering::Relaxed);
            return None;
        }
        let done = match self.method {
            Method::Advice => self.advise(first + count, 1, GUARD_INSTALL),
            Method::Userfault => {
                userfault::zero(self.userfault.load(Ordering::Relaxed), self.address(first), count * self.page)
            }
            Method::Mapping => self.map_over(first, count, libc::PROT_READ | libc::PROT_WRITE),
        };
        done.then_some(first)
    }

    /// Make pages inaccessible for good.
    #[inline]
    pub(crate) fn close(&self, first: usize, count: usize) -> bool {
        match self.method {
            Method::Advice => self.advise(first, count, GUARD_INSTALL),
            Method::Userfault => self.advise(first, count, libc::MADV_DONTNEED),
            Method::Mapping => self.map_over(first, count, libc::PROT_NONE),
        }
    }

    fn advise(&self, first: usize, count: usize, advice: libc::c_int) -> bool {
        let address = ptr::with_exposed_provenance_mut(self.address(first));
        // SAFETY: `take` gave these pages of our own mapping to one block, and that block is over or not handed out.
        unsafe { libc::madvise(address, count * self.page, advice) == 0 }
    }

    fn map_over(&self, first: usize, count: usize, access: libc::c_int) -> bool {
        let address = ptr::with_exposed_provenance_mut(self.address(first));
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED;
        // SAFETY: as in `advise`: only pages of our own mapping are replaced.
        let mapped = unsafe { libc::mmap(address, count * self.page, access, flags, -1, 0) };
        mapped != libc::MAP_FAILED
    }
}

/// Fresh zeroed memory that takes room only where it is touched.
pub(crate) fn map(length: usize, access: libc::c_int) -> io::Result<usize> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    // SAFETY: without MAP_FIXED the kernel chooses an unused address, so no existing memory is affected.
    let start = unsafe { libc::mmap(ptr::null_mut(), length, access, flags, -1, 0) };
    if start == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(start.expose_provenance()) }
}
