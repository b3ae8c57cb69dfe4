//! What can go wrong, by cause; every message says what to do about it.

use std::io;

/// Why the guard cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum PagesError {
    /// Another guard was reserved in this process.
    Taken,
    /// The address range is too small to be of use.
    Small {
        /// Bytes asked for.
        asked: u64,
        /// The least that is accepted.
        least: u64,
    },
    /// The operating system refused.
    Os {
        /// What was attempted.
        action: &'static str,
        /// The refusal.
        source: io::Error,
    },
    /// The interpreter does not export what its allocators are replaced by.
    NoInterpreter,
}

impl std::fmt::Display for PagesError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Taken => f.write_str("this process has its page guard already: reserve one, and keep it"),
            Self::Small { asked, least } => {
                write!(f, "{asked} bytes are too few for a page guard: ask for {least} or more")
            }
            Self::Os { action, source } => write!(f, "cannot {action}: {source}"),
            Self::NoInterpreter => {
                f.write_str("this process exports no PyMem_SetAllocator: load the guard into CPython")
            }
        }
    }
}

impl std::error::Error for PagesError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Os { source, .. } => Some(source),
            _ => None,
        }
    }
}
