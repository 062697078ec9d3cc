//! Many customers who chat at once while a test breaks nodes under them, each with a checker of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::support::checker::Checker;
use crate::support::client::Customer;
use crate::support::{Deadline, outcome, until_true};

/// A crowd that is chatting.
pub(crate) struct Crowd {
    chats: Vec<JoinHandle<(Customer, Checker)>>,
    shared: Shared,
}

/// What the conversations of a crowd share.
#[derive(Clone, Default)]
struct Shared {
    /// Chats with a first acknowledged message.
    begun: Arc<AtomicUsize>,
    acknowledged: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
}

/// A crowd that has stopped, with what it was promised.
pub(crate) struct Promises(pub(crate) Vec<(Customer, Checker)>);

impl Crowd {
    /// `count` customers, spread over the nodes, each sending one message after the other. All of them have begun when
    /// this returns: on a busy machine some get their first shard late.
    pub(crate) async fn gather(urls: &[String], count: usize) -> Self {
        let shared = Shared::default();
        let chat = |number: usize| tokio::spawn(converse(urls.to_vec(), number, shared.clone()));
        let crowd = Self { chats: (0..count).map(chat).collect(), shared: shared.clone() };
        until_true("every chat begins", || async {
            crowd.chats.iter().any(JoinHandle::is_finished) || shared.begun.load(Ordering::Relaxed) == count
        })
        .await;
        crowd.talks(count).await;
        crowd
    }

    /// Waits for `more` acknowledged messages from now on: the cluster serves.
    pub(crate) async fn talks(&self, more: usize) {
        let goal = self.shared.acknowledged.load(Ordering::Relaxed) + more;
        until_true("the chats go on", || async {
            // A customer who met a broken promise ends in a panic: don't wait for the others then.
            self.chats.iter().any(JoinHandle::is_finished)
                || self.shared.acknowledged.load(Ordering::Relaxed) >= goal
        })
        .await;
    }

    /// Ends the conversations; what was under way is still brought to an acknowledgement.
    pub(crate) async fn stop(self) -> Promises {
        self.shared.over.store(true, Ordering::Relaxed);
        let mut promises = Vec::new();
        for chat in self.chats {
            promises.push(outcome(chat).await);
        }
        Promises(promises)
    }
}

async fn converse(urls: Vec<String>, number: usize, shared: Shared) -> (Customer, Checker) {
    let nickname = format!("customer{number}");
    let mut customer = Customer::request(&urls, number, &nickname).await;
    let mut checker = Checker::new(&nickname);
    let mut looks_at = 0;
    for turn in 0.. {
        if shared.over.load(Ordering::Relaxed) {
            break;
        }
        if turn % 3 == 1 {
            // Typing takes an index too, which a later owner must not use again.
            customer.insist("startTyping", &[]).await;
        }
        let text = format!("{nickname} says {turn} \u{1f44b} ünï");
        customer.send(&text, &format!("{number}-{turn}")).await;
        checker.acknowledge(&text);
        shared.acknowledged.fetch_add(1, Ordering::Relaxed);
        if turn == 0 {
            shared.begun.fetch_add(1, Ordering::Relaxed);
        }
        // Ever more seldom, as the whole is read: else a long test is about nothing but reading.
        if turn >= looks_at {
            looks_at = turn + 4 + turn / 8;
            let answer = customer.refresh(1).await;
            checker.read_all(&answer).unwrap_or_else(|wrong| panic!("chat {}: {wrong}", customer.chat_id));
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    (customer, checker)
}

impl Promises {
    /// Every acknowledged message is there, once, in order, whichever of the running nodes is asked; and the bot has
    /// answered each of them once.
    pub(crate) async fn are_kept(&mut self, nodes: &[usize]) {
        for (customer, checker) in &mut self.0 {
            assert!(checker.acknowledged() > 0, "chat {} got nowhere", customer.chat_id);
            let chat = customer.chat_id.clone();
            let deadline = Deadline::new();
            while !checker.all_answered(&customer.only_at(nodes[0]).refresh(1).await) {
                assert!(!deadline.is_over(), "stranded: the bot does not answer each message of chat {chat}");
            }
            for node in nodes {
                let answer = customer.only_at(*node).refresh(1).await;
                assert_eq!(answer["chatEnded"], false, "chat {} ended", customer.chat_id);
                let read = checker.read_all(&answer);
                read.unwrap_or_else(|wrong| {
                    panic!("chat {} at node {}: {wrong}", customer.chat_id, node + 1)
                });
            }
        }
    }

    /// All customers leave; every later answer says so.
    pub(crate) async fn leave(&mut self) {
        for (customer, _) in &mut self.0 {
            let answer = customer.insist("disconnect", &[]).await;
            assert_eq!(answer["chatEnded"], true, "{answer}");
        }
    }

    /// The end is known at every running node too.
    pub(crate) async fn have_ended(&mut self, nodes: &[usize]) {
        for (customer, _) in &self.0 {
            for node in nodes {
                let answer = customer.only_at(*node).refresh(1).await;
                assert_eq!(answer["chatEnded"], true, "{answer}");
            }
        }
    }
}
