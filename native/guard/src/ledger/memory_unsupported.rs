//! Stand-in where there are no shared mappings: cannot be made, and says so.

use std::convert::Infallible;
use std::sync::atomic::AtomicU64;

use super::LedgerError;

const UNSUPPORTED: LedgerError =
    LedgerError::Unsupported { what: "shared mapping that a dead process leaves behind", instead: "run on Unix" };

#[derive(Debug)]
pub(crate) struct Memory(Infallible);

impl Memory {
    pub(crate) fn create(_words: usize) -> Result<Self, LedgerError> {
        Err(UNSUPPORTED)
    }

    pub(crate) fn anonymous(_words: usize) -> Result<Self, LedgerError> {
        Err(UNSUPPORTED)
    }

    pub(crate) fn attach(_fd: i32, _words: usize) -> Result<Self, LedgerError> {
        Err(UNSUPPORTED)
    }

    pub(crate) fn words(&self) -> &[AtomicU64] {
        match self.0 {}
    }

    pub(crate) fn as_raw_fd(&self) -> Option<i32> {
        match self.0 {}
    }
}
