//! The typed configuration of a node, and how it is put together.
//!
//! Four layers, later ones win: the defaults, a TOML file, the environment (`HANDOFF_SECTION__KEY`, two underscores
//! between levels), and `--set section.key=value`. An unknown key is refused with the nearest name and where it
//! stands; all problems come in one report. Plain data, no other crate of the workspace.

mod layer;
mod options;
mod problem;
mod secret;
mod slot;
mod validate;

use std::path::{Path, PathBuf};

pub use options::{
    Admin, Admission, Agent, ApplyArea, Bots, Cassandra, Channels, CleanSubject, Cluster, Cometd, Config,
    ContactHistory, Contacts, CountedNotices, Desk, Durability, FieldKind, FileScanner, FileStore, Files,
    FormField, Http, Identity, Inactivity, Journal, Limits, Log, LogFormat, Node, Pattern, Peer, Privacy,
    PulledChannel, Queue, Routing, S3, ScannerDown, Service, Session, Sqlite, Store, StoreKind, Tls,
    TypingPreview, WebhookChannel, Workflows,
};
pub use problem::{Origin, Problem, Problems};
pub use secret::Secret;
pub use slot::Texts;

/// The default configuration as a commented file: every key, with its default.
pub const DEFAULT_TOML: &str = include_str!("../default.toml");

/// Where a configuration comes from. Has no `Debug`: the environment may hold secrets.
#[derive(Default)]
pub struct Sources {
    /// The TOML file, when one is given.
    pub file: Option<PathBuf>,
    /// Environment variables; those that do not begin with `HANDOFF_` are ignored.
    pub env: Vec<(String, String)>,
    /// `section.key=value`, in the order given.
    pub set: Vec<String>,
}

/// A configuration that may be started, and what an operator should know about it.
#[derive(Debug)]
pub struct Loaded {
    /// All keys, with what no layer gave at its default.
    pub config: Config,
    /// Dangerous but allowed settings, a sentence each; to be logged at every start.
    pub warnings: Vec<String>,
}

impl Sources {
    /// A TOML file, this process's environment and some `--set` texts.
    #[must_use]
    pub fn of_process(file: Option<PathBuf>, set: Vec<String>) -> Self {
        let env = std::env::vars_os()
            .filter_map(|(name, value)| {
                Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
            })
            .collect();
        Self { file, env, set }
    }

    /// Puts the layers together, reads password files and checks everything.
    ///
    /// # Errors
    /// All [`Problems`] found, never only the first.
    pub fn load(&self) -> Result<Loaded, Problems> {
        let mut problems = Problems::default();
        let mut leaves = layer::Leaves::default();
        if let Some(path) = &self.file {
            match std::fs::read_to_string(path) {
                Ok(text) => leaves.add_toml(&text, path, &mut problems),
                Err(error) => problems.add(Origin::File(path.clone()), format!("can't be read: {error}")),
            }
        }
        leaves.add_env(&self.env, &mut problems);
        leaves.add_set(&self.set, &mut problems);
        finish(leaves, problems)
    }
}

impl Config {
    /// The defaults with one TOML text over them.
    ///
    /// # Errors
    /// All [`Problems`] found.
    pub fn from_toml(text: &str) -> Result<Loaded, Problems> {
        let mut problems = Problems::default();
        let mut leaves = layer::Leaves::default();
        leaves.add_toml(text, Path::new("TOML"), &mut problems);
        finish(leaves, problems)
    }

    /// Every key in dotted form with the default services, in the order of the sections.
    #[must_use]
    pub fn keys() -> Vec<String> {
        let mut reader = slot::Reader::new(layer::Leaves::default());
        Self::default().fill_all(&mut reader);
        reader.known()
    }

    /// Where the embedded store lies: `store.sqlite.dir`, else `store` in the node's data folder.
    #[must_use]
    pub fn sqlite_dir(&self) -> PathBuf {
        self.store.sqlite.dir.clone().unwrap_or_else(|| self.node.data_dir.join("store"))
    }

    /// Where files' bytes lie in the end: never [`FileStore::Auto`].
    #[must_use]
    pub fn file_store(&self) -> FileStore {
        match (self.files.store, self.store.kind) {
            (FileStore::Auto, StoreKind::Sqlite) => FileStore::Folder,
            (FileStore::Auto, StoreKind::Cassandra) => FileStore::Database,
            (given, _) => given,
        }
    }

    /// The folder of files: `files.dir`, else `files` in the embedded store's folder.
    #[must_use]
    pub fn files_dir(&self) -> PathBuf {
        self.files.dir.clone().unwrap_or_else(|| self.sqlite_dir().join("files"))
    }

    /// The file of the operators' token: `admin.token_file`, else `admin.token` in the data folder.
    #[must_use]
    pub fn admin_token_file(&self) -> PathBuf {
        self.admin.token_file.clone().unwrap_or_else(|| self.node.data_dir.join("admin.token"))
    }

    /// The file of the cluster secret, used when `peer.secret` is not set: `peer.secret_file`, else `cluster.secret`
    /// beside the embedded store (which all nodes of the host share) or in the data folder.
    #[must_use]
    pub fn peer_secret_file(&self) -> PathBuf {
        if let Some(file) = &self.peer.secret_file {
            return file.clone();
        }
        match self.store.kind {
            StoreKind::Sqlite => self.sqlite_dir().join("cluster.secret"),
            StoreKind::Cassandra => self.node.data_dir.join("cluster.secret"),
        }
    }

    /// The certificate, key and authorities of the links between nodes, when they use TLS.
    #[must_use]
    pub fn peer_tls(&self) -> Option<(&Path, &Path, &Path)> {
        let Tls { certificate, key, authorities } = &self.peer.tls;
        Some((certificate.as_deref()?, key.as_deref()?, authorities.as_deref()?))
    }

    /// The file of the demo agent's password, made at first start where no agent is configured: beside the cluster
    /// secret.
    #[must_use]
    pub fn demo_password_file(&self) -> PathBuf {
        self.peer_secret_file().with_file_name("demo-agent.password")
    }

    /// Threads that serve customers' requests: `http.workers`, else one per core.
    #[must_use]
    pub fn http_workers(&self) -> usize {
        cores_unless(self.http.workers)
    }

    /// Threads that the shards share: `node.shard_threads`, else one per core.
    #[must_use]
    pub fn shard_threads(&self) -> usize {
        cores_unless(self.node.shard_threads)
    }

    /// Frames that this node appends at the same time: `journal.frames_in_flight`, else as many as suit the store. The
    /// embedded store commits what waits in one transaction; Cassandra pays for each frame, so few shall wait together.
    #[must_use]
    pub fn frames_in_flight(&self) -> usize {
        match self.journal.frames_in_flight {
            0 if self.store.kind == StoreKind::Cassandra => 4,
            0 => 8,
            given => given,
        }
    }

    /// How long a place in flight rests after its frame, in times of what the append took: `journal.frame_rest`.
    #[must_use]
    pub fn frame_rest(&self) -> u32 {
        if self.store.kind == StoreKind::Cassandra { self.journal.frame_rest } else { 0 }
    }

    /// What customers and peers are told as this node's address: `http.public_url`, else `http://` and `http.listen`.
    #[must_use]
    pub fn public_url(&self) -> String {
        let url = self.http.public_url.clone().unwrap_or_else(|| format!("http://{}", self.http.listen));
        url.trim_end_matches('/').to_owned()
    }

    /// What peers are told as this node's peer address: `peer.advertise`, else `peer.listen`.
    #[must_use]
    pub fn peer_address(&self) -> String {
        self.peer.advertise.clone().unwrap_or_else(|| self.peer.listen.to_string())
    }
}

fn cores_unless(set: usize) -> usize {
    if set > 0 { set } else { std::thread::available_parallelism().map_or(1, usize::from) }
}

fn finish(leaves: layer::Leaves, mut problems: Problems) -> Result<Loaded, Problems> {
    let mut config = Config::default();
    let mut reader = slot::Reader::new(leaves);
    config.fill_all(&mut reader);
    let origins = reader.finish(&mut problems);
    let warnings = validate::check(&mut config, &origins, &mut problems);
    if problems.is_empty() { Ok(Loaded { config, warnings }) } else { Err(problems) }
}
