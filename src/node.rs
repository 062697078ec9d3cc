//! A node: puts its parts together, runs them, and takes them apart again.

mod agents;
mod archive;
mod descriptors;
mod files;
mod operations;
mod peering;
mod privacy;
mod raise;
mod seeds;
mod services;
mod stores;

use crate::actor::arbiter::ArbiterPool;
use crate::actor::handle::SupervisorHandle;
use crate::actor::supervisor::Ended;
use crate::admin::Admin;
use crate::assembly::{Assembled, Fittings, Groundwork};
use crate::bots::{Bots, BotsError, load_bots};
use crate::channel::{Channels, ChannelsError};
use crate::clock::SystemClock;
use crate::contacts::Joins;
use crate::files::Files;
use crate::gateway::admission::AdmissionOptions;
use crate::gateway::identity::Identities;
use crate::gateway::{self, Gateway, GatewayOptions, socket};
use crate::listing::Lister;
use crate::metrics::Metrics;
use crate::ports::Sessions;
use crate::secret_file::{self, ensure_secret};
use crate::workflows::{WorkflowsError, load_workflows};
use actix_web::dev::ServerHandle;
use handoff_cluster::Timing;
use handoff_cluster::peer::{Links, LinksConfig};
use handoff_config::{Config, ContactHistory};
use handoff_journal::{Incarnation, NodeId, Owner};
use handoff_shard::Options;
use rand::rngs::{StdRng, SysRng};
use rand::{RngExt, SeedableRng, TryRng};
use seeds::{check_seeds, check_store};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use stores::Stores;
use thiserror::Error;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

pub use agents::{AgentsError, DEMO_AGENT, queue_warnings};
pub use files::FilesError;
pub use peering::{PeeringError, check_peering};
pub use privacy::{PrivacyError, check_privacy};
pub use seeds::SeedError;
pub use stores::{StoreError, apply_schema, raise_epochs};

/// How a node ended that had started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExitReason {
    /// It was asked to stop and has given everything away.
    Drained,
    /// It could not give everything away, or had to stop; why.
    Failed(String),
}

/// Why a node did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The store can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A seed says that this node is about to join the wrong cluster.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// A secret can't be read or made.
    #[error(transparent)]
    Secret(#[from] secret_file::Error),
    /// What it is to speak on its links can't be used.
    #[error(transparent)]
    Peering(#[from] PeeringError),
    /// A bot's rules can't be used.
    #[error(transparent)]
    Bots(#[from] BotsError),
    /// An agent of the configuration can't sign in.
    #[error(transparent)]
    Agents(#[from] AgentsError),
    /// Personal data can't be masked.
    #[error(transparent)]
    Privacy(#[from] PrivacyError),
    /// Files can't be taken.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// A channel can't be used.
    #[error(transparent)]
    Channels(#[from] ChannelsError),
    /// The workflows can't be used.
    #[error("the workflows can't be used:\n{0}")]
    Workflows(#[from] WorkflowsError),
    /// A port is taken, or an address is not this host's.
    #[error("can't listen on {address} ({key}): {source}")]
    Listen {
        /// The address and port that were configured.
        address: SocketAddr,
        /// The key of the configuration that says so.
        key: &'static str,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The operating system gives no random bytes.
    #[error("the operating system gives no random bytes: {0}")]
    Random(String),
    /// A server or signal handler can't be set up.
    #[error("can't start: {0}")]
    System(#[from] std::io::Error),
}

/// Where a node listens. All three are taken before anything else happens, so that a second start says so at once.
struct Listeners {
    http: TcpListener,
    admin: TcpListener,
    peer: TcpListener,
}

impl Listeners {
    fn open(config: &Config) -> Result<Self, StartError> {
        let open = |address: SocketAddr, key| {
            TcpListener::bind(address).map_err(|source| StartError::Listen { address, key, source })
        };
        let listeners = Self {
            http: open(config.http.listen, "http.listen")?,
            admin: open(config.admin.listen, "admin.listen")?,
            peer: open(config.peer.listen, "peer.listen")?,
        };
        listeners.peer.set_nonblocking(true)?;
        Ok(listeners)
    }
}

/// Runs a node until it has drained; to be called inside of an actix system.
///
/// # Errors
/// [`StartError`] when it can't start.
pub async fn run(config: Config) -> Result<ExitReason, StartError> {
    let connections_max = descriptors::settle(&config);
    let listeners = Listeners::open(&config)?;
    let token = ensure_secret(&config.admin_token_file())?;
    let secret = match &config.peer.secret {
        Some(secret) => secret.clone(),
        None => ensure_secret(&config.peer_secret_file())?,
    };
    let links_config = peering::links_config(&config, secret.expose(), crate::BUILD)?;
    let bots = Arc::new(load_bots(&config)?);
    let agents = agents::accounts(&config, secret.expose())?;
    let workflows = load_workflows(&config, &bots)?;
    for warning in queue_warnings(&config, &workflows) {
        tracing::warn!("{warning}");
    }
    let services = services::of(&config, &bots, &workflows, privacy::of(&config)?);
    let stores = stores::open(&config).await?;
    let files = files::files(&config, stores.chunks.clone())?;
    let channels = Arc::new(Channels::of(&config)?);
    let gateway_metrics = gateway::Metrics::default();
    let socket_metrics = socket::metrics::Metrics::default();
    let metrics = Metrics::with(config.queues.keys().map(String::as_str), |registry| {
        gateway_metrics.register(registry);
        socket_metrics.register(registry);
        channels.register(registry);
    });
    let held = Held { files: files.clone(), bots: bots.clone(), channels: channels.clone() };
    let node = Node::start(&config, stores, listeners.peer, links_config, held, &metrics).await?;

    let identities = match &config.identity.secret_file {
        Some(file) => {
            let secret = secret_file::read_secret(file)?;
            Some(Arc::new(Identities::new(secret.expose().as_bytes(), config.identity.required)))
        }
        None => None,
    };
    let gateway = Gateway::new(gateway::Parts {
        sessions: Arc::clone(&node.sessions),
        archive: node.operations.clone(),
        lists: node.operations.clone(),
        agents,
        options: GatewayOptions { identities, services, connections_max, ..gateway_options(&config) },
        node: config.node.id,
        metrics: gateway_metrics,
        socket_metrics,
        intake: files::intake(&config, files)?,
        guests: channels.guests(),
        load: {
            let metrics = metrics.clone();
            Arc::new(move || metrics.open())
        },
    });
    let customers = gateway::serve(listeners.http, &gateway)?;
    let admin = Admin::new(node.operations.clone(), Arc::clone(&node.sessions), metrics, &token);
    let operators = admin.serve(listeners.admin)?;
    let servers = [customers.handle(), operators.handle()];
    actix_web::rt::spawn(customers);
    actix_web::rt::spawn(operators);
    tracing::info!(node = config.node.id, http = %config.http.listen, admin = %config.admin.listen, "listening");
    let ended = node.until_ended().await?;
    stop_servers(&servers).await;
    Ok(match ended {
        Ended::Drained => ExitReason::Drained,
        Ended::Failed(why) => ExitReason::Failed(why),
    })
}

/// Lets requests that are being answered end.
async fn stop_servers(servers: &[ServerHandle]) {
    for server in servers {
        server.stop(true).await;
    }
}

/// What entities use that gateways use too.
struct Held {
    files: Files,
    bots: Arc<Bots>,
    channels: Arc<Channels>,
}

/// The running parts that the rest needs.
struct Node {
    sessions: Arc<dyn Sessions>,
    operations: Arc<operations::NodeOperations>,
    supervisor: SupervisorHandle,
    ended: watch::Receiver<Option<Ended>>,
    pool: Arc<ArbiterPool>,
}

impl Node {
    async fn start(
        config: &Config,
        stores: Stores,
        peer: TcpListener,
        links_config: LinksConfig,
        Held { files, bots, channels }: Held,
        metrics: &Metrics,
    ) -> Result<Self, StartError> {
        let mut rng = StdRng::from_seed(os_random()?);
        let owner = Owner { node: NodeId(config.node.id), incarnation: Incarnation(rng.random()) };
        let groundwork = Groundwork::new(config.journal.shards, Arc::new(SystemClock::default()));
        let (list, node_state) = (Arc::clone(&groundwork.list), Arc::clone(&groundwork.node_state));
        let listener = tokio::net::TcpListener::from_std(peer)?;
        let (links, mut events) =
            Links::start(links_config.clone(), owner, listener, Arc::new(groundwork.service()));
        let seeds = check_seeds(&config.peer.seeds, &config.peer_address(), owner, &links_config).await?;
        actix_web::rt::spawn(check_store(seeds, Arc::clone(&stores.tables)));
        let pool = Arc::new(ArbiterPool::threads(config.shard_threads()));
        let Assembled { router, supervisor, ended } = groundwork.assemble(Fittings {
            owner,
            cluster: cluster_config(config),
            options: shard_options(config),
            shard_inbox: config.limits.shard_inbox,
            frames_in_flight: config.frames_in_flight(),
            frame_rest: config.frame_rest(),
            peers: Arc::new(links),
            journal: stores.journal,
            tables: Arc::clone(&stores.tables),
            joins: if hides_unverified(config) { Joins::Signed } else { Joins::Said },
            files,
            bots,
            outbound: channels,
            pool: Arc::clone(&pool),
            observer: Arc::new(metrics.clone()),
            rng,
            random: Arc::new(|| os_random().unwrap_or_else(|_| rand::random())),
        });
        let hears = supervisor.clone();
        actix_web::rt::spawn(async move {
            while let Some(event) = events.recv().await {
                hears.link(event);
            }
        });
        let operations = operations::NodeOperations {
            node: owner.node,
            list,
            node_state,
            supervisor: supervisor.clone(),
            lister: Lister {
                node: owner.node,
                directory: Arc::clone(&router.directory),
                list: Arc::clone(&router.list),
                peers: Arc::clone(&router.peers),
            },
            sessions: Arc::clone(&router),
            tables: stores.tables,
            ended: ended.clone(),
        };
        Ok(Self { sessions: router, operations: Arc::new(operations), supervisor, ended, pool })
    }

    /// Waits for the end of this node's life in the cluster; SIGTERM and SIGINT ask for it.
    async fn until_ended(self) -> Result<Ended, StartError> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut ended = self.ended;
        let how = loop {
            tokio::select! {
                biased;
                how = ended.wait_for(Option::is_some) => break how.ok().and_then(|how| how.clone()),
                _ = terminate.recv() => self.supervisor.drain(),
                _ = interrupt.recv() => self.supervisor.drain(),
            }
        };
        self.pool.stop();
        Ok(how.unwrap_or_else(|| Ended::Failed("the supervisor ended without a word".to_owned())))
    }
}

/// Random bytes from the operating system.
fn os_random<const N: usize>() -> Result<[u8; N], StartError> {
    let mut bytes = [0; N];
    SysRng.try_fill_bytes(&mut bytes).map_err(|error| StartError::Random(error.to_string()))?;
    Ok(bytes)
}

fn cluster_config(config: &Config) -> handoff_cluster::Config {
    handoff_cluster::Config {
        shards: config.journal.shards,
        peer_addr: config.peer_address(),
        http_url: config.public_url(),
        build: crate::BUILD.to_owned(),
        protocol: peering::protocol(config),
        timing: Timing {
            beat_ms: config.cluster.beat_ms,
            silence_ms: config.cluster.limit_ms,
            gather_ms: config.cluster.join_wait_ms,
            stall_ms: config.cluster.stall_ms,
            claim_seen_ms: config.cluster.release_wait_ms,
            drain_ms: config.cluster.drain_limit_ms,
            alive_ms: config.cluster.alive_ms,
            pauses_ms: [1, 2, 4].map(|times| config.cluster.penalty_ms.saturating_mul(times)),
            ..Timing::default()
        },
    }
}

fn shard_options(config: &Config) -> Options {
    Options {
        reads: config.peer.protocol_max,
        frame_bytes_max: config.journal.frame_bytes_max,
        segment_bytes_max: usize::try_from(config.journal.segment_bytes_max).unwrap_or(usize::MAX),
        segment_frames_max: config.journal.segment_frames_max,
        passivate_after_ms: config.session.passivate_after_ms,
        agent_grace_ms: config.desk.grace_ms,
        entity_inbox: config.limits.entity_inbox,
        queues: Some(Arc::new(agents::queues(config))),
        ..Options::default()
    }
}

fn hides_unverified(config: &Config) -> bool {
    config.contacts.history == ContactHistory::Verified
}

/// All but the services, who is signed, and how many connections there may be.
fn gateway_options(config: &Config) -> GatewayOptions {
    let ms = Duration::from_millis;
    GatewayOptions {
        body_bytes_max: config.http.body_bytes_max,
        fields_max: config.http.fields_max,
        field_bytes_max: config.http.field_bytes_max,
        patience: ms(config.http.patience_ms),
        deadline: ms(config.http.deadline_ms),
        body_timeout: ms(config.http.body_timeout_ms),
        head_timeout: ms(config.http.head_timeout_ms),
        keep_alive: ms(config.http.keep_alive_ms),
        refresh_wait_max: ms(config.http.refresh_wait_max_ms),
        unread_timeout: ms(config.http.unread_timeout_ms),
        workers: config.http_workers(),
        origins: config.http.origins.clone(),
        public_url: config.http.public_url.clone(),
        behind_balancer: config.http.behind_balancer,
        agent_grace: ms(config.desk.grace_ms),
        hides_unverified: hides_unverified(config),
        proxy_protocol: config.http.proxy_protocol,
        admission: AdmissionOptions {
            address_requests_per_minute: config.admission.address_requests_per_minute,
            address_starts_per_minute: config.admission.address_starts_per_minute,
            session_commands_per_minute: config.admission.session_commands_per_minute,
            sessions_max: config.admission.sessions_max,
            trusted_proxies: config.http.trusted_networks(),
        },
        customer_nodes: config.http.customer_nodes.clone(),
        ..GatewayOptions::default()
    }
}
