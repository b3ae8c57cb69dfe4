//! The default, but for given switches. After a switch that cannot be made the rest follows the default.

use super::{Choice, Policy};

pub(super) struct Replay {
    /// (decision, thread), the next one last.
    switches: Vec<(u32, u32)>,
    diverged: Option<u32>,
}

impl Replay {
    pub(super) fn new(switches: &[(u32, u32)]) -> Self {
        let mut switches = switches.to_vec();
        switches.sort_unstable_by(|one, other| other.cmp(one));
        Self { switches, diverged: None }
    }
}

impl Policy for Replay {
    fn choose(&mut self, choice: &Choice<'_>) -> usize {
        let Some((_, to)) = self.switches.pop_if(|(at, _)| *at == choice.at) else { return choice.default };
        let found = choice.candidates.iter().position(|each| each.thread == to);
        if found.is_none() {
            self.diverged = Some(choice.at);
            self.switches.clear();
        }
        found.unwrap_or(choice.default)
    }

    fn diverged(&self) -> Option<u32> {
        // What was never reached could not be done either.
        self.diverged.or_else(|| self.switches.last().map(|(at, _)| *at))
    }
}
