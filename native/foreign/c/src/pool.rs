//! Where buffers are rented, whose memory it keeps between their lives.

use crate::Status;
use crate::buffer::buffers;
use crate::entry::{Answer, Out, closing, entry, on};

/// What a pool has done so far.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct PoolReport {
    /// Buffers that were rented.
    pub rented: u64,
    /// Those of them that had the memory of an earlier one.
    pub resurrected: u64,
    /// Blocks that rest.
    pub resting: u64,
    /// Blocks that were written to between two lives, through a pointer that somebody kept.
    pub dirty: u64,
}

impl Answer for PoolReport {
    const NONE: Self = Self { rented: 0, resurrected: 0, resting: 0, dirty: 0 };
}

/// Makes a pool that keeps at most `capacity` blocks between their lives.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_pool_new(capacity: usize, pool: *mut u64) -> Status {
    entry(|| {
        // SAFETY: the caller's promise.
        let pool = unsafe { Out::new(pool, "pool") }?;
        pool.put(buffers()?.pool(capacity)?.to_u64());
        Ok(())
    })
}

/// Makes a buffer of zeros, under a handle of its own, in memory that may have been a buffer before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_pool_rent(pool: u64, length: usize, buffer: *mut u64) -> Status {
    // SAFETY: the caller's promise.
    let buffer = unsafe { Out::new(buffer, "buffer") };
    on(pool, |pool| {
        let buffer = buffer?;
        buffer.put(buffers()?.rent(pool, length)?.to_u64());
        Ok(())
    })
}

/// What it has done so far.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_pool_report(pool: u64, report: *mut PoolReport) -> Status {
    // SAFETY: the caller's promise.
    let report = unsafe { Out::new(report, "report") };
    on(pool, |pool| {
        let report = report?;
        let found = buffers()?.pool_report(pool)?;
        report.put(PoolReport {
            rented: found.rented,
            resurrected: found.resurrected,
            resting: found.resting as u64,
            dirty: found.dirty.len() as u64,
        });
        Ok(())
    })
}

/// Ends the pool; what is rented goes on.
#[unsafe(no_mangle)]
pub extern "C" fn deadhand_pool_close(pool: u64) -> Status {
    closing(pool, |pool| Ok(buffers()?.dispose_pool(pool)?))
}
