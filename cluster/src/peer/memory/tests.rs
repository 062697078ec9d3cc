//! The simulated network: order, cuts, freezes and kills.

use std::sync::atomic::{AtomicUsize, Ordering};

use handoff_journal::Incarnation;
use tokio::task::LocalSet;

use super::*;

fn owner(node: u16, life: u64) -> Owner {
    Owner { node: NodeId(node), incarnation: Incarnation(life) }
}

#[derive(Default)]
struct Echo {
    notices: Mutex<Vec<Bytes>>,
    served: AtomicUsize,
}

#[async_trait]
impl PeerService for Echo {
    async fn call(&self, _from: Owner, request: Bytes) -> Bytes {
        self.served.fetch_add(1, Ordering::SeqCst);
        request
    }

    fn notice(&self, _from: Owner, notice: Bytes) {
        self.notices.lock().unwrap().push(notice);
    }
}

type Side = (MemoryPeers, mpsc::Receiver<PeerEvent>, Arc<Echo>);

fn node(net: &Net, local: &LocalSet, me: Owner) -> Side {
    let service = Arc::new(Echo::default());
    let (peers, inbox, events) = net.attach(me, service.clone());
    local.spawn_local(inbox.run());
    (peers, events, service)
}

/// Two linked nodes on one network, and what is done with them.
async fn with_two<F: Future<Output = T>, T>(seed: u64, work: impl FnOnce(Net, Side, Side) -> F) -> T {
    let local = LocalSet::new();
    let net = Net::new(seed, (1, 10));
    let pump = net.clone();
    local.spawn_local(async move { pump.run().await });
    let (mut one, mut two) = (node(&net, &local, owner(1, 10)), node(&net, &local, owner(2, 20)));
    local
        .run_until(async move {
            one.0.connect(owner(2, 20), String::new());
            two.0.connect(owner(1, 10), String::new());
            assert_eq!(one.1.recv().await, Some(PeerEvent::LinkUp { peer: owner(2, 20) }));
            assert_eq!(two.1.recv().await, Some(PeerEvent::LinkUp { peer: owner(1, 10) }));
            work(net, one, two).await
        })
        .await
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn calls_are_answered_and_notices_keep_their_order() {
    with_two(7, |_net, one, two| async move {
        assert_eq!(
            one.0.call(NodeId(2), Bytes::from_static(b"x"), SECOND).await,
            Ok(Bytes::from_static(b"x"))
        );
        for number in 0..100_u8 {
            assert!(two.0.notify(NodeId(1), Bytes::copy_from_slice(&[number])));
        }
        tokio::time::sleep(SECOND).await;
        let told = one.2.notices.lock().unwrap().clone();
        assert_eq!(told, (0..100_u8).map(|number| Bytes::copy_from_slice(&[number])).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_one_way_cut_swallows_answers_but_not_requests() {
    with_two(7, |net, one, two| async move {
        net.cut(NodeId(2), NodeId(1));
        let call = one.0.call(NodeId(2), Bytes::new(), SECOND).await;
        assert_eq!(call, Err(PeerError::Lost(NodeId(2), "no answer in time")));
        assert_eq!(two.2.served.load(Ordering::SeqCst), 1);
        net.heal();
        net.lose_answers(1_000);
        assert!(one.0.call(NodeId(2), Bytes::new(), SECOND).await.is_err());
        net.lose_answers(0);
        assert!(one.0.call(NodeId(2), Bytes::new(), SECOND).await.is_ok());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_killed_node_refuses_and_its_successor_is_met_as_another() {
    with_two(7, |net, mut one, _two| async move {
        net.kill(NodeId(2));
        assert_eq!(one.1.recv().await, Some(PeerEvent::LinkDown { peer: owner(2, 20), refused: false }));
        assert_eq!(one.1.recv().await, Some(PeerEvent::LinkDown { peer: owner(2, 20), refused: true }));
        assert_eq!(one.0.call(NodeId(2), Bytes::new(), SECOND).await, Err(PeerError::NoLink(NodeId(2))));
        let (_peers, _inbox, _events) = net.attach(owner(2, 21), Arc::new(Echo::default()));
        let met = PeerEvent::OtherIncarnation { expected: owner(2, 20), met: owner(2, 21) };
        while one.1.recv().await.as_ref() != Some(&met) {}
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_rejoined_node_drops_its_links_and_gets_them_under_its_new_name() {
    with_two(7, |_net, one, two| async move {
        two.0.rejoin(owner(2, 22));
        assert_eq!(one.0.owner_of(NodeId(2)), None);
        tokio::time::sleep(SECOND).await;
        assert_eq!(one.0.owner_of(NodeId(2)), Some(owner(2, 22)));
        assert_eq!(two.0.owner_of(NodeId(1)), Some(owner(1, 10)), "the other end calls");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_delays() {
    let run = |seed| {
        with_two(seed, |_net, one, _two| async move {
            let start = Instant::now();
            for _ in 0..50 {
                one.0.call(NodeId(2), Bytes::new(), SECOND).await.unwrap();
            }
            start.elapsed()
        })
    };
    assert_eq!(run(3).await, run(3).await);
    assert_ne!(run(3).await, run(4).await);
}
