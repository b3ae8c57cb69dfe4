//! What is called instead of the C library's functions. On a thread that is in no region each is the function itself.

mod clock;
mod condition;
mod futex;
mod memory;
mod mutex;
mod outside;
mod semaphore;
mod sleep;
pub(crate) mod thread;

use crate::slots::Hook;

/// Define hooks: the body is for threads of a region, `else` for others, where it is not just the real call.
macro_rules! hooks {
    ($(
        fn $name:ident as $symbol:ident($($argument:ident: $type:ty),* $(,)?) -> $result:ty {
            |$me:ident, $of:ident| $body:expr $(; else |$outside:ident| $else:expr)?
        }
    )*) => {
        $(
            unsafe extern "C-unwind" fn $name($($argument: $type),*) -> $result {
                // SAFETY: whoever calls this meant to call the function whose slot leads here, with these arguments.
                let $of = unsafe { crate::real::Contract::of_the_caller() };
                let managed = crate::sched::managed::with(|$me: &crate::sched::managed::Managed| $body);
                managed.unwrap_or_else(|| {
                    $(
                        let $outside = $of;
                        return $else;
                    )?
                    #[allow(unreachable_code, clippy::allow_attributes, reason = "it is reached where there is no `else`")]
                    crate::real::$symbol($of, $($argument),*)
                })
            }
        )*
    };
}

/// The table entries of hooks, and of their functions.
macro_rules! table {
    ($($name:ident as $symbol:ident),* $(,)?) => {
        vec![$(crate::hooks::entry(&crate::real::$symbol::SYMBOL, ($name as *const ()).addr())),*]
    };
}

pub(self) use {hooks, table};

fn entry(symbol: &'static crate::real::Symbol, replacement: usize) -> Hook {
    Hook { name: symbol.name(), version: symbol.version(), replacement, real: symbol.address().addr() }
}

/// The hooks, by what an object is.
#[derive(Debug)]
pub(crate) struct Tables {
    /// Libraries, and the program.
    pub(crate) library: Vec<Hook>,
    /// The interpreter: its GIL is modelled, and its own allocations and short locks are no points.
    pub(crate) interpreter: Vec<Hook>,
    /// The object that the scheduler is in: what the scheduler itself uses stays real.
    pub(crate) own: Vec<Hook>,
}

impl Tables {
    pub(crate) fn new() -> Self {
        let common = || {
            let parts = [mutex::table(), condition::table(), futex::table(), sleep::table(), thread::table()];
            parts.into_iter().flatten()
        };
        let there = |hooks: &mut dyn Iterator<Item = Hook>| hooks.filter(|hook| hook.real != 0).collect();
        Self {
            library: there(&mut common().chain(semaphore::table()).chain(clock::table()).chain(memory::table())),
            interpreter: there(&mut common().chain(semaphore::quiet_table()).chain(clock::table())),
            own: there(&mut common().chain(semaphore::table())),
        }
    }

    pub(crate) fn is_replacement(&self, address: usize) -> bool {
        [&self.library, &self.interpreter, &self.own].into_iter().flatten().any(|hook| hook.replacement == address)
    }
}
