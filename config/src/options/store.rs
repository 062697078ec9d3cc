//! The section of the store.

use crate::secret::Secret;
use crate::slot::{names, options};
use std::path::PathBuf;

names! {
    /// The store that all nodes of a cluster share.
    StoreKind ("sqlite or cassandra") {
        /// Embedded; all nodes on one host.
        Sqlite = "sqlite",
        /// Apache Cassandra or ScyllaDB.
        Cassandra = "cassandra",
    }
}

names! {
    /// When an acknowledged message is safe.
    Durability ("disk or relaxed") {
        /// On disk, before it is acknowledged.
        Disk = "disk",
        /// With the operating system: survives the process, not a power cut.
        Relaxed = "relaxed",
    }
}

options! {
    /// Where journal and tables are kept.
    Store {
        /// The store's kind; the same on all nodes.
        kind: StoreKind = StoreKind::Sqlite,
        /// How long a node that starts waits for a store that does not answer.
        start_wait_ms: u64 = 60_000,
        /// What holds for the embedded store alone.
        sqlite: Sqlite = Sqlite::default(),
        /// What holds for Cassandra and ScyllaDB alone.
        cassandra: Cassandra = Cassandra::default(),
    }
}

options! {
    /// The embedded store, in files of SQLite.
    Sqlite {
        /// Its folder, shared by all nodes of the host; not set: `store` in `node.data_dir`.
        dir: Option<PathBuf> = None,
        /// When an acknowledged message is safe.
        durability: Durability = Durability::Disk,
    }
}

options! {
    /// How to reach Cassandra or ScyllaDB, and what they keep.
    Cassandra {
        /// Hosts and ports to start from.
        contact_points: Vec<String> = vec!["127.0.0.1:9042".to_owned()],
        /// The keyspace that has the tables; `handoff schema apply` makes it.
        keyspace: String = "handoff".to_owned(),
        /// The one data centre that all nodes write through; fixed at the store's first start.
        data_centre: String = "datacenter1".to_owned(),
        /// Copies in that data centre: used to make the keyspace, and checked at each start.
        replication_factor: u16 = 3,
        /// The user, where the database asks for one.
        username: Option<String> = None,
        /// The user's password; better kept in a file.
        password: Option<Secret> = None,
        /// A file with the password.
        password_file: Option<PathBuf> = None,
        /// How long a statement may take before its outcome counts as unknown.
        request_timeout_ms: u64 = 1_000,
    }
}
