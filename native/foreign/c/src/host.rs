//! Objects and functions of the host, as native keeps them.

use std::ffi::c_void;

use crate::entry::Error;

/// A callback: gets what was registered with it, its registration, and what the fire was given. Returns 0, or a number
/// of its own if it failed.
pub type Call = Option<unsafe extern "C" fn(user: *mut c_void, registration: u64, argument: *mut c_void) -> i32>;
/// Lets go of an object. Called once for each, on any thread, and never under a lock of ours.
pub type Release = Option<unsafe extern "C" fn(user: *mut c_void)>;
/// Makes an object of what stands for it weakly, to be released, too; null if it has died.
pub type Upgrade = Option<unsafe extern "C" fn(weak: *mut c_void) -> *mut c_void>;

/// An object of the host, which is released when this is dropped. The host can use it on any thread.
#[derive(Debug)]
pub(crate) struct Owned {
    address: usize,
    release: Release,
}

impl Owned {
    pub(crate) fn new(object: *mut c_void, release: Release) -> Self {
        Self { address: object.expose_provenance(), release }
    }

    pub(crate) fn pointer(&self) -> *mut c_void {
        std::ptr::with_exposed_provenance_mut(self.address)
    }

    /// Gives it back to the host, which lets go of it itself.
    pub(crate) fn give_back(mut self) -> *mut c_void {
        self.release = None;
        self.pointer()
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        if let Some(release) = self.release.take() {
            // SAFETY: the host's function for just this object, which is called once: it was taken.
            unsafe { release(self.pointer()) };
        }
    }
}

/// A callback with its object.
#[derive(Debug)]
pub(crate) struct Callback {
    pub(crate) call: Call,
    pub(crate) object: Owned,
}

impl Callback {
    pub(crate) fn run(&self, registration: u64, argument: *mut c_void) -> Result<(), i32> {
        // It was looked at when it was registered.
        let Some(call) = self.call else { return Ok(()) };
        // SAFETY: the host's function with its own object, which is kept meanwhile; the argument is the host's, too.
        match unsafe { call(self.object.pointer(), registration, argument) } {
            0 => Ok(()),
            failure => Err(failure),
        }
    }
}

/// The function, if it is one.
pub(crate) fn function<F>(function: Option<F>, name: &'static str) -> Result<Option<F>, Error> {
    function.map(Some).ok_or(Error::Null { name, what: "a function" })
}
