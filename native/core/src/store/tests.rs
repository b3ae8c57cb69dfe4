//! The four kinds together. The tables are the process's own, so each test looks at its own handles; what needs all
//! counts is in `tests/ledger.rs`, a process of its own.

use std::sync::Barrier;

use deadhand_guard::{GuardError, Thread};

use super::{Deleter, Store, StoreError, Writer};

fn filled(keys: &[&str]) -> Store {
    let store = Store::in_memory().unwrap();
    let writer = store.write().unwrap();
    for key in keys {
        writer.put(key.as_bytes(), b"value").unwrap();
    }
    writer.commit().unwrap();
    store
}

fn refusal<R: std::fmt::Debug>(result: Result<R, StoreError>) -> GuardError {
    match result.unwrap_err() {
        StoreError::Guard(error) => error,
        other => panic!("{other}"),
    }
}

fn steps(deleter: Deleter) -> Vec<String> {
    std::iter::from_fn(|| deleter.step().unwrap()).map(|key| String::from_utf8(key).unwrap()).collect()
}

#[test]
fn a_reader_shows_what_was_committed_when_it_was_made() {
    let store = Store::in_memory().unwrap();
    let empty = store.read().unwrap();
    let writer = store.write().unwrap();
    writer.put(b"a", b"1").unwrap();
    writer.put(b"b", b"2").unwrap();
    assert_eq!(writer.get(b"a").unwrap().as_deref(), Some(&b"1"[..]));
    assert_eq!(store.read().unwrap().get(b"a").unwrap(), None);
    writer.commit().unwrap();
    let full = store.read().unwrap();
    assert_eq!((empty.count().unwrap(), empty.next().unwrap(), full.count().unwrap()), (0, None, 2));
    assert_eq!(full.next().unwrap(), Some((b"a".to_vec(), b"1".to_vec())));
    assert_eq!(full.next().unwrap(), Some((b"b".to_vec(), b"2".to_vec())));
    assert_eq!(full.next().unwrap(), None);
    full.rewind().unwrap();
    assert_eq!(full.next().unwrap(), Some((b"a".to_vec(), b"1".to_vec())));
    store.close().unwrap();
    assert_eq!(full.get(b"b").unwrap().as_deref(), Some(&b"2"[..]), "a closed store is kept by its readers");
    full.close().unwrap();
    full.close().unwrap();
    assert!(matches!(refusal(full.get(b"b")), GuardError::Stale { .. }));
}

#[test]
fn one_writer_at_a_time_and_what_is_not_committed_is_undone() {
    let store = Store::in_memory().unwrap();
    let first = store.write().unwrap();
    first.put(b"a", b"1").unwrap();
    assert!(matches!(store.write().unwrap_err(), StoreError::HasWriter { store: named } if named == store.handle()));
    first.abort().unwrap();
    assert!(matches!(refusal(first.commit()), GuardError::Stale { .. }));
    let second = store.write().unwrap();
    assert_eq!(second.get(b"a").unwrap(), None);
    second.put(b"b", b"2").unwrap();
    assert!(second.remove(b"b").unwrap() && !second.remove(b"b").unwrap());
    second.discard();
    store.write().unwrap().abort().unwrap();
    store.close().unwrap();
}

#[test]
fn a_closed_store_makes_nothing_new_and_a_refusing_close_leaves_it_open() {
    let store = filled(&["a"]);
    let reader = store.read().unwrap();
    assert!(matches!(refusal(store.close_or_refuse()), GuardError::HasChildren { children: 1, .. }));
    let writer = store.write().unwrap();
    assert!(matches!(refusal(store.close_or_refuse()), GuardError::HasChildren { children: 2, .. }));
    assert!(store.is_open());
    store.close().unwrap();
    assert!(!store.is_open());
    store.close_or_refuse().unwrap();
    assert!(matches!(refusal(store.read()), GuardError::Closed { children: 2, .. }));
    writer.put(b"b", b"2").unwrap();
    writer.commit().unwrap();
    reader.close().unwrap();
    assert!(matches!(refusal(store.write()), GuardError::Stale { .. }));
    let idle = Store::in_memory().unwrap();
    idle.close_or_refuse().unwrap();
    assert!(!idle.is_open());
}

#[test]
fn a_deleter_deletes_what_has_its_prefix_and_ends_with_its_writer() {
    let store = filled(&["a1", "b1", "b2", "c1"]);
    let writer = store.write().unwrap();
    let deleter = writer.deleter(b"b").unwrap();
    assert_eq!(steps(deleter), ["b1", "b2"]);
    deleter.close().unwrap();
    deleter.close().unwrap();
    assert!(matches!(refusal(deleter.step()), GuardError::Stale { .. }));
    let late = writer.deleter(b"").unwrap();
    writer.commit().unwrap();
    assert!(matches!(refusal(late.step()), GuardError::Stale { kind: "writer", .. }));
    assert!(late.is_open());
    late.close().unwrap();
    assert_eq!(store.read().unwrap().count().unwrap(), 2);
    store.close().unwrap();
}

#[test]
fn a_deleter_is_used_and_closed_on_its_own_thread_only() {
    let store = filled(&["a", "b"]);
    let writer = store.write().unwrap();
    let deleter = writer.deleter(b"").unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let here = Thread::current();
            for error in [refusal(deleter.step()), refusal(deleter.close())] {
                assert!(matches!(error, GuardError::WrongThread { here: there, .. } if there == here));
            }
            assert!(deleter.is_open());
            deleter.discard();
            assert!(!deleter.is_open());
        });
    });
    assert!(matches!(refusal(deleter.step()), GuardError::Closed { .. }));
    writer.deleter(b"").unwrap().close().unwrap();
    assert!(matches!(refusal(deleter.step()), GuardError::Stale { .. }), "making one frees what is queued");
    writer.abort().unwrap();
    store.close().unwrap();
}

#[test]
fn a_thread_takes_its_deleters_with_it() {
    let store = filled(&["a"]);
    let writer = store.write().unwrap();
    let made = std::thread::spawn(move || writer.deleter(b"").unwrap()).join().unwrap();
    assert!(!made.is_open());
    assert!(matches!(refusal(made.step()), GuardError::WrongThread { .. }));
    made.discard();
    writer.abort().unwrap();
    store.close().unwrap();
}

#[test]
fn a_panic_strikes_the_store_and_nothing_else() {
    let (store, other) = (filled(&["a"]), filled(&["a"]));
    let (reader, writer) = (store.read().unwrap(), store.write().unwrap());
    let error = store.provoke_panic().unwrap_err();
    assert!(matches!(&error, StoreError::Panicked { .. }));
    assert!(error.to_string().contains("fenced off, close it") && error.to_string().contains("provoked"), "{error}");
    assert!(matches!(refusal(store.read()), GuardError::Fenced { .. }));
    assert!(store.is_open());
    assert_eq!(other.read().unwrap().count().unwrap(), 1);
    writer.put(b"b", b"2").unwrap();
    writer.commit().unwrap();
    assert_eq!(reader.count().unwrap(), 1);
    reader.close().unwrap();
    store.close().unwrap();
    assert!(!store.is_open());
    other.close().unwrap();
}

#[test]
fn two_threads_never_write_at_once_and_none_of_their_commits_is_lost() {
    const ROUNDS: u32 = 50;
    let store = Store::in_memory().unwrap();
    let barrier = Barrier::new(2);
    let attempt = |name: u8| {
        let mut done = 0;
        barrier.wait();
        while done < ROUNDS {
            let writer = match store.write() {
                Ok(writer) => writer,
                Err(StoreError::HasWriter { .. }) => continue,
                Err(error) => panic!("{error}"),
            };
            let key = [&[name][..], &done.to_be_bytes()].concat();
            writer.put(&key, b"").unwrap();
            writer.commit().unwrap();
            done += 1;
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| attempt(b'a'));
        scope.spawn(|| attempt(b'b'));
    });
    let reader = store.read().unwrap();
    assert_eq!(reader.count().unwrap(), u64::from(2 * ROUNDS));
    reader.close().unwrap();
    store.close().unwrap();
}

#[test]
fn two_threads_on_one_writer_get_an_answer_or_busy_and_a_close_between_them_is_no_harm() {
    for _ in 0..50 {
        let store = Store::in_memory().unwrap();
        let writer = store.write().unwrap();
        let barrier = Barrier::new(2);
        let puts = |last: fn(Writer)| {
            barrier.wait();
            for number in 0..20_u8 {
                match writer.put(&[number], &[0; 900]) {
                    Ok(())
                    | Err(StoreError::Guard(
                        GuardError::Busy { .. } | GuardError::Closed { .. } | GuardError::Stale { .. },
                    )) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            last(writer);
        };
        std::thread::scope(|scope| {
            scope.spawn(|| puts(Writer::discard));
            scope.spawn(|| puts(|_| {}));
        });
        store.close_or_refuse().unwrap();
        assert!(matches!(refusal(store.read()), GuardError::Stale { .. }));
    }
}

#[test]
fn a_file_is_open_once_and_keeps_what_was_committed() {
    let folder = std::env::temp_dir().join(format!("deadhand-store-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("items.redb");
    let store = Store::open(&path).unwrap();
    let writer = store.write().unwrap();
    writer.put(b"a", b"1").unwrap();
    writer.commit().unwrap();
    let reader = store.read().unwrap();
    store.close().unwrap();
    let error = Store::open(&path).unwrap_err();
    assert!(matches!(&error, StoreError::AlreadyOpen { path: named } if *named == path), "{error}");
    reader.close().unwrap();
    let again = Store::open(&path).unwrap();
    assert_eq!(again.read().unwrap().get(b"a").unwrap().as_deref(), Some(&b"1"[..]));
    assert!(matches!(Store::open(&folder).unwrap_err(), StoreError::Io(_)));
    let note = folder.join("note.txt");
    std::fs::write(&note, "no database at all, and longer than a header of one".repeat(200)).unwrap();
    let error = Store::open(&note).unwrap_err();
    assert!(matches!(&error, StoreError::Io(_) | StoreError::Database { .. }), "{error}");
    again.close().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
}
