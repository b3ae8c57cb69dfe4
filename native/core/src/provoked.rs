//! The panic that every kind of object can be asked for, so that a host can try the fence.

/// Panics, where it is called: inside a fence, always.
#[track_caller]
pub(crate) fn provoked<R>() -> R {
    panic!("provoked by provoke_panic()")
}
