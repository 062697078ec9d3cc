//! Links over loopback: calls, notices, loss and reconnection.

use crate::peer::Secret;
use std::sync::atomic::{AtomicUsize, Ordering};

use handoff_journal::Incarnation;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc::Receiver;

use super::*;

const PATIENCE: Duration = Duration::from_secs(60);

fn owner(node: u16, life: u64) -> Owner {
    Owner { node: NodeId(node), incarnation: Incarnation(life) }
}

fn config() -> LinksConfig {
    LinksConfig::new("test", Secret::new("a secret"), 24, "build")
}

/// Answers with the request behind its name; "slow" takes long, notices are passed on.
struct Echo {
    me: u16,
    begun: AtomicUsize,
    notices: mpsc::Sender<(Owner, Bytes)>,
}

#[async_trait]
impl PeerService for Echo {
    async fn call(&self, from: Owner, request: Bytes) -> Bytes {
        self.begun.fetch_add(1, Ordering::SeqCst);
        if request.starts_with(b"slow") {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        Bytes::from(format!("{} to {}: {}", self.me, from.node, String::from_utf8_lossy(&request)))
    }

    fn notice(&self, from: Owner, notice: Bytes) {
        let _ = self.notices.try_send((from, notice));
    }
}

struct Node {
    links: Links,
    events: Receiver<PeerEvent>,
    addr: String,
    service: Arc<Echo>,
    notices: Receiver<(Owner, Bytes)>,
}

impl Node {
    async fn start(me: Owner, config: LinksConfig) -> Self {
        Self::at(me, config, "127.0.0.1:0").await
    }

    async fn at(me: Owner, config: LinksConfig, addr: &str) -> Self {
        let listener = TcpListener::bind(addr).await.unwrap();
        let addr = listener.local_addr().unwrap().to_string();
        let (told, notices) = mpsc::channel(10_000);
        let service = Arc::new(Echo { me: me.node.0, begun: AtomicUsize::new(0), notices: told });
        let (links, events) = Links::start(config, me, listener, service.clone());
        Self { links, events, addr, service, notices }
    }

    async fn until(&mut self, wanted: impl Fn(&PeerEvent) -> bool) -> PeerEvent {
        let search = async {
            loop {
                let event = self.events.recv().await.expect("events go on");
                if wanted(&event) {
                    return event;
                }
            }
        };
        timeout(PATIENCE, search).await.expect("the event comes")
    }

    async fn up(&mut self, peer: Owner) {
        self.until(|event| *event == PeerEvent::LinkUp { peer }).await;
    }
}

async fn pair(config: LinksConfig) -> (Node, Node) {
    let (mut one, mut two) =
        (Node::start(owner(1, 10), config.clone()).await, Node::start(owner(2, 20), config).await);
    one.links.connect(owner(2, 20), two.addr.clone());
    two.links.connect(owner(1, 10), one.addr.clone());
    one.up(owner(2, 20)).await;
    two.up(owner(1, 10)).await;
    (one, two)
}

#[tokio::test]
async fn requests_are_answered_both_ways_and_notices_arrive_in_order() {
    let (one, mut two) = pair(config()).await;
    assert_eq!(one.links.owner_of(NodeId(2)), Some(owner(2, 20)));
    let there = one.links.call(NodeId(2), Bytes::from_static(b"hello"), PATIENCE).await;
    assert_eq!(there, Ok(Bytes::from_static(b"2 to 1: hello")));
    let back = two.links.call(NodeId(1), Bytes::from_static(b"hi"), PATIENCE).await;
    assert_eq!(back, Ok(Bytes::from_static(b"1 to 2: hi")));
    for number in 0..500_u32 {
        assert!(one.links.notify(NodeId(2), Bytes::from(number.to_string())));
    }
    for number in 0..500_u32 {
        let (from, notice) = timeout(PATIENCE, two.notices.recv()).await.unwrap().unwrap();
        assert_eq!((from, notice), (owner(1, 10), Bytes::from(number.to_string())));
    }
    assert_eq!(one.links.call(NodeId(9), Bytes::new(), PATIENCE).await, Err(PeerError::NoLink(NodeId(9))));
}

#[tokio::test]
async fn a_closed_listener_reads_as_refused_and_a_restart_as_another_incarnation() {
    let (mut one, two) = pair(config()).await;
    let addr = two.addr.clone();
    two.links.shutdown();
    one.until(|event| *event == PeerEvent::LinkDown { peer: owner(2, 20), refused: false }).await;
    one.until(|event| *event == PeerEvent::LinkDown { peer: owner(2, 20), refused: true }).await;
    assert_eq!(one.links.owner_of(NodeId(2)), None);
    let _again = Node::at(owner(2, 21), config(), &addr).await;
    let met = PeerEvent::OtherIncarnation { expected: owner(2, 20), met: owner(2, 21) };
    one.until(|event| *event == met).await;
}

#[tokio::test]
async fn the_higher_node_sees_a_refused_port_too_although_it_never_dials() {
    let (one, mut two) = pair(config()).await;
    one.links.shutdown();
    two.until(|event| *event == PeerEvent::LinkDown { peer: owner(1, 10), refused: true }).await;
}

#[tokio::test]
async fn a_new_incarnation_in_the_same_process_is_linked_under_its_new_name() {
    let (mut one, two) = pair(config()).await;
    two.links.rejoin(owner(2, 99));
    one.up(owner(2, 99)).await;
    assert_eq!(one.links.owner_of(NodeId(2)), Some(owner(2, 99)));
    one.links.disconnect(owner(2, 20));
    assert_eq!(one.links.owner_of(NodeId(2)), Some(owner(2, 99)), "only that incarnation is closed");
    one.links.disconnect(owner(2, 99));
    one.until(|event| *event == PeerEvent::LinkDown { peer: owner(2, 99), refused: false }).await;
}

type Change = fn(&mut LinksConfig);

#[tokio::test]
async fn whoever_does_not_fit_is_refused_with_the_reason_on_both_ends() {
    let cases: [(&str, Change); 4] = [
        ("secrets differ", |config| config.secret = Secret::new("another")),
        ("cluster \"test\"", |config| config.cluster = "other".to_owned()),
        ("24 shards", |config| config.shards = 12),
        ("no protocol version in common", |config| config.protocol = (2, 3)),
    ];
    for (reason, change) in cases {
        let mut other = config();
        change(&mut other);
        let (mut one, mut two) =
            (Node::start(owner(1, 10), config()).await, Node::start(owner(2, 20), other).await);
        one.links.connect(owner(2, 20), two.addr.clone());
        let event = one.until(|event| matches!(event, PeerEvent::Refused { .. })).await;
        let PeerEvent::Refused { why, .. } = event else { unreachable!() };
        assert!(why.contains(reason), "{why}");
        assert_eq!((one.links.owner_of(NodeId(2)), two.links.owner_of(NodeId(1))), (None, None));
        assert!(two.events.try_recv().is_err(), "nothing is told of a stranger");
    }
}

#[tokio::test]
async fn a_link_speaks_the_highest_version_that_both_ends_know_whoever_dials() {
    for (one, two, version) in
        [((1, 1), (1, 2), 1), ((1, 2), (1, 1), 1), ((1, 2), (2, 3), 2), ((1, 2), (1, 2), 2)]
    {
        let speaking = |protocol| LinksConfig { protocol, ..config() };
        let (mut dialer, mut acceptor) =
            (Node::start(owner(1, 10), speaking(one)).await, Node::start(owner(2, 20), speaking(two)).await);
        dialer.links.connect(owner(2, 20), acceptor.addr.clone());
        dialer.up(owner(2, 20)).await;
        acceptor.up(owner(1, 10)).await;
        for (node, peer) in [(&dialer, 2), (&acceptor, 1)] {
            assert_eq!(node.links.0.link(NodeId(peer)).map(|link| link.protocol), Some(version));
            // The older one would close the link at a frame that it does not know.
            let answer = node.links.call(NodeId(peer), Bytes::from_static(b"hi"), PATIENCE).await.unwrap();
            assert_eq!(answer, Bytes::from(format!("{peer} to {}: hi", 3 - peer)));
        }
    }
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_any_more_is_served_no_longer() {
    let newest = LinksConfig { protocol: (1, 2), inbound_calls_max: 1, ..config() };
    let (one, two) = pair(newest).await;
    let short = Duration::from_secs(1);
    let lost = one.links.call(NodeId(2), Bytes::from_static(b"slow"), short).await;
    assert!(matches!(lost, Err(PeerError::Lost(..))), "{lost:?}");
    let freed = async {
        while one.links.call(NodeId(2), Bytes::from_static(b"next"), PATIENCE).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, freed).await.expect("the one place is free again");
    assert_eq!(two.service.begun.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_node_that_is_not_the_one_called_is_refused() {
    let (mut one, three) =
        (Node::start(owner(1, 10), config()).await, Node::start(owner(3, 30), config()).await);
    one.links.connect(owner(2, 20), three.addr.clone());
    let event = one.until(|event| matches!(event, PeerEvent::Refused { .. })).await;
    assert!(format!("{event:?}").contains("node 2 was called, this is node 3"), "{event:?}");
}

#[tokio::test]
async fn late_answers_are_dropped_and_a_broken_link_ends_its_calls_as_lost() {
    let (mut one, two) = pair(config()).await;
    let late = one.links.call(NodeId(2), Bytes::from_static(b"slow"), Duration::from_secs(1)).await;
    assert_eq!(late, Err(PeerError::Lost(NodeId(2), "no answer in time")));
    assert!(!late.unwrap_err().never_began());
    let links = one.links.clone();
    let call =
        tokio::spawn(async move { links.call(NodeId(2), Bytes::from_static(b"slow"), PATIENCE).await });
    while two.service.begun.load(Ordering::SeqCst) < 2 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    two.links.shutdown();
    assert_eq!(call.await.unwrap(), Err(PeerError::Lost(NodeId(2), "the link broke")));
    one.until(|event| matches!(event, PeerEvent::LinkDown { .. })).await;
}

#[tokio::test]
async fn calls_beyond_what_a_peer_serves_are_refused_and_nothing_of_them_began() {
    let (one, two) = pair(LinksConfig { inbound_calls_max: 3, ..config() }).await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let links = one.links.clone();
        let short = Duration::from_secs(3);
        calls.spawn(async move { links.call(NodeId(2), Bytes::from_static(b"slow"), short).await });
    }
    let answers = calls.join_all().await;
    let refused = answers.iter().filter(|answer| **answer == Err(PeerError::PeerBusy(NodeId(2)))).count();
    assert_eq!((refused, two.service.begun.load(Ordering::SeqCst)), (5, 3));
}

#[tokio::test]
async fn a_full_queue_refuses_calls_and_drops_notices_instead_of_growing() {
    // The peer proves itself, then never reads.
    let (mut one, stuck) = (
        Node::start(owner(1, 10), LinksConfig { queue_frames: 8, ..config() }).await,
        TcpListener::bind("127.0.0.1:0").await.unwrap(),
    );
    one.links.connect(owner(2, 20), stuck.local_addr().unwrap().to_string());
    let (stream, _) = stuck.accept().await.unwrap();
    let _held = accept(&config(), owner(2, 20), stream).await.unwrap();
    one.up(owner(2, 20)).await;
    let body = Bytes::from(vec![7; 1_000_000]);
    let mut sent = 0;
    while one.links.notify(NodeId(2), body.clone()) {
        sent += 1;
        assert!(sent < 200, "the queue has no bound");
        tokio::task::yield_now().await;
    }
    while one.links.notify(NodeId(2), body.clone()) {}
    let call = one.links.call(NodeId(2), body, PATIENCE).await;
    assert!(matches!(call, Err(PeerError::Busy(_))), "{call:?}");
    let large = one.links.call(NodeId(2), Bytes::from(vec![0; 5_000_000]), PATIENCE).await;
    assert!(matches!(large, Err(PeerError::TooLarge(_))));
}

#[tokio::test]
async fn silent_slow_and_rubbish_strangers_are_cut_and_others_still_get_in() {
    let quick = LinksConfig { handshake_timeout: Duration::from_millis(200), ..config() };
    let mut one = Node::start(owner(2, 10), quick).await;
    let mut silent = TcpStream::connect(&one.addr).await.unwrap();
    let mut rubbish = TcpStream::connect(&one.addr).await.unwrap();
    rubbish.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut huge = TcpStream::connect(&one.addr).await.unwrap();
    huge.write_all(&[0x7f, 0xff, 0xff, 0xff, 1, 2, 3]).await.unwrap();
    for stranger in [&mut silent, &mut rubbish, &mut huge] {
        let mut answer = [0; 64];
        let read = timeout(PATIENCE, stranger.read(&mut answer)).await.expect("is closed in time");
        assert!(!matches!(read, Ok(bytes) if bytes > 0), "a stranger is told nothing");
    }
    let peer = Node::start(owner(1, 20), config()).await;
    peer.links.connect(owner(2, 10), one.addr.clone());
    one.up(owner(1, 20)).await;
}
