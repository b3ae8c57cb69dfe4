//! Stand-in where there is no sealed anonymous memory: cannot be constructed, says why.

use std::convert::Infallible;
use std::sync::atomic::AtomicU64;

use crate::JournalError;

#[derive(Debug)]
pub(crate) struct Memory(Infallible);

impl Memory {
    pub(crate) fn create(_words: usize) -> Result<Self, JournalError> {
        Err(JournalError::Unsupported)
    }

    pub(crate) fn attach(_fd: i32) -> Result<Self, JournalError> {
        Err(JournalError::Unsupported)
    }

    pub(crate) fn words(&self) -> &[AtomicU64] {
        match self.0 {}
    }

    #[cfg(unix)]
    pub(crate) fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        match self.0 {}
    }
}
