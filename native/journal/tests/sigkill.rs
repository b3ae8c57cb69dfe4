//! The reason for this crate: what a killed process had appended can be read.
#![cfg(target_os = "linux")]

use std::os::fd::{AsFd, AsRawFd};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use deadhand_journal::{Entry, Journal};
use rustix::io::{FdFlags, fcntl_setfd};

const FD: &str = "DEADHAND_JOURNAL_TEST_FD";
const THREADS: u8 = 3;

/// Not a test by itself: the process that gets killed.
#[test]
#[ignore = "2026-11-21: no test of its own, it is started by the test below"]
fn writer() {
    let Ok(fd) = std::env::var(FD) else { return };
    let journal = Journal::attach(fd.parse().unwrap()).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let journal = &journal;
            scope.spawn(move || {
                // Ends by SIGKILL, or when the journal is full because the parent is gone.
                for count in 0_u32.. {
                    let record = [&[thread; 45][..], &count.to_le_bytes()].concat();
                    if journal.append(&record).is_err() {
                        break;
                    }
                }
            });
        }
    });
}

#[test]
fn all_committed_records_of_a_killed_process_are_read() {
    // Where a thread died in the middle of its length, reading ends early and shows little: then another one is killed.
    let whole = (0..20).find_map(|_| records_of_a_killed_writer());
    assert!(whole.expect("twenty readers ended early") > 1000);
}

/// How many were read; none if reading ended early.
fn records_of_a_killed_writer() -> Option<u32> {
    let journal = Journal::create(1 << 26).unwrap();
    let own = Journal::attach(journal.as_raw_fd()).unwrap();
    // Only the duplicate is inherited.
    fcntl_setfd(own.as_fd(), FdFlags::empty()).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "writer"])
        .env(FD, own.as_raw_fd().to_string())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while journal.used() < 1 << 18 {
        assert!(Instant::now() < deadline && child.try_wait().unwrap().is_none(), "the writer did not write");
        sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();

    let used = journal.used();
    let mut reader = journal.read_from(0).unwrap();
    let mut next = [0_u32; THREADS as usize];
    let mut torn = 0;
    for entry in reader.by_ref() {
        match entry {
            Entry::Record { payload, .. } => {
                let (thread, count) = (payload[0], u32::from_le_bytes(payload[45..].try_into().unwrap()));
                assert!(payload[..45].iter().all(|byte| *byte == thread));
                assert_eq!(count, next[usize::from(thread)], "no committed record is missing");
                next[usize::from(thread)] += 1;
            }
            Entry::Torn { .. } => torn += 1,
            Entry::Corrupt { .. } => panic!("{entry:?}"),
        }
    }
    assert!(torn <= u32::from(THREADS), "at most one record per thread was under way");
    assert!(reader.is_stuck() || reader.cursor() == used);
    (!reader.is_stuck()).then(|| next.iter().sum())
}
