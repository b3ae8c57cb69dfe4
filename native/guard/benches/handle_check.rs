//! What a handle check costs beside slotmap's, alone and behind a lock, on handles in random order.
//!
//! `nice -n 15 cargo bench -p deadhand-guard --bench handle_check`, and again with `--no-default-features`; each figure is for 1000 handles.

use std::sync::Mutex;

use deadhand_guard::{Config, ExclusiveTable, Handle, SharedTable, ThreadBoundTable};
use divan::{Bencher, black_box};
use slotmap::{DefaultKey, SlotMap};

const HANDLES: u64 = 1000;

fn main() {
    divan::main();
}

/// The order in which handles are used: always the same shuffle.
fn shuffle<T>(items: &mut [T]) {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    for last in (1..items.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        items.swap(last, usize::try_from(state % (last as u64 + 1)).unwrap_or(0));
    }
}

fn slots() -> (SlotMap<DefaultKey, u64>, Vec<DefaultKey>) {
    let mut map = SlotMap::new();
    let mut keys: Vec<_> = (0..HANDLES).map(|value| map.insert(value)).collect();
    shuffle(&mut keys);
    (map, keys)
}

macro_rules! table {
    ($kind:ident) => {{
        let table = $kind::new(Config::new("number")).unwrap();
        let mut handles: Vec<Handle> = (0..HANDLES).map(|value| table.insert(value).unwrap()).collect();
        shuffle(&mut handles);
        (table, handles)
    }};
}

#[divan::bench]
fn alone_slotmap_get(bencher: Bencher) {
    let (map, keys) = slots();
    bencher.bench_local(|| keys.iter().map(|key| *black_box(&map).get(*key).unwrap()).sum::<u64>());
}

#[divan::bench]
fn alone_guard_get_mut(bencher: Bencher) {
    let (mut table, handles) = table!(SharedTable);
    bencher.bench_local(|| handles.iter().map(|handle| *black_box(&mut table).get_mut(*handle).unwrap()).sum::<u64>());
}

#[divan::bench]
fn alone_slotmap_contains(bencher: Bencher) {
    let (map, keys) = slots();
    bencher.bench_local(|| keys.iter().filter(|key| black_box(&map).contains_key(**key)).count());
}

#[divan::bench]
fn alone_guard_check(bencher: Bencher) {
    let (table, handles) = table!(SharedTable);
    bencher.bench_local(|| handles.iter().filter(|handle| black_box(&table).check(**handle).is_ok()).count());
}

#[divan::bench]
fn locked_slotmap_get(bencher: Bencher) {
    let (map, keys) = slots();
    let map = Mutex::new(map);
    bencher.bench_local(|| keys.iter().map(|key| *black_box(&map).lock().unwrap().get(*key).unwrap()).sum::<u64>());
}

#[divan::bench]
fn locked_guard_get_mut(bencher: Bencher) {
    let (table, handles) = table!(SharedTable);
    let table = Mutex::new(table);
    bencher.bench_local(|| {
        handles.iter().map(|handle| *black_box(&table).lock().unwrap().get_mut(*handle).unwrap()).sum::<u64>()
    });
}

#[divan::bench]
fn lock_free_shared_pin(bencher: Bencher) {
    let (table, handles) = table!(SharedTable);
    bencher.bench_local(|| handles.iter().map(|handle| *black_box(&table).pin(*handle).unwrap()).sum::<u64>());
}

#[divan::bench]
fn lock_free_exclusive_pin(bencher: Bencher) {
    let (table, handles) = table!(ExclusiveTable);
    bencher.bench_local(|| handles.iter().map(|handle| *black_box(&table).pin(*handle).unwrap()).sum::<u64>());
}

#[divan::bench]
fn lock_free_thread_bound_pin(bencher: Bencher) {
    let (table, handles) = table!(ThreadBoundTable);
    bencher.bench_local(|| handles.iter().map(|handle| *black_box(&table).pin(*handle).unwrap()).sum::<u64>());
}

#[divan::bench]
fn life_slotmap_insert_remove_locked(bencher: Bencher) {
    let map = Mutex::new(SlotMap::<DefaultKey, u64>::new());
    bencher.bench_local(|| {
        for value in 0..HANDLES {
            let key = black_box(&map).lock().unwrap().insert(value);
            black_box(&map).lock().unwrap().remove(key);
        }
    });
}

#[divan::bench]
fn life_guard_insert_dispose(bencher: Bencher) {
    let table = SharedTable::new(Config::new("number")).unwrap();
    bencher.bench_local(|| {
        for value in 0..HANDLES {
            let handle = black_box(&table).insert(value).unwrap();
            black_box(&table).dispose(handle).unwrap();
        }
    });
}
