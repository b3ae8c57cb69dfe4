//! Whether this still is the process that started the threads: a fork takes none of them along.

/// The number of the process. Tests can pretend to be in a fork.
pub(crate) fn id() -> u32 {
    #[cfg(test)]
    if let Some(pretended) = tests::PRETENDED.get() {
        return pretended;
    }
    std::process::id()
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    thread_local! {
        pub(super) static PRETENDED: Cell<Option<u32>> = const { Cell::new(None) };
    }

    /// On this thread, until the next call.
    pub(crate) fn pretend(forked: bool) {
        PRETENDED.set(forked.then(|| std::process::id().wrapping_add(1)));
    }
}
