use std::future::{pending, ready};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Instant;

use deadhand_guard::{CallError, GuardError};
use tokio::sync::oneshot;

use super::*;
use crate::planted;
use crate::process::tests::pretend;

const LONG: Duration = Duration::from_secs(8);
const SHORT: Duration = Duration::from_millis(20);

struct World {
    ledger: Arc<Ledger>,
    futures: Arc<Futures<u32>>,
    runtime: Handle,
}

impl World {
    fn new() -> Self {
        let ledger = Arc::new(Ledger::anonymous().unwrap());
        let futures = Arc::new(Futures::new(Some(&ledger)).unwrap());
        let runtime = futures.runtime(2).unwrap();
        Self { ledger, futures, runtime }
    }

    fn end(self) {
        assert_eq!(self.futures.close(self.runtime, LONG).unwrap().still_running, 0);
        assert_eq!(self.ledger.settle(), Ok(()));
    }
}

fn guard<T: std::fmt::Debug>(result: Result<T, FutureError>) -> GuardError {
    match result.unwrap_err() {
        FutureError::Call(CallError::Guard(error)) => error,
        error => panic!("{error}"),
    }
}

fn soon(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + LONG;
    while !condition() {
        assert!(Instant::now() < deadline, "it does not come true");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Says when it is dropped, with the name of the thread.
struct Canary(mpsc::Sender<Option<String>>);

impl Drop for Canary {
    fn drop(&mut self) {
        // Nobody may be listening any more.
        drop(self.0.send(std::thread::current().name().map(ToOwned::to_owned)));
    }
}

#[test]
fn a_result_is_waited_for_and_taken_once() {
    let world = World::new();
    let all = &world.futures;
    let (sender, receiver) = oneshot::channel();
    let task = all.spawn(world.runtime, async { receiver.await.unwrap() }).unwrap();
    assert_eq!(all.fate(task).unwrap(), None);
    assert!(matches!(all.take(task), Err(FutureError::NotDone)));
    assert!(matches!(all.wait(task, Some(SHORT)), Err(FutureError::TimedOut)));
    assert_eq!(all.running(world.runtime).unwrap(), 1);
    sender.send(7).unwrap();
    all.wait(task, Some(LONG)).unwrap();
    assert_eq!(all.fate(task).unwrap(), Some(Fate::Finished));
    assert_eq!(all.take(task).unwrap(), 7);
    assert!(matches!(all.take(task), Err(FutureError::Taken)));
    assert!(matches!(all.join(task, None), Err(FutureError::Taken)));
    assert_eq!(all.cancel(task).unwrap(), Cancel::TooLate);
    all.dispose(task).unwrap();
    assert!(matches!(guard(all.take(task)), GuardError::Stale { .. }));
    assert!(matches!(guard(all.dispose(task)), GuardError::Stale { .. }));
    for workers in [0, MAX_WORKERS + 1] {
        assert!(matches!(all.runtime(workers), Err(FutureError::BadWorkers { .. })));
    }
    world.end();
}

#[test]
fn a_cancelled_task_says_so_and_its_future_goes_on_the_runtime() {
    let world = World::new();
    let all = &world.futures;
    let (sender, dropped) = mpsc::channel();
    let canary = Canary(sender);
    let task = all
        .spawn(world.runtime, async move {
            let _canary = canary;
            pending().await
        })
        .unwrap();
    assert_eq!(all.cancel(task).unwrap(), Cancel::Cancelled);
    assert_eq!(all.cancel(task).unwrap(), Cancel::Already);
    assert_eq!(all.fate(task).unwrap(), Some(Fate::Cancelled));
    for _ in 0..2 {
        assert!(matches!(all.join(task, None), Err(FutureError::Cancelled)));
    }
    assert_eq!(dropped.recv_timeout(LONG).unwrap().as_deref(), Some("deadhand-core"));
    all.dispose(task).unwrap();
    let (sender, dropped) = mpsc::channel();
    let canary = Canary(sender);
    let disposed = all
        .spawn(world.runtime, async move {
            let _canary = canary;
            pending().await
        })
        .unwrap();
    all.dispose(disposed).unwrap();
    dropped.recv_timeout(LONG).unwrap();
    world.end();
}

#[test]
fn a_runtime_that_closes_tells_every_pending_task() {
    let world = World::new();
    let all = &world.futures;
    let runtime = all.runtime(1).unwrap();
    let tasks = [0; 3].map(|_| all.spawn(runtime, pending()).unwrap());
    let done = all.spawn(runtime, ready(1)).unwrap();
    all.wait(done, Some(LONG)).unwrap();
    all.cancel(tasks[2]).unwrap();
    let fates = Arc::new(std::sync::Mutex::new(Vec::new()));
    for task in tasks {
        let fates = Arc::clone(&fates);
        all.on_done(task, move |fate| fates.lock().unwrap().push(fate)).unwrap();
    }
    let waiter = Arc::clone(all);
    let waiting = std::thread::spawn(move || waiter.wait(tasks[0], None));
    let closing = all.close(runtime, LONG).unwrap();
    assert_eq!((closing.told, closing.still_running), (2, 0));
    waiting.join().unwrap().unwrap();
    assert!(matches!(all.take(tasks[0]), Err(FutureError::RuntimeClosed)));
    assert!(matches!(all.take(tasks[1]), Err(FutureError::RuntimeClosed)));
    assert!(matches!(all.take(tasks[2]), Err(FutureError::Cancelled)));
    assert_eq!(all.take(done).unwrap(), 1, "what was done stays");
    let mut fates = fates.lock().unwrap().clone();
    fates.sort_by_key(ToString::to_string);
    assert_eq!(fates, [Fate::Cancelled, Fate::RuntimeClosed, Fate::RuntimeClosed]);
    assert_eq!(all.cancel(tasks[0]).unwrap(), Cancel::TooLate);
    assert!(matches!(guard(all.spawn(runtime, ready(1))), GuardError::Stale { .. }));
    assert!(matches!(guard(all.close(runtime, LONG)), GuardError::Stale { .. }));
    for task in tasks.into_iter().chain([done]) {
        all.dispose(task).unwrap();
    }
    world.end();
}

#[test]
fn a_task_that_holds_its_thread_is_told_of_and_not_waited_for() {
    let world = World::new();
    let all = &world.futures;
    let runtime = all.runtime(1).unwrap();
    let (release, held) = mpsc::channel::<()>();
    let started = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&started);
    let task = all
        .spawn(runtime, async move {
            flag.store(true, Ordering::SeqCst);
            held.recv().unwrap_or_default();
            5
        })
        .unwrap();
    soon(|| started.load(Ordering::SeqCst));
    let closing = all.close(runtime, SHORT).unwrap();
    assert_eq!((closing.told, closing.still_running), (1, 1));
    assert!(matches!(all.take(task), Err(FutureError::RuntimeClosed)));
    drop(release);
    std::thread::sleep(SHORT);
    assert!(matches!(all.take(task), Err(FutureError::RuntimeClosed)), "a late result changes nothing");
    all.dispose(task).unwrap();
    world.end();
}

#[test]
fn callbacks_may_do_anything() {
    let world = World::new();
    let all = &world.futures;
    let runtime = all.runtime(1).unwrap();
    let (sender, receiver) = oneshot::channel();
    let task = all.spawn(runtime, async { receiver.await.unwrap() }).unwrap();
    let (report, reported) = mpsc::channel();
    let inner = Arc::clone(all);
    let callback = move |fate: Fate| {
        let deadlock = inner.spawn(runtime, pending()).map(|other| {
            let error = inner.wait(other, None).unwrap_err();
            inner.dispose(other).unwrap();
            matches!(error, FutureError::Deadlock)
        });
        let taken = inner.take(task).unwrap();
        let nested = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&nested);
        inner.on_done(task, move |_| flag.store(true, Ordering::SeqCst)).unwrap();
        let nested = nested.load(Ordering::SeqCst);
        inner.dispose(task).unwrap();
        inner.close(runtime, LONG).unwrap();
        report.send((fate, deadlock.unwrap(), taken, nested)).unwrap();
    };
    all.on_done(task, callback).unwrap();
    sender.send(9).unwrap();
    assert_eq!(reported.recv_timeout(LONG).unwrap(), (Fate::Finished, true, 9, true));
    assert!(matches!(guard(all.take(task)), GuardError::Stale { .. }));
    world.end();
}

#[test]
fn a_callback_that_panics_does_not_keep_the_next_from_running() {
    let world = World::new();
    let all = &world.futures;
    let task = all.spawn(world.runtime, pending()).unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counting = || {
        let count = Arc::clone(&count);
        move |_| {
            count.fetch_add(1, Ordering::SeqCst);
        }
    };
    all.on_done(task, counting()).unwrap();
    all.on_done(task, |_| panic!("in a callback")).unwrap();
    all.on_done(task, counting()).unwrap();
    all.cancel(task).unwrap();
    all.on_done(task, |_| panic!("in a late one")).unwrap();
    all.on_done(task, counting()).unwrap();
    assert_eq!(count.load(Ordering::SeqCst), 3);
    let failures = all.callback_failures(task).unwrap();
    assert!(failures.len() == 2 && failures[0].ends_with("in a callback"), "{failures:?}");
    all.dispose(task).unwrap();
    assert!(matches!(guard(all.on_done(task, counting())), GuardError::Stale { .. }));
    world.end();
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("in a destructor");
    }
}

#[test]
fn a_panic_ends_one_task_and_strikes_one_handle() {
    let world = World::new();
    let all = &world.futures;
    let other = all.spawn(world.runtime, ready(3)).unwrap();
    let panics = all.spawn(world.runtime, async { panic!("in the task") }).unwrap();
    let error = all.join(panics, Some(LONG)).unwrap_err();
    assert!(matches!(&error, FutureError::Panicked { panicked } if panicked.message() == "in the task"), "{error}");
    assert!(error.to_string().starts_with("the task panicked at "), "{error}");
    assert!(matches!(all.fate(panics).unwrap(), Some(Fate::Panicked(_))));

    let bomb = Bomb;
    let late = all
        .spawn(world.runtime, async move {
            let _bomb = bomb;
            pending().await
        })
        .unwrap();
    assert_eq!(all.cancel(late).unwrap(), Cancel::Cancelled);

    all.wait(other, Some(LONG)).unwrap();
    planted::arm("future.take");
    assert!(matches!(all.take(other), Err(FutureError::Call(CallError::Panicked(_)))));
    assert!(matches!(guard(all.fate(other)), GuardError::Fenced { .. }));
    let runtime = all.runtime(1).unwrap();
    planted::arm("future.spawn");
    assert!(matches!(all.spawn(runtime, ready(1)), Err(FutureError::Call(CallError::Panicked(_)))));
    assert!(!planted::waiting());
    assert!(matches!(guard(all.spawn(runtime, ready(1))), GuardError::Fenced { .. }));
    all.close(runtime, LONG).unwrap();
    let alive = all.spawn(world.runtime, ready(4)).unwrap();
    assert_eq!(all.join(alive, Some(LONG)).unwrap(), 4);
    for task in [other, panics, late, alive] {
        all.dispose(task).unwrap();
    }
    world.end();
}

#[test]
fn a_task_is_awaited_from_another_executor() {
    let world = World::new();
    let all = &world.futures;
    let host = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (sender, receiver) = oneshot::channel();
    let task = all.spawn(world.runtime, async { receiver.await.unwrap() }).unwrap();
    let sending = std::thread::spawn(move || {
        std::thread::sleep(SHORT);
        sender.send(11).unwrap();
    });
    let result = host.block_on(all.joining(task));
    sending.join().unwrap();
    assert_eq!(result.unwrap(), 11);
    assert!(matches!(host.block_on(all.joining(task)), Err(FutureError::Taken)));
    let disposed = all.spawn(world.runtime, pending()).unwrap();
    let error = host.block_on(async {
        let joining = all.joining(disposed);
        let inner = Arc::clone(all);
        let end = std::thread::spawn(move || {
            std::thread::sleep(SHORT);
            inner.dispose(disposed).unwrap();
        });
        let result = joining.await;
        end.join().unwrap();
        result
    });
    assert!(matches!(guard(error), GuardError::Stale { .. } | GuardError::Closed { .. }));
    all.dispose(task).unwrap();
    world.end();
}

#[test]
fn who_watches_leaves_the_result_to_the_others() {
    let world = World::new();
    let all = &world.futures;
    let host = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (sender, receiver) = oneshot::channel();
    let task = all.spawn(world.runtime, async { receiver.await.unwrap() }).unwrap();
    assert!(matches!(all.peek(task), Err(FutureError::NotDone)));
    let sending = std::thread::spawn(move || {
        std::thread::sleep(SHORT);
        sender.send(11).unwrap();
    });
    for _ in 0..2 {
        host.block_on(all.watching(task)).unwrap();
        assert_eq!(all.peek(task).unwrap(), 11);
    }
    sending.join().unwrap();
    assert_eq!(all.take(task).unwrap(), 11);
    host.block_on(all.watching(task)).unwrap();
    assert!(matches!(all.peek(task), Err(FutureError::Taken)));
    let cancelled = all.spawn(world.runtime, pending()).unwrap();
    all.cancel(cancelled).unwrap();
    assert!(matches!(all.peek(cancelled), Err(FutureError::Cancelled)));
    for each in [task, cancelled] {
        all.dispose(each).unwrap();
        assert!(matches!(guard(host.block_on(all.watching(each))), GuardError::Stale { .. }));
    }
    world.end();
}

#[test]
fn a_thread_that_waits_is_woken_by_a_dispose() {
    let world = World::new();
    let all = &world.futures;
    let task = all.spawn(world.runtime, pending()).unwrap();
    let waiter = Arc::clone(all);
    let started = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&started);
    let waiting = std::thread::spawn(move || {
        flag.store(true, Ordering::SeqCst);
        waiter.join(task, None)
    });
    soon(|| started.load(Ordering::SeqCst));
    std::thread::sleep(SHORT);
    all.dispose(task).unwrap();
    assert!(matches!(guard(waiting.join().unwrap()), GuardError::Stale { .. } | GuardError::Closed { .. }));
    world.end();
}

#[test]
fn in_a_fork_nobody_waits_for_threads_that_stayed_behind() {
    let world = World::new();
    let all = &world.futures;
    let runtime = all.runtime(1).unwrap();
    let (task, done) = (all.spawn(runtime, pending()).unwrap(), all.spawn(runtime, ready(1)).unwrap());
    all.wait(done, Some(LONG)).unwrap();
    soon(|| all.running(runtime).is_ok_and(|running| running == 1)); // it is counted out a moment after it is done
    let host = tokio::runtime::Builder::new_current_thread().build().unwrap();
    pretend(true);
    assert!(matches!(all.wait(task, None), Err(FutureError::Forked)));
    assert!(matches!(host.block_on(all.joining(task)), Err(FutureError::Forked)));
    assert!(matches!(all.spawn(runtime, ready(1)), Err(FutureError::Forked)));
    assert_eq!(all.join(done, None).unwrap(), 1, "what was done is there");
    let closing = all.close(runtime, LONG).unwrap();
    assert_eq!((closing.told, closing.still_running), (1, 1));
    assert!(matches!(all.join(task, None), Err(FutureError::RuntimeClosed)));
    pretend(false);
    all.dispose(task).unwrap();
    all.dispose(done).unwrap();
    world.end();
}

#[test]
fn a_future_that_is_dropped_undone_settles_its_promise_and_throws_nothing() {
    let runtime = Runtime::<u32>::start(1).unwrap();
    let promise = Arc::new(Promise::new());
    let running = runtime.admit(&promise).unwrap();
    let bomb = Bomb;
    let future = async move {
        let _bomb = bomb;
        1
    };
    let body = Body::new(future, Arc::clone(&promise), running);
    assert_eq!((promise.fate(), runtime.running()), (None, 1));
    drop(body);
    assert_eq!((promise.fate(), runtime.running()), (Some(Fate::RuntimeClosed), 0));
}

#[test]
fn what_is_left_goes_with_its_owner() {
    let world = World::new();
    let task = world.futures.spawn(world.runtime, pending()).unwrap();
    let (report, reported) = mpsc::channel();
    world.futures.on_done(task, move |fate| report.send(fate).unwrap()).unwrap();
    drop(world.futures);
    assert!(matches!(reported.recv_timeout(LONG).unwrap(), Fate::RuntimeClosed | Fate::Cancelled));
    assert_eq!(world.ledger.settle(), Ok(()));
}
