//! Any sequence of calls gives what a model made of `Vec`s gives.

use std::sync::Arc;

use deadhand_guard::{CallError, GuardError, Handle, Ledger};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{BufferError, Buffers, View as Lent, WritableView};

/// One call. Numbers choose among what there is, modulo how much that is.
#[derive(Clone, Copy, Debug)]
enum Op {
    Allocate(u8),
    Rent(u8),
    Slice(usize, u8, u8),
    Span(usize, u8, u8),
    Write(usize, u8, u8),
    WriteSlice(usize, u8),
    WriteSpan(usize, u8),
    ReadSlice(usize),
    Resize(usize, u8),
    Revoke(usize),
    Release(usize),
    Lend(usize, bool),
    GiveBack(usize),
    Dispose(usize),
}

fn op() -> impl Strategy<Value = Op> {
    let which = any::<usize>;
    prop_oneof![
        2 => (0..40_u8).prop_map(Op::Allocate),
        2 => (0..40_u8).prop_map(Op::Rent),
        3 => (which(), 0..40_u8, 0..20_u8).prop_map(|(at, from, length)| Op::Slice(at, from, length)),
        2 => (which(), 0..40_u8, 0..20_u8).prop_map(|(at, from, length)| Op::Span(at, from, length)),
        3 => (which(), 0..40_u8, any::<u8>()).prop_map(|(at, from, value)| Op::Write(at, from, value)),
        2 => (which(), any::<u8>()).prop_map(|(at, value)| Op::WriteSlice(at, value)),
        2 => (which(), any::<u8>()).prop_map(|(at, value)| Op::WriteSpan(at, value)),
        4 => which().prop_map(Op::ReadSlice),
        2 => (which(), 0..40_u8).prop_map(|(at, length)| Op::Resize(at, length)),
        2 => which().prop_map(Op::Revoke),
        3 => which().prop_map(Op::Release),
        3 => (which(), any::<bool>()).prop_map(|(at, writable)| Op::Lend(at, writable)),
        2 => which().prop_map(Op::GiveBack),
        3 => which().prop_map(Op::Dispose),
    ]
}

#[derive(Debug)]
struct Buffer {
    handle: Handle,
    bytes: Option<Vec<u8>>,
    epoch: u64,
    spans: u32,
    /// Views that are out, and whether the one is writable.
    lent: usize,
    writable: bool,
}

impl Buffer {
    /// Why it cannot be read, or written.
    fn kept(&self, writing: bool) -> Option<Answer> {
        match self.lent {
            _ if self.writable => Some(Answer::WritableViewOut),
            0 => None,
            views => writing.then_some(Answer::ViewsOut(views)),
        }
    }
}

#[derive(Debug)]
struct View {
    handle: Handle,
    buffer: usize,
    epoch: u64,
    from: usize,
    length: usize,
    /// Revoked, or released.
    over: bool,
    /// Views of it that are out.
    lent: u32,
}

/// What was lent, of which span. Only one of the two is there.
struct Loan(usize, Option<Lent>, Option<WritableView>);

/// The answers, without the facts that the model does not keep.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    Fine(Vec<u8>),
    Stale,
    InUse(u32),
    SpansOut(u32),
    ViewsOut(usize),
    WritableViewOut,
    OutOfRange,
    Revoked,
    Outdated,
    Gone,
    Other(String),
}

fn told<T>(result: Result<T, BufferError>, bytes: impl FnOnce(T) -> Vec<u8>) -> Answer {
    match result {
        Ok(value) => Answer::Fine(bytes(value)),
        Err(BufferError::Call(CallError::Guard(GuardError::Stale { .. }))) => Answer::Stale,
        Err(BufferError::Call(CallError::Guard(GuardError::InUse { uses, .. }))) => Answer::InUse(uses),
        Err(BufferError::SpansOut { spans, .. }) => Answer::SpansOut(spans),
        Err(BufferError::ViewsOut { views, .. }) => Answer::ViewsOut(views),
        Err(BufferError::WritableViewOut { .. }) => Answer::WritableViewOut,
        Err(BufferError::OutOfRange { .. }) => Answer::OutOfRange,
        Err(BufferError::Revoked { .. }) => Answer::Revoked,
        Err(BufferError::Outdated { .. }) => Answer::Outdated,
        Err(BufferError::BufferGone { .. }) => Answer::Gone,
        Err(error) => Answer::Other(error.to_string()),
    }
}

const FINE: Answer = Answer::Fine(Vec::new());

struct World {
    real: Buffers,
    pool: Handle,
    buffers: Vec<Buffer>,
    slices: Vec<View>,
    spans: Vec<View>,
    loans: Vec<Loan>,
}

impl World {
    fn add(&mut self, handle: Handle, length: u8) {
        self.buffers.push(Buffer {
            handle,
            bytes: Some(vec![0; length.into()]),
            epoch: 1,
            spans: 0,
            lent: 0,
            writable: false,
        });
    }

    /// What the model says about a view of a part of a buffer.
    fn view(&mut self, at: usize, from: u8, length: u8, span: bool) -> Result<(), TestCaseError> {
        let (from, length) = (usize::from(from), usize::from(length));
        let buffer = &mut self.buffers[at];
        let expected = match &buffer.bytes {
            None => Answer::Stale,
            Some(bytes) if from + length > bytes.len() => Answer::OutOfRange,
            Some(_) => FINE,
        };
        let made = if span {
            self.real.span(buffer.handle, from, length)
        } else {
            self.real.slice(buffer.handle, from, length)
        };
        if let Ok(handle) = made {
            let view = View { handle, buffer: at, epoch: buffer.epoch, from, length, over: false, lent: 0 };
            if span {
                buffer.spans += 1;
                self.spans.push(view);
            } else {
                self.slices.push(view);
            }
        }
        prop_assert_eq!(told(made, |_| Vec::new()), expected);
        Ok(())
    }

    fn slice_state(&self, slice: &View) -> Answer {
        let buffer = &self.buffers[slice.buffer];
        match &buffer.bytes {
            _ if slice.over => Answer::Revoked,
            None => Answer::Gone,
            Some(_) if buffer.epoch != slice.epoch => Answer::Outdated,
            Some(bytes) => Answer::Fine(bytes[slice.from..slice.from + slice.length].to_vec()),
        }
    }

    /// The same, for somebody who reads or writes.
    fn slice_use(&self, slice: &View, writing: bool) -> Answer {
        let (state, kept) = (self.slice_state(slice), self.buffers[slice.buffer].kept(writing));
        if matches!(state, Answer::Fine(_)) { kept.unwrap_or(state) } else { state }
    }

    #[expect(clippy::too_many_lines, reason = "one arm per call")]
    fn step(&mut self, op: Op) -> Result<(), TestCaseError> {
        match op {
            Op::Allocate(length) => {
                let handle = self.real.allocate(length.into()).unwrap();
                self.add(handle, length);
            }
            Op::Rent(length) => {
                let handle = self.real.rent(self.pool, length.into()).unwrap();
                self.add(handle, length);
            }
            Op::Slice(at, from, length) if !self.buffers.is_empty() => {
                self.view(at % self.buffers.len(), from, length, false)?;
            }
            Op::Span(at, from, length) if !self.buffers.is_empty() => {
                self.view(at % self.buffers.len(), from, length, true)?;
            }
            Op::Write(at, from, value) if !self.buffers.is_empty() => {
                let at = at % self.buffers.len();
                let buffer = &mut self.buffers[at];
                let answer = told(self.real.write(buffer.handle, from.into(), &[value]), |()| Vec::new());
                let kept = buffer.kept(true);
                let expected = match (&mut buffer.bytes, kept) {
                    (None, _) => Answer::Stale,
                    (Some(bytes), _) if usize::from(from) >= bytes.len() => Answer::OutOfRange,
                    (Some(_), Some(kept)) => kept,
                    (Some(bytes), None) => {
                        bytes[usize::from(from)] = value;
                        FINE
                    }
                };
                prop_assert_eq!(answer, expected);
            }
            Op::WriteSlice(at, value) if !self.slices.is_empty() => {
                let slice = &self.slices[at % self.slices.len()];
                let expected = match self.slice_use(slice, true) {
                    Answer::Fine(_) => FINE,
                    refused => refused,
                };
                let answer = told(self.real.write_slice(slice.handle, 0, &vec![value; slice.length]), |()| Vec::new());
                if answer == FINE
                    && let Some(bytes) = &mut self.buffers[slice.buffer].bytes
                {
                    bytes[slice.from..slice.from + slice.length].fill(value);
                }
                prop_assert_eq!(answer, expected);
            }
            Op::WriteSpan(at, value) if !self.spans.is_empty() => {
                let span = &self.spans[at % self.spans.len()];
                let answer = told(self.real.write_span(span.handle, 0, &vec![value; span.length]), |()| Vec::new());
                if span.over {
                    prop_assert_eq!(answer, Answer::Stale);
                } else if let Some(kept) = self.buffers[span.buffer].kept(true) {
                    prop_assert_eq!(answer, kept);
                } else {
                    prop_assert_eq!(answer, FINE);
                    let bytes = self.buffers[span.buffer].bytes.as_mut().expect("a span keeps its buffer");
                    bytes[span.from..span.from + span.length].fill(value);
                }
            }
            Op::ReadSlice(at) if !self.slices.is_empty() => {
                let slice = &self.slices[at % self.slices.len()];
                let mut host = vec![0; slice.length];
                let answer = self.real.read_slice(slice.handle, 0, &mut host);
                prop_assert_eq!(told(answer, |()| host), self.slice_use(slice, false));
            }
            Op::Resize(at, length) if !self.buffers.is_empty() => {
                let at = at % self.buffers.len();
                let buffer = &mut self.buffers[at];
                let answer = told(self.real.resize(buffer.handle, length.into()), |_| Vec::new());
                let expected = match &mut buffer.bytes {
                    None => Answer::Stale,
                    Some(_) if buffer.spans > 0 => Answer::SpansOut(buffer.spans),
                    Some(bytes) => {
                        bytes.resize(length.into(), 0);
                        buffer.epoch += 1;
                        FINE
                    }
                };
                prop_assert_eq!(answer, expected);
            }
            Op::Revoke(at) if !self.slices.is_empty() => {
                let at = at % self.slices.len();
                self.real.revoke(self.slices[at].handle).unwrap();
                self.slices[at].over = true;
            }
            Op::Release(at) if !self.spans.is_empty() => {
                let at = at % self.spans.len();
                let span = &mut self.spans[at];
                let answer = told(self.real.release(span.handle), |()| Vec::new());
                let expected = match span.lent {
                    _ if span.over => Answer::Stale,
                    0 => FINE,
                    views => Answer::InUse(views),
                };
                self.buffers[span.buffer].spans -= u32::from(expected == FINE);
                span.over |= expected == FINE;
                prop_assert_eq!(answer, expected);
            }
            Op::Lend(at, writable) if !self.spans.is_empty() => self.lend(at % self.spans.len(), writable)?,
            Op::GiveBack(at) if !self.loans.is_empty() => {
                let loan = self.loans.swap_remove(at % self.loans.len());
                self.give_back(loan);
            }
            Op::Dispose(at) if !self.buffers.is_empty() => {
                let at = at % self.buffers.len();
                let buffer = &mut self.buffers[at];
                let answer = told(self.real.dispose(buffer.handle), |()| Vec::new());
                let expected = match &buffer.bytes {
                    None => Answer::Stale,
                    Some(_) if buffer.spans > 0 => Answer::InUse(buffer.spans),
                    Some(_) => {
                        buffer.bytes = None;
                        FINE
                    }
                };
                prop_assert_eq!(answer, expected);
            }
            _ => {}
        }
        Ok(())
    }

    fn lend(&mut self, at: usize, writable: bool) -> Result<(), TestCaseError> {
        let (span, all) = (&mut self.spans[at], &self.real);
        let buffer = &mut self.buffers[span.buffer];
        let expected = if span.over { Some(Answer::Stale) } else { buffer.kept(writable) };
        let (shown, lent) = if writable {
            (None, all.writable_view(span.handle).map(Some))
        } else {
            (Some(all.view(span.handle)), Ok(None))
        };
        let (answer, loan) = match (shown.transpose(), lent) {
            (Ok(shown), Ok(lent)) => (None, Some(Loan(at, shown, lent))),
            (Err(error), _) | (_, Err(error)) => (Some(told(Err::<(), _>(error), |()| Vec::new())), None),
        };
        prop_assert_eq!(answer, expected);
        let Some(mut loan) = loan else { return Ok(()) };
        span.lent += 1;
        buffer.lent += 1;
        buffer.writable = writable;
        let bytes = buffer.bytes.as_mut().expect("a span keeps its buffer");
        let part = &mut bytes[span.from..span.from + span.length];
        if let Some(view) = &mut loan.2 {
            view.as_mut().fill(9);
            part.fill(9);
        } else if let Some(view) = &loan.1 {
            prop_assert_eq!(view.as_ref(), &*part);
        }
        self.loans.push(loan);
        Ok(())
    }

    fn give_back(&mut self, loan: Loan) {
        let span = &mut self.spans[loan.0];
        let buffer = &mut self.buffers[span.buffer];
        span.lent -= 1;
        buffer.lent -= 1;
        buffer.writable = false;
        drop(loan);
    }

    fn check(&self) -> Result<(), TestCaseError> {
        for buffer in &self.buffers {
            let there = buffer.bytes.clone().map_or(Answer::Stale, Answer::Fine);
            let expected = buffer.kept(false).unwrap_or(there);
            prop_assert_eq!(told(self.real.to_vec(buffer.handle), |bytes| bytes), expected);
        }
        Ok(())
    }

    fn end(mut self) {
        for loan in std::mem::take(&mut self.loans) {
            self.give_back(loan);
        }
        for span in self.spans.iter().filter(|span| !span.over) {
            self.real.release(span.handle).unwrap();
        }
        for slice in &self.slices {
            self.real.dispose_slice(slice.handle).unwrap();
        }
        for buffer in self.buffers.iter().filter(|buffer| buffer.bytes.is_some()) {
            self.real.dispose(buffer.handle).unwrap();
        }
        assert_eq!(self.real.pool_report(self.pool).unwrap().dirty, []);
        self.real.dispose_pool(self.pool).unwrap();
        assert_eq!(self.real.writes_after_free(), []);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn buffers_behave_as_their_model(ops in vec(op(), 0..60)) {
        let ledger = Arc::new(Ledger::anonymous().unwrap());
        let real = Buffers::new(Some(&ledger)).unwrap();
        let pool = real.pool(2).unwrap();
        let mut world = World { real, pool, buffers: Vec::new(), slices: Vec::new(), spans: Vec::new(), loans: Vec::new() };
        for op in ops {
            world.step(op)?;
            world.check()?;
        }
        world.end();
        prop_assert_eq!(ledger.settle(), Ok(()));
    }
}
