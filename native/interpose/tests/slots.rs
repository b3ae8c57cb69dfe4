//! Import slots alone: redirected, and given back.
#![cfg(all(target_os = "linux", target_env = "gnu", any(target_arch = "x86_64", target_arch = "aarch64")))]

use std::ffi::c_int;

use deadhand_interpose::slots::{Hook, Object, Slots, Treatment};

const ANSWER: c_int = -12345;

extern "C" fn instead() -> c_int {
    ANSWER
}

fn ask() -> c_int {
    // SAFETY: has no arguments and cannot fail.
    unsafe { libc::getppid() }
}

fn hook() -> Hook {
    let name = c"getppid";
    // SAFETY: it is a string.
    let real = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    Hook { name, version: None, replacement: (instead as *const ()).addr(), real: real.addr() }
}

fn is_own(object: &Object<'_>) -> bool {
    object.contains((instead as *const ()).addr())
}

#[test]
fn own_slots_are_redirected_and_given_back() {
    let before = ask();
    assert_ne!(before, ANSWER);
    let table = [hook()];
    let mut slots = Slots::default();
    let treat = |object: &Object<'_>| {
        if is_own(object) { Treatment::Patch(&table) } else { Treatment::Leave("not ours") }
    };
    // SAFETY: takes nothing and gives a number, as `getppid` does, and is never unloaded.
    unsafe { slots.patch(&treat) };
    assert_eq!(ask(), ANSWER);
    assert_eq!((slots.count().slots, slots.count().objects), (1, 1));
    assert!(slots.count().left.iter().any(|(name, why)| name.starts_with("libc.so") && why == "not ours"));
    // SAFETY: as above.
    unsafe { slots.patch(&treat) };
    assert_eq!(slots.count().slots, 1, "patching again finds the same");
    slots.restore(&|address| address == table[0].replacement);
    assert_eq!(ask(), before);
    assert_eq!(slots.count().slots, 0);
}

#[test]
fn a_slot_that_leads_elsewhere_is_left_alone() {
    let table = [Hook { real: 1, ..hook() }];
    let mut slots = Slots::default();
    // SAFETY: nothing is replaced: no slot holds that address.
    unsafe { slots.patch(&|object| if is_own(object) { Treatment::Patch(&table) } else { Treatment::Leave("") }) };
    // A slot that is not bound yet leads into the object itself, and may be taken.
    let taken = slots.count().slots;
    assert_eq!(taken == 1, ask() == ANSWER);
    slots.restore(&|address| address == table[0].replacement);
    assert_ne!(ask(), ANSWER);
}

#[test]
fn another_version_of_a_symbol_is_another_symbol() {
    let table = [Hook { version: Some(c"NEVER_1.0"), ..hook() }];
    let mut slots = Slots::default();
    // SAFETY: as in the first test.
    unsafe { slots.patch(&|object| if is_own(object) { Treatment::Patch(&table) } else { Treatment::Leave("") }) };
    assert_eq!(slots.count().slots, 0);
    assert_ne!(ask(), ANSWER);
}

#[test]
fn objects_that_come_later_are_noticed() {
    let table = [hook()];
    let mut slots = Slots::default();
    // SAFETY: nothing is patched.
    unsafe { slots.patch(&|_| Treatment::Leave("")) };
    assert!(!slots.are_stale());
    // A library that nothing here needs and that the C library always brings along.
    // SAFETY: it is a string; the library has no constructor that matters.
    let library = unsafe { libc::dlopen(c"libnss_dns.so.2".as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    assert!(!library.is_null() && table[0].real != 0);
    assert!(slots.are_stale());
}
