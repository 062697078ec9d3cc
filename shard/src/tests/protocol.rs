//! Protocol versions: what is journaled keeps to the one that is kept to, whatever this build knows.

use super::rig::{Rig, opening, send, session};
use super::*;
use crate::decide::keeps_to;
use handoff_chat::Decision;
use handoff_chat::command::Answer;
use handoff_chat::entry::Entry;

#[test]
fn a_decision_with_what_the_version_does_not_know_is_not_carried_out() {
    let decision = Decision { entries: vec![Entry::Retired], answer: Answer::Done, typing: Vec::new() };
    assert_eq!(keeps_to(0, &decision), Err(Reject::NotYet { since: 1 }));
    assert_eq!(keeps_to(1, &decision), Ok(()));
}

#[tokio::test]
async fn a_command_that_the_version_does_not_know_is_refused_and_nothing_is_journaled() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, Options { protocol: 0, ..Options::default() }).await;
    let position = rig.core.position();
    let command = Command { act: Act::Open(Box::new(opening())), ..send("open", "") };
    let mut refused = rig.ask(&session("ann"), Some(command), None);
    rig.settle().await;
    assert!(matches!(refused.try_recv(), Ok(Outcome::Refused(Reject::NotYet { since: 1 }))));
    assert_eq!(rig.core.position(), position);
}

/// With the build that knows one version more, by an event of a kind of its own and a message with a field more.
#[cfg(feature = "next-version")]
mod next {
    use super::*;
    use crate::frame::{FrameBody, Item};
    use crate::recovery::RecoveryError;
    use handoff_chat::event::Body;
    use handoff_chat::protocol::PROTOCOL_NEXT;
    use handoff_chat::text::Text;

    const OLD: u16 = PROTOCOL_NEXT - 1;

    fn keeps_to(protocol: u16, reads: u16) -> Options {
        Options { protocol, reads, ..Options::default() }
    }

    fn items(store: &MemoryStore) -> Vec<Item> {
        let frames = store.log(ShardId(0));
        frames.iter().flat_map(|frame| FrameBody::items_of(&frame.body).unwrap()).collect()
    }

    /// What was said, as it is journaled.
    fn said(store: &MemoryStore) -> Vec<Body> {
        let entries = items(store).into_iter().flat_map(|item| match item {
            Item::Decided(decided) => decided.entries,
            _ => Vec::new(),
        });
        let bodies = entries.filter_map(|entry| match entry {
            Entry::Event(event) => Some(event.body),
            _ => None,
        });
        let is_said =
            |body: &Body| matches!(body, Body::Message { .. } | Body::Cheered { .. } | Body::Worded { .. });
        bodies.filter(is_said).collect()
    }

    async fn says(rig: &mut Rig, texts: [(&str, &str); 2]) {
        for (id, text) in texts {
            rig.ask(&session("ann"), Some(send(id, text)), None);
            rig.settle().await;
        }
    }

    #[tokio::test]
    async fn a_new_kind_and_a_new_field_are_journaled_when_the_version_is_raised_and_not_before() {
        let store = MemoryStore::new(1);
        let (cheer, words) = (Text::clear("\u{1f389}"), Text::clear("two words"));
        let old = |text: &Text| Body::Message { text: text.clone(), message_type: None };
        // The newer build, among older ones.
        let mut rig = Rig::open(&store, 1, keeps_to(OLD, PROTOCOL_NEXT)).await;
        rig.start("ann").await;
        says(&mut rig, [("1", "\u{1f389}"), ("2", "two words")]).await;
        assert_eq!(said(&store), [old(&cheer), old(&words)]);
        let wave = || Command { act: Act::Wave, ..send("w", "") };
        let mut waved = rig.ask(&session("ann"), Some(wave()), None);
        rig.settle().await;
        assert!(matches!(waved.try_recv(), Ok(Outcome::Refused(Reject::NotYet { since: PROTOCOL_NEXT }))));
        assert!(items(&store).iter().all(|item| item.since() <= OLD));
        // An older one takes over, and the newer one again: it is raised meanwhile.
        drop(Rig::open(&store, 2, keeps_to(OLD, OLD)).await);
        let mut rig = Rig::open(&store, 3, keeps_to(PROTOCOL_NEXT, PROTOCOL_NEXT)).await;
        says(&mut rig, [("3", "\u{1f389}"), ("4", "two words")]).await;
        let mut waved = rig.ask(&session("ann"), Some(wave()), None);
        rig.settle().await;
        assert!(matches!(waved.try_recv(), Ok(Outcome::Refused(Reject::NotAllowed))));
        let new = [
            Body::Cheered { text: cheer.clone() },
            Body::Worded { text: words.clone(), message_type: None, words: 2 },
        ];
        assert_eq!(said(&store)[2..], new);
        assert!(items(&store).iter().any(|item| item.since() == PROTOCOL_NEXT));
        // The repeat of what was said before it was raised is no other command.
        says(&mut rig, [("1", "\u{1f389}"), ("2", "two words")]).await;
        assert_eq!(said(&store).len(), 4);
        let owner = Owner { node: NodeId(1), incarnation: Incarnation(4) };
        let node = store.node(NodeId(1));
        let claimed = node.claim(ShardId(0), owner).await.unwrap();
        let frames = JournalFrames { journal: &node, tenure: &claimed.tenure, reads: OLD };
        match recover(&frames, &claimed).await {
            Err(RecoveryError::Newer { protocol, reads, .. }) => {
                assert_eq!((protocol, reads), (PROTOCOL_NEXT, OLD));
            }
            _ => panic!("an older build opens what it can't read"),
        }
    }
}
