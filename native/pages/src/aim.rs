//! Which libraries lead to the guard.

use std::ffi::{CStr, c_int, c_void};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use deadhand_interpose::slots::{Hook, Object, Slots, Treatment};

use crate::replacements::{Replacement, allocating, freeing};

/// The part of a path by which it is told, and why it is left alone.
const LEFT: [(&str, &str); 4] = [
    ("ld-linux", "the linker allocates for itself"),
    ("ld-musl", "the linker allocates for itself"),
    ("linux-vdso", "the kernel's"),
    ("libgcc_s", "the unwinder, which the guard itself calls"),
];
/// C++ programs allocate through it.
const CXX: &str = "libstdc++";

struct Aim {
    slots: Slots,
    libraries: Option<Vec<String>>,
    /// What gives back; what allocates as well.
    hooks: (Vec<Hook>, Vec<Hook>),
}

static AIM: Mutex<Option<Aim>> = Mutex::new(None);
/// How many objects there were at the last look.
static SEEN: AtomicU64 = AtomicU64::new(0);
/// Somebody is at it: another thread need not.
static TAKEN: AtomicBool = AtomicBool::new(false);

impl Aim {
    fn look(&mut self) -> usize {
        let (freeing, all) = (&self.hooks.0, &self.hooks.1);
        let libraries = self.libraries.as_deref();
        let treat = |object: &Object<'_>| treat(object, libraries, freeing, all);
        // SAFETY: every replacement keeps the contract of its function and is part of a library that is never unloaded.
        unsafe { self.slots.patch(&treat) };
        self.slots.count().slots
    }
}

fn treat<'t>(object: &Object<'_>, chosen: Option<&[String]>, freeing: &'t [Hook], all: &'t [Hook]) -> Treatment<'t> {
    if object.contains(treat as *const () as usize) {
        return Treatment::Leave("the guard itself");
    }
    let path = object.name().to_string_lossy();
    if let Some((_, why)) = LEFT.iter().find(|(part, _)| path.contains(part)) {
        return Treatment::Leave(why);
    }
    let is_chosen =
        chosen.is_none_or(|names| path.contains(CXX) || names.iter().any(|name| path.ends_with(name.as_str())));
    Treatment::Patch(if is_chosen { all } else { freeing })
}

/// Patch what is loaded, and remember how.
pub(crate) fn patch(libraries: Option<Vec<String>>) -> usize {
    let freeing = hooks(freeing());
    let mut all = hooks(allocating());
    all.extend(freeing.iter().copied());
    SEEN.store(loaded(), Ordering::Relaxed);
    let mut aim = AIM.lock().unwrap_or_else(PoisonError::into_inner);
    let slots = aim.take().map(|aim| aim.slots).unwrap_or_default();
    aim.insert(Aim { slots, libraries, hooks: (freeing, all) }).look()
}

/// Look again if libraries were loaded since.
pub(crate) fn refresh() {
    if TAKEN.swap(true, Ordering::Acquire) {
        return;
    }
    let loaded = loaded();
    if SEEN.swap(loaded, Ordering::Relaxed) != loaded
        && let Ok(mut aim) = AIM.try_lock()
        && let Some(aim) = aim.as_mut()
    {
        aim.look();
    }
    TAKEN.store(false, Ordering::Release);
}

/// How many objects were ever loaded: the linker says so with the first of them.
fn loaded() -> u64 {
    unsafe extern "C" fn first(information: *mut libc::dl_phdr_info, _size: usize, count: *mut c_void) -> c_int {
        // SAFETY: the linker lends the record for the time of this call.
        let adds = unsafe { (*information).dlpi_adds };
        // SAFETY: `count` is the number below, which nobody else uses meanwhile.
        unsafe { *count.cast::<u64>() = adds };
        1
    }
    let mut count = 0_u64;
    // SAFETY: callback and data fit each other; it does not unwind.
    unsafe { libc::dl_iterate_phdr(Some(first), (&raw mut count).cast()) };
    count
}

/// With the address that each was imported from: what leads elsewhere is somebody else's.
fn hooks(replacements: Vec<Replacement>) -> Vec<Hook> {
    replacements
        .into_iter()
        .filter_map(|Replacement { name, function }| {
            Some(Hook { name, version: None, replacement: function.addr(), real: address(name)? })
        })
        .collect()
}

fn address(name: &CStr) -> Option<usize> {
    // SAFETY: the name is a C string; the call only looks.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    (!found.is_null()).then(|| found.addr())
}
