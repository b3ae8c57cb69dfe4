//! At the end nothing is alive: one test in a process of its own, as the tables are the process's.

use deadhand_core::ledger::ledger;
use deadhand_core::store::{Alive, Store, alive};

fn counts() -> Vec<(&'static str, u32, u32)> {
    alive().into_iter().map(|Alive { kind, count, queued, .. }| (kind, count, queued)).collect()
}

fn all(store: u32, reader: u32, writer: u32, deleter: (u32, u32)) -> Vec<(&'static str, u32, u32)> {
    vec![("store", store, 0), ("reader", reader, 0), ("writer", writer, 0), ("deleter", deleter.0, deleter.1)]
}

#[test]
fn everything_is_counted_and_zero_at_the_end() {
    assert_eq!(counts(), all(0, 0, 0, (0, 0)));
    let store = Store::in_memory().unwrap();
    let (reader, writer) = (store.read().unwrap(), store.write().unwrap());
    let (first, second) = (writer.deleter(b"").unwrap(), writer.deleter(b"").unwrap());
    assert_eq!(counts(), all(1, 1, 1, (2, 0)));
    store.close().unwrap();
    assert_eq!(counts(), all(1, 1, 1, (2, 0)), "its children keep it");
    let seen = std::thread::spawn(move || {
        first.discard();
        counts()
    });
    assert_eq!(seen.join().unwrap(), all(1, 1, 1, (1, 1)), "queued, for another thread to free");
    assert_eq!(counts(), all(1, 1, 1, (1, 0)), "asking at home frees it");
    second.close().unwrap();
    writer.commit().unwrap();
    reader.close().unwrap();
    assert_eq!(counts(), all(0, 0, 0, (0, 0)));

    // Threads that end while others drop what they made: nothing is left behind.
    let store = Store::in_memory().unwrap();
    let writer = store.write().unwrap();
    for _ in 0..200 {
        let (sender, made) = std::sync::mpsc::channel();
        let maker = std::thread::spawn(move || {
            for _ in 0..5 {
                // The writer takes one user at a time; here there is no other.
                sender.send(writer.deleter(b"").unwrap()).unwrap();
            }
        });
        for deleter in made {
            deleter.discard();
        }
        maker.join().unwrap();
    }
    writer.abort().unwrap();
    store.close().unwrap();
    assert_eq!(counts(), all(0, 0, 0, (0, 0)));
    if let Some(ledger) = ledger() {
        ledger.settle().unwrap();
        let kinds = ledger.kinds();
        assert_eq!(
            kinds.iter().map(|kind| kind.kind.as_str()).collect::<Vec<_>>(),
            ["store", "reader", "writer", "deleter"]
        );
        assert_eq!(kinds.iter().map(|kind| kind.destructor_panicked).sum::<u64>(), 0);
    }
}
