//! The sections and their keys. Units stand last in the names; a key that ends in `_file` names a file whose content
//! is the value. `default.toml` repeats every key with its default, and a test compares the two.

mod channels;
mod contacts;
mod files;
mod log;
mod privacy;
mod services;
mod store;

pub use channels::{Channels, Cometd, PulledChannel, WebhookChannel};
pub use contacts::{ContactHistory, Contacts};
pub use files::{FileScanner, FileStore, Files, S3, ScannerDown};
pub use log::{Log, LogFormat};
pub use privacy::{ApplyArea, CleanSubject, Pattern, Privacy, TypingPreview};
pub use services::{FieldKind, FormField, Service};
pub use store::{Cassandra, Durability, Sqlite, Store, StoreKind};

use crate::secret::Secret;
use crate::slot::{Reader, Slot, names, options};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

options! {
    /// The whole configuration of a node.
    Config {
        /// This node's number, folder and threads.
        node: Node = Node::default(),
        /// The customers' side: its listener and its bounds.
        http: Http = Http::default(),
        /// Who of them may come in.
        admission: Admission = Admission::default(),
        /// How they prove who they are.
        identity: Identity = Identity::default(),
        /// How they are found again.
        contacts: Contacts = Contacts::default(),
        /// The ways by which customers come.
        channels: Channels = Channels::default(),
        /// The operators' side: its listener and its token.
        admin: Admin = Admin::default(),
        /// Links to the other nodes.
        peer: Peer = Peer::default(),
        /// Where journal and tables are kept.
        store: Store = Store::default(),
        /// The log of each shard.
        journal: Journal = Journal::default(),
        /// Membership, failure detection and takeover.
        cluster: Cluster = Cluster::default(),
        /// How long sessions live, and how much they may hold.
        session: Session = Session::default(),
        /// What becomes of chats in which nobody does anything.
        inactivity: Inactivity = Inactivity::default(),
        /// Files that participants share.
        files: Files = Files::default(),
        /// Personal data in what participants say.
        privacy: Privacy = Privacy::default(),
        /// Bounds of queues of commands; what does not fit is told to try again.
        limits: Limits = Limits::default(),
        /// The services customers may ask for, by name; `default` always exists.
        services: BTreeMap<String, Service> = default_services(),
        /// The queues that workflows may route to, by name; `support` always exists.
        queues: BTreeMap<String, Queue> = BTreeMap::from([("support".to_owned(), Queue::default())]),
        /// How queues offer chats to agents.
        routing: Routing = Routing::default(),
        /// Where the workflows are read from.
        workflows: Workflows = Workflows::default(),
        /// Where the rule bots are read from.
        bots: Bots = Bots::default(),
        /// Who may sign in as an agent, by name; none named: the demo agent.
        agents: BTreeMap<String, Agent> = BTreeMap::new(),
        /// When agents' desks count as left.
        desk: Desk = Desk::default(),
        /// What the node logs, and in which form.
        log: Log = Log::default(),
    }
}

impl Config {
    pub(crate) fn fill_all(&mut self, reader: &mut Reader) {
        self.fill(&[], reader);
    }
}

fn default_services() -> BTreeMap<String, Service> {
    BTreeMap::from([(
        "default".to_owned(),
        Service { workflow: Some("demo".to_owned()), ..Service::default() },
    )])
}

options! {
    /// This node's number, folder and threads.
    Node {
        /// Its number in the cluster, from 1.
        id: u16 = 1,
        /// Where it keeps what is its own.
        data_dir: PathBuf = PathBuf::from("data"),
        /// Threads that the shards share; 0: one per core.
        shard_threads: usize = 0,
    }
}

options! {
    /// The listener for customers.
    Http {
        /// Address and port at which customers' requests are taken.
        listen: SocketAddr = loopback(8080),
        /// The address customers reach it by; not set: `http://` and `listen`.
        public_url: Option<String> = None,
        /// Threads that serve requests; 0: one per core.
        workers: usize = 0,
        /// The largest request body.
        body_bytes_max: usize = 65_536,
        /// Most fields of a form.
        fields_max: usize = 256,
        /// The longest field other than a message text, in bytes of UTF-8.
        field_bytes_max: usize = 4_096,
        /// How long a call is tried that can safely be answered "again": under the 3 s that the field's pages wait.
        patience_ms: u64 = 2_000,
        /// How long a call is held whose outcome is unknown and that must not be repeated.
        deadline_ms: u64 = 8_000,
        /// How long a client may take to send its request's head.
        head_timeout_ms: u64 = 5_000,
        /// How long a client may take to send its request's body.
        body_timeout_ms: u64 = 10_000,
        /// How long an idle connection is kept.
        keep_alive_ms: u64 = 75_000,
        /// The longest time for which a refresh waits for news when its client asks for that.
        refresh_wait_max_ms: u64 = 25_000,
        /// How long a client may leave replies unread.
        unread_timeout_ms: u64 = 30_000,
        /// Most connections of the node; more are refused.
        connections_max: usize = 20_000,
        /// Sites whose pages may use the API from a browser; none named: any.
        origins: Vec<String> = Vec::new(),
        /// Clients reach the nodes through a balancer alone: sockets name no node's own address.
        behind_balancer: bool = false,
        /// Addresses and networks of proxies whose word about a client's address is believed.
        trusted_proxies: Vec<String> = Vec::new(),
        /// Trusted proxies say first whose a connection is, by the PROXY protocol.
        proxy_protocol: bool = false,
        /// Addresses of the nodes that the customer page may turn to; none named: its own.
        customer_nodes: Vec<String> = Vec::new(),
    }
}

options! {
    /// Who may come in; each node counts for itself. 0: no limit.
    Admission {
        /// Calls of one address in a minute.
        address_requests_per_minute: u32 = 0,
        /// Chats that one address may start in a minute.
        address_starts_per_minute: u32 = 120,
        /// Messages, notices and typing of a customer in their chat in a minute.
        session_commands_per_minute: u32 = 0,
        /// Most sessions of the node that have not ended.
        sessions_max: usize = 0,
    }
}

options! {
    /// Signed visitors: a site proves who starts a chat.
    Identity {
        /// The file with the secret that sites share; not set: nobody proves anything.
        secret_file: Option<PathBuf> = None,
        /// Whether nobody else may start a chat.
        required: bool = false,
    }
}

options! {
    /// The listener for operators: health, metrics, admin API.
    Admin {
        /// Address and port at which operators' requests are taken; health and metrics need no token.
        listen: SocketAddr = loopback(9080),
        /// The file with the admin API's token, made at first start; not set: `admin.token` in `node.data_dir`.
        token_file: Option<PathBuf> = None,
    }
}

options! {
    /// Links between nodes: their addresses, their secret, their bounds.
    Peer {
        /// Where this node listens for the others.
        listen: SocketAddr = loopback(7080),
        /// Host and port the others reach it by; not set: `listen`.
        advertise: Option<String> = None,
        /// Host and port of nodes to join; every node may have the same list.
        seeds: Vec<String> = Vec::new(),
        /// The cluster's name: nodes of another name are refused.
        cluster: String = "handoff".to_owned(),
        /// The secret shared by all nodes; not set: the content of `secret_file`.
        secret: Option<Secret> = None,
        /// The file with the secret, made at first start; not set: a file beside the store.
        secret_file: Option<PathBuf> = None,
        /// Allows a listener beyond loopback although the links are not encrypted.
        insecure: bool = false,
        /// Mutual TLS on the links.
        tls: Tls = Tls::default(),
        /// The newest protocol version that this node speaks and writes.
        protocol_max: u16 = 1,
        /// All nodes run on this host and see the embedded store's very folder, whatever addresses they have.
        same_host: bool = false,
        /// How long a connection attempt may take.
        connect_timeout_ms: u64 = 1_000,
        /// Most calls that wait for one peer's answer; more are refused as busy.
        calls_max: usize = 8_192,
        /// The largest frame on a link.
        frame_bytes_max: usize = 4_194_304,
    }
}

options! {
    /// Mutual TLS on the links between nodes: all three files or none.
    Tls {
        /// The node's certificate and what leads from it to an authority, in PEM.
        certificate: Option<PathBuf> = None,
        /// Its private key, in PEM.
        key: Option<PathBuf> = None,
        /// The certificates of those who sign nodes' certificates, in PEM.
        authorities: Option<PathBuf> = None,
    }
}

options! {
    /// The log of each shard.
    Journal {
        /// Shards; fixed at the store's first start.
        shards: u16 = 24,
        /// Events are cut into frames of about this size.
        frame_bytes_max: usize = 65_536,
        /// Frames that one node appends at the same time; 0: as suits the store.
        frames_in_flight: usize = 0,
        /// On Cassandra, how long a frame's place in flight then rests, in times of what its append took.
        frame_rest: u32 = 0,
        /// A segment is sealed at this many frames
        segment_frames_max: u64 = 1_024,
        /// or at this size.
        segment_bytes_max: u64 = 2_097_152,
    }
}

options! {
    /// Membership, failure detection, takeover and drain.
    Cluster {
        /// Pause between two heartbeats.
        beat_ms: u64 = 100,
        /// Silence after which a peer is suspected.
        limit_ms: u64 = 600,
        /// A stall of this node's own loop that mutes its accusations and makes it confirm its shards.
        stall_ms: u64 = 100,
        /// How long the nodes wait for each other before the first placement.
        join_wait_ms: u64 = 500,
        /// How long a released shard may stay unclaimed before the next peer is asked.
        release_wait_ms: u64 = 300,
        /// A drain in which nothing moves for this long has failed.
        drain_limit_ms: u64 = 30_000,
        /// Pause between two writes of `alive_until`.
        alive_ms: u64 = 5_000,
        /// Put down again within a minute, a node takes no shards for this long, then twice, then four times.
        penalty_ms: u64 = 5_000,
    }
}

options! {
    /// How long sessions live, and how much they may hold.
    Session {
        /// An idle session leaves memory after this.
        passivate_after_ms: u64 = 120_000,
        /// An ended session answers for this long.
        linger_ms: u64 = 600_000,
        /// A customer of whom nothing is heard for this long has left (flex-disconnect-timeout).
        disconnect_timeout_ms: u64 = 45_000,
        /// The longest message, in bytes of UTF-8.
        message_bytes_max: u32 = 16_384,
        /// Most events of one session.
        events_max: u32 = 10_000,
        /// What everybody is told before that; empty: nothing.
        nearly_full_text: String =
            "This chat is nearly full: only a few more messages can be sent.".to_owned(),
    }
}

names! {
    /// Which notices count as activity, beside messages, joins and leaves.
    CountedNotices ("none, notices, typing or all") {
        /// No notice counts.
        Nothing = "none",
        /// Pushed pages, custom notices and new nicknames.
        Notices = "notices",
        /// That somebody types.
        Typing = "typing",
        /// Typing, and what counts with `notices`.
        All = "all",
    }
}

options! {
    /// Inactivity control: who is in a chat with somebody who could answer them, and nobody does anything.
    Inactivity {
        /// Silence after which the participants are warned (timeout-alert); 0: off.
        alert_ms: u64 = 255_000,
        /// Further silence until a second warning (timeout-alert2); 0: there is none.
        second_alert_ms: u64 = 0,
        /// Further silence until the chat is closed (timeout-close).
        close_ms: u64 = 45_000,
        /// Which notices count as activity (include-notices).
        notices: CountedNotices = CountedNotices::Nothing,
        /// What is said at the first warning; empty: nothing.
        alert_text: String =
            "Chat session will be closed soon due to inactivity of chat participants.".to_owned(),
        /// What is said at the second.
        second_alert_text: String =
            "Chat session will be closed very soon due to inactivity of chat participants.".to_owned(),
        /// What is said when the chat is closed.
        close_text: String = "Chat session closed due to inactivity of chat participants.".to_owned(),
        /// Of asynchronous chats: silence until the warning (async-idle-alert); 0: off.
        async_alert_ms: u64 = 86_400_000,
        /// Of asynchronous chats: further silence until the chat is closed (async-idle-close).
        async_close_ms: u64 = 3_600_000,
        /// Of asynchronous chats: which notices count (async-idle-notices).
        async_notices: CountedNotices = CountedNotices::Notices,
    }
}

options! {
    /// Bounds of queues; what does not fit is answered "busy, try again".
    Limits {
        /// Commands that wait in one shard.
        shard_inbox: usize = 4_096,
        /// Commands that wait for one session.
        entity_inbox: usize = 64,
    }
}

options! {
    /// A queue that workflows may route to.
    Queue {
        /// How long an agent may take to accept an offer from it; 0: as `routing.offer_timeout_ms`.
        offer_timeout_ms: u64 = 0,
        /// Most that wait in it; who comes beyond that goes on as after a wait that ended. 0: any number.
        waiting_max: u32 = 1_000,
    }
}

options! {
    /// How queues offer chats to agents.
    Routing {
        /// How long an agent may take to accept an offer; then they are set not ready.
        offer_timeout_ms: u64 = 30_000,
    }
}

options! {
    /// Where the workflows are read from.
    Workflows {
        /// The folder with one file per workflow.
        dir: PathBuf = PathBuf::from("config/workflows"),
    }
}

options! {
    /// Where the rule bots are read from.
    Bots {
        /// The folder with one file per bot.
        dir: PathBuf = PathBuf::from("config/bots"),
    }
}

options! {
    /// Somebody who may sign in as an agent.
    Agent {
        /// The nickname they show; not set: their name.
        nickname: Option<String> = None,
        /// The argon2id hash of their password.
        password_hash: Option<Secret> = None,
        /// A file with their password.
        password_file: Option<PathBuf> = None,
        /// Most chats at a time.
        capacity: u32 = 3,
        /// The queues they serve.
        queues: Vec<String> = vec!["support".to_owned()],
        /// Whether they see all agents, queues and chats of the cluster.
        supervisor: bool = false,
    }
}

options! {
    /// When an agent's desk counts as left, so that their chats go to others.
    Desk {
        /// How long an agent of whose windows nothing is heard keeps their chats.
        grace_ms: u64 = 15_000,
    }
}
