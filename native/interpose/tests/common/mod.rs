//! Regions of plain threads, and children that may not come back.

use std::ffi::c_int;
use std::sync::{Arc, Barrier, Mutex, MutexGuard, PoisonError};
use std::thread;

use deadhand_interpose::{Plan, PolicyKind, Region, Report, arm};
use deadhand_journal::{Entry, Journal};

pub(crate) type Body = Box<dyn FnOnce() + Send>;

/// Tests of one process take turns: there is one scheduler, and one region at a time.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn plan(policy: PolicyKind, seed: u64) -> Plan {
    Plan { number: 0, threads: Vec::new(), policy, seed, depth: 3, length: 12, switches: Vec::new(), budget: 5000 }
}

pub(crate) fn replay(switches: &[(u32, u32)]) -> Plan {
    Plan { switches: switches.to_vec(), ..plan(PolicyKind::Replay, 0) }
}

/// Run bodies as threads 1, 2, … of a region.
pub(crate) fn run(plan: Plan, bodies: Vec<Body>) -> Report {
    let threads: Vec<u32> = (1..).take(bodies.len()).collect();
    let region = Region::new(&Plan { threads: threads.clone(), ..plan }).expect("a region");
    let all_left = Barrier::new(bodies.len());
    thread::scope(|scope| {
        for (number, body) in threads.into_iter().zip(bodies) {
            let (region, all_left) = (&region, &all_left);
            scope.spawn(move || {
                region.enter(number).expect("entering");
                body();
                region.leave(number).expect("leaving");
                all_left.wait();
            });
        }
    });
    region.report()
}

/// Run a region in a child of its own. Returns the child's exit status and the records it left.
pub(crate) fn in_child(work: impl FnOnce()) -> (c_int, Vec<Vec<u8>>) {
    let journal = Arc::new(Journal::create(1 << 16).expect("a journal"));
    arm(Some(Arc::clone(&journal)), || ()).expect("arming");
    // SAFETY: the child runs what the test does, and leaves by `_exit`.
    match unsafe { libc::fork() } {
        -1 => panic!("no child"),
        0 => {
            work();
            // SAFETY: ends the child without running what belongs to the parent.
            unsafe { libc::_exit(0) }
        }
        child => {
            let mut status = 0;
            // SAFETY: a child of ours, and a place for its status.
            assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
            assert!(libc::WIFEXITED(status), "status {status}");
            (libc::WEXITSTATUS(status), records(&journal))
        }
    }
}

pub(crate) fn records(journal: &Journal) -> Vec<Vec<u8>> {
    let entries = journal.read_from(0).expect("the journal");
    entries
        .filter_map(|entry| match entry {
            Entry::Record { payload, .. } => Some(payload),
            _ => None,
        })
        .collect()
}

/// Whether a record holds these bytes.
pub(crate) fn says(record: &[u8], text: &str) -> bool {
    record.windows(text.len()).any(|part| part == text.as_bytes())
}
