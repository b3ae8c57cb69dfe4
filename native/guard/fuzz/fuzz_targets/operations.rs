//! Any calls, in any order, with any handle, forged ones included: nothing crashes, every object that was made is
//! freed once, and what a lease shows is the object that the handle was given out for.
//!
//! `cargo +nightly fuzz run operations`, in `native/guard`.
#![no_main]

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use arbitrary::Arbitrary;
use deadhand_guard::{
    Access, Block, Config, Dispose, ExclusiveTable, Export, Handle, Quarantine, SharedTable, Table, whose,
};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Program {
    refusing: bool,
    exclusive: bool,
    ops: Vec<Op>,
}

#[derive(Arbitrary, Debug)]
enum Op {
    Insert,
    InsertUnder(u8),
    Cancel,
    Pin(u8),
    Release(u8),
    Dispose(u8),
    FenceOff(u8),
    Forged(u64),
    Mangled { which: u8, flip: u64 },
    Quarantined { length: u16 },
}

struct Counted(u32, Arc<AtomicU32>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::Relaxed);
    }
}

fn config(refusing: bool) -> Config {
    let dispose = if refusing { Dispose::Refusing } else { Dispose::Deferred };
    Config::new("object").dispose(dispose).reuse_distance(2).max_generation(50)
}

thread_local! {
    // Numbers of tables never come back, and a long run would use them up: so four tables serve all programs, each of
    // which leaves them empty.
    static SHARED: [Arc<SharedTable<Counted>>; 2] =
        [false, true].map(|refusing| Arc::new(SharedTable::new(config(refusing)).unwrap()));
    static EXCLUSIVE: [Arc<ExclusiveTable<Counted>>; 2] =
        [false, true].map(|refusing| Arc::new(ExclusiveTable::new(config(refusing)).unwrap()));
}

fuzz_target!(|program: Program| {
    let which = usize::from(program.refusing);
    if program.exclusive {
        EXCLUSIVE.with(|tables| run(&tables[which], &program.ops));
    } else {
        SHARED.with(|tables| run(&tables[which], &program.ops));
    }
});

fn run<A: Access>(table: &Arc<Table<Counted, A>>, ops: &[Op])
where
    Table<Counted, A>: Send + Sync,
{
    let freed = Arc::new(AtomicU32::new(0));
    let quarantine = Quarantine::new(4096);
    let mut numbers: HashMap<Handle, u32> = HashMap::new();
    let mut handles: Vec<Handle> = Vec::new();
    let mut leases: Vec<Export<Counted, A>> = Vec::new();
    for op in ops {
        let pick = |n: u8| handles.get(usize::from(n) % handles.len().max(1)).copied();
        match *op {
            Op::Insert | Op::InsertUnder(_) => {
                let parent = if let Op::InsertUnder(n) = *op { pick(n) } else { None };
                let number = u32::try_from(handles.len()).unwrap();
                let object = Counted(number, Arc::clone(&freed));
                let made = match parent.map(|parent| table.hold(parent)) {
                    Some(Ok(hold)) => table.insert_under(hold, object),
                    _ => table.insert(object),
                };
                let handle = made.unwrap();
                assert_eq!(numbers.insert(handle, number), None, "{handle} was given out twice");
                handles.push(handle);
            }
            Op::Cancel => drop(table.reserve().unwrap()),
            Op::Pin(n) => {
                if let Some(Ok(lease)) = pick(n).map(|handle| table.export(handle)) {
                    assert_eq!(lease.0, numbers[&lease.handle()]);
                    leases.push(lease);
                }
            }
            Op::Release(n) => {
                if !leases.is_empty() {
                    let lease = leases.swap_remove(usize::from(n) % leases.len());
                    assert_eq!(lease.0, numbers[&lease.handle()]);
                }
            }
            Op::Dispose(n) => {
                let _ = pick(n).map(|handle| table.dispose(handle));
            }
            Op::FenceOff(n) => {
                let _ = pick(n).map(|handle| table.fence_off(handle));
            }
            Op::Forged(bits) => forged(table, &numbers, bits),
            Op::Mangled { which, flip } => {
                if let Some(handle) = pick(which) {
                    forged(table, &numbers, handle.to_u64() ^ flip);
                }
            }
            Op::Quarantined { length } => {
                if let Some(handle) = handles.last() {
                    let block = Block::zeroed(length.into()).unwrap();
                    quarantine.admit(*handle, None, block);
                    assert_eq!(quarantine.verify(), []);
                }
            }
        }
    }
    leases.clear();
    // Children were made after their parents.
    for handle in handles.iter().rev() {
        let _ = table.dispose(*handle);
        let error = table.check(*handle).unwrap_err();
        assert!(!error.to_string().contains('\n'));
    }
    assert_eq!((table.len(), freed.load(Ordering::Relaxed) as usize), (0, handles.len()));
}

/// A number that nobody gave out leads to an object that was made here, or to an error of one line.
fn forged<A: Access>(table: &Arc<Table<Counted, A>>, numbers: &HashMap<Handle, u32>, bits: u64) {
    assert_eq!(whose(&bits.to_le_bytes()), None);
    match Handle::from_u64(bits).and_then(|handle| table.export(handle)) {
        Ok(lease) => assert_eq!(Some(&lease.0), numbers.get(&lease.handle())),
        Err(error) => assert!(!error.to_string().contains('\n')),
    }
}
