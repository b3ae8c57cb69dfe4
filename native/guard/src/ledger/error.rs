//! What can go wrong with a ledger, and what it is there to find.

use std::fmt;
use std::io;

use super::report::{KindReport, SiteReport};

/// Why a ledger could not be made or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The descriptor is open, or not, but leads to no ledger.
    #[error("file descriptor {fd} is not a ledger ({reason}): pass the fileno of one, inherited by this process")]
    NotALedger {
        /// The descriptor that was given.
        fd: i32,
        /// What was found instead.
        reason: &'static str,
    },
    /// The ledger is of another version of this crate.
    #[error("file descriptor {fd} is a ledger of format {found}, this build reads {expected}: use the same build")]
    Version {
        /// The descriptor that was given.
        fd: i32,
        /// Format found.
        found: u64,
        /// Format understood.
        expected: u64,
    },
    /// This platform has no such memory.
    #[error("this platform has no {what}: {instead}")]
    Unsupported {
        /// What is missing.
        what: &'static str,
        /// What to do instead.
        instead: &'static str,
    },
    /// The operating system refused.
    #[error("cannot {action}: {source}")]
    Os {
        /// What was attempted.
        action: &'static str,
        /// The refusal.
        source: io::Error,
    },
}

/// Objects were made and never freed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Leaked {
    /// The kinds that have some left.
    pub kinds: Vec<KindReport>,
}

impl fmt::Display for Leaked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not freed: ")?;
        for (nth, kind) in self.kinds.iter().enumerate() {
            let separator = if nth == 0 { "" } else { ", " };
            write!(f, "{separator}{} of {} {}", kind.alive(), kind.created, kind.kind)?;
            let most = kind.sites.iter().filter(|site| site.alive() > 0).max_by_key(|site| site.alive());
            if let Some(site) = most {
                write_site(f, site)?;
            }
        }
        f.write_str("; dispose of them before the end")
    }
}

fn write_site(f: &mut fmt::Formatter<'_>, site: &SiteReport) -> fmt::Result {
    write!(f, " ({} made at {site})", site.alive())
}

impl std::error::Error for Leaked {}
