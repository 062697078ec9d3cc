//! What a whole cluster does while its store is down.

use super::{CHATS, Scene, play};
use handoff_chat::event::Body;
use handoff_chat::opening::{Counts, IdleTerms, IdleTexts};
use handoff_journal::NodeId;
use std::time::Duration;
use tokio::time::sleep;

#[test]
fn chats_are_read_for_ten_seconds_while_the_store_is_down_for_all_and_go_on_when_it_is_back() {
    play(|| async {
        let mut scene = Scene::set(11).await;
        assert_eq!(scene.reads().await, [CHATS; 3]);
        scene.world.store.set_down(true);
        // The nodes notice within a few seconds: customers go on reading at every node.
        sleep(Duration::from_secs(1)).await;
        let _first_calls_find_out = scene.reads().await;
        sleep(Duration::from_millis(1_500)).await;
        assert_eq!(scene.reads().await, [CHATS; 3]);
        sleep(Duration::from_secs(10)).await;
        assert_eq!(scene.reads().await, [0; 3], "nobody may say for so long what the end of a log is");
        scene.world.store.set_down(false);
        sleep(Duration::from_secs(2)).await;
        assert_eq!(scene.reads().await, [CHATS; 3]);
        for customer in &mut scene.customers {
            customer.say(2).await.unwrap();
        }
    });
}

#[test]
fn nobody_reads_unconfirmed_while_one_node_can_use_the_store() {
    play(|| async {
        let scene = Scene::set(12).await;
        let served = scene.reads().await;
        assert_eq!(served, [CHATS; 3]);
        scene.world.store.cut(NodeId(1));
        scene.world.store.cut(NodeId(2));
        for _ in 0..8 {
            sleep(Duration::from_millis(600)).await;
            let reads = scene.reads().await;
            assert!(reads.iter().all(|count| *count < CHATS), "only what node 3 owns: {reads:?}");
        }
    });
}

#[test]
fn a_minute_without_the_database_is_no_minute_of_silence_of_anybody() {
    play(|| async {
        let texts = IdleTexts::default();
        let counts = Counts::Nothing;
        let terms = IdleTerms { alert_ms: 120_000, second_alert_ms: 0, close_ms: 60_000, texts, counts };
        let mut scene = Scene::with(13, |_| {}, Some(terms)).await;
        sleep(Duration::from_secs(8)).await;
        scene.world.store.set_down(true);
        sleep(Duration::from_secs(60)).await;
        scene.world.store.set_down(false);
        sleep(Duration::from_secs(10)).await;
        assert_eq!(scene.idles().await, [0; CHATS], "silent for 20 s of the time in which one could speak");
        // In the middle of the next one, the shards get other owners.
        scene.world.store.set_down(true);
        sleep(Duration::from_secs(30)).await;
        scene.nodes.borrow()[0].as_ref().unwrap().kill(&scene.world);
        scene.nodes.borrow_mut()[0] = None;
        scene.world.store.set_down(false);
        sleep(Duration::from_secs(4)).await;
        assert_eq!(scene.idles().await, [0; CHATS]);
        // The clocks of nodes differ by up to 4 s, and since when an idle shard was not served is known to 10 s.
        scene.customers_look_on_for(13).await;
        assert_eq!(scene.idles().await, [1; CHATS], "each warned once");
        scene.customers_look_on_for(8).await;
        assert_eq!(scene.idles().await, [2; CHATS], "then closed, once");
    });
}

impl Scene {
    /// Customers who make no call would be gone before long.
    async fn customers_look_on_for(&mut self, tens_of_seconds: u32) {
        for _ in 0..tens_of_seconds {
            sleep(Duration::from_secs(10)).await;
            self.bodies().await;
        }
    }

    /// How often inactivity control spoke in each chat.
    async fn idles(&mut self) -> Vec<usize> {
        let mut counts = Vec::new();
        for bodies in self.bodies().await {
            counts.push(bodies.iter().filter(|body| matches!(body, Body::Idle { .. })).count());
        }
        counts
    }
}
