//! Who may come in: rates per address, per session and per service, and the most sessions of a node. All of it is
//! counted by each node for itself.

use super::metrics::{Metrics, StartLabel};
pub use super::rate::Limited;
use super::rate::Rate;
use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use handoff_chat::SessionId;
use ipnet::IpNet;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use thiserror::Error;
use tokio::time::Instant;

/// Most addresses, sessions and services that are counted at once.
const KEYS_MAX: usize = 100_000;
/// A node that is full takes new sessions again below this part of its most.
const ROOM_PERCENT: usize = 80;
/// Most addresses of a header that are looked at.
const HOPS_MAX: usize = 32;
/// When a client may try again where the node is full.
const FULL_RETRY_MS: u64 = 10_000;

/// What can be set. 0: no limit.
#[derive(Debug, Clone, Default)]
pub struct AdmissionOptions {
    /// Calls of an address in a minute, but polls over CometD.
    pub address_requests_per_minute: u32,
    /// Chats that an address may start in a minute.
    pub address_starts_per_minute: u32,
    /// Messages, notices and typing of a customer in their chat in a minute.
    pub session_commands_per_minute: u32,
    /// Most sessions of this node that have not ended.
    pub sessions_max: usize,
    /// Whose word about a client's address is believed.
    pub trusted_proxies: Vec<IpNet>,
}

/// How many sessions of this node have not ended.
pub type Load = Arc<dyn Fn() -> usize + Send + Sync>;

/// Asked before anything is done for a caller.
pub(crate) struct Admission {
    options: AdmissionOptions,
    requests: Rate<IpAddr>,
    starts: Rate<IpAddr>,
    commands: Rate<SessionId>,
    services: Rate<String>,
    load: Load,
    full: AtomicBool,
    metrics: Metrics,
}

/// Why a chat may not start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Denied {
    /// Too many of this address or service.
    #[error(transparent)]
    Limited(#[from] Limited),
    /// The node has as many sessions as it may.
    #[error("no more chats at the moment, try again in {retry_ms} ms")]
    Full {
        /// When to try again.
        retry_ms: u64,
    },
}

impl Admission {
    pub(crate) fn new(options: AdmissionOptions, load: Load, metrics: Metrics) -> Self {
        Self {
            requests: Rate::new(options.address_requests_per_minute, KEYS_MAX),
            starts: Rate::new(options.address_starts_per_minute, KEYS_MAX),
            commands: Rate::new(options.session_commands_per_minute, KEYS_MAX),
            services: Rate::new(0, KEYS_MAX),
            options,
            load,
            full: AtomicBool::new(false),
            metrics,
        }
    }

    /// Where a request comes from: its connection's other end, or what a trusted proxy there says of it.
    pub(crate) fn address(&self, request: &HttpRequest) -> Option<IpAddr> {
        let peer = request.peer_addr()?.ip().to_canonical();
        Some(origin(peer, request.headers(), &self.options.trusted_proxies))
    }

    /// Where a request comes from, as it is counted.
    pub(crate) fn source(&self, request: &HttpRequest) -> Option<IpAddr> {
        self.address(request).map(network)
    }

    /// One more call of an address.
    pub(crate) fn request(&self, from: Option<IpAddr>) -> Result<(), Limited> {
        from.map_or(Ok(()), |from| self.requests.take(network(from)))
    }

    /// One more command of a customer in their chat.
    pub(crate) fn command(&self, session: &SessionId) -> Result<(), Limited> {
        self.commands.take(session.clone())
    }

    /// One more chat.
    pub(crate) fn start(
        &self,
        from: Option<IpAddr>,
        service: &str,
        service_per_minute: u32,
    ) -> Result<(), Denied> {
        let over = |limit, limited| {
            self.metrics.start_refused(limit);
            Denied::Limited(limited)
        };
        if self.full() {
            self.metrics.start_refused(StartLabel::full);
            return Err(Denied::Full { retry_ms: FULL_RETRY_MS });
        }
        if let Some(from) = from {
            let taken = self.starts.take(network(from));
            taken.map_err(|limited| over(StartLabel::address, limited))?;
        }
        if service_per_minute > 0 {
            let taken = self.services.take_of(service.to_owned(), service_per_minute, Instant::now());
            taken.map_err(|limited| over(StartLabel::service, limited))?;
        }
        Ok(())
    }

    /// Whether the node takes no new sessions: from its most on, until there is room again.
    fn full(&self) -> bool {
        let most = self.options.sessions_max;
        if most == 0 {
            return false;
        }
        let load = (self.load)();
        let before = self.full.load(Ordering::Relaxed);
        let full = load >= most || (before && load * 100 >= most * ROOM_PERCENT);
        if full != before {
            self.full.store(full, Ordering::Relaxed);
            tracing::warn!(sessions = load, most, full, "new sessions");
        }
        full
    }
}

/// Whether an address is that of a proxy whose word counts.
pub(crate) fn is_trusted(trusted: &[IpNet], address: IpAddr) -> bool {
    let address = address.to_canonical();
    trusted.iter().any(|network| network.contains(&address))
}

/// From the nearest proxy on back to the first address that is not a trusted proxy's own.
fn origin(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let mut address = peer;
    let lines: Vec<&str> = headers.get_all("x-forwarded-for").filter_map(|line| line.to_str().ok()).collect();
    let hops = lines.iter().rev().flat_map(|line| line.rsplit(',')).take(HOPS_MAX);
    for hop in hops {
        if !is_trusted(trusted, address) {
            break;
        }
        // What is no address was not written by a proxy that can be trusted.
        let Some(before) = read_address(hop.trim()) else { break };
        address = before;
    }
    address
}

/// An address as proxies write it: bare, with a port, in brackets.
fn read_address(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches('"');
    let bare =
        text.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or(text, |(inside, _)| inside);
    let address = bare.parse().ok().or_else(|| {
        let (host, port) = bare.rsplit_once(':')?;
        port.parse::<u16>().ok()?;
        host.parse::<IpAddr>().ok()
    })?;
    Some(address.to_canonical())
}

/// What is counted as one address: a household has a whole /64 of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};
    use std::sync::atomic::AtomicUsize;

    fn seen(peer: &str, lines: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(HeaderName::from_static("x-forwarded-for"), HeaderValue::from_str(line).unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        origin(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn the_header_counts_only_as_far_as_trusted_proxies_wrote_it() {
        let near = ["10.0.0.0/8", "fd00::/8"];
        // Nobody is trusted: whatever is said, the connection's other end is the client.
        assert_eq!(seen("203.0.113.5", &["1.1.1.1"], &[]), "203.0.113.5");
        assert_eq!(seen("203.0.113.5", &["1.1.1.1"], &near), "203.0.113.5");
        assert_eq!(seen("10.0.0.1", &[], &near), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &["203.0.113.9"], &near), "203.0.113.9");
        // What the client itself wrote before the proxy's word is not looked at.
        assert_eq!(seen("10.0.0.1", &["1.1.1.1, 203.0.113.9"], &near), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &["1.1.1.1", "203.0.113.9, 10.0.0.2"], &near), "203.0.113.9");
        assert_eq!(seen("fd00::1", &["[2001:db8::7]:4711"], &near), "2001:db8::7");
        assert_eq!(seen("10.0.0.1", &["203.0.113.9:4711"], &near), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &["::ffff:203.0.113.9"], &near), "203.0.113.9");
        // Nonsense ends the chain at the last one that is known.
        assert_eq!(seen("10.0.0.1", &["1.1.1.1, unknown"], &near), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &["10.0.0.3, 10.0.0.2"], &near), "10.0.0.3");
    }

    #[test]
    fn a_full_node_takes_new_sessions_again_when_there_is_room() {
        let load = Arc::new(AtomicUsize::new(9));
        let of = Arc::clone(&load);
        let options = AdmissionOptions { sessions_max: 10, ..AdmissionOptions::default() };
        let admission =
            Admission::new(options, Arc::new(move || of.load(Ordering::Relaxed)), Metrics::default());
        let takes = |sessions| {
            load.store(sessions, Ordering::Relaxed);
            admission.start(None, "default", 0).is_ok()
        };
        let course =
            [(9, true), (10, false), (9, false), (8, false), (7, true), (9, true), (11, false), (0, true)];
        for (at, (sessions, expected)) in course.into_iter().enumerate() {
            assert_eq!(takes(sessions), expected, "step {at}: {sessions} sessions");
        }
    }

    #[test]
    fn each_address_each_service_and_each_chat_has_a_rate_of_its_own() {
        let options = AdmissionOptions {
            address_requests_per_minute: 2,
            address_starts_per_minute: 1,
            session_commands_per_minute: 1,
            ..AdmissionOptions::default()
        };
        let metrics = Metrics::default();
        let admission = Admission::new(options, Arc::new(|| 0), metrics.clone());
        let from = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        assert!((0..2).all(|_| admission.request(from("192.0.2.1")).is_ok()));
        assert!(admission.request(from("192.0.2.1")).is_err());
        assert!(admission.request(from("192.0.2.2")).is_ok());
        assert!(admission.request(None).is_ok());
        // One household.
        assert!(admission.start(from("2001:db8::1"), "a", 0).is_ok());
        assert!(admission.start(from("2001:db8::2"), "a", 0).is_err());
        assert!(admission.start(from("2001:db8:0:1::2"), "a", 0).is_ok());
        assert!(admission.start(None, "b", 1).is_ok() && admission.start(None, "c", 1).is_ok());
        assert!(matches!(admission.start(None, "b", 1), Err(Denied::Limited(_))));
        let mut registry = prometheus_client::registry::Registry::default();
        metrics.register(&mut registry);
        let mut counted = String::new();
        prometheus_client::encoding::text::encode(&mut counted, &registry).unwrap();
        for line in ["{limit=\"address\"} 1", "{limit=\"service\"} 1", "{limit=\"full\"} 0"] {
            let line = format!("handoff_gateway_starts_refused_total{line}\n");
            assert!(counted.contains(&line), "no {line} in {counted}");
        }
        let chats = [SessionId("a".to_owned()), SessionId("b".to_owned())];
        assert!(chats.iter().all(|chat| admission.command(chat).is_ok()));
        assert!(chats.iter().all(|chat| admission.command(chat).is_err()));
    }
}
