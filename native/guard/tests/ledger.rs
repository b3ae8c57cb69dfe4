//! What the ledger counts, and that its numbers outlive the process that counted.
#![cfg(all(unix, not(loom)))]

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use deadhand_guard::{Config, Disposed, KindReport, Ledger, LedgerError, SharedTable, ThreadBoundTable, build_info};

const FD: &str = "DEADHAND_LEDGER_TEST_FD";

fn kind(ledger: &Ledger, name: &str) -> KindReport {
    ledger.kinds().into_iter().find(|kind| kind.kind == name).unwrap()
}

#[test]
fn every_counter_counts_its_own_event() {
    let ledger = Arc::new(Ledger::anonymous().unwrap());
    let table = SharedTable::new(Config::new("view").ledger(&ledger)).unwrap();
    let (first, second, third) = (table.insert(1).unwrap(), table.insert(2).unwrap(), table.insert(3).unwrap());
    assert_eq!((ledger.alive(), kind(&ledger, "view").created), (3, 3));
    table.dispose(first).unwrap();
    table.dispose(first).unwrap_err();
    let pin = table.pin(second).unwrap();
    assert_eq!(table.dispose(second), Ok(Disposed::Deferred));
    table.dispose(second).unwrap_err();
    assert_eq!(kind(&ledger, "view").freed, 1);
    drop(pin);
    table.call(third, |_| panic!("struck")).map(|()| 0).unwrap_err();
    let report = kind(&ledger, "view");
    assert_eq!((report.created, report.freed, report.alive()), (3, 2, 1));
    assert_eq!((report.freed_during_call, report.freed_twice), (1, 2));
    assert_eq!((report.fenced, report.wrong_thread, report.destructor_panicked), (1, 0, 0));
    drop(table);
    assert_eq!(ledger.settle(), Ok(()), "a table that goes frees what it has");
}

#[test]
fn uses_and_disposes_on_the_wrong_thread_are_counted() {
    let ledger = Arc::new(Ledger::anonymous().unwrap());
    let table = ThreadBoundTable::new(Config::new("window").ledger(&ledger)).unwrap();
    let handle = table.insert(()).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            table.pin(handle).map(drop).unwrap_err();
            assert_eq!(table.dispose(handle), Ok(Disposed::Queued));
        });
    });
    assert_eq!((kind(&ledger, "window").wrong_thread, ledger.alive()), (2, 1));
    table.drain();
    assert_eq!(ledger.settle(), Ok(()));
}

#[test]
fn a_panicking_destructor_is_counted() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("boom");
        }
    }
    let ledger = Arc::new(Ledger::anonymous().unwrap());
    let table = SharedTable::new(Config::new("bomb").ledger(&ledger)).unwrap();
    table.insert(Bomb).unwrap();
    drop(table);
    assert_eq!((kind(&ledger, "bomb").destructor_panicked, ledger.alive()), (1, 0));
}

#[test]
fn a_leak_is_told_by_kind_and_place() {
    let ledger = Arc::new(Ledger::anonymous().unwrap());
    let views = SharedTable::new(Config::new("view").ledger(&ledger)).unwrap();
    let cursors = SharedTable::new(Config::new("cursor").ledger(&ledger)).unwrap();
    let line = line!() + 1;
    let leaked = [1, 2, 3].map(|value| views.insert(value).unwrap());
    views.dispose(leaked[0]).unwrap();
    let cursor = cursors.insert(1).unwrap();
    let text = ledger.settle().unwrap_err().to_string();
    if build_info().checked {
        let place = format!("not freed: 2 of 3 view (2 made at {}:{line}:", file!());
        assert!(text.starts_with(&place) && text.contains("), 1 of 1 cursor (1 made at "), "{text}");
        let site = &kind(&ledger, "view").sites[0];
        assert_eq!((site.line, site.created, site.freed, site.alive()), (line, 3, 1, 2));
    } else {
        assert_eq!(text, "not freed: 2 of 3 view, 1 of 1 cursor; dispose of them before the end");
        assert_eq!(kind(&ledger, "view").sites, []);
    }
    for handle in &leaked[1..] {
        views.dispose(*handle).unwrap();
    }
    cursors.dispose(cursor).unwrap();
    assert_eq!((ledger.alive(), ledger.settle()), (0, Ok(())));
}

#[test]
fn two_tables_of_a_kind_share_a_row_and_too_many_kinds_share_the_last() {
    let ledger = Arc::new(Ledger::anonymous().unwrap());
    let tables: Vec<_> = (0..80_usize)
        .map(|number| {
            let name: &'static str = Box::leak(format!("kind {}", number / 2).into_boxed_str());
            SharedTable::new(Config::new(name).ledger(&ledger)).unwrap()
        })
        .collect();
    for table in &tables {
        table.insert(()).unwrap();
    }
    assert_eq!((ledger.kinds().len(), kind(&ledger, "kind 7").created), (40, 2));
    let more: Vec<_> = (0..30_usize)
        .map(|number| {
            let name: &'static str = Box::leak(format!("more {number}").into_boxed_str());
            let table = SharedTable::new(Config::new(name).ledger(&ledger)).unwrap();
            table.insert(()).unwrap();
            table
        })
        .collect();
    assert_eq!((ledger.kinds().len(), ledger.alive()), (64, 110));
    assert_eq!(ledger.kinds()[63].created, 7, "its own and six that found no row");
    drop(more);
}

#[test]
fn what_is_no_ledger_is_refused_with_a_reason() {
    let text = |fd| Ledger::attach(fd).map(drop).unwrap_err().to_string();
    assert!(text(-1).contains("a descriptor is never negative"));
    assert!(text(9999).contains("it is not open in this process"));
    let file = std::fs::File::open("Cargo.toml").unwrap();
    assert!(text(std::os::fd::AsRawFd::as_raw_fd(&file)).contains("it is not sealed shared memory"));
    assert!(matches!(Ledger::attach(-1), Err(LedgerError::NotALedger { fd: -1, .. })));
}

/// Not a test by itself: the process that gets killed.
#[cfg(target_os = "linux")]
#[test]
#[ignore = "2026-11-21: no test of its own, it is started by the test below"]
fn victim() {
    let Ok(fd) = std::env::var(FD) else { return };
    let ledger = Arc::new(Ledger::attach(fd.parse().unwrap()).unwrap());
    let table = SharedTable::new(Config::new("view").ledger(&ledger)).unwrap();
    let handles = [0; 10].map(|value| table.insert(value).unwrap());
    for handle in &handles[..3] {
        table.dispose(*handle).unwrap();
    }
    // Ends by SIGKILL, or when the parent has been gone for long.
    std::thread::sleep(Duration::from_secs(60));
}

#[cfg(target_os = "linux")]
#[test]
fn the_counts_of_a_killed_process_are_read() {
    use rustix::io::{FdFlags, fcntl_setfd};
    use std::os::fd::BorrowedFd;

    let ledger = Ledger::create().unwrap();
    let fd = ledger.as_raw_fd().unwrap();
    // SAFETY: the ledger keeps its descriptor open until the end of this test.
    let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
    fcntl_setfd(borrowed, FdFlags::empty()).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "victim"])
        .env(FD, fd.to_string())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while ledger.kinds().first().is_none_or(|view| view.freed < 3) {
        assert!(Instant::now() < deadline && child.try_wait().unwrap().is_none(), "the victim did not count");
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let view = kind(&ledger, "view");
    assert_eq!((view.created, view.freed, ledger.alive()), (10, 3, 7));
    if build_info().checked {
        assert!(view.sites[0].file.ends_with("tests/ledger.rs") && view.sites[0].alive() == 7);
    }
}
