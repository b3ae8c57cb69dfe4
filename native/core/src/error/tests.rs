use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use deadhand_guard::{GuardError, Ledger};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::buffer::{BufferError, Buffers};
use crate::planted;
use crate::text::{Texts, strict};

struct World {
    ledger: Arc<Ledger>,
    buffers: Buffers,
}

impl World {
    fn new() -> Self {
        let ledger = Arc::new(Ledger::anonymous().unwrap());
        let buffers = Buffers::new(Some(&ledger)).unwrap();
        Self { ledger, buffers }
    }

    fn length(&self, buffer: Handle, on_success: OnSuccess) -> Result<usize, Code> {
        entry(Some(buffer), on_success, || self.buffers.length(buffer))
    }
}

#[test]
fn a_failure_is_recorded_and_a_success_clears_or_keeps() {
    let world = World::new();
    let (alive, gone) = (world.buffers.allocate(3).unwrap(), world.buffers.allocate(3).unwrap());
    world.buffers.dispose(gone).unwrap();
    clear_last_error();
    assert_eq!(last_error(), None);
    assert_eq!(world.length(gone, OnSuccess::Clear), Err(Code::Stale));
    let last = last_error().unwrap();
    assert_eq!((last.code, last.handle, last.code.number()), (Code::Stale, Some(gone), 3));
    assert!(last.message.contains("is stale"), "{last:?}");
    assert_eq!(world.length(alive, OnSuccess::Keep), Ok(3));
    assert_eq!(last_error(), Some(last.clone()), "asking does not change it");
    assert_eq!(take_last_error(), Some(last));
    assert_eq!(take_last_error(), None);
    world.length(gone, OnSuccess::Clear).unwrap_err();
    assert_eq!(world.length(alive, OnSuccess::Clear), Ok(3));
    assert_eq!(last_error(), None);
    world.buffers.dispose(alive).unwrap();
    assert_eq!(world.ledger.settle(), Ok(()));
}

#[test]
fn threads_have_nothing_to_do_with_each_other() {
    let world = World::new();
    let gone = world.buffers.allocate(1).unwrap();
    world.buffers.dispose(gone).unwrap();
    world.length(gone, OnSuccess::Clear).unwrap_err();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            assert_eq!(last_error(), None);
            entry(None, OnSuccess::Clear, || strict(b"\xFF")).unwrap_err();
            assert_eq!(last_error().unwrap().code, Code::NotText);
        });
    });
    assert_eq!(last_error().unwrap().code, Code::Stale);
    std::thread::scope(|scope| {
        scope.spawn(clear_last_error);
    });
    assert_eq!(last_error().unwrap().code, Code::Stale);
}

#[test]
fn a_panic_is_recorded_with_the_handle_and_others_stay_alive() {
    let world = World::new();
    let (struck, other) = (world.buffers.allocate(1).unwrap(), world.buffers.allocate(1).unwrap());
    planted::arm("buffer.read");
    let answer = entry(Some(struck), OnSuccess::Clear, || world.buffers.read(struck, 0, &mut [0]));
    assert!(!planted::waiting());
    assert_eq!(answer, Err(Code::Panicked));
    let last = last_error().unwrap();
    assert_eq!((last.code, last.handle), (Code::Panicked, Some(struck)));
    assert!(last.message.contains("planted in buffer.read"), "{last:?}");
    assert_eq!(world.length(struck, OnSuccess::Clear), Err(Code::Fenced));
    assert_eq!(world.length(other, OnSuccess::Clear), Ok(1));
    let bare = entry(None, OnSuccess::Clear, || -> Result<(), GuardError> { panic!("with a \0 in it") });
    assert_eq!(bare, Err(Code::Panicked));
    assert!(last_error().unwrap().message.ends_with("with a \\0 in it"));
    world.buffers.dispose(struck).unwrap();
    world.buffers.dispose(other).unwrap();
    assert_eq!(world.ledger.settle(), Ok(()));
}

#[test]
fn an_error_that_cannot_describe_itself_is_an_error_too() {
    struct Mute;
    impl fmt::Display for Mute {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("no words")
        }
    }
    impl Coded for Mute {
        fn code(&self) -> Code {
            Code::Other
        }

        fn handle(&self) -> Option<Handle> {
            None
        }
    }
    assert_eq!(record(&Mute, None), Code::Panicked);
    assert!(last_error().unwrap().message.ends_with("no words"));
}

#[test]
fn a_message_is_cut_between_characters() {
    let error = GuardError::TooManyTables { kind: "äöü", limit: 1 };
    record(&error, None);
    let full = format!("{error}\0");
    let mut host = [b'.'; 200];
    let needed = copy_last_message(&mut host);
    assert_eq!((needed, &host[..needed], host[needed]), (full.len(), full.as_bytes(), b'.'));
    let cut = full.find('ä').unwrap() + 1;
    let mut small = [b'.'; 200];
    assert_eq!(copy_last_message(&mut small[..=cut]), full.len());
    assert_eq!((&small[..cut - 1], small[cut - 1]), (&full.as_bytes()[..cut - 1], 0));
    assert_eq!(copy_last_message(&mut []), full.len());
    clear_last_error();
    assert_eq!((copy_last_message(&mut small[..1]), small[0]), (0, full.as_bytes()[0]), "nothing is written");
}

#[test]
fn a_record_can_be_asked_for_while_its_thread_ends() {
    struct Late(Cell<bool>);
    impl Drop for Late {
        fn drop(&mut self) {
            if self.0.get() {
                record(&GuardError::OutOfMemory { length: 1 }, None);
                // The record may be gone before this is: then there is nothing, and no panic.
                assert!(last_error().is_none_or(|last| last.code == Code::OutOfMemory));
                clear_last_error();
            }
        }
    }
    thread_local! {
        static LATE: Late = const { Late(Cell::new(false)) };
    }
    let thread = std::thread::spawn(|| {
        LATE.with(|late| late.0.set(true));
        record(&GuardError::OutOfMemory { length: 1 }, None);
    });
    thread.join().unwrap();
}

#[test]
fn each_module_s_errors_have_their_codes() {
    let world = World::new();
    let texts = Texts::new(Some(&world.ledger)).unwrap();
    let buffer = world.buffers.allocate(4).unwrap();
    let slice = world.buffers.slice(buffer, 0, 4).unwrap();
    let coded = |error: BufferError| (error.code(), error.handle());
    assert_eq!(coded(world.buffers.read(buffer, 9, &mut [0]).unwrap_err()), (Code::OutOfRange, None));
    let span = world.buffers.span(buffer, 0, 1).unwrap();
    assert_eq!(coded(world.buffers.resize(buffer, 9).unwrap_err()), (Code::InUse, Some(buffer)));
    assert_eq!(coded(world.buffers.dispose(buffer).unwrap_err()), (Code::InUse, Some(buffer)));
    world.buffers.release(span).unwrap();
    world.buffers.dispose(buffer).unwrap();
    assert_eq!(coded(world.buffers.slice_length(slice).unwrap_err()), (Code::Revoked, Some(slice)));
    let wrong = texts.get(slice).unwrap_err();
    assert_eq!((wrong.code(), wrong.handle()), (Code::WrongKind, Some(slice)));
    world.buffers.dispose_slice(slice).unwrap();
    assert_eq!(world.ledger.settle(), Ok(()));
}

/// One step, on one of two threads; inside runs within the entry, as from a callback.
#[derive(Clone, Debug)]
enum Step {
    Entry { fails: bool, keeps: bool, inside: Vec<Step> },
    Take,
    Clear,
}

fn step() -> impl Strategy<Value = Step> {
    let leaf = prop_oneof![Just(Step::Take), Just(Step::Clear)];
    leaf.prop_recursive(3, 12, 3, |inner| {
        (any::<bool>(), any::<bool>(), vec(inner, 0..3)).prop_map(|(fails, keeps, inside)| Step::Entry {
            fails,
            keeps,
            inside,
        })
    })
}

fn run(step: &Step, model: &mut Option<usize>, next: &mut usize) {
    match step {
        Step::Entry { fails, keeps, inside } => {
            let on_success = if *keeps { OnSuccess::Keep } else { OnSuccess::Clear };
            *next += 1;
            let length = *next;
            let answer = entry(None, on_success, || {
                for step in inside {
                    run(step, model, next);
                }
                if *fails { Err(GuardError::OutOfMemory { length }) } else { Ok(()) }
            });
            assert_eq!(answer.is_err(), *fails);
            match (fails, keeps) {
                (true, _) => *model = Some(length),
                (false, false) => *model = None,
                (false, true) => (),
            }
        }
        Step::Take => assert_eq!(take_last_error().map(|last| last.message), model.take().map(message)),
        Step::Clear => {
            clear_last_error();
            *model = None;
        }
    }
    assert_eq!(last_error().map(|last| last.message), model.map(message));
}

fn message(length: usize) -> String {
    GuardError::OutOfMemory { length }.to_string()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_record_behaves_as_its_model(steps in vec((any::<bool>(), step()), 0..20)) {
        clear_last_error();
        let (to_other, steps_of_other) = std::sync::mpsc::channel::<Step>();
        let (done, other_is_done) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let (mut model, mut next) = (None, 1000);
                for step in steps_of_other {
                    run(&step, &mut model, &mut next);
                    done.send(()).unwrap();
                }
            });
            let (mut model, mut next) = (None, 0);
            for (elsewhere, step) in steps {
                if elsewhere {
                    to_other.send(step).unwrap();
                    other_is_done.recv().unwrap();
                } else {
                    run(&step, &mut model, &mut next);
                }
            }
            drop(to_other);
        });
    }
}

#[test]
fn what_goes_wrong_with_a_store_has_a_code_and_a_handle() {
    use crate::store::{Store, StoreError};
    let coded = |error: StoreError| (error.code(), error.handle());
    let store = Store::in_memory().unwrap();
    let (reader, writer) = (store.read().unwrap(), store.write().unwrap());
    let handle = Some(store.handle());
    assert_eq!(coded(store.write().unwrap_err()), (Code::Busy, handle));
    assert_eq!(coded(store.close_or_refuse().unwrap_err()), (Code::HasChildren, handle));
    assert_eq!(coded(store.provoke_panic().unwrap_err()), (Code::Panicked, handle));
    assert_eq!(coded(store.read().unwrap_err()), (Code::Fenced, handle));
    assert_eq!(coded(Store::open(std::path::Path::new("/")).unwrap_err()), (Code::System, None));
    let deleter = writer.deleter(b"").unwrap();
    std::thread::scope(|scope| {
        let elsewhere = || crate::store::Deleter::of(deleter.handle()).step().unwrap_err().to_string();
        assert!(scope.spawn(elsewhere).join().unwrap().contains("belongs to"));
    });
    assert_eq!(crate::store::Deleter::of(deleter.handle()), deleter);
    deleter.close().unwrap();
    writer.abort().unwrap();
    reader.close().unwrap();
    store.close().unwrap();
}

#[test]
fn a_provoked_panic_strikes_one_handle_in_every_module() {
    use crate::callback::{Callbacks, OnDead, Target};
    use crate::channel::Channels;
    use crate::future::Futures;
    let callbacks = Callbacks::<Arc<u8>, std::sync::Weak<u8>>::new(None).unwrap();
    let (struck, other) = (callbacks.event().unwrap(), callbacks.event().unwrap());
    assert_eq!(callbacks.provoke_panic(struck).unwrap_err().code(), Code::Panicked);
    assert_eq!(callbacks.clear(struck).unwrap_err().code(), Code::Fenced);
    callbacks.register(other, Target::Strong(Arc::new(1)), OnDead::Error).unwrap();
    let channels = Channels::<u8>::new(None).unwrap();
    let (producer, consumer) = channels.channel(1).unwrap();
    let other = channels.another_producer(producer).unwrap();
    assert_eq!(channels.provoke_panic(producer).unwrap_err().code(), Code::Panicked);
    assert_eq!(channels.try_send(producer, 1).unwrap_err().reason.code(), Code::Fenced);
    channels.try_send(other, 2).unwrap();
    assert_eq!(channels.try_receive(consumer).unwrap(), 2);
    let futures = Futures::<u8>::new(None).unwrap();
    let runtime = futures.runtime(1).unwrap();
    let (struck, other) = (futures.spawn(runtime, async { 1 }).unwrap(), futures.spawn(runtime, async { 2 }).unwrap());
    assert_eq!(futures.alive(), [("runtime", 1), ("task", 2)]);
    assert_eq!(futures.provoke_panic(struck).unwrap_err().code(), Code::Panicked);
    assert_eq!(futures.take(struck).unwrap_err().code(), Code::Fenced);
    assert_eq!(futures.join(other, None).unwrap(), 2);
}
