//! A client of the simulated cluster: asks one node after the other until there is an answer.

use crate::node::SimNode;
use handoff::ports::CallError;
use handoff_chat::EntityId;
use handoff_chat::command::{Caller, Command, Read, Reject};
use handoff_shard::{Call, Done};
use rand::RngExt;
use rand::rngs::StdRng;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// The nodes by place; a place is empty while its node is down.
pub type Nodes = Rc<RefCell<Vec<Option<Rc<SimNode>>>>>;

/// How long a client waits for one node, beside what the read itself waits.
const CLIENT_TIMEOUT: Duration = Duration::from_millis(1_500);

/// How often a call is tried before the client complains: longer than any fault lasts.
const TRIES_MAX: u32 = 400;

/// Why a client has no answer.
#[derive(Debug, Clone, PartialEq)]
pub enum NoAnswer {
    /// It was refused.
    Refused(Reject),
    /// Nobody answered, however often asked.
    Silence,
}

impl From<NoAnswer> for String {
    fn from(no: NoAnswer) -> Self {
        format!("{no:?}")
    }
}

/// Remembers the node that it asked last, and begins there.
pub struct Client {
    nodes: Nodes,
    place: usize,
    /// All chance of who uses it.
    pub rng: StdRng,
}

impl Client {
    /// A client whose first node is chance.
    pub fn new(nodes: Nodes, mut rng: StdRng) -> Self {
        let place = rng.random_range(0..64);
        Self { nodes, place, rng }
    }

    /// Sleeps for a random time within the range, in milliseconds.
    pub async fn pause(&mut self, ms: std::ops::Range<u64>) {
        sleep(Duration::from_millis(self.rng.random_range(ms))).await;
    }

    /// Asks until there is an answer.
    pub async fn call(
        &mut self,
        entity: &EntityId,
        command: Option<Command>,
        read: Option<(Caller, Read)>,
        wait: Duration,
    ) -> Result<Done, NoAnswer> {
        for _ in 0..TRIES_MAX {
            let (entity, command, read) = (entity.clone(), command.clone(), read.clone());
            let patience = Duration::from_millis(2_000);
            let call = Call { entity, command, read, client_id: true, patience, wait };
            let node = {
                let nodes = self.nodes.borrow();
                nodes[self.place % nodes.len()].clone()
            };
            if let Some(node) = node {
                match timeout(CLIENT_TIMEOUT + wait, node.call(call)).await {
                    Ok(Some(Ok(done))) => return Ok(done),
                    Ok(Some(Err(CallError::Rejected(reject)))) => return Err(NoAnswer::Refused(reject)),
                    Ok(Some(Err(_)) | None) | Err(_) => {}
                }
            }
            self.place = self.place.wrapping_add(1);
            self.pause(10..120).await;
        }
        Err(NoAnswer::Silence)
    }
}
