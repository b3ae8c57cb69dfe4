//! Tasks on threads of a runtime. How one ends is told by asking, by waiting, or by a function of the host.

use std::ffi::c_void;
use std::sync::LazyLock;
use std::time::Duration;

use deadhand_core::future::{Cancel, Fate as Native, Futures, sleep};
use deadhand_core::guard::GuardError;
use deadhand_core::ledger::ledger;

use crate::Status;
use crate::entry::{Answer, Error, Out, closing, entry, on, patience};
use crate::host::{Owned, Release, function};

/// Work of the host, on a thread of the runtime: gets what it was spawned with, and puts its result, which native
/// releases with the same function if nobody takes it. Returns 0, or a number of its own if it failed.
pub type Work = Option<unsafe extern "C" fn(user: *mut c_void, result: *mut *mut c_void) -> i32>;
/// Told once how a task has ended: on the thread that ends it, or at once.
pub type Done = Option<unsafe extern "C" fn(user: *mut c_void, fate: Fate)>;

/// How a task has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Fate {
    /// It has not.
    Pending = 0,
    /// With a result, which may have been taken since.
    Finished = 1,
    /// It was cancelled, or its handle closed.
    Cancelled = 2,
    /// Its runtime was closed.
    RuntimeClosed = 3,
    /// It panicked.
    Panicked = 4,
}

impl Answer for Fate {
    const NONE: Self = Self::Pending;
}

impl From<Option<Native>> for Fate {
    fn from(fate: Option<Native>) -> Self {
        match fate {
            None => Self::Pending,
            Some(Native::Finished) => Self::Finished,
            Some(Native::Cancelled) => Self::Cancelled,
            Some(Native::RuntimeClosed) => Self::RuntimeClosed,
            // Its panic; the enum may grow.
            Some(_) => Self::Panicked,
        }
    }
}

/// What closing a runtime came to.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Closing {
    /// Tasks that were pending and are ended now.
    pub told: usize,
    /// Tasks that hold their thread still.
    pub still_running: usize,
}

impl Answer for Closing {
    const NONE: Self = Self { told: 0, still_running: 0 };
}

/// A result, or the number that the host's work failed with.
type Outcome = Result<Owned, i32>;

/// All runtimes and tasks of the process, made when first asked for.
pub(crate) fn futures() -> Result<&'static Futures<Outcome>, GuardError> {
    static FUTURES: LazyLock<Result<Futures<Outcome>, GuardError>> = LazyLock::new(|| Futures::new(ledger()));
    FUTURES.as_ref().map_err(Clone::clone)
}

/// Starts a runtime with that many threads, 1 to 8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_runtime_new(workers: usize, runtime: *mut u64) -> Status {
    entry(|| {
        // SAFETY: the caller's promise.
        let runtime = unsafe { Out::new(runtime, "runtime") }?;
        runtime.put(futures()?.runtime(workers)?.to_u64());
        Ok(())
    })
}

/// How many tasks run on the runtime, or wait to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_runtime_running(runtime: u64, count: *mut usize) -> Status {
    // SAFETY: the caller's promise.
    let count = unsafe { Out::new(count, "count") };
    on(runtime, |runtime| {
        let count = count?;
        count.put(futures()?.running(runtime)?);
        Ok(())
    })
}

/// Closes the runtime: tasks that are pending end now, and who asked is told. Then waits that many seconds for its
/// threads. `closing` may be null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_runtime_close(runtime: u64, seconds: f64, closing: *mut Closing) -> Status {
    // SAFETY: the caller's promise.
    let answer = (!closing.is_null()).then(|| unsafe { Out::new(closing, "closing") });
    crate::entry::closing(runtime, |runtime| {
        let answer = answer.transpose()?;
        let done = futures()?.close(runtime, patience(seconds)?.unwrap_or(Duration::MAX))?;
        if let Some(answer) = answer {
            answer.put(Closing { told: done.told, still_running: done.still_running });
        }
        Ok(())
    })
}

/// Has a thread of the runtime do work of the host. `release` (or null) lets go of `user` when it is done or will never
/// be, and of a result that nobody takes. Work that has begun cannot be stopped, only its result be refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_task_spawn(
    runtime: u64,
    work: Work,
    user: *mut c_void,
    release: Release,
    task: *mut u64,
) -> Status {
    let user = Owned::new(user, release);
    // SAFETY: the caller's promise.
    let task = unsafe { Out::new(task, "task") };
    on(runtime, |runtime| {
        let task = task?;
        let work = function(work, "work")?;
        task.put(futures()?.spawn(runtime, async move { run(work, &user, release) })?.to_u64());
        Ok(())
    })
}

fn run(work: Work, user: &Owned, release: Release) -> Outcome {
    let mut result = std::ptr::null_mut();
    // It was looked at when it was spawned.
    let Some(work) = work else { return Err(0) };
    // SAFETY: the host's function, with its own object and a place for a result.
    match unsafe { work(user.pointer(), &raw mut result) } {
        0 => Ok(Owned::new(result, release)),
        failure => Err(failure),
    }
}

/// Starts a task of native's own: after that many seconds its result is `item`, which native releases if nobody takes it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_task_sleep(
    runtime: u64,
    seconds: f64,
    item: *mut c_void,
    release: Release,
    task: *mut u64,
) -> Status {
    let item = Owned::new(item, release);
    // SAFETY: the caller's promise.
    let task = unsafe { Out::new(task, "task") };
    on(runtime, |runtime| {
        let task = task?;
        let time = patience(seconds)?.unwrap_or(Duration::MAX);
        let sleep = async move {
            sleep(time).await;
            Ok(item)
        };
        task.put(futures()?.spawn(runtime, sleep)?.to_u64());
        Ok(())
    })
}

/// How the task has ended.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_task_fate(task: u64, fate: *mut Fate) -> Status {
    // SAFETY: the caller's promise.
    let fate = unsafe { Out::new(fate, "fate") };
    on(task, |task| {
        let fate = fate?;
        fate.put(futures()?.fate(task)?.into());
        Ok(())
    })
}

/// Takes the result, which can be done once; it is the host's then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_task_take(task: u64, result: *mut *mut c_void) -> Status {
    // SAFETY: the caller's promise.
    let result = unsafe { Out::new(result, "result") };
    on(task, |task| {
        let result = result?;
        result.put(futures()?.take(task)?.map_err(Error::Host)?.give_back());
        Ok(())
    })
}

/// Waits until the task has ended that many seconds, without end if they are fewer than 0, and leaves its result.
#[unsafe(no_mangle)]
pub extern "C" fn deadhand_task_wait(task: u64, seconds: f64) -> Status {
    on(task, |task| Ok(futures()?.wait(task, patience(seconds)?)?))
}

/// Waits for the result that many seconds, without end if they are fewer than 0, and takes it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_task_join(task: u64, seconds: f64, result: *mut *mut c_void) -> Status {
    // SAFETY: the caller's promise.
    let result = unsafe { Out::new(result, "result") };
    on(task, |task| {
        let result = result?;
        let found = futures()?.join(task, patience(seconds)?)?;
        result.put(found.map_err(Error::Host)?.give_back());
        Ok(())
    })
}

/// Cancels the task, and says how it has ended. Doing so again is no error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_task_cancel(task: u64, fate: *mut Fate) -> Status {
    // SAFETY: the caller's promise.
    let fate = unsafe { Out::new(fate, "fate") };
    on(task, |task| {
        let fate = fate?;
        let futures = futures()?;
        fate.put(match futures.cancel(task)? {
            Cancel::Cancelled | Cancel::Already => Fate::Cancelled,
            _ => futures.fate(task)?.into(),
        });
        Ok(())
    })
}

/// Has the host told once how the task ends: on the thread that ends it, or now, on this one, if it has. `release` (or
/// null) lets go of `user` after that, or at once if this fails.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_task_on_done(task: u64, done: Done, user: *mut c_void, release: Release) -> Status {
    let user = Owned::new(user, release);
    on(task, |task| {
        let done = function(done, "done")?;
        let tell = move |fate| {
            if let Some(done) = done {
                // SAFETY: the host's function, with its own object.
                unsafe { done(user.pointer(), Some(fate).into()) };
            }
        };
        Ok(futures()?.on_done(task, tell)?)
    })
}

/// Closes the task, which cancels it if it is pending.
#[unsafe(no_mangle)]
pub extern "C" fn deadhand_task_close(task: u64) -> Status {
    closing(task, |task| Ok(futures()?.dispose(task)?))
}

/// Panics inside a call, for tests: the task is fenced off.
#[unsafe(no_mangle)]
pub extern "C" fn deadhand_task_provoke_panic(task: u64) -> Status {
    on(task, |task| Ok(futures()?.provoke_panic(task)?))
}
