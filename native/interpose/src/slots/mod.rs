//! Import slots: the words through which loaded objects call functions of other objects.
//!
//! The dynamic linker writes the address of each imported function into a slot of the importing object (`JUMP_SLOT`,
//! `GLOB_DAT` and absolute relocations). Writing another address there redirects the calls of that object, without
//! `LD_PRELOAD`, without a rebuild, and for a library opened with `RTLD_DEEPBIND` as well. What escapes: calls inside one
//! object, static and `-Bsymbolic` linking, and bare system-call instructions.
//!
//! This module knows nothing of what the replacements do.

mod object;

use std::collections::HashMap;
use std::ffi::{CStr, c_int, c_void};
use std::sync::atomic::{AtomicUsize, Ordering};

use libc::{dl_iterate_phdr, dl_phdr_info};
use rustix::mm::{MprotectFlags, mprotect};

pub use crate::model::Count;
pub use object::Object;

/// A function to be called instead of an imported one.
#[derive(Clone, Copy, Debug)]
pub struct Hook {
    /// The imported name.
    pub name: &'static CStr,
    /// The symbol version, where versions differ in kind; `None` takes any.
    pub version: Option<&'static CStr>,
    /// The address to call.
    pub replacement: usize,
    /// The address that was called before: a slot that leads elsewhere is somebody else's and stays as it is.
    pub real: usize,
}

/// What is done with an object.
#[derive(Clone, Copy, Debug)]
pub enum Treatment<'t> {
    /// These imports are redirected.
    Patch(&'t [Hook]),
    /// Nothing is, and why.
    Leave(&'static str),
}

/// The redirected slots of this process.
#[derive(Debug, Default)]
pub struct Slots {
    /// What each slot held before.
    before: HashMap<usize, usize>,
    /// The linker's count of loaded objects at the last look.
    loaded: u64,
    count: Count,
}

impl Slots {
    /// Redirect the slots of all loaded objects; `treat` says what is done with each.
    ///
    /// Objects that were seen before are looked at again, so this may be called after every `dlopen`.
    ///
    /// # Safety
    /// Every replacement keeps the contract of the function it replaces and stays callable until [`Slots::restore`].
    pub unsafe fn patch<'t>(&mut self, treat: &dyn Fn(&Object<'_>) -> Treatment<'t>) {
        self.count = Count::default();
        each_object(&mut |object, loaded| {
            self.loaded = loaded;
            match treat(object) {
                Treatment::Leave(why) => {
                    self.count.left.insert((object.file_name(), why.to_owned()));
                }
                Treatment::Patch(hooks) => self.redirect(object, hooks),
            }
        });
    }

    /// Whether objects were loaded since the last look.
    #[must_use]
    pub fn are_stale(&self) -> bool {
        loaded_so_far() != self.loaded
    }

    /// What the last look found.
    #[must_use]
    pub fn count(&self) -> &Count {
        &self.count
    }

    /// Give every slot back what it held, where its object is still loaded and the slot still holds `hooks`' address.
    pub fn restore(&mut self, replacements: &dyn Fn(usize) -> bool) {
        each_object(&mut |object, _| {
            let Some(imports) = object.imports() else { return };
            let changed: Vec<_> = imports
                .iter()
                .filter_map(|import| Some((import.slot, *self.before.get(&import.slot)?)))
                .filter(|(slot, _)| replacements(load(*slot)))
                .collect();
            write(object, &changed);
        });
        *self = Self::default();
    }

    fn redirect(&mut self, object: &Object<'_>, hooks: &[Hook]) {
        let Some(imports) = object.imports() else { return };
        let mut writes = Vec::new();
        let mut redirected = 0;
        for import in imports.iter() {
            let mut of_this_name = hooks.iter().filter(|hook| hook.name == import.name).peekable();
            if of_this_name.peek().is_none() {
                continue;
            }
            let version = imports.version(&import);
            let Some(hook) =
                of_this_name.find(|hook| hook.version.is_none() || version.is_none() || hook.version == version)
            else {
                continue;
            };
            let held = load(import.slot);
            if held == hook.replacement {
                redirected += 1;
                continue;
            }
            // Not bound yet: the slot leads into the object's own linkage table. A symbol it defines is its own business.
            let unbound = !import.defined_here && object.contains(held);
            if held == hook.real || unbound {
                self.before.insert(import.slot, held);
                writes.push((import.slot, hook.replacement));
                redirected += 1;
            }
        }
        write(object, &writes);
        if redirected > 0 {
            self.count.slots += redirected;
            self.count.objects += 1;
        }
    }
}

/// Write words into slots of one object, whose read-only pages are writable meanwhile.
fn write(object: &Object<'_>, words: &[(usize, usize)]) {
    let guarded = object.relro();
    let is_guarded = |slot: usize| guarded.as_ref().is_some_and(|pages| pages.contains(&slot));
    let opened = words.iter().any(|(slot, _)| is_guarded(*slot))
        && guarded.clone().is_some_and(|pages| {
            let access = MprotectFlags::READ | MprotectFlags::WRITE;
            // SAFETY: these are whole pages of the object's data, which the linker itself had writable.
            unsafe { mprotect(pages.start as *mut c_void, pages.len(), access) }.is_ok()
        });
    for &(slot, word) in words {
        if if is_guarded(slot) { opened } else { object.is_writable(slot) } {
            // SAFETY: an aligned word of the object that the linker fills in, mapped writable as just checked.
            let place = unsafe { AtomicUsize::from_ptr(slot as *mut usize) };
            place.store(word, Ordering::Release);
        }
    }
    if let (true, Some(pages)) = (opened, guarded) {
        // SAFETY: the same pages, back to what the linker had made of them.
        let closed = unsafe { mprotect(pages.start as *mut c_void, pages.len(), MprotectFlags::READ) };
        debug_assert!(closed.is_ok(), "mprotect of RELRO pages failed: {closed:?}");
    }
}

fn load(slot: usize) -> usize {
    // SAFETY: a slot is an aligned word of a loaded object.
    let place = unsafe { AtomicUsize::from_ptr(slot as *mut usize) };
    place.load(Ordering::Acquire)
}

/// The linker's count of all objects that were ever loaded.
fn loaded_so_far() -> u64 {
    unsafe extern "C" fn first(info: *mut dl_phdr_info, _size: usize, data: *mut c_void) -> c_int {
        // SAFETY: the linker lends the record for the time of this call.
        let loaded = unsafe { &*info }.dlpi_adds;
        // SAFETY: `data` is the `count` below, which nobody else uses meanwhile.
        unsafe { data.cast::<u64>().write(loaded) };
        1
    }

    let mut count = 0u64;
    // SAFETY: the callback and its data fit each other, and it does not unwind.
    unsafe { dl_iterate_phdr(Some(first), (&raw mut count).cast()) };
    count
}

/// Call `visit` for every loaded object, with the linker's count of all that were ever loaded.
pub fn each_object(visit: &mut dyn FnMut(&Object<'_>, u64)) {
    type Visit<'v> = &'v mut dyn FnMut(&Object<'_>, u64);

    unsafe extern "C" fn one(info: *mut dl_phdr_info, _size: usize, data: *mut c_void) -> c_int {
        // SAFETY: the linker lends the record for the time of this call.
        let info = unsafe { &*info };
        // SAFETY: `data` is the `visit` below, which outlives the walk and is used by nobody else meanwhile.
        let visit = unsafe { &mut *data.cast::<Visit<'_>>() };
        // SAFETY: the callback has not returned.
        let object = unsafe { Object::new(info) };
        visit(&object, info.dlpi_adds);
        0
    }

    let mut visit: Visit<'_> = visit;
    // SAFETY: the callback and its data fit each other, and it does not unwind: visitors do not panic.
    unsafe { dl_iterate_phdr(Some(one), (&raw mut visit).cast()) };
}
