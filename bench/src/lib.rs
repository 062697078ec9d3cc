//! The load and failover driver: customers over the public API, and a check of every acknowledged message.
//!
//! It exists to measure a running cluster from outside. It shares the machine with the servers that it
//! measures, so a request costs it one write, one read and no allocation; it knows nothing of their code.

pub mod address;
pub mod args;
pub mod checker;
pub mod cluster;
pub mod compare;
pub mod conversation;
pub mod customer;
pub mod drive;
pub mod gap;
pub mod http;
pub mod idle;
pub mod load;
pub mod procfs;
pub mod report;
pub mod spread;
pub mod wire;

/// Why a run could not be made or finished.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The driver speaks to its own machine alone: it is no tool to load others with.
    #[error("{0} is not a loopback address; the driver only speaks to 127.0.0.0/8 and ::1")]
    NotLoopback(String),
    /// An address that can't be read.
    #[error("{0:?} is not an address such as 127.0.0.1:8101")]
    BadAddress(String),
    /// A setting out of its bounds.
    #[error("{name} is {value}, allowed is {min} to {max}")]
    OutOfBounds {
        /// The option with its dashes, or words for what was computed from it.
        name: &'static str,
        /// The value that was given.
        value: u64,
        /// The least allowed.
        min: u64,
        /// The most allowed.
        max: u64,
    },
    /// A session could not be started.
    #[error("session {session} could not be started: {reason}")]
    Start {
        /// The session's number.
        session: u32,
        /// The last failure.
        reason: String,
    },
    /// A command of the cluster failed.
    #[error("command `{command}` failed: {reason}")]
    Command {
        /// The program and its arguments.
        command: String,
        /// Its exit or its last words.
        reason: String,
    },
    /// The cluster did not become whole again.
    #[error("the cluster is not whole after {seconds} s: {states}")]
    NotWhole {
        /// How long was waited.
        seconds: u64,
        /// The states last seen.
        states: String,
    },
    /// A file or socket of this machine.
    #[error("{what}: {source}")]
    Io {
        /// What was tried, or the file's path.
        what: String,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// JSON that can't be read.
    #[error("{what}: {source}")]
    Json {
        /// Where the JSON is from.
        what: String,
        /// Why it failed.
        #[source]
        source: serde_json::Error,
    },
    /// A thread of the driver ended by a panic.
    #[error("a thread of the driver panicked")]
    Panicked,
}

impl Error {
    /// An I/O error with what was tried.
    pub fn io(what: impl Into<String>, source: std::io::Error) -> Self {
        Error::Io { what: what.into(), source }
    }

    /// A JSON error with what was read.
    pub fn json(what: impl Into<String>, source: serde_json::Error) -> Self {
        Error::Json { what: what.into(), source }
    }
}
