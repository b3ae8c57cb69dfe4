use deadhand_guard::{CallError, Config, whose};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::planted;

struct World {
    ledger: Arc<Ledger>,
    texts: Texts,
}

impl World {
    fn new() -> Self {
        let ledger = Arc::new(Ledger::anonymous().unwrap());
        let texts = Texts::new(Some(&ledger)).unwrap();
        Self { ledger, texts }
    }

    fn end(self) {
        assert_eq!(self.ledger.settle(), Ok(()));
    }
}

fn guard<T: std::fmt::Debug>(result: Result<T, TextError>) -> GuardError {
    match result.unwrap_err() {
        TextError::Call(CallError::Guard(error)) => error,
        error => panic!("{error}"),
    }
}

#[test]
fn text_comes_in_and_goes_out() {
    let world = World::new();
    let all = &world.texts;
    let text = all.from_bytes("grün 🦀".as_bytes()).unwrap();
    assert_eq!((all.get(text).unwrap(), all.length(text).unwrap()), ("grün 🦀".to_owned(), 10));
    assert_eq!(all.characters(text).unwrap(), 6);
    let mut host = [b'.'; 11];
    assert_eq!(all.copy_into(text, &mut host).unwrap(), 10);
    assert_eq!(&host, "grün 🦀.".as_bytes());
    let mut small = [b'.'; 9];
    assert!(matches!(all.copy_into(text, &mut small), Err(TextError::TooSmall { needed: 10, room: 9 })));
    assert_eq!(small, [b'.'; 9], "nothing, not even a part");
    assert!(matches!(all.from_bytes(b"a\xFF"), Err(TextError::NotUtf8 { offset: 1, .. })));
    let replaced = all.from_bytes_lossy(b"a\xFF").unwrap();
    assert_eq!(all.get(replaced).unwrap(), "a\u{FFFD}");
    all.dispose(text).unwrap();
    all.dispose(replaced).unwrap();
    assert!(matches!(guard(all.get(text)), GuardError::Stale { .. }));
    assert!(matches!(guard(all.dispose(text)), GuardError::Stale { .. }));
    world.end();
}

#[test]
fn c_gets_a_nul_at_the_end_and_nowhere_else() {
    let world = World::new();
    let (plain, nul) = (world.texts.keep("abc").unwrap(), world.texts.keep("a\0c").unwrap());
    assert_eq!(world.texts.get_for_c(plain).unwrap().as_bytes_with_nul(), b"abc\0");
    assert!(matches!(world.texts.get_for_c(nul), Err(TextError::InteriorNul { offset: 1 })));
    assert_eq!(world.texts.get(nul).unwrap(), "a\0c", "Python may have it");
    world.texts.dispose(plain).unwrap();
    world.texts.dispose(nul).unwrap();
    world.end();
}

#[test]
fn a_cut_is_between_characters() {
    let world = World::new();
    let all = &world.texts;
    let text = all.keep("grün").unwrap();
    let part = all.cut(text, 2, 4).unwrap();
    let both = all.join(part, text).unwrap();
    let refused = |start, end| all.cut(text, start, end).unwrap_err().to_string();
    assert_eq!(refused(3, 5), "bytes 3..5 cannot be cut from a text of 5: offset 3 is inside a character");
    assert_eq!(refused(0, 3), "bytes 0..3 cannot be cut from a text of 5: offset 3 is inside a character");
    for (start, end) in [(0, 6), (4, 2), (usize::MAX, usize::MAX)] {
        assert!(refused(start, end).ends_with("they are not all there"));
    }
    all.dispose(text).unwrap();
    assert_eq!((all.get(part).unwrap(), all.get(both).unwrap()), ("ü".to_owned(), "ügrün".to_owned()));
    all.dispose(part).unwrap();
    all.dispose(both).unwrap();
    world.end();
}

#[test]
fn freed_text_is_poisoned_and_changed_text_is_no_string() {
    let quarantine = Arc::new(Quarantine::new(1024));
    let retired = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = Arc::clone(&retired);
    // As in `new`, but with a look at what becomes of the memory.
    let table = SharedTable::with_retire(Config::new("text"), move |handle, by, mut block: Block| {
        deadhand_guard::poison(&mut block, handle);
        seen.lock().unwrap().extend(whose(&block));
        quarantine.admit(handle, by, block);
    });
    let mut texts = Texts { table: table.unwrap() };
    let text = texts.keep("sixteen bytes and more").unwrap();
    texts.table.get_mut(text).unwrap()[7] = 0xFF;
    assert!(matches!(texts.get(text), Err(TextError::Corrupt { offset: 7 })));
    texts.dispose(text).unwrap();
    assert_eq!(*retired.lock().unwrap(), [text]);
}

#[test]
fn a_panic_strikes_one_text() {
    let world = World::new();
    let (struck, other) = (world.texts.keep("struck").unwrap(), world.texts.keep("other").unwrap());
    planted::arm("text.read");
    assert!(matches!(world.texts.get(struck), Err(TextError::Call(CallError::Panicked(_)))));
    assert!(!planted::waiting());
    assert!(matches!(guard(world.texts.length(struck)), GuardError::Fenced { .. }));
    assert_eq!(world.texts.get(other).unwrap(), "other");
    planted::arm("text.strict");
    assert!(matches!(world.texts.from_bytes(b"a"), Err(TextError::Call(CallError::Panicked(_)))));
    planted::arm("text.lossy");
    assert!(matches!(world.texts.from_bytes_lossy(b"a"), Err(TextError::Call(CallError::Panicked(_)))));
    assert!(!planted::waiting());
    world.texts.dispose(struck).unwrap();
    world.texts.dispose(other).unwrap();
    world.end();
}

/// One call. Numbers choose among what there is, modulo how much that is.
#[derive(Clone, Debug)]
enum Op {
    Keep(String),
    Lossy(Vec<u8>),
    Cut(usize, usize, usize),
    Join(usize, usize),
    Dispose(usize),
}

fn op() -> impl Strategy<Value = Op> {
    let which = any::<usize>;
    prop_oneof![
        "[a-zü🦀\0]{0,6}".prop_map(Op::Keep),
        vec(any::<u8>(), 0..6).prop_map(Op::Lossy),
        (which(), 0..12_usize, 0..12_usize).prop_map(|(at, start, end)| Op::Cut(at, start, end)),
        (which(), which()).prop_map(|(first, second)| Op::Join(first, second)),
        which().prop_map(Op::Dispose),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn texts_behave_as_strings(ops in vec(op(), 0..40)) {
        let world = World::new();
        let all = &world.texts;
        let mut model: Vec<(Handle, Option<String>)> = Vec::new();
        for op in ops {
            let pick = |which: usize| model.get(which % model.len().max(1)).cloned();
            match op {
                Op::Keep(text) => model.push((all.keep(&text).unwrap(), Some(text))),
                Op::Lossy(bytes) => model.push((all.from_bytes_lossy(&bytes).unwrap(), Some(lossy(&bytes).unwrap()))),
                Op::Cut(which, start, end) => {
                    let Some((handle, text)) = pick(which) else { continue };
                    let expected = text.and_then(|text| text.get(start..end).map(ToOwned::to_owned));
                    let cut = all.cut(handle, start, end);
                    prop_assert_eq!(cut.is_ok(), expected.is_some());
                    model.extend(cut.map(|cut| (cut, expected)));
                }
                Op::Join(first, second) => {
                    let (Some((first, one)), Some((second, two))) = (pick(first), pick(second)) else { continue };
                    let expected = one.zip(two).map(|(one, two)| one + &two).filter(|both| both.len() < 1 << 12);
                    let Some(expected) = expected else { continue };
                    model.push((all.join(first, second).unwrap(), Some(expected)));
                }
                Op::Dispose(which) if !model.is_empty() => {
                    let at = which % model.len();
                    prop_assert_eq!(all.dispose(model[at].0).is_ok(), model[at].1.take().is_some());
                }
                Op::Dispose(_) => {}
            }
            for (handle, text) in &model {
                prop_assert_eq!(all.get(*handle).ok(), text.clone());
                prop_assert_eq!(all.length(*handle).ok(), text.as_ref().map(String::len));
            }
        }
        for (handle, _) in model.iter().filter(|(_, text)| text.is_some()) {
            all.dispose(*handle).unwrap();
        }
        world.end();
    }
}
