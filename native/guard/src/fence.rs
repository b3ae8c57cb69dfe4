//! The wall that no panic crosses: caught, described, and silent.

use std::any::Any;
use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::{Mutex, PoisonError};

/// A panic that was stopped at a [`fence`].
#[derive(Debug)]
pub struct Panicked {
    message: String,
    location: Option<String>,
    backtrace: Option<Backtrace>,
}

impl Panicked {
    /// What the panic said.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where it happened, as `file:line:column`. Missing if it was raised by `resume_unwind`, or if somebody replaced
    /// the panic hook without calling the one before.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }

    /// The stack at the panic, whatever `RUST_BACKTRACE` says; missing when the location is. Names are looked up when
    /// it is shown, which is slow.
    #[must_use]
    pub fn backtrace(&self) -> Option<&Backtrace> {
        self.backtrace.as_ref()
    }
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.location {
            Some(location) => write!(f, "panicked at {location}: {}", self.message),
            None => write!(f, "panicked: {}", self.message),
        }
    }
}

impl std::error::Error for Panicked {}

thread_local! {
    /// How many fences are around the code that runs.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// What the hook saw and the fence has not collected yet.
    static SEEN: RefCell<Option<(String, Backtrace)>> = const { RefCell::new(None) };
}

/// Runs the function and turns a panic into an error.
///
/// The first call installs a panic hook. Inside a fence it prints nothing and notes location and backtrace; outside it
/// calls the hook that was there before. In a build with `panic = "abort"` nothing can be caught: the earlier hook
/// reports the panic, then the process dies, and this function never returns.
///
/// What the panic left half-done is not undone. [`Table::call`](crate::Table::call) fences off the one object that was
/// worked on; a bare fence cannot know which one that was. It does not ask for `UnwindSafe`, which hardly anything
/// that crosses a language boundary is: see to it that nothing half-done is used afterwards.
///
/// # Errors
/// [`Panicked`], with what the panic said, and where.
pub fn fence<R>(call: impl FnOnce() -> R) -> Result<R, Panicked> {
    install();
    // An enclosing panic may be unwinding through a destructor that came here; its note must outlast ours.
    let outer = swap_seen(None);
    let inside = Inside::enter();
    let result = panic::catch_unwind(AssertUnwindSafe(call));
    drop(inside);
    let seen = swap_seen(outer);
    result.map_err(|payload| {
        let message = message(payload.as_ref());
        discard(payload);
        let (location, backtrace) = seen.unzip();
        Panicked { message, location, backtrace }
    })
}

/// What was seen until now. While the thread's locals are being destroyed there is no place for it.
fn swap_seen(seen: Option<(String, Backtrace)>) -> Option<(String, Backtrace)> {
    SEEN.try_with(|place| place.replace(seen)).unwrap_or(None)
}

/// Counts the fence, also when the hook of somebody else panics.
struct Inside;

impl Inside {
    fn enter() -> Self {
        DEPTH.set(DEPTH.get() + 1);
        Self
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}

/// Puts our hook before the one that is there, once. Not while this thread panics, which the hook's lock forbids: a
/// fence entered then catches, but knows no location.
fn install() {
    static INSTALLED: Mutex<bool> = Mutex::new(false);
    thread_local! {
        static KNOWN: Cell<bool> = const { Cell::new(false) };
    }
    if KNOWN.get() || std::thread::panicking() {
        return;
    }
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if !*installed {
        let earlier = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !note(info) {
                earlier(info);
            }
        }));
        *installed = true;
    }
    KNOWN.set(true);
}

/// Notes a panic inside a fence; says whether it was inside one that can catch it.
fn note(info: &PanicHookInfo<'_>) -> bool {
    if cfg!(panic = "abort") || !DEPTH.try_with(|depth| depth.get() > 0).unwrap_or(false) {
        return false;
    }
    let location = info.location().map(ToString::to_string).unwrap_or_default();
    SEEN.try_with(|seen| seen.replace(Some((location, Backtrace::force_capture())))).is_ok()
}

fn message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a value that is no text".to_owned()
    }
}

/// Drops what was thrown. Its destructor may panic in turn; what that throws is leaked, to come to an end.
fn discard(payload: Box<dyn Any + Send>) {
    if let Err(again) = panic::catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(again);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn message_place_and_stack_of_a_panic_come_back() {
        let panicked = fence(|| panic!("number {}", 7)).map(|()| 0).unwrap_err();
        let line = line!() - 1;
        assert_eq!(panicked.message(), "number 7");
        assert!(panicked.location().unwrap().starts_with(&format!("{}:{line}:", file!())), "{panicked}");
        assert!(panicked.backtrace().unwrap().to_string().contains("fence"));
        assert_eq!(panicked.to_string(), format!("panicked at {}: number 7", panicked.location().unwrap()));
    }

    #[test]
    fn a_value_comes_back_as_it_is() {
        assert_eq!(fence(|| 7).unwrap(), 7);
    }

    #[test]
    fn what_is_thrown_without_the_hook_has_a_message_at_most() {
        let panicked = fence(|| panic::resume_unwind(Box::new("thrown"))).map(|()| 0).unwrap_err();
        assert_eq!((panicked.message(), panicked.location()), ("thrown", None));
        assert_eq!(panicked.to_string(), "panicked: thrown");
        let panicked = fence(|| panic::panic_any(7)).map(|()| 0).unwrap_err();
        assert_eq!(panicked.message(), "a value that is no text");
        assert!(panicked.location().is_some());
    }

    #[test]
    fn a_thrown_value_whose_destructor_panics_does_not_get_out() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("in the destructor");
            }
        }
        assert!(fence(|| panic::panic_any(Bomb)).is_err());
    }

    #[test]
    fn a_fence_inside_a_destructor_does_not_steal_the_outer_place() {
        struct Inner;
        impl Drop for Inner {
            fn drop(&mut self) {
                let panicked = fence(|| panic!("inner")).map(|()| 0).unwrap_err();
                assert_eq!(panicked.message(), "inner");
            }
        }
        let line = line!() + 3;
        let panicked = fence(|| {
            let _inner = Inner;
            panic!("outer")
        });
        let panicked: Panicked = panicked.map(|()| 0).unwrap_err();
        assert_eq!(panicked.message(), "outer");
        assert!(panicked.location().unwrap().starts_with(&format!("{}:{line}:", file!())), "{panicked}");
    }

    #[test]
    fn fences_are_counted_in_and_out_also_by_a_panic() {
        let inside = || fence(|| (DEPTH.get(), fence(|| panic!("inner")).map(|()| 0).is_err(), DEPTH.get())).unwrap();
        assert_eq!((DEPTH.get(), inside(), DEPTH.get()), (0, (1, true, 1), 0));
    }
}
