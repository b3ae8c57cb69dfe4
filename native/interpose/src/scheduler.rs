//! Arming: the import slots of this process lead to the scheduler, or no longer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use deadhand_journal::Journal;

use crate::hooks::{Tables, thread};
use crate::raw::Lock;
use crate::real;
use crate::region;
use crate::sched::gil;
use crate::sched::state::{Control, State};
use crate::slots::{Count, Object, Slots, Treatment};

static ARMED: Lock<Option<Armed>> = Lock::new(None);
static FORKED: AtomicBool = AtomicBool::new(false);

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

/// Why the scheduler cannot be armed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArmError {
    /// Nothing here imports what would have to be replaced.
    #[error("no object of this process imports what would have to be replaced: is it linked statically?")]
    NoSlots,
    /// The system has no room for one more key of thread data.
    #[error("there is no room for a key of thread data: the process has too many")]
    NoKey,
    /// A region is at work.
    #[error("a region is at work: its threads must leave first")]
    Busy,
    /// Nothing of this is possible here.
    #[error("schedules are controlled on Linux with glibc on x86-64 and aarch64: run there, or with free threads")]
    Platform,
}

/// What is patched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Slots and objects, and the objects left alone.
    pub count: Count,
    /// Whether the GIL was recognised.
    pub gil: bool,
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
    patch(&mut now);
    let count = now.slots.count().slots;
    *armed = Some(now);
    drop(armed);
    if count == 0 {
        disarm()?;
        return Err(ArmError::NoSlots);
    }
    FORKED.store(false, Ordering::Relaxed);
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

/// The journal to write to, if the scheduler is armed.
pub(crate) fn journal_if_armed() -> Option<Option<Arc<Journal>>> {
    ARMED.lock().as_ref().map(|armed| armed.journal.clone())
}

/// Patch what was loaded since the last look.
pub(crate) fn refresh() {
    if let Some(armed) = ARMED.lock().as_mut()
        && armed.slots.are_stale()
    {
        patch(armed);
    }
}

/// What is known from the start to be out of our hands.
pub(crate) fn note_limits(state: &mut State) {
    if !gil::is_recognised() && Landmarks::interpreter_is_here() {
        state.lose(Control::Partial, "the GIL was not recognised");
    }
}

/// Whether this process was forked from one that was armed.
pub(crate) fn is_forked() -> bool {
    FORKED.load(Ordering::Relaxed)
}

/// In a forked child: no region is at work, and its locks are nobody's.
pub(crate) fn forget() {
    FORKED.store(true, Ordering::Relaxed);
    ARMED.break_open();
    region::forget();
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
