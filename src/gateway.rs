//! The customers' and agents' side of a node: the GMS Chat API v2 over REST, the native WebSockets, and the pages.
//!
//! A request goes straight through: body -> form -> [`gms::operation::Operation`] -> [`handoff_shard::Call`] ->
//! reply. Nothing here knows where a session lives, and nothing here decides anything about one.

pub mod admission;
pub mod bayeux;
mod blank;
mod border;
mod door;
pub mod files;
mod follow;
pub mod gms;
pub mod identity;
pub mod metrics;
pub mod native;
pub mod options;
pub mod page;
pub(crate) mod problem;
mod proxy_protocol;
pub(crate) mod rate;
mod server;
pub mod socket;
pub mod starting;
#[cfg(test)]
mod tests;

pub use door::REFUSED_AT_ONCE_MAX;
pub use metrics::Metrics;
pub use options::{GatewayOptions, ServiceOptions};
pub use server::serve;

use crate::ports::{Archive, Sessions};
use actix_web::{HttpRequest, web};
use bytes::Bytes;
use follow::Follower;
use handoff_chat::SessionId;
use handoff_chat::command::Caller;
use native::accounts::Accounts;
use problem::Problem;
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
    sessions: Arc<dyn Sessions>,
    /// Limits and services of the configuration, fixed when the node starts.
    options: GatewayOptions,
    /// This node's number as the GMS `alias`.
    alias: String,
    /// Counters of calls and connections.
    metrics: Metrics,
    /// Counters of the sockets.
    socket_metrics: socket::metrics::Metrics,
    /// Who may come in.
    admission: admission::Admission,
    /// Whose pages may come in.
    border: border::Border,
    /// The CometD clients with a session here.
    bayeux: bayeux::registry::Registry,
    /// Counters of their messages.
    bayeux_metrics: bayeux::metrics::Metrics,
    /// Who may sign in as an agent.
    agents: Accounts,
    /// What agents may look up.
    archive: Arc<dyn Archive>,
    /// Takes files in and gives them out.
    intake: files::Intake,
    /// Whether clients are to go on elsewhere.
    moved: watch::Sender<bool>,
    /// Told when connections over which nobody asks are to close.
    closing: CancellationToken,
    /// The pages with their headers.
    pages: page::Pages,
    /// What else is served.
    more: Vec<Mount>,
}

/// What a gateway is made of.
pub struct Parts {
    /// The sessions of the cluster.
    pub sessions: Arc<dyn Sessions>,
    /// What agents may look up.
    pub archive: Arc<dyn Archive>,
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
    /// Counters of CometD clients.
    pub bayeux_metrics: bayeux::metrics::Metrics,
    /// Takes files in and gives them out.
    pub intake: files::Intake,
    /// What else is served: the inbound sides of channels.
    pub more: Vec<Mount>,
}

/// Mounts something more beside what a gateway serves itself.
pub type Mount = Arc<dyn Fn(&mut web::ServiceConfig) + Send + Sync>;

impl Gateway {
    /// A gateway of these parts.
    pub fn new(parts: Parts) -> Arc<Self> {
        let pages = page::Pages::new(&parts.options.customer_nodes);
        let cometd = parts.options.cometd.clone();
        let bayeux = bayeux::registry::Registry::new(cometd, parts.bayeux_metrics.clone());
        let admission =
            admission::Admission::new(parts.options.admission.clone(), parts.load, parts.metrics.clone());
        Arc::new(Self {
            admission,
            border: border::Border::new(&parts.options),
            bayeux,
            bayeux_metrics: parts.bayeux_metrics,
            sessions: parts.sessions,
            options: parts.options,
            alias: parts.node.to_string(),
            metrics: parts.metrics,
            socket_metrics: parts.socket_metrics,
            agents: parts.agents,
            archive: parts.archive,
            intake: parts.intake,
            moved: watch::Sender::new(false),
            closing: CancellationToken::new(),
            pages,
            more: parts.more,
        })
    }

    /// The sessions of the cluster.
    pub(crate) fn sessions(&self) -> &dyn Sessions {
        self.sessions.as_ref()
    }

    /// Limits and services of the configuration.
    pub(crate) fn options(&self) -> &GatewayOptions {
        &self.options
    }

    /// Counts one more request of its address.
    ///
    /// # Errors
    /// [`admission::Limited`].
    pub(crate) fn admit(&self, request: &HttpRequest) -> Result<(), admission::Limited> {
        self.admission.request(self.admission.address(request))
    }

    /// A request's body, within the limits of size and time.
    ///
    /// # Errors
    /// [`problem::Problem`].
    pub(crate) async fn read_body(
        &self,
        request: &HttpRequest,
        body: web::Payload,
    ) -> Result<Bytes, Problem> {
        Ok(gms::routes::read_whole(request, body, &self.options).await?)
    }

    /// Where clients may go on: the nodes that serve, or nowhere but the balancer that they know.
    fn nodes(&self) -> Vec<String> {
        if self.options.behind_balancer { Vec::new() } else { self.sessions.nodes() }
    }

    /// One who follows a chat and shows it there.
    fn follower<S>(&self, chat: SessionId, caller: Caller, next: Rc<Cell<u64>>, to: S) -> Follower<S> {
        let (sessions, patience) = (Arc::clone(&self.sessions), self.options.patience);
        Follower { sessions, chat, caller, patience, next, over: Rc::default(), to }
    }

    /// Tells all who stay connected once the node drains, and drops CometD sessions whose clients stay away. Runs as
    /// long as the gateway.
    async fn keep_watch(self: Arc<Self>) {
        let mut look = tokio::time::interval(LOOK);
        let mut moved_at = None;
        loop {
            look.tick().await;
            self.bayeux.sweep();
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
const LOOK: Duration = Duration::from_millis(100);

/// Mounts the customers' API under `/genesys`, the native sockets under `/v1`, the pages, and `/health` for load
/// balancers. Every other path belongs to the caller's `App`.
pub fn configure(config: &mut web::ServiceConfig, gateway: &Arc<Gateway>) {
    config.app_data(web::Data::from(Arc::clone(gateway)));
    config.service(gms::routes::scope());
    page::configure(config, &gateway.pages);
    native::routes(config);
    files::http::routes(config);
    gateway.more.iter().for_each(|mount| mount(config));
    crate::health::routes(&gateway.sessions)(config);
}
