//! An interaction's state as snapshots store it: a shape of its own, which never changes once released.

use super::Interaction;
use crate::entry::{Begun, How, Place, Purpose};
use crate::id::{AgentName, Millis, Served, TimerId};
use crate::workflow::StepNo;
use bincode::{Decode, Encode};

/// The first stored shape; its attached data are those at the time, not those of the start.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct InteractionV1 {
    begun: Begun,
    attempt: u64,
    place: Place,
    step: Option<StepNo>,
    since: Option<Millis>,
    entered: Millis,
    declined: Vec<(AgentName, Served)>,
    timers: Vec<(Purpose, TimerId)>,
    overdue: bool,
    comforted: u32,
    offline: Option<How>,
    refused: Vec<StepNo>,
}

impl From<&Interaction> for InteractionV1 {
    fn from(live: &Interaction) -> Self {
        let Interaction { begun, attempt, place, step, since, entered, overdue, comforted, offline, .. } =
            live.clone();
        let declined = live.declined.iter().map(|(agent, until)| (agent.clone(), *until)).collect();
        let timers = live.timers.iter().map(|(purpose, id)| (*purpose, *id)).collect();
        let refused = live.refused.iter().copied().collect();
        Self {
            begun,
            attempt,
            place,
            step,
            since,
            entered,
            declined,
            timers,
            overdue,
            comforted,
            offline,
            refused,
        }
    }
}

impl From<InteractionV1> for Interaction {
    fn from(stored: InteractionV1) -> Self {
        let InteractionV1 {
            begun, attempt, place, step, since, entered, overdue, comforted, offline, ..
        } = stored;
        let declined = stored.declined.into_iter().collect();
        let timers = stored.timers.into_iter().collect();
        let refused = stored.refused.into_iter().collect();
        Self {
            begun,
            attempt,
            place,
            step,
            since,
            entered,
            declined,
            timers,
            overdue,
            comforted,
            offline,
            refused,
        }
    }
}
