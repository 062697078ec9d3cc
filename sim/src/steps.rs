//! A small run again and again, each time with a kill at its next step: nothing that a chat goes through, no move of
//! an interaction between workflow, queue, offer and agent, may depend on its owner living on to the next step. Which
//! moves there are is a matter of the seed, so seeds are gone through till each move was there.

use crate::kill::{Kill, WAY_MS, decided_of, first_turn};
use crate::run::{Plan, evidence};
use handoff_chat::EntityId;
use handoff_chat::entry::{Entry, InteractionChange, Place};
use handoff_shard::frame::Item;
use std::collections::{BTreeMap, BTreeSet};

/// From where to where an interaction goes.
pub type Move = (&'static str, &'static str);

/// The moves at whose steps nodes are to die: to be routed, offered, accepted, declined or not answered, given back by
/// an agent who is lost, and to end in the queue, in an offer and with an agent.
pub const MOVES: [Move; 9] = [
    ("workflow", "queue"),
    ("queue", "offer"),
    ("offer", "agent"),
    ("offer", "queue"),
    ("agent", "queue"),
    ("queue", "workflow"),
    ("offer", "workflow"),
    ("agent", "workflow"),
    ("workflow", "done"),
];

/// Steps before and after that in which a move is journaled, which belong to it on the shards of those who have a part
/// in it.
const AROUND: (usize, usize) = (4, 8);

/// A seed's small run, when nobody dies.
pub struct Course {
    plan: Plan,
    steps: usize,
    /// The moves in it, each with its first step.
    pub moves: BTreeMap<Move, usize>,
}

impl Course {
    /// Runs it once.
    ///
    /// # Errors
    /// What did not hold.
    pub fn of_seed(seed: u64) -> Result<Self, String> {
        let undisturbed = Kill { frame: usize::MAX, later_ms: 0 };
        let plan = Plan {
            customers: 2,
            messages: 2,
            agents: 2,
            faults: 0,
            kill: Some(undisturbed),
            ..Plan::of_seed(seed)
        };
        let (_, left) = evidence(&plan)?;
        let frames = left.logs.iter().flatten().map(|frame| frame.items.as_slice());
        let mut steps: Vec<_> = frames.filter_map(|items| Some((first_turn(items)?.at, items))).collect();
        // In the order in which they are counted when it is to be killed, but for those of one millisecond.
        steps.sort_by_key(|(at, _)| *at);
        Ok(Self { plan, steps: steps.len(), moves: moves(steps.iter().map(|(_, items)| *items)) })
    }

    /// Every step.
    #[must_use]
    pub fn all(&self) -> BTreeSet<usize> {
        (1..=self.steps).collect()
    }

    /// The steps of some moves.
    #[must_use]
    pub fn around(&self, moves: &[Move]) -> BTreeSet<usize> {
        let at = moves.iter().filter_map(|wanted| self.moves.get(wanted));
        let around =
            at.flat_map(|step| step.saturating_sub(AROUND.0).max(1)..=(step + AROUND.1).min(self.steps));
        around.collect()
    }

    /// Kills at these steps, once before the step's owner knows of it and once after; answers how many runs that were.
    ///
    /// # Errors
    /// The kill after which something did not hold, and what.
    pub fn kill_at(&self, steps: &BTreeSet<usize>) -> Result<usize, String> {
        let mut runs = 0;
        for frame in steps.iter().copied() {
            for later_ms in [0, WAY_MS + 1] {
                let kill = Kill { frame, later_ms };
                evidence(&Plan { kill: Some(kill), ..self.plan.clone() })
                    .map_err(|error| format!("{kill:?}: {error}"))?;
                runs += 1;
            }
        }
        Ok(runs)
    }
}

/// The moves in these steps, each with the first of its steps.
fn moves<'a>(steps: impl Iterator<Item = &'a [Item]>) -> BTreeMap<Move, usize> {
    let mut places: BTreeMap<&EntityId, &'static str> = BTreeMap::new();
    let mut moves = BTreeMap::new();
    for (step, items) in (1..).zip(steps) {
        for decided in items.iter().filter_map(decided_of) {
            for entry in &decided.entries {
                if let Entry::Interaction(InteractionChange::Moved { place, .. }) = entry {
                    let to = kind_of(place);
                    let from = places.insert(&decided.entity, to).unwrap_or("workflow");
                    moves.entry((from, to)).or_insert(step);
                }
            }
        }
    }
    moves
}

fn kind_of(place: &Place) -> &'static str {
    match place {
        Place::Workflow => "workflow",
        Place::Queue(_) => "queue",
        Place::Offer { .. } => "offer",
        Place::Agent { .. } => "agent",
        Place::Done(_) => "done",
    }
}
