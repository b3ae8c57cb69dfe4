//! The handler for SIGSEGV and SIGBUS. It takes no lock and allocates nothing, and then lets the next one have its turn.

use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::ledger::State;
use crate::report::{self, Access, Kind, Place};
use crate::{Guard, PagesError, mappings};

static SEGV: OnceLock<libc::sigaction> = OnceLock::new();
static BUS: OnceLock<libc::sigaction> = OnceLock::new();
static REPORTED: AtomicBool = AtomicBool::new(false);
static CHAINED: AtomicBool = AtomicBool::new(false);

/// Stand before the handlers that are there now.
pub(crate) fn install() -> Result<(), PagesError> {
    for (signal, before) in [(libc::SIGSEGV, &SEGV), (libc::SIGBUS, &BUS)] {
        let mut action: libc::sigaction = empty();
        action.sa_sigaction = handle as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        let mut current = empty();
        // SAFETY: without a new action the call only fills in the current one.
        if unsafe { libc::sigaction(signal, ptr::null(), &raw mut current) } != 0 {
            return Err(refused());
        }
        if current.sa_sigaction == action.sa_sigaction {
            continue;
        }
        // Known before it is needed: a fault in another thread may come at once.
        before.get_or_init(|| current);
        // SAFETY: the handler is safe to run at any instruction, on any thread.
        if unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) } != 0 {
            return Err(refused());
        }
    }
    Ok(())
}

fn refused() -> PagesError {
    PagesError::Os { action: "install the handler for faults", source: io::Error::last_os_error() }
}

fn empty() -> libc::sigaction {
    // SAFETY: the structure is numbers and null pointers: all zeros is the default action without flags.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

extern "C" fn handle(signal: libc::c_int, information: *mut libc::siginfo_t, context: *mut libc::c_void) {
    if let Some(guard) = Guard::get()
        && !information.is_null()
    {
        // SAFETY: the kernel hands a handler with SA_SIGINFO such a structure.
        let information = unsafe { &*information };
        // SAFETY: of SIGSEGV and SIGBUS the address is a part of it.
        let address = unsafe { information.si_addr() }.expose_provenance();
        if guard.is_armed() && !REPORTED.swap(true, Ordering::Relaxed) {
            let (access, counter, stack) = instruction(context);
            let kind = kind(guard, address, information.si_code, stack);
            report::append(guard, kind, access, &Place::of(guard, address), counter);
        }
    }
    let before = if signal == libc::SIGBUS { &BUS } else { &SEGV };
    // A handler that was installed over this one comes back here when it is done: then the process must end.
    let next = if CHAINED.swap(true, Ordering::Relaxed) { None } else { before.get().copied() };
    let next = next.unwrap_or_else(empty);
    // SAFETY: the action was the process's own, or is the default. On return the access faults again, into that.
    unsafe { libc::sigaction(signal, &raw const next, ptr::null_mut()) };
}

/// Below this, an address is a field of an object that is not there.
const NULL: usize = 1 << 16;
/// So far from the stack pointer a touch is one of the stack.
const FRAME: usize = 1 << 16;
/// The kernel does not say the address: it is none that a processor takes.
const SI_KERNEL: libc::c_int = 128;

fn kind(guard: &Guard, address: usize, code: libc::c_int, stack: usize) -> Kind {
    if guard.holds(address) {
        return match guard.block(address) {
            Some((_, record)) if record.state() == State::Freed => Kind::UseAfterFree,
            _ => Kind::OutOfBounds,
        };
    }
    if code == SI_KERNEL {
        Kind::WildPointer
    } else if address < NULL {
        Kind::NullPointer
    } else if mappings::gone(address).is_some() {
        Kind::UseAfterUnmap
    } else if address.abs_diff(stack) < FRAME {
        Kind::StackOverflow
    } else {
        Kind::WildPointer
    }
}

/// What the faulting instruction did, where it is, and where the stack is.
#[cfg(target_arch = "x86_64")]
fn instruction(context: *mut libc::c_void) -> (Access, Option<usize>, usize) {
    const WRITE: i64 = 1 << 1;
    // SAFETY: the kernel hands a handler with SA_SIGINFO a context of this type.
    let Some(context) = (unsafe { context.cast::<libc::ucontext_t>().as_ref() }) else {
        return (Access::Touch, None, 0);
    };
    let register =
        |which: libc::c_int| usize::try_from(which).ok().and_then(|at| context.uc_mcontext.gregs.get(at)).copied();
    let address = |which| register(which).and_then(|value| usize::try_from(value).ok());
    let access = match register(libc::REG_ERR) {
        Some(error) if error & WRITE != 0 => Access::Write,
        _ => Access::Read,
    };
    (access, address(libc::REG_RIP), address(libc::REG_RSP).unwrap_or(0))
}

/// What the faulting instruction did is not in the context here.
#[cfg(not(target_arch = "x86_64"))]
fn instruction(_context: *mut libc::c_void) -> (Access, Option<usize>, usize) {
    (Access::Touch, None, 0)
}
