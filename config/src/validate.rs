//! What a configuration must keep beyond the kinds of its values, what it may do only with a warning, and the
//! reading of password files.

mod channels;
mod files;
mod services;

use crate::options::{Config, Durability, Http, StoreKind};
use crate::problem::{Origin, Problems};
use crate::secret::Secret;
use crate::slot::Origins;
use ipnet::IpNet;
use std::net::IpAddr;
use std::path::Path;

struct Checker<'a> {
    origins: &'a Origins,
    problems: &'a mut Problems,
    warnings: Vec<String>,
}

/// Most of anything in a minute.
const RATE_MAX: u32 = 1_000_000;

/// An address or a network.
pub(crate) fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

impl Http {
    /// The networks of `trusted_proxies`.
    #[must_use]
    pub fn trusted_networks(&self) -> Vec<IpNet> {
        self.trusted_proxies.iter().filter_map(|proxy| network(proxy)).collect()
    }
}

/// Checks everything; answers the warnings.
pub(crate) fn check(config: &mut Config, origins: &Origins, problems: &mut Problems) -> Vec<String> {
    let mut checker = Checker { origins, problems, warnings: Vec::new() };
    checker.numbers(config);
    checker.texts(config);
    checker.services(config);
    checker.agents(config);
    checker.network(config);
    checker.secrets(config);
    checker.files(config);
    checker.channels(config);
    checker.warn(config);
    checker.warnings
}

impl Checker<'_> {
    fn refuse(&mut self, key: &str, text: &str) {
        let inside = || self.origins.iter().find(|(other, _)| other.starts_with(&format!("{key}.")));
        let origin = self.origins.get(key).or_else(|| inside().map(|(_, origin)| origin)).cloned();
        let origin = origin.unwrap_or(Origin::Default);
        self.problems.add(origin, format!("{key} {text}"));
    }

    fn range<T: PartialOrd + std::fmt::Display>(&mut self, key: &str, value: T, from: T, to: T) {
        if value < from || value > to {
            self.refuse(key, &format!("must be from {from} to {to}, is {value}"));
        }
    }

    fn numbers(&mut self, config: &Config) {
        let (http, peer, journal) = (&config.http, &config.peer, &config.journal);
        self.range("node.id", config.node.id, 1, u16::MAX);
        self.range("node.shard_threads", config.node.shard_threads, 0, 1_024);
        self.range("http.workers", http.workers, 0, 1_024);
        self.range("http.body_bytes_max", http.body_bytes_max, 1_024, 64 << 20);
        self.range("http.fields_max", http.fields_max, 16, 10_000);
        self.range("http.field_bytes_max", http.field_bytes_max, 64, 1 << 20);
        self.range("http.patience_ms", http.patience_ms, 50, 60_000);
        self.range("http.deadline_ms", http.deadline_ms, http.patience_ms.min(60_000), 120_000);
        self.range("http.head_timeout_ms", http.head_timeout_ms, 100, 120_000);
        self.range("http.body_timeout_ms", http.body_timeout_ms, 100, 600_000);
        self.range("http.keep_alive_ms", http.keep_alive_ms, 0, 3_600_000);
        self.range("http.refresh_wait_max_ms", http.refresh_wait_max_ms, 0, 60_000);
        self.range("http.unread_timeout_ms", http.unread_timeout_ms, 1_000, 600_000);
        self.range("http.connections_max", http.connections_max, 16, 1_000_000);
        let admission = &config.admission;
        self.range(
            "admission.address_requests_per_minute",
            admission.address_requests_per_minute,
            0,
            RATE_MAX,
        );
        self.range("admission.address_starts_per_minute", admission.address_starts_per_minute, 0, RATE_MAX);
        self.range(
            "admission.session_commands_per_minute",
            admission.session_commands_per_minute,
            0,
            RATE_MAX,
        );
        self.range("admission.sessions_max", admission.sessions_max, 0, 10_000_000);
        self.range("peer.connect_timeout_ms", peer.connect_timeout_ms, 10, 60_000);
        self.range("peer.calls_max", peer.calls_max, 16, 1_000_000);
        self.range("peer.frame_bytes_max", peer.frame_bytes_max, 2 << 20, 16 << 20);
        self.range("journal.shards", journal.shards, 1, 4_096);
        self.range("journal.frame_bytes_max", journal.frame_bytes_max, 4_096, 512 << 10);
        self.range("journal.frames_in_flight", journal.frames_in_flight, 0, 4_096);
        self.range("journal.frame_rest", journal.frame_rest, 0, 16);
        self.range("journal.segment_frames_max", journal.segment_frames_max, 16, 65_536);
        self.range("journal.segment_bytes_max", journal.segment_bytes_max, 65_536, 64 << 20);
        let cassandra = &config.store.cassandra;
        self.range("store.start_wait_ms", config.store.start_wait_ms, 0, 3_600_000);
        self.range("store.cassandra.replication_factor", cassandra.replication_factor, 1, 15);
        self.range("store.cassandra.request_timeout_ms", cassandra.request_timeout_ms, 10, 60_000);
        self.cluster_and_sessions(config);
    }

    fn cluster_and_sessions(&mut self, config: &Config) {
        let (cluster, session, limits) = (&config.cluster, &config.session, &config.limits);
        self.range("cluster.beat_ms", cluster.beat_ms, 10, 10_000);
        self.range("cluster.limit_ms", cluster.limit_ms, 2 * cluster.beat_ms.min(30_000), 60_000);
        self.range("cluster.stall_ms", cluster.stall_ms, 10, 10_000);
        self.range("cluster.join_wait_ms", cluster.join_wait_ms, 0, 60_000);
        self.range("cluster.release_wait_ms", cluster.release_wait_ms, 10, 60_000);
        self.range("cluster.drain_limit_ms", cluster.drain_limit_ms, 100, 600_000);
        self.range("cluster.alive_ms", cluster.alive_ms, 100, 60_000);
        self.range("cluster.penalty_ms", cluster.penalty_ms, 0, 60_000);
        self.range("session.passivate_after_ms", session.passivate_after_ms, 100, 86_400_000);
        self.range("session.linger_ms", session.linger_ms, 0, 86_400_000);
        self.range("session.disconnect_timeout_ms", session.disconnect_timeout_ms, 1_000, 86_400_000);
        self.range("session.message_bytes_max", session.message_bytes_max, 1, 256 << 10);
        self.range("session.events_max", session.events_max, 16, 1_000_000);
        let inactivity = &config.inactivity;
        for (key, ms, least) in [
            ("alert_ms", inactivity.alert_ms, 0),
            ("second_alert_ms", inactivity.second_alert_ms, 0),
            ("close_ms", inactivity.close_ms, 1),
            ("async_alert_ms", inactivity.async_alert_ms, 0),
            ("async_close_ms", inactivity.async_close_ms, 1),
        ] {
            self.range(&format!("inactivity.{key}"), ms, least, IDLE_MS_MAX);
        }
        self.range("desk.grace_ms", config.desk.grace_ms, 3_000, 3_600_000);
        self.range("routing.offer_timeout_ms", config.routing.offer_timeout_ms, 1_000, 3_600_000);
        for (name, queue) in &config.queues {
            let key = format!("queues.{name}.offer_timeout_ms");
            self.range(&key, queue.offer_timeout_ms, 0, 3_600_000);
            self.range(&format!("queues.{name}.waiting_max"), queue.waiting_max, 0, RATE_MAX);
        }
        self.range("limits.shard_inbox", limits.shard_inbox, 1, 1_000_000);
        self.range("limits.entity_inbox", limits.entity_inbox, 1, limits.shard_inbox.max(1));
        if usize::try_from(session.message_bytes_max).unwrap_or(usize::MAX) > config.http.body_bytes_max {
            self.refuse("session.message_bytes_max", "must not be over http.body_bytes_max");
        }
    }

    fn proxies(&mut self, http: &Http) {
        if http.trusted_proxies.iter().any(|proxy| network(proxy).is_none()) {
            self.refuse(
                "http.trusted_proxies",
                "must be addresses or networks, such as 10.0.0.5 or 10.0.0.0/8",
            );
        }
        if http.proxy_protocol && http.trusted_proxies.is_empty() {
            self.refuse(
                "http.proxy_protocol",
                "needs http.trusted_proxies: nobody else is asked for a header",
            );
        }
    }

    fn texts(&mut self, config: &Config) {
        if config.peer.cluster.is_empty() || config.peer.cluster.len() > 64 {
            self.refuse("peer.cluster", "must have 1 to 64 bytes");
        }
        for (key, mut urls) in [
            ("http.public_url", config.http.public_url.iter().cloned().collect::<Vec<_>>()),
            ("http.origins", config.http.origins.clone()),
            ("http.customer_nodes", config.http.customer_nodes.clone()),
        ] {
            urls.retain(|url| !is_url(url));
            if !urls.is_empty() {
                self.refuse(key, "must begin with http:// or https:// and a host");
            }
        }
        self.proxies(&config.http);
        for (key, addresses) in [
            ("peer.seeds", &config.peer.seeds),
            ("peer.advertise", &config.peer.advertise.iter().cloned().collect()),
            ("store.cassandra.contact_points", &config.store.cassandra.contact_points),
        ] {
            if addresses.iter().any(|address| host_of(address).is_none()) {
                self.refuse(key, "must be host:port, such as 10.0.0.5:7080");
            }
        }
        if config.store.kind == StoreKind::Cassandra && config.store.cassandra.contact_points.is_empty() {
            self.refuse("store.cassandra.contact_points", "must name at least one host");
        }
        let keyspace = &config.store.cassandra.keyspace;
        let starts = keyspace.starts_with(|first: char| first.is_ascii_lowercase());
        let fits = |rest: char| rest.is_ascii_lowercase() || rest.is_ascii_digit() || rest == '_';
        if !starts || keyspace.len() > 48 || !keyspace.chars().all(fits) {
            self.refuse(
                "store.cassandra.keyspace",
                "must be 1 to 48 of a-z, 0-9 and _, and begin with a letter",
            );
        }
        let centre = &config.store.cassandra.data_centre;
        if centre.is_empty() || centre.len() > 128 || centre.contains(['\'', '"', '\\']) {
            self.refuse("store.cassandra.data_centre", "must be a data centre's name without quotes");
        }
        if config.queues.keys().any(|name| !good_name(name)) {
            self.refuse("queues", "must have names of 1 to 64 of A-Z, a-z, 0-9, '-', '_' and '.'");
        }
    }

    fn agents(&mut self, config: &Config) {
        if config.agents.keys().any(|name| !good_name(name)) {
            self.refuse("agents", "must have names of 1 to 64 of A-Z, a-z, 0-9, '-', '_' and '.'");
        }
        for (name, agent) in &config.agents {
            let key = |last: &str| format!("agents.{name}.{last}");
            if agent.password_hash.is_some() == agent.password_file.is_some() {
                self.refuse(&key("password_hash"), "or password_file must be set, one of them");
            }
            let is_hash = |hash: &Secret| hash.expose().starts_with("$argon2id$");
            if agent.password_hash.as_ref().is_some_and(|hash| !is_hash(hash)) {
                self.refuse(
                    &key("password_hash"),
                    "must be an argon2id hash: 'handoff agent hash' makes one",
                );
            }
            if agent
                .nickname
                .as_ref()
                .is_some_and(|nickname| nickname.trim().is_empty() || nickname.len() > 256)
            {
                self.refuse(&key("nickname"), "must have 1 to 256 bytes");
            }
            self.range(&key("capacity"), agent.capacity, 1, 100);
            if agent.queues.is_empty() || agent.queues.iter().any(|queue| !good_name(queue)) {
                self.refuse(
                    &key("queues"),
                    "must name queues, by 1 to 64 of A-Z, a-z, 0-9, '-', '_' and '.'",
                );
            }
        }
    }

    fn network(&mut self, config: &Config) {
        let peer = &config.peer;
        if peer.listen.port() == 0 {
            self.refuse("peer.listen", "must have a port, the other nodes have to find it");
        }
        let beyond = !peer.listen.ip().is_loopback();
        let given = [&peer.tls.certificate, &peer.tls.key, &peer.tls.authorities].map(Option::is_some);
        if given.contains(&true) && given.contains(&false) {
            self.refuse("peer.tls", "needs all of certificate, key and authorities, or none");
        } else if beyond && !given[0] && !peer.insecure {
            self.refuse(
                "peer.listen",
                "is beyond loopback and the links are not encrypted: set peer.tls, or listen on loopback, or set \
                 peer.insecure = true on a network that only the nodes can reach",
            );
        }
        let far = |address: &String| !host_of(address).is_some_and(is_loopback);
        if config.store.kind == StoreKind::Sqlite && !peer.same_host {
            let why = "names another host, but the embedded store works on one host only: \
                       use store.kind = \"cassandra\"";
            if peer.seeds.iter().any(|seed| host_of(seed).is_some() && far(seed)) {
                self.refuse("peer.seeds", why);
            }
            if peer.advertise.as_ref().is_some_and(|host| host_of(host).is_some() && far(host)) {
                self.refuse("peer.advertise", why);
            }
            if beyond {
                self.refuse(
                    "peer.listen",
                    "is beyond loopback, but the embedded store works on one host only",
                );
            }
        }
        if peer.listen.ip().is_unspecified() && peer.advertise.is_none() {
            self.refuse(
                "peer.advertise",
                "must say where the others reach this node, as peer.listen is every address",
            );
        }
        if config.http.listen.ip().is_unspecified() && config.http.public_url.is_none() {
            self.refuse(
                "http.public_url",
                "must say where customers reach this node, as http.listen is every address",
            );
        }
        let listens = [
            ("http.listen", config.http.listen),
            ("admin.listen", config.admin.listen),
            ("peer.listen", peer.listen),
        ];
        for (index, (key, address)) in listens.iter().enumerate() {
            let taken = listens[..index].iter().find(|(_, other)| other == address && address.port() != 0);
            if let Some((other, _)) = taken {
                self.refuse(key, &format!("is the same as {other}"));
            }
        }
    }

    fn secrets(&mut self, config: &mut Config) {
        if config.peer.secret.is_some() && config.peer.secret_file.is_some() {
            self.refuse("peer.secret", "and peer.secret_file are both set: keep one");
        }
        if config.peer.secret.as_ref().is_some_and(|secret| secret.expose().len() < 16) {
            self.refuse("peer.secret", "must have at least 16 bytes");
        }
        if config.identity.required && config.identity.secret_file.is_none() {
            self.refuse("identity.required", "needs identity.secret_file");
        }
        let cassandra = &mut config.store.cassandra;
        let key = "store.cassandra.password";
        let wrong = read_secret(key, &mut cassandra.password, cassandra.password_file.as_deref()).err();
        let unpaired = cassandra.username.is_some() != cassandra.password.is_some() && wrong.is_none();
        if let Some(text) = wrong {
            self.refuse("store.cassandra.password_file", &text);
        }
        if unpaired {
            self.refuse("store.cassandra.username", "and a password belong together: only one is set");
        }
    }

    fn warn(&mut self, config: &Config) {
        let mut warn = |text: String| self.warnings.push(text);
        if config.peer.insecure && config.peer_tls().is_none() {
            warn(format!(
                "peer.insecure is set: links on {} are not encrypted, anybody on that network can read every chat",
                config.peer.listen
            ));
        }
        if !config.admin.listen.ip().is_loopback() {
            warn(format!(
                "admin.listen is {}: health and metrics need no token there, and the token travels in clear",
                config.admin.listen
            ));
        }
        if config.store.kind == StoreKind::Sqlite && config.store.sqlite.durability == Durability::Relaxed {
            warn("store.sqlite.durability is relaxed: a power cut loses acknowledged messages".to_owned());
        }
        if config.store.kind == StoreKind::Cassandra && config.store.cassandra.replication_factor < 3 {
            warn(
                "store.cassandra.replication_factor is below 3: one lost database node stops all".to_owned(),
            );
        }
    }
}

/// The longest time of inactivity control: twenty days.
const IDLE_MS_MAX: u64 = 1_728_000_000;

/// Fills a secret from its file, where one is named.
fn read_secret(key: &str, secret: &mut Option<Secret>, file: Option<&Path>) -> Result<(), String> {
    let Some(path) = file else { return Ok(()) };
    if secret.is_some() {
        return Err(format!("and {key} are both set: keep one"));
    }
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| format!("can't be read: {}: {error}", path.display()))?;
    *secret = Some(Secret::new(text.trim_end_matches(['\r', '\n'])));
    Ok(())
}

fn good_name(name: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    (1..=64).contains(&name.len()) && name.chars().all(fits) && !name.starts_with('.')
}

/// The host of `host:port`, when it is that.
fn host_of(address: &str) -> Option<&str> {
    let (host, port) = address.rsplit_once(':')?;
    let port: u16 = port.parse().ok()?;
    let host = host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(host);
    let clean = !host.is_empty() && !host.contains(|letter: char| letter.is_whitespace() || letter == '/');
    (clean && port != 0).then_some(host)
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn is_url(url: &str) -> bool {
    let host = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")).unwrap_or_default();
    !host.is_empty() && !host.starts_with('/') && !url.contains(char::is_whitespace)
}
