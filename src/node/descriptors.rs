//! File descriptors: each connection is one, and a process that has none left can read neither its store nor a health
//! check. So the limit is raised as far as it may be, a part is kept for all that is not a customer, and customers get
//! no more connections than what is left.

use crate::gateway::REFUSED_AT_ONCE_MAX;
use handoff_config::{Config, StoreKind};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Standard streams, listeners, the runtime's own and what a log rotation or a secret's file takes for a moment.
const BASE: usize = 48;
/// What a thread with an event loop has.
const THREAD: usize = 4;
/// The operators' listener: its connections, which are 64 at most, and the one that waits behind them.
const OPERATORS: usize = 72;
/// Links to peers in both directions, and handshakes that are under way.
const PEERS: usize = 64;
/// A file that is being given out is open, or has a connection to where it lies.
const DOWNLOADS: usize = 64;
/// A file that comes in: on disk, at the scanner, and where it will lie.
const UPLOAD: usize = 3;
/// The driver's connections: one per core of each database node that has a connection of its own for each.
const CASSANDRA: usize = 128;
/// A shard that is read from the embedded store: its file, its log and its index, twice while one is rolled.
const SHARD: usize = 4;
/// Shards that are read at the same time.
const SHARDS_MAX: usize = 64;
const SQLITE: usize = 16;

/// How many descriptors are kept for what is not a customer's connection.
pub(super) fn reserve(config: &Config) -> usize {
    let threads = config.http_workers() + config.shard_threads() + 2;
    let store = match config.store.kind {
        StoreKind::Sqlite => SQLITE + SHARD * usize::from(config.journal.shards).min(SHARDS_MAX),
        StoreKind::Cassandra => CASSANDRA,
    };
    let files =
        if config.files.enabled { UPLOAD * config.files.uploads_max.min(1 << 16) + DOWNLOADS } else { 0 };
    BASE + THREAD * threads + OPERATORS + PEERS + REFUSED_AT_ONCE_MAX + store + files
}

/// How many connections customers may have: what is left of the limit, and never nothing at all, however little it is.
fn left(limit: u64, reserve: usize, connections_max: usize) -> usize {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let kept = reserve.min(limit - limit / 4);
    (limit - kept).clamp(1, connections_max)
}

/// What the soft limit is to become, when it is to be changed: what is needed, as far as the hard limit lets it.
fn raised(limits: Rlimit, needed: u64) -> Option<u64> {
    let soft = limits.current.filter(|soft| *soft < needed)?;
    let wanted = limits.maximum.map_or(needed, |hard| hard.min(needed));
    (wanted > soft).then_some(wanted)
}

/// Raises the limit of this process for all that the configuration lets in, and says how many connections customers may
/// have; with a warning when these are fewer than `http.connections_max`.
pub(super) fn settle(config: &Config) -> usize {
    let (reserve, connections_max) = (reserve(config), config.http.connections_max);
    let needed = u64::try_from(reserve + connections_max).unwrap_or(u64::MAX);
    let limits = getrlimit(Resource::Nofile);
    if let Some(soft) = raised(limits, needed) {
        let wanted = Rlimit { current: Some(soft), ..limits };
        if let Err(error) = setrlimit(Resource::Nofile, wanted) {
            tracing::warn!(%error, from = ?limits.current, to = soft, "the limit of open files can't be raised");
        }
    }
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let connections = left(limit, reserve, connections_max);
    if connections < connections_max {
        tracing::warn!(
            limit,
            needed,
            reserve,
            connections,
            connections_max,
            "this process may open {limit} files, and needs {needed}: {reserve} are kept for the store, peers and \
             operators, so that customers and agents get {connections} connections, not the {connections_max} of \
             http.connections_max; more are refused. Set LimitNOFILE={needed} in the systemd unit (or ulimit -n)"
        );
    } else {
        tracing::info!(limit, needed, reserve, connections, "open files");
    }
    connections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_to_what_is_needed_and_no_further_than_it_may_be() {
        let limits = |current, maximum| Rlimit { current, maximum };
        assert_eq!(raised(limits(Some(1024), Some(524_288)), 20_480), Some(20_480));
        assert_eq!(raised(limits(Some(1024), Some(4096)), 20_480), Some(4096));
        assert_eq!(raised(limits(Some(1024), None), 20_480), Some(20_480));
        assert_eq!(raised(limits(Some(1024), Some(1024)), 20_480), None);
        assert_eq!(raised(limits(Some(65_536), Some(524_288)), 20_480), None);
        assert_eq!(raised(limits(None, None), 20_480), None);
    }

    #[test]
    fn customers_get_what_is_left_and_never_what_others_need() {
        assert_eq!(left(1024, 500, 20_000), 524);
        assert_eq!(left(20_500, 500, 20_000), 20_000);
        assert_eq!(left(20_499, 500, 20_000), 19_999);
        assert_eq!(left(u64::MAX, 500, 20_000), 20_000);
        // Too few for anything: a part for each.
        assert_eq!(left(256, 500, 20_000), 64);
        assert_eq!((left(2, 500, 20_000), left(0, 500, 16)), (1, 1));
        for limit in 0..5000 {
            let connections = left(limit, 500, 2000);
            assert!(limit < 667 || connections + 500 <= usize::try_from(limit).unwrap(), "{limit}");
        }
    }

    #[test]
    fn the_documented_numbers_are_those_of_the_defaults_on_two_cores() {
        let mut config = Config::default();
        (config.http.workers, config.node.shard_threads) = (2, 2);
        let reserve = reserve(&config);
        let docs = include_str!("../../docs/deploy.md").replace('\n', " ");
        for said in [
            format!("the reserve is {reserve}, so a node that is to have 20000 connections"),
            format!("connections needs {}.", 20_000 + reserve),
            format!("a limit of 1024 these are {};", left(1024, reserve, 20_000)),
        ] {
            assert!(docs.contains(&said), "{said}");
        }
    }

    #[test]
    fn what_is_kept_grows_with_what_needs_it() {
        let config = Config::default();
        let kept = reserve(&config);
        let more = |change: fn(&mut Config)| {
            let mut config = config.clone();
            change(&mut config);
            reserve(&config)
        };
        assert!(more(|config| config.http.workers = 100) > kept);
        assert!(more(|config| config.node.shard_threads = 100) > kept);
        assert!(more(|config| config.journal.shards = 48) > kept);
        assert_eq!(more(|config| config.journal.shards = 4096), more(|config| config.journal.shards = 64));
        assert_eq!(more(|config| config.files.uploads_max = 42), kept + 3 * 10);
        assert_eq!(more(|config| config.http.connections_max = 16), kept);
    }

    #[test]
    fn a_process_gets_as_many_connections_as_its_limit_allows() {
        let mut config = Config::default();
        config.http.connections_max = 16;
        let limits = getrlimit(Resource::Nofile);
        assert!(limits.current.is_none_or(|soft| soft > 700), "too few files to test anything: {limits:?}");
        assert_eq!(settle(&config), 16);
        config.http.connections_max = 1_000_000;
        let connections = settle(&config);
        let after = getrlimit(Resource::Nofile);
        let needed = u64::try_from(reserve(&config) + 1_000_000).unwrap();
        let wanted = limits.maximum.map_or(needed, |hard| hard.min(needed)).max(limits.current.unwrap_or(0));
        assert_eq!(after.current, limits.current.map(|_| wanted));
        assert_eq!(connections, left(after.current.unwrap_or(u64::MAX), reserve(&config), 1_000_000));
    }
}
