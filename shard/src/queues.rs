//! What the configuration says of queues, as far as it matters to those that chats wait in: they outlive it.

use super::core::ShardCore;
use super::entity_state::EntityState;
use super::listing::{About, ListKind, QueueGlance};
use handoff_chat::{EntityId, QueueName};
use std::collections::{BTreeMap, BTreeSet};

/// The queues of a configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Queues {
    /// Those that it has, with the most that may wait there; 0: any number.
    pub configured: BTreeMap<QueueName, u32>,
    /// Those that an agent of it may serve.
    pub served: BTreeSet<QueueName>,
}

/// Chats wait in a queue that the configuration has no longer.
const UNCONFIGURED: &str = "not configured";
/// Chats wait in a queue that no agent may serve.
const UNSERVED: &str = "no agent serves it";

impl Queues {
    /// What is wrong with a queue in which somebody waits. `free`: how many agents could take somebody, who may be
    /// signed in with what an older configuration said of them.
    #[must_use]
    pub fn trouble(&self, queue: &QueueName, free: usize) -> Option<&'static str> {
        if !self.configured.contains_key(queue) {
            return Some(UNCONFIGURED);
        }
        (free == 0 && !self.served.contains(queue)).then_some(UNSERVED)
    }
}

impl ShardCore {
    /// What the configuration says of an entity, if it is a queue: the most that may wait there, `None`: there is no
    /// such queue. Without a configuration each queue takes any number.
    fn terms(&self, entity: &EntityId) -> Option<u32> {
        match (&self.options.queues, entity) {
            (Some(queues), EntityId::Queue(name)) => queues.configured.get(name).copied(),
            _ => Some(0),
        }
    }

    /// Whether it is a queue that the configuration does not have.
    pub(super) fn is_no_more(&self, entity: &EntityId) -> bool {
        self.terms(entity).is_none()
    }

    /// Says in the log in which of these entities, if they are queues, chats wait that may never be taken.
    pub(super) fn warn_of_queues<'a>(
        &'a self,
        entities: impl Iterator<Item = (&'a EntityId, &'a EntityState)>,
    ) {
        for queue in entities.filter_map(|(entity, state)| self.summary(ListKind::Queue, entity, state)) {
            if let About::Queue(QueueGlance { waiting, trouble: Some(trouble), .. }) = queue.about {
                let queue = queue.id;
                tracing::warn!(
                    queue,
                    waiting,
                    trouble,
                    "chats wait in a queue in which nobody may come for them"
                );
            }
        }
    }

    /// Most that may wait there; 0: any number.
    pub(super) fn waiting_max(&self, entity: &EntityId) -> u32 {
        self.terms(entity).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_in_trouble_when_it_is_no_more_or_nobody_serves_it() {
        let name = |name: &str| QueueName(name.to_owned());
        let queues = Queues {
            configured: [(name("support"), 0), (name("sales"), 0)].into(),
            served: [name("support"), name("gone")].into(),
        };
        let expected = [
            ("support", 0, None),
            ("sales", 0, Some(UNSERVED)),
            ("sales", 1, None),
            ("gone", 0, Some(UNCONFIGURED)),
            ("gone", 1, Some(UNCONFIGURED)),
        ];
        for (queue, free, trouble) in expected {
            assert_eq!(queues.trouble(&name(queue), free), trouble, "{queue}");
        }
    }
}
