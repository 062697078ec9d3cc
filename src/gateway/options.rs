//! What can be set about the gateway. Plain values; the configuration crate reads and checks them.

use super::admission::AdmissionOptions;
use super::identity::Identities;
use super::prechat::Prechat;
use handoff_chat::opening::{IdleTerms, Limits};
use handoff_chat::privacy::Privacy;
use handoff_chat::workflow::{Bot, Program};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A channel whose customers have a key and read for themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pulled {
    /// Its name, as agents see it.
    pub name: &'static str,
    /// A customer of whose client nothing is heard for so long is lost.
    pub lost_after: Duration,
}

/// One service: the `{service}` of `/genesys/2/chat/{service}`.
#[derive(Debug, Clone)]
pub struct ServiceOptions {
    /// What the interaction of each new session runs.
    pub workflow: Option<Arc<Program>>,
    /// The bot invited into each new session, where there is no workflow.
    pub bot: Option<Bot>,
    /// Limits fixed for each new session.
    pub limits: Limits,
    /// Chats that may start in a minute; 0: any number.
    pub starts_per_minute: u32,
    /// Inactivity control of ordinary chats and of asynchronous ones; none: off.
    pub idle: [Option<Box<IdleTerms>>; 2],
    /// What is done with personal data; none: nothing.
    pub privacy: Option<Box<Privacy>>,
    /// What customers are asked before a chat.
    pub prechat: Prechat,
    /// Whether they may rate it when it is over.
    pub rating: bool,
}

impl ServiceOptions {
    /// Inactivity control of a new session.
    pub fn idle(&self, asynchronous: bool) -> Option<Box<IdleTerms>> {
        let [ordinary, of_async] = &self.idle;
        if asynchronous { of_async.clone() } else { ordinary.clone() }
    }
}

/// Everything about the gateway of a node.
#[derive(Debug, Clone)]
pub struct GatewayOptions {
    /// The services by name. A name that isn't here is answered 404.
    pub services: BTreeMap<String, ServiceOptions>,
    /// Largest request body, in bytes.
    pub body_bytes_max: usize,
    /// Most fields in a form; more are refused.
    pub fields_max: usize,
    /// Longest single field other than a message text, in bytes of UTF-8.
    pub field_bytes_max: usize,
    /// How long a call is tried that can safely be answered "again": well under the 3 s after which the
    /// field's web widget gives a call up.
    pub patience: Duration,
    /// How long a command without a client id is held while its outcome is unknown; then HTTP 504.
    pub deadline: Duration,
    /// How long a request's body may take to arrive.
    pub body_timeout: Duration,
    /// How long a request's head may take to arrive.
    pub head_timeout: Duration,
    /// How long an idle connection is kept.
    pub keep_alive: Duration,
    /// The longest time for which a refresh waits for news when its client asks for that.
    pub refresh_wait_max: Duration,
    /// How long the kernel keeps a connection whose client acknowledges or reads nothing.
    pub unread_timeout: Duration,
    /// Pause between two probes of a native socket; a beat is due after as long a silence, and a client of whom nothing
    /// is heard for four of them is gone.
    pub probe: Duration,
    /// Pause before one who waits for an agent is told anew what changed of their place in line.
    pub place_pause: Duration,
    /// Most connections of the whole gateway; more are refused.
    pub connections_max: usize,
    /// Threads that serve connections.
    pub workers: usize,
    /// Sites that may use the API from a browser (`https://www.example.com`); empty: any. No cookie
    /// identifies anybody here, so an origin gains nothing that the key's holder does not have.
    pub origins: Vec<String>,
    /// The address that browsers reach the node by, where it was set: pages from there are the node's own, whatever
    /// host a proxy asks for.
    pub public_url: Option<String>,
    /// Clients reach the nodes through a balancer alone: they are told no node's own address.
    pub behind_balancer: bool,
    /// Who starts a chat is signed.
    pub identities: Option<Arc<Identities>>,
    /// How long an agent of whose windows nothing is heard keeps their chats; their pages are told.
    pub agent_grace: Duration,
    /// Agents are shown no earlier chats of customers whom no site signed.
    pub hides_unverified: bool,
    /// Trusted proxies say first whose a connection is, by the PROXY protocol.
    pub proxy_protocol: bool,
    /// Who may come in.
    pub admission: AdmissionOptions,
    /// Base URLs of the nodes that the customer page may turn to, in the order to try; empty: its own origin
    /// only.
    pub customer_nodes: Vec<String>,
}

impl Default for GatewayOptions {
    /// What suits most: one service `default` without a bot.
    fn default() -> Self {
        let limits = Limits {
            message_bytes_max: 16_384,
            events_max: 10_000,
            linger_ms: 600_000,
            files: None,
            talk: handoff_chat::opening::Talk::default(),
        };
        Self {
            services: BTreeMap::from([(
                "default".to_owned(),
                ServiceOptions {
                    workflow: None,
                    bot: None,
                    limits,
                    starts_per_minute: 0,
                    idle: [None, None],
                    privacy: None,
                    prechat: Prechat::default(),
                    rating: false,
                },
            )]),
            body_bytes_max: 64 * 1024,
            fields_max: 256,
            field_bytes_max: 4096,
            patience: Duration::from_millis(2000),
            deadline: Duration::from_secs(8),
            body_timeout: Duration::from_secs(10),
            head_timeout: Duration::from_secs(5),
            keep_alive: Duration::from_secs(75),
            refresh_wait_max: Duration::from_secs(25),
            unread_timeout: Duration::from_secs(30),
            probe: Duration::from_secs(2),
            place_pause: Duration::from_secs(3),
            connections_max: 20_000,
            workers: 2,
            origins: Vec::new(),
            public_url: None,
            behind_balancer: false,
            identities: None,
            agent_grace: Duration::from_secs(15),
            hides_unverified: false,
            proxy_protocol: false,
            admission: AdmissionOptions::default(),
            customer_nodes: Vec::new(),
        }
    }
}
