//! The customers' and agents' side of a node: who may come in, the agents' socket, the pages, and what all channels
//! (`src/channel.rs`), its guests, are served with.
//!
//! Nothing here knows where a session lives, and nothing here decides anything about one.

pub mod admission;
pub(crate) mod border;
mod door;
pub mod files;
pub(crate) mod follow;
pub mod form;
pub mod given;
pub mod identity;
pub mod metrics;
pub mod native;
pub mod options;
pub(crate) mod outlook;
pub mod page;
pub mod prechat;
pub mod prefer;
pub(crate) mod problem;
mod proxy_protocol;
pub(crate) mod rate;
mod server;
mod services;
pub mod socket;
pub mod starting;
#[cfg(test)]
mod tests;

pub use door::REFUSED_AT_ONCE_MAX;
pub use metrics::Metrics;
pub use options::{GatewayOptions, ServiceOptions};
pub use server::serve;

use crate::ports::{Archive, Lists, Sessions};
use actix_web::{HttpRequest, web};
use follow::Follower;
use handoff_chat::SessionId;
use handoff_chat::command::Caller;
use native::accounts::Accounts;
use native::overview::Glances;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// What all requests of a node share.
pub struct Gateway {
    /// The sessions of the cluster.
    pub(crate) sessions: Arc<dyn Sessions>,
    /// Limits and services of the configuration, fixed when the node starts.
    pub(crate) options: GatewayOptions,
    /// This node's number as the GMS `alias`.
    pub(crate) alias: String,
    /// Counters of calls and connections.
    pub(crate) metrics: Metrics,
    /// Counters of the sockets.
    pub(crate) socket_metrics: socket::metrics::Metrics,
    /// Who may come in.
    pub(crate) admission: admission::Admission,
    /// Whose pages may come in.
    pub(crate) border: border::Border,
    /// Who may sign in as an agent.
    pub(crate) agents: Accounts,
    /// What agents may look up.
    archive: Arc<dyn Archive>,
    /// What supervisors see of the cluster.
    pub(crate) glances: Arc<Glances>,
    /// Takes files in and gives them out.
    pub(crate) intake: files::Intake,
    /// Whether clients are to go on elsewhere.
    pub(crate) moved: watch::Sender<bool>,
    /// Told when connections over which nobody asks are to close.
    closing: CancellationToken,
    /// The pages with their headers.
    pages: page::Pages,
    /// What was heard of queues lately.
    heard: outlook::Heard,
    /// What else is served.
    guests: Vec<Arc<dyn Guest>>,
}

/// What a gateway is made of.
pub struct Parts {
    /// The sessions of the cluster.
    pub sessions: Arc<dyn Sessions>,
    /// What agents may look up.
    pub archive: Arc<dyn Archive>,
    /// What is live in the cluster.
    pub lists: Arc<dyn Lists>,
    /// Who may sign in as an agent.
    pub agents: Accounts,
    /// Limits and services of the configuration, fixed when the node starts.
    pub options: GatewayOptions,
    /// This node's number.
    pub node: u16,
    /// Counters of calls and connections.
    pub metrics: Metrics,
    /// Counters of the sockets.
    pub socket_metrics: socket::metrics::Metrics,
    /// How many sessions this node has.
    pub load: admission::Load,
    /// Takes files in and gives them out.
    pub intake: files::Intake,
    /// What else is served: the inbound sides of channels.
    pub guests: Vec<Arc<dyn Guest>>,
}

/// What is served beside what a gateway serves itself.
pub trait Guest: Send + Sync + 'static {
    /// Mounts it; each worker does.
    fn mount(&self, config: &mut web::ServiceConfig);

    /// Drops what has stayed for too long; called often.
    fn sweep(&self) {}
}

impl Gateway {
    /// A gateway of these parts.
    pub fn new(parts: Parts) -> Arc<Self> {
        let pages = page::Pages::new(&parts.options.customer_nodes);
        let admission =
            admission::Admission::new(parts.options.admission.clone(), parts.load, parts.metrics.clone());
        Arc::new(Self {
            admission,
            border: border::Border::new(&parts.options),
            sessions: parts.sessions,
            options: parts.options,
            alias: parts.node.to_string(),
            metrics: parts.metrics,
            socket_metrics: parts.socket_metrics,
            agents: parts.agents,
            archive: parts.archive,
            glances: Arc::new(Glances::new(parts.lists)),
            intake: parts.intake,
            moved: watch::Sender::new(false),
            closing: CancellationToken::new(),
            pages,
            heard: outlook::Heard::default(),
            guests: parts.guests,
        })
    }

    /// Counts one more request of its address.
    ///
    /// # Errors
    /// [`admission::Limited`].
    pub(crate) fn admit(&self, request: &HttpRequest) -> Result<(), admission::Limited> {
        self.admission.request(self.admission.address(request))
    }

    /// Where clients may go on: the nodes that serve, or nowhere but the balancer that they know.
    pub(crate) fn nodes(&self) -> Vec<String> {
        if self.options.behind_balancer { Vec::new() } else { self.sessions.nodes() }
    }

    /// One who follows a chat and shows it there.
    pub(crate) fn follower<S>(
        &self,
        chat: SessionId,
        caller: Caller,
        next: Rc<Cell<u64>>,
        to: S,
    ) -> Follower<S> {
        let (sessions, patience) = (Arc::clone(&self.sessions), self.options.patience);
        Follower { sessions, chat, caller, patience, next, over: false, to }
    }

    /// Tells all who stay connected once the node drains, and lets guests drop what has stayed for too long. Runs as
    /// long as the gateway.
    async fn keep_up(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(SWEPT_EVERY);
        let mut moved_at = None;
        loop {
            ticks.tick().await;
            self.guests.iter().for_each(|guest| guest.sweep());
            if self.sessions.leaving() {
                let since = *moved_at.get_or_insert_with(Instant::now);
                self.moved.send_if_modified(|moved| !std::mem::replace(moved, true));
                if since.elapsed() >= IDLE_STAYS {
                    self.closing.cancel();
                }
            }
        }
    }
}

/// How long connections over which nobody asks stay when the node drains: by then balancers have seen that it is not
/// ready, so that none of them is just about to send a request.
const IDLE_STAYS: Duration = Duration::from_secs(2);

/// How often a gateway looks whether its node drains.
const SWEPT_EVERY: Duration = Duration::from_millis(100);

/// Mounts the guests, the agents' socket, files and services under `/v1`, the pages, and `/health` for load balancers.
/// Every other path belongs to the caller's `App`.
pub fn configure(config: &mut web::ServiceConfig, gateway: &Arc<Gateway>) {
    config.app_data(web::Data::from(Arc::clone(gateway)));
    gateway.guests.iter().for_each(|guest| guest.mount(config));
    page::configure(config, &gateway.pages);
    native::routes(config);
    files::http::routes(config);
    services::routes(config);
    crate::health::routes(&gateway.sessions)(config);
}
