//! Arming: the import slots of this process lead to the scheduler, or no longer.

use std::sync::Arc;

use deadhand_journal::Journal;

use crate::model::{ArmError, Status};
use crate::hooks::{Tables, outside, thread};
use crate::raw::Lock;
use crate::real;
use crate::region;
use crate::sched::gil;
use crate::model::Control;
use crate::sched::state::State;
use crate::slots::{Object, Slots, Treatment};

static ARMED: Lock<Option<Armed>> = Lock::new(None);

struct Armed {
    slots: Slots,
    tables: Tables,
    journal: Option<Arc<Journal>>,
    landmarks: Landmarks,
}

/// Addresses by which objects are recognised.
#[derive(Clone, Copy, Debug)]
struct Landmarks {
    own: usize,
    interpreter: usize,
}

/// Patch the import slots of this process. Again: look for new objects, and write to this journal from now on.
///
/// `detach` lets go of the GIL and takes it back: so the GIL is recognised. Without an interpreter it does nothing.
///
/// # Errors
/// [`ArmError`].
pub fn arm(journal: Option<Arc<Journal>>, detach: impl FnOnce()) -> Result<(), ArmError> {
    if region::is_at_work() {
        return Err(ArmError::Busy);
    }
    if !thread::prepare() {
        return Err(ArmError::NoKey);
    }
    crate::fork::watch();
    real::find_all();
    let mut armed = ARMED.lock();
    let mut now = armed.take().unwrap_or_else(|| Armed {
        slots: Slots::default(),
        tables: Tables::new(),
        journal: None,
        landmarks: Landmarks::find(),
    });
    now.journal = journal;
    if now.slots.are_stale() {
        patch(&mut now);
    }
    let count = now.slots.count().slots;
    *armed = Some(now);
    drop(armed);
    if count == 0 {
        disarm()?;
        return Err(ArmError::NoSlots);
    }
    if !gil::is_recognised() {
        gil::probe(detach);
    }
    Ok(())
}

/// Give every slot back what it held.
///
/// # Errors
/// [`ArmError::Busy`].
pub fn disarm() -> Result<(), ArmError> {
    if region::is_at_work() {
        return Err(ArmError::Busy);
    }
    if let Some(Armed { mut slots, tables, .. }) = ARMED.lock().take() {
        slots.restore(&|address| tables.is_replacement(address));
    }
    gil::forget();
    Ok(())
}

/// What is patched now.
#[must_use]
pub fn status() -> Status {
    let count = ARMED.lock().as_ref().map(|armed| armed.slots.count().clone()).unwrap_or_default();
    Status { count, gil: gil::is_recognised() }
}

/// The journal to write to, if there is one.
pub(crate) fn journal() -> Option<Arc<Journal>> {
    ARMED.lock().as_ref().and_then(|armed| armed.journal.clone())
}

pub(crate) fn is_armed() -> bool {
    ARMED.lock().is_some()
}

/// Patch what was loaded since the last look.
pub(crate) fn refresh() {
    if let Some(armed) = ARMED.lock().as_mut()
        && armed.slots.are_stale()
    {
        patch(armed);
    }
}

/// The hook of the function of this name, if that is what `find` finds; else 0.
pub(crate) fn replacement(name: &std::ffi::CStr, find: impl FnOnce() -> usize) -> usize {
    let named =
        |armed: &Armed| armed.tables.library.iter().filter(|hook| hook.name == name).copied().collect::<Vec<_>>();
    // Not held while `find` runs: the dynamic linker has locks of its own.
    let hooks = ARMED.lock().as_ref().map(named).unwrap_or_default();
    if hooks.is_empty() {
        return 0;
    }
    let found = find();
    hooks.iter().find(|hook| hook.real == found).map_or(0, |hook| hook.replacement)
}

/// What is known from the start to be out of our hands.
pub(crate) fn note_limits(state: &mut State) {
    if !gil::is_recognised() && Landmarks::interpreter_is_here() {
        state.lose(Control::Partial, "the GIL was not recognised");
    }
}

/// In a forked child: no region is at work, and its locks are nobody's.
pub(crate) fn forget() {
    ARMED.break_open();
    region::forget();
    gil::forget_others();
    outside::forget();
}

fn patch(armed: &mut Armed) {
    let Armed { slots, tables, landmarks, .. } = armed;
    let treat = |object: &Object<'_>| treat(object, tables, *landmarks);
    // SAFETY: the hooks are the functions themselves for threads outside regions, and keep their contracts inside; they
    // are part of this object, which is never unloaded: it has thread-local data and a key's destructor.
    unsafe { slots.patch(&treat) };
}

fn treat<'t>(object: &Object<'_>, tables: &'t Tables, landmarks: Landmarks) -> Treatment<'t> {
    let file = object.file_name();
    if let Some(why) = reason_to_leave(&file) {
        Treatment::Leave(why)
    } else if landmarks.own != 0 && object.contains(landmarks.own) {
        Treatment::Patch(&tables.own)
    } else if landmarks.interpreter != 0 && object.contains(landmarks.interpreter) {
        Treatment::Patch(&tables.interpreter)
    } else {
        Treatment::Patch(&tables.library)
    }
}

/// Why an object's imports stay as they are.
fn reason_to_leave(file: &str) -> Option<&'static str> {
    let is_one_of = |names: &[&str]| names.iter().any(|name| file.starts_with(name));
    if is_one_of(&["ld-linux", "ld-"]) {
        Some("the dynamic linker")
    } else if is_one_of(&["linux-vdso", "linux-gate"]) {
        Some("a part of the kernel")
    } else if is_one_of(&["libc.so", "libc-", "libpthread", "libdl", "librt", "libc_malloc_debug", "libmemusage"]) {
        Some("the C library")
    } else if is_one_of(&["libgcc_s", "libasan", "libtsan", "libubsan", "liblsan", "libclang_rt"]) {
        Some("the compiler's runtime")
    } else {
        None
    }
}

impl Landmarks {
    fn find() -> Self {
        Self { own: (treat as *const ()).addr(), interpreter: symbol(c"PyEval_RestoreThread") }
    }

    fn interpreter_is_here() -> bool {
        symbol(c"PyEval_RestoreThread") != 0
    }
}

fn symbol(name: &std::ffi::CStr) -> usize {
    // SAFETY: it is a string.
    unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) }.addr()
}
