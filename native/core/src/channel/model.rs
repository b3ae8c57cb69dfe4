//! Any sequence of tries and closes gives what a model made of a `VecDeque` gives, and every item turns up once.

use std::collections::VecDeque;
use std::sync::Arc;

use deadhand_guard::{CallError, GuardError, Ledger};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// One call. Numbers choose among what there is, modulo how much that is.
#[derive(Clone, Copy, Debug)]
enum Op {
    Send(usize),
    Receive(usize),
    MoreProducers(usize),
    MoreConsumers(usize),
    CloseProducer(usize),
    CloseConsumer(usize),
    Abandon(usize),
    Reclaim(usize),
}

fn op() -> impl Strategy<Value = Op> {
    let which = any::<usize>;
    prop_oneof![
        8 => which().prop_map(Op::Send),
        6 => which().prop_map(Op::Receive),
        2 => which().prop_map(Op::MoreProducers),
        2 => which().prop_map(Op::MoreConsumers),
        1 => which().prop_map(Op::CloseProducer),
        1 => which().prop_map(Op::CloseConsumer),
        1 => which().prop_map(Op::Abandon),
        1 => which().prop_map(Op::Reclaim),
    ]
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    Fine(Vec<u32>),
    Full,
    Empty,
    Closed(Side),
    Stale,
    Other(String),
}

fn told(error: ChannelError) -> Answer {
    match error {
        ChannelError::Full { .. } => Answer::Full,
        ChannelError::Empty => Answer::Empty,
        ChannelError::Closed { by } => Answer::Closed(by),
        ChannelError::Call(CallError::Guard(GuardError::Stale { .. })) => Answer::Stale,
        error => Answer::Other(error.to_string()),
    }
}

fn items(result: Result<Vec<u32>, ChannelError>) -> Answer {
    result.map_or_else(told, Answer::Fine)
}

struct World {
    real: Channels<u32>,
    capacity: usize,
    /// With whether they are open.
    producers: Vec<(Handle, bool)>,
    consumers: Vec<(Handle, bool)>,
    queue: VecDeque<u32>,
    next: u32,
    /// Items that came out, one way or the other.
    seen: Vec<u32>,
}

fn any_open(ends: &[(Handle, bool)]) -> bool {
    ends.iter().any(|(_, open)| *open)
}

impl World {
    /// Items that are left, if there is nobody to receive them.
    fn left(&mut self) -> Answer {
        if any_open(&self.consumers) {
            return Answer::Fine(Vec::new());
        }
        let left: Vec<_> = std::mem::take(&mut self.queue).into();
        self.seen.extend(&left);
        Answer::Fine(left)
    }

    fn step(&mut self, op: Op) -> Result<(), TestCaseError> {
        match op {
            Op::Send(which) => {
                let (producer, open) = self.producers[which % self.producers.len()];
                self.next += 1;
                let expected = match () {
                    () if !open => Answer::Stale,
                    () if !any_open(&self.consumers) => Answer::Closed(Side::Consumer),
                    () if self.queue.len() == self.capacity => Answer::Full,
                    () => {
                        self.queue.push_back(self.next);
                        Answer::Fine(Vec::new())
                    }
                };
                let answer = self.real.try_send(producer, self.next).map(|()| Vec::new()).map_err(|error| {
                    assert_eq!(error.item, Some(self.next));
                    self.seen.push(self.next);
                    error.reason
                });
                prop_assert_eq!(items(answer), expected);
            }
            Op::Receive(which) => {
                let (consumer, open) = self.consumers[which % self.consumers.len()];
                let expected = if open {
                    match self.queue.pop_front() {
                        Some(item) => {
                            self.seen.push(item);
                            Answer::Fine(vec![item])
                        }
                        None if any_open(&self.producers) => Answer::Empty,
                        None => Answer::Closed(Side::Producer),
                    }
                } else {
                    Answer::Stale
                };
                prop_assert_eq!(items(self.real.try_receive(consumer).map(|item| vec![item])), expected);
            }
            Op::MoreProducers(which) => {
                let (producer, open) = self.producers[which % self.producers.len()];
                let answer = self.real.another_producer(producer);
                prop_assert_eq!(answer.is_ok(), open);
                self.producers.extend(answer.map(|handle| (handle, true)));
            }
            Op::MoreConsumers(which) => {
                let (consumer, open) = self.consumers[which % self.consumers.len()];
                let answer = self.real.another_consumer(consumer);
                prop_assert_eq!(answer.is_ok(), open);
                self.consumers.extend(answer.map(|handle| (handle, true)));
            }
            Op::CloseProducer(which) => {
                let at = which % self.producers.len();
                let (producer, open) = self.producers[at];
                self.producers[at].1 = false;
                let expected = match () {
                    () if !open => Answer::Stale,
                    () if any_open(&self.producers) => Answer::Fine(Vec::new()),
                    () => self.left(),
                };
                prop_assert_eq!(items(self.real.close_producer(producer)), expected);
            }
            Op::CloseConsumer(which) => {
                let at = which % self.consumers.len();
                let (consumer, open) = self.consumers[at];
                self.consumers[at].1 = false;
                let expected = if open { self.left() } else { Answer::Stale };
                prop_assert_eq!(items(self.real.close_consumer(consumer)), expected);
            }
            Op::Abandon(which) => {
                let at = which % self.consumers.len();
                let (consumer, open) = self.consumers[at];
                self.consumers[at].1 = false;
                prop_assert_eq!(self.real.abandon_consumer(consumer).is_ok(), open);
                if !any_open(&self.producers) && !any_open(&self.consumers) {
                    // Nobody is left who could ask for them.
                    self.seen.extend(std::mem::take(&mut self.queue));
                }
            }
            Op::Reclaim(which) => {
                let (producer, open) = self.producers[which % self.producers.len()];
                let expected = if open { self.left() } else { Answer::Stale };
                prop_assert_eq!(items(self.real.reclaim(producer)), expected);
            }
        }
        Ok(())
    }

    fn check(&self) -> Result<(), TestCaseError> {
        if let Some((producer, _)) = self.producers.iter().find(|(_, open)| *open) {
            let counts = self.real.producer_counts(*producer).unwrap();
            prop_assert_eq!(counts.in_flight, self.queue.len());
            prop_assert_eq!(counts.sent, counts.received + counts.returned + self.queue.len() as u64);
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_channel_behaves_as_its_model(capacity in 1..4_usize, ops in vec(op(), 0..80)) {
        let ledger = Arc::new(Ledger::anonymous().unwrap());
        let real = Channels::new(Some(&ledger)).unwrap();
        let (producer, consumer) = real.channel(capacity).unwrap();
        let mut world = World {
            real,
            capacity,
            producers: vec![(producer, true)],
            consumers: vec![(consumer, true)],
            queue: VecDeque::new(),
            next: 0,
            seen: Vec::new(),
        };
        for op in ops {
            world.step(op)?;
            world.check()?;
            prop_assert_eq!(crate::census::census(&ledger)["item"], world.queue.len() as u64);
        }
        for at in 0..world.producers.len() {
            world.step(Op::CloseProducer(at))?;
        }
        for at in 0..world.consumers.len() {
            world.step(Op::CloseConsumer(at))?;
        }
        prop_assert_eq!(ledger.settle(), Ok(()));
        world.seen.sort_unstable();
        prop_assert_eq!(world.seen, (1..=world.next).collect::<Vec<_>>());
    }
}
