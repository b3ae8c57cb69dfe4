//! Stand-in where import slots are not as expected: nothing is ever armed, so no region is ever made.

use std::convert::Infallible;
use std::sync::Arc;

use deadhand_journal::Journal;

use crate::model::{ArmError, Moment, Plan, RegionError, Report, Status};

/// Cannot be made here.
#[derive(Debug)]
pub struct Region(Infallible);

/// Never given here.
#[derive(Debug)]
pub struct Turn(Infallible);

/// # Errors
/// [`ArmError::Platform`], always.
pub fn arm(_journal: Option<Arc<Journal>>, _detach: impl FnOnce()) -> Result<(), ArmError> {
    Err(ArmError::Platform)
}

/// # Errors
/// None here.
pub fn disarm() -> Result<(), ArmError> {
    Ok(())
}

/// Nothing is patched.
#[must_use]
pub fn status() -> Status {
    Status::default()
}

/// No point is one.
#[must_use]
pub fn point(_kind: u32, _what: u32) -> Option<Turn> {
    None
}

/// No point is one.
pub fn handle_point(_moment: Moment, _handle: u64) {}

/// No thread is in a region.
pub fn interpreter_exits() {}

impl Turn {
    /// Cannot be called.
    pub fn give(self) {
        match self.0 {}
    }
}

#[expect(missing_docs, reason = "none of these can be called")]
#[expect(clippy::missing_errors_doc, reason = "as above")]
impl Region {
    pub fn new(_plan: &Plan) -> Result<Self, RegionError> {
        Err(RegionError::NotArmed)
    }

    pub fn enter(&self, _thread: u32) -> Result<(), RegionError> {
        match self.0 {}
    }

    pub fn before_leaving(&self) {
        match self.0 {}
    }

    pub fn leave(&self, _thread: u32) -> Result<(), RegionError> {
        match self.0 {}
    }

    #[must_use]
    pub fn step(&self, _number: u32) -> Option<Turn> {
        match self.0 {}
    }

    #[must_use]
    pub fn report(&self) -> Report {
        match self.0 {}
    }
}
