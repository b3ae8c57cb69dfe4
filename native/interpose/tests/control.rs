//! Regions of plain threads: what is found, repeated, and seen to be stuck.
#![cfg(all(target_os = "linux", target_env = "gnu", any(target_arch = "x86_64", target_arch = "aarch64")))]

mod common;

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, RwLock};
use std::thread;
use std::time::Duration;

use common::{Body, alone, in_child, plan, records, replay, run, says};
use deadhand_interpose::{Control, DEADLOCK, Plan, PolicyKind, Region, RegionError, arm, disarm, status};
use deadhand_journal::Journal;

const RANDOM: [PolicyKind; 4] = [PolicyKind::Pct, PolicyKind::Pos, PolicyKind::Surw, PolicyKind::Walk];

/// Two threads each look, and then act on what they saw: a lock around each half does not help.
fn check_then_act(lost: &Arc<AtomicBool>) -> Vec<Body> {
    let count = Arc::new(Mutex::new(0));
    let both = Arc::new(AtomicUsize::new(0));
    let body = |_| {
        let (count, both, lost) = (Arc::clone(&count), Arc::clone(&both), Arc::clone(lost));
        Box::new(move || {
            let seen = *count.lock().unwrap();
            // Contended or not, `std` calls nothing for a free lock: the point is the step.
            point();
            *count.lock().unwrap() = seen + 1;
            if both.fetch_add(1, Ordering::Relaxed) == 1 && *count.lock().unwrap() == 1 {
                lost.store(true, Ordering::Relaxed);
            }
        }) as Body
    };
    (0..2).map(body).collect()
}

fn point() {
    if let Some(turn) = deadhand_interpose::point(0, 0) {
        turn.give();
    }
}

fn armed() {
    arm(None, || ()).expect("arming");
}

#[test]
fn the_default_switches_only_where_it_must() {
    let _turn = alone();
    armed();
    let lost = Arc::new(AtomicBool::new(false));
    let report = run(plan(PolicyKind::Default, 0), check_then_act(&lost));
    assert_eq!((report.switches.len(), report.control, lost.load(Ordering::Relaxed)), (0, Control::Full, false));
    assert!(report.decisions > 0 && report.why.is_empty() && report.diverged.is_none());
}

#[test]
fn every_policy_finds_the_lost_update_and_its_switches_repeat_it() {
    let _turn = alone();
    armed();
    for policy in RANDOM {
        let found = (0..200).find_map(|seed| {
            let lost = Arc::new(AtomicBool::new(false));
            let report = run(Plan { length: 4, ..plan(policy, seed) }, check_then_act(&lost));
            lost.load(Ordering::Relaxed).then_some(report)
        });
        let found = found.unwrap_or_else(|| panic!("{policy:?} does not find it"));
        for _ in 0..20 {
            let lost = Arc::new(AtomicBool::new(false));
            let again = run(replay(&found.switches), check_then_act(&lost));
            assert!(lost.load(Ordering::Relaxed));
            assert_eq!((again.hash, &again.switches), (found.hash, &found.switches));
        }
    }
}

#[test]
fn a_replay_tells_where_it_switched() {
    let _turn = alone();
    armed();
    let all = run(plan(PolicyKind::Default, 0), check_then_act(&Arc::new(AtomicBool::new(false)))).stops;
    let there = all
        .iter()
        .rfind(|stop| stop.decision.is_some() && stop.able.count_ones() == 2)
        .expect("a place at which another could go on");
    let other = there.able & !(1 << there.thread);
    let switch = (there.decision.expect("it is one"), other.trailing_zeros());
    let report = run(replay(&[switch]), check_then_act(&Arc::new(AtomicBool::new(false))));
    assert_eq!((report.switches, report.stops), (vec![switch], vec![*there]));
    let nowhere = run(replay(&[(1_000, 1)]), check_then_act(&Arc::new(AtomicBool::new(false))));
    assert_eq!((nowhere.diverged, nowhere.stops), (Some(1_000), vec![]));
}

/// The other thread goes on meanwhile: the end of the one that is joined may depend on it.
#[test]
fn who_joins_a_thread_from_before_the_region_gives_the_token_up_at_once() {
    let _turn = alone();
    armed();
    let (say, hear) = std::sync::mpsc::channel::<()>();
    let stranger = thread::spawn(move || hear.recv().expect("it is said"));
    let bodies: Vec<Body> = vec![
        Box::new(move || stranger.join().expect("it ended")),
        Box::new(move || say.send(()).expect("somebody hears")),
    ];
    let report = run(plan(PolicyKind::Default, 0), bodies);
    assert_eq!(report.control, Control::Partial);
    assert!(report.why.contains(&"a thread outside the region was needed"), "{:?}", report.why);
    assert!(!report.why.iter().any(|why| why.contains("not modelled")), "{:?}", report.why);
}

#[test]
fn joining_a_thread_that_ended_before_costs_no_control() {
    let _turn = alone();
    armed();
    let stranger = thread::spawn(|| ());
    while !stranger.is_finished() {
        thread::yield_now();
    }
    // Its last words are over a moment later.
    thread::sleep(Duration::from_millis(50));
    let bodies: Vec<Body> = vec![Box::new(move || stranger.join().expect("it ended")), Box::new(|| ())];
    let report = run(plan(PolicyKind::Default, 0), bodies);
    assert_eq!((report.control, report.why), (Control::Full, vec![]));
}

/// Nobody outside is left who could wake it.
#[test]
fn a_lost_wake_up_after_such_a_join_is_still_named() {
    let _turn = alone();
    armed();
    let (status, records) = in_child(|| {
        let stranger = thread::spawn(|| thread::sleep(Duration::from_millis(20)));
        let pair = Arc::new((Mutex::new(false), Condvar::new()));
        let bodies: Vec<Body> = vec![
            Box::new(move || {
                stranger.join().expect("it ended");
                let guard = pair.0.lock().unwrap();
                drop(pair.1.wait(guard).unwrap());
            }),
            Box::new(|| ()),
        ];
        run(plan(PolicyKind::Default, 0), bodies);
    });
    assert_eq!(status, DEADLOCK);
    assert!(records.last().is_some_and(|record| says(record, "lost wake-up")), "{records:?}");
}

#[test]
fn a_seed_is_one_trace() {
    let _turn = alone();
    armed();
    for policy in RANDOM {
        for seed in 0..5 {
            let traces: HashSet<_> =
                (0..20).map(|_| run(plan(policy, seed), check_then_act(&Arc::default())).hash).collect();
            assert_eq!(traces.len(), 1, "{policy:?} {seed}");
        }
    }
}

#[test]
fn a_switch_that_cannot_be_made_is_said_and_the_rest_is_the_default() {
    let _turn = alone();
    armed();
    let report = run(replay(&[(0, 9), (1, 2)]), check_then_act(&Arc::default()));
    assert_eq!((report.diverged, report.switches.len()), (Some(0), 0));
    let report = run(replay(&[(4000, 2)]), check_then_act(&Arc::default()));
    assert_eq!(report.diverged, Some(4000));
}

#[test]
fn switches_are_in_the_journal_as_they_are_made() {
    let _turn = alone();
    let journal = Arc::new(Journal::create(1 << 16).unwrap());
    arm(Some(Arc::clone(&journal)), || ()).unwrap();
    let mut switches = 0;
    for seed in 0..20 {
        switches += run(plan(PolicyKind::Walk, seed), check_then_act(&Arc::default())).switches.len();
    }
    let written = records(&journal);
    assert!(switches > 0 && written.iter().all(|record| says(record, "C")));
    assert_eq!(written.len(), switches);
}

/// Contended locks of all kinds, so that waiting in each is modelled.
fn contend(with: &'static str) -> Vec<Body> {
    let total = Arc::new(AtomicUsize::new(0));
    let std = Arc::new(Mutex::new(()));
    let parking = Arc::new(parking_lot::Mutex::new(()));
    let rw = Arc::new(RwLock::new(()));
    let body = |index: usize| {
        let (std, parking, rw, total) = (Arc::clone(&std), Arc::clone(&parking), Arc::clone(&rw), Arc::clone(&total));
        Box::new(move || {
            for _ in 0..3 {
                match with {
                    "std" => {
                        let _held = std.lock().unwrap();
                        point();
                    }
                    "parking_lot" => {
                        let _held = parking.lock();
                        point();
                    }
                    _ if index == 0 => {
                        let _held = rw.write().unwrap();
                        point();
                    }
                    _ => {
                        let _held = rw.read().unwrap();
                        point();
                    }
                }
                total.fetch_add(1, Ordering::Relaxed);
            }
        }) as Body
    };
    (0..3).map(body).collect()
}

#[test]
fn locks_made_of_futexes_are_waited_for_under_control() {
    let _turn = alone();
    armed();
    for with in ["std", "parking_lot", "rwlock"] {
        for seed in 0..30 {
            let first = run(plan(PolicyKind::Walk, seed), contend(with));
            let second = run(plan(PolicyKind::Walk, seed), contend(with));
            assert_eq!((first.control, first.hash), (Control::Full, second.hash), "{with} {seed} {:?}", first.why);
        }
    }
}

#[test]
fn time_outs_fire_without_waiting_for_them() {
    let _turn = alone();
    armed();
    let pair = Arc::new((Mutex::new(()), Condvar::new()));
    let timed_out = Arc::new(AtomicBool::new(false));
    let waiter: Body = {
        let (pair, timed_out) = (Arc::clone(&pair), Arc::clone(&timed_out));
        Box::new(move || {
            let held = pair.0.lock().unwrap();
            let (_held, result) = pair.1.wait_timeout(held, Duration::from_secs(3600)).unwrap();
            timed_out.store(result.timed_out(), Ordering::Relaxed);
        })
    };
    let report = run(plan(PolicyKind::Default, 0), vec![waiter, Box::new(|| thread::sleep(Duration::from_secs(60)))]);
    assert!(timed_out.load(Ordering::Relaxed));
    assert_eq!(report.control, Control::Full);
}

#[test]
fn threads_that_a_region_starts_belong_to_it() {
    let _turn = alone();
    armed();
    let bodies = || -> Vec<Body> {
        (0..2)
            .map(|_| {
                Box::new(|| {
                    let threads: Vec<_> = (0..3).map(|_| thread::spawn(point)).collect();
                    for each in threads {
                        each.join().unwrap();
                    }
                }) as Body
            })
            .collect()
    };
    let traces: HashSet<_> = (0..30).map(|_| run(plan(PolicyKind::Walk, 5), bodies()).hash).collect();
    assert_eq!(traces.len(), 1);
    let report = run(plan(PolicyKind::Walk, 5), bodies());
    assert!(report.switches.iter().any(|(_, thread)| *thread > 2), "{report:?}");
    assert_eq!(report.control, Control::Full);
}

#[test]
fn threads_that_outlive_a_region_go_on_after_it() {
    let _turn = alone();
    armed();
    let pair = Arc::new((Mutex::new(false), Condvar::new()));
    let started = Arc::new(Mutex::new(None));
    let body: Body = {
        let (pair, started) = (Arc::clone(&pair), Arc::clone(&started));
        Box::new(move || {
            *started.lock().unwrap() = Some(thread::spawn(move || {
                let mut done = pair.0.lock().unwrap();
                while !*done {
                    done = pair.1.wait(done).unwrap();
                }
            }));
        })
    };
    let report = run(plan(PolicyKind::Default, 0), vec![body]);
    assert_eq!(report.control, Control::Full);
    *pair.0.lock().unwrap() = true;
    pair.1.notify_all();
    started.lock().unwrap().take().unwrap().join().unwrap();
}

#[test]
fn a_deadlock_ends_the_child_at_once_and_names_who_waits_for_what() {
    let _turn = alone();
    let (status, records) = in_child(|| {
        let (one, two) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
        let body = |first: &Arc<Mutex<()>>, second: &Arc<Mutex<()>>| {
            let (first, second) = (Arc::clone(first), Arc::clone(second));
            Box::new(move || {
                let _first = first.lock().unwrap();
                point();
                let _second = second.lock().unwrap();
            }) as Body
        };
        let bodies = vec![body(&one, &two), body(&two, &one)];
        run(replay(&[(1, 2)]), bodies);
    });
    assert_eq!(status, DEADLOCK);
    let last = records.last().expect("a record");
    assert!(["G", "deadlock", "futex 1", "futex 2"].into_iter().all(|text| says(last, text)), "{last:?}");
}

#[test]
fn a_wake_up_that_comes_too_early_is_lost() {
    let _turn = alone();
    let (status, records) = in_child(|| {
        let pair = Arc::new((Mutex::new(()), Condvar::new()));
        let other = Arc::clone(&pair);
        let waiter: Body = Box::new(move || drop(pair.1.wait(pair.0.lock().unwrap())));
        run(replay(&[(0, 2)]), vec![waiter, Box::new(move || other.1.notify_all())]);
    });
    assert_eq!(status, DEADLOCK);
    assert!(records.last().is_some_and(|record| says(record, "lost wake-up")));
}

#[test]
fn a_budget_that_is_used_up_is_a_livelock() {
    let _turn = alone();
    let (status, records) = in_child(|| {
        let body = || {
            Box::new(|| {
                while !thread::panicking() {
                    thread::yield_now();
                }
            }) as Body
        };
        run(plan(PolicyKind::Default, 0), vec![body(), body()]);
    });
    assert_eq!(status, DEADLOCK);
    assert!(records.last().is_some_and(|record| says(record, "livelock")));
}

#[test]
fn a_child_that_is_forked_inside_has_no_region() {
    let _turn = alone();
    armed();
    let body: Body = Box::new(|| {
        // SAFETY: the child makes one region, and leaves by `_exit`.
        match unsafe { libc::fork() } {
            0 => {
                let report = run(plan(PolicyKind::Default, 0), check_then_act(&Arc::default()));
                let status = if report.control == Control::Full { 5 } else { 6 };
                // SAFETY: ends the child without running what belongs to the parent.
                unsafe { libc::_exit(status) }
            }
            child => {
                let mut status = 0;
                // SAFETY: a child of ours, and a place for its status.
                assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
                assert_eq!(libc::WEXITSTATUS(status), 5);
            }
        }
    });
    run(plan(PolicyKind::Default, 0), vec![body, Box::new(point)]);
}

#[test]
fn wrong_use_is_refused_with_its_reason() {
    let _turn = alone();
    armed();
    let make = |threads: &[u32]| Region::new(&Plan { threads: threads.to_vec(), ..plan(PolicyKind::Default, 0) });
    assert_eq!(make(&[]).err(), Some(RegionError::Threads));
    assert_eq!(make(&[1, 1]).err(), Some(RegionError::Threads));
    let region = make(&[4]).unwrap();
    assert_eq!(region.enter(5), Err(RegionError::Stranger(5)));
    assert_eq!(region.leave(4), Err(RegionError::Outside(4)));
    region.enter(4).unwrap();
    assert_eq!(make(&[1]).err(), Some(RegionError::Busy));
    assert_eq!(region.enter(4), Err(RegionError::Inside));
    assert!(disarm().is_err());
    region.leave(4).unwrap();
    disarm().unwrap();
    assert_eq!((status().count.slots, make(&[1]).err()), (0, Some(RegionError::NotArmed)));
}
