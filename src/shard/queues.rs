//! What the configuration says of queues, as far as it matters to those that chats wait in: they outlive it.

use handoff_chat::QueueName;
use std::collections::BTreeSet;

/// The queues of a configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Queues {
    /// Those that it has.
    pub configured: BTreeSet<QueueName>,
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
        if !self.configured.contains(queue) {
            return Some(UNCONFIGURED);
        }
        (free == 0 && !self.served.contains(queue)).then_some(UNSERVED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_in_trouble_when_it_is_no_more_or_nobody_serves_it() {
        let name = |name: &str| QueueName(name.to_owned());
        let queues = Queues {
            configured: [name("support"), name("sales")].into(),
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
