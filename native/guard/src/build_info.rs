//! What this build can see.

/// Which of the crate's checks are compiled in. Evidence that is off must not look like evidence that found nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "each is one independent fact")]
pub struct BuildInfo {
    /// The crate's version.
    pub version: &'static str,
    /// Generations, policies and kinds of access are checked: always.
    pub generations: bool,
    /// Panics can be caught: not with `panic = "abort"`.
    pub fence: bool,
    /// Freed blocks are overwritten and kept, creation sites and operations are recorded: the feature `checked`.
    pub checked: bool,
    /// Ledgers can outlive their process: on Unix.
    pub shared_ledger: bool,
}

/// What this build can see.
#[must_use]
pub const fn build_info() -> BuildInfo {
    BuildInfo {
        version: env!("CARGO_PKG_VERSION"),
        generations: true,
        fence: cfg!(panic = "unwind"),
        checked: cfg!(feature = "checked"),
        shared_ledger: cfg!(unix),
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn says_what_this_very_build_does() {
        let info = build_info();
        assert_eq!(info.checked, crate::Operation::next().is_some());
        assert_eq!(info.fence, crate::fence(|| panic!("caught")).is_err());
        assert_eq!(info.shared_ledger, crate::Ledger::anonymous().is_ok());
    }
}
