//! What customers may expect of the queues: asked of the queues' owners, and for those who have not come yet kept for a
//! moment, so that a busy website does not ask the owners with each of its pages.

use super::Gateway;
use crate::clock::wall_ms;
use crate::ports::CallError;
use handoff_chat::command::{Caller, Outlook, Read, Reading, Reject};
use handoff_chat::workflow::{Does, Program};
use handoff_chat::{EntityId, Millis, QueueName, SessionId};
use handoff_shard::Call;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// For how long what was heard of a queue is told on.
const KEPT: Duration = Duration::from_secs(3);

/// What was heard of queues lately.
#[derive(Default)]
pub(crate) struct Heard(Mutex<BTreeMap<QueueName, (Instant, Outlook)>>);

/// What customers of a service may expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Expected {
    /// Whether somebody, or a program, is there.
    pub(crate) open: bool,
    /// How long they would wait for an agent; none: nothing is known, or nobody is there.
    pub(crate) wait_s: Option<u64>,
}

impl Gateway {
    /// What one who waits in a queue may expect, or one who would.
    ///
    /// # Errors
    /// When its owner can't be asked.
    pub(crate) async fn outlook(
        &self,
        queue: &QueueName,
        of: Option<SessionId>,
    ) -> Result<Outlook, CallError> {
        let call = Call {
            read: Some((Caller::System, Read::Outlook { of })),
            client_id: true,
            patience: self.options.patience,
            ..Call::of(EntityId::from(queue))
        };
        match self.sessions.call(call).await {
            Ok(done) => match done.reading {
                Some(Reading::Outlook(outlook)) => Ok(outlook),
                _ => Err(CallError::Again),
            },
            // Nobody has waited in it yet, nor is an agent there.
            Err(CallError::Rejected(Reject::Unknown)) => Ok(Outlook::default()),
            Err(error) => Err(error),
        }
    }

    /// What one may expect who starts a chat of a service with this workflow now: the longest wait of its queues.
    ///
    /// # Errors
    /// When a queue's owner can't be asked.
    pub(crate) async fn expected(&self, workflow: &Program) -> Result<Expected, CallError> {
        let queues = queues(workflow);
        let mut expected = Expected { open: queues.is_empty() || invites_a_bot(workflow), wait_s: None };
        for queue in queues {
            let outlook = self.heard(&queue).await?;
            if outlook.agents > 0 {
                expected.open = true;
                expected.wait_s = expected.wait_s.max(wait_s(&outlook));
            }
        }
        Ok(expected)
    }

    /// What one who would come may expect, as of a moment ago.
    async fn heard(&self, queue: &QueueName) -> Result<Outlook, CallError> {
        let lock = || self.heard.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, outlook)) = lock().get(queue)
            && at.elapsed() < KEPT
        {
            return Ok(*outlook);
        }
        let outlook = self.outlook(queue, None).await?;
        lock().insert(queue.clone(), (Instant::now(), outlook));
        Ok(outlook)
    }
}

/// How long to wait, as people are told it: no more exactly than it is known.
pub(crate) fn wait_s(outlook: &Outlook) -> Option<u64> {
    let seconds = outlook.wait_ms(Millis(wall_ms()))?.div_ceil(1_000);
    let step = match seconds {
        0..=60 => 10,
        61..=600 => 60,
        _ => 300,
    };
    Some(seconds.div_ceil(step).saturating_mul(step))
}

/// The queues that a workflow may route to.
fn queues(workflow: &Program) -> BTreeSet<QueueName> {
    let routes = workflow.steps.iter().filter_map(|step| match &step.does {
        Does::Route { queue, .. } => Some(queue.clone()),
        _ => None,
    });
    routes.collect()
}

/// Whether a bot may be there, whoever else is.
fn invites_a_bot(workflow: &Program) -> bool {
    workflow.steps.iter().any(|step| matches!(step.does, Does::Bot { .. }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use handoff_chat::BotName;
    use handoff_chat::command::Pace;
    use handoff_chat::workflow::{Known, read};

    #[test]
    fn where_a_workflow_invites_a_bot_somebody_is_there() {
        let bots = [(BotName("demo".to_owned()), "Robin".to_owned())].into();
        let known = Known { bots, queues: [(QueueName("support".to_owned()), 1)].into() };
        let read = |text: &str| read("demo", text, &known).unwrap();
        assert!(invites_a_bot(&read(include_str!("../../config/workflows/demo.toml"))));
        let alone = "version = 1\nnickname = \"H\"\nstart = \"agent\"\n[steps.agent]\nroute = \"support\"";
        assert!(!invites_a_bot(&read(alone)));
    }

    #[test]
    fn a_wait_is_told_in_steps_that_grow_with_it() {
        let told = |ms: u64| {
            let pace = Some(Pace { taken_at: Millis(wall_ms()), place_ms: ms, seen: 1 });
            wait_s(&Outlook { place: Some(1), pace, ..Outlook::default() })
        };
        let cases =
            [(0, 0), (1, 10), (10_000, 10), (10_001, 20), (60_000, 60), (61_000, 120), (601_000, 900)];
        for (ms, seconds) in cases {
            assert_eq!(told(ms), Some(seconds), "{ms}");
        }
        assert_eq!(wait_s(&Outlook::default()), None);
    }
}
