//! The shard's core over the memory journal, step by step: what is held back, lost, restored and repeated.

mod channels;
mod clock;
mod customer;
mod full;
mod grace;
mod happenings;
mod outage;
mod poison;
mod presence;
mod protocol;
mod queues;
mod release;
mod rig;
mod unreadable;

use super::core::ShardCore;
use super::recovery::{JournalFrames, recover};
use super::*;
use handoff_chat::command::{Act, Reading, Reject};
use handoff_chat::opening::Opening;
use handoff_chat::workflow::Bot;
use handoff_chat::{BotName, CommandId, Millis};
use handoff_journal::memory::MemoryStore;
use handoff_journal::{Incarnation, Journal, NodeId, Owner, ShardId};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rig::{CUSTOMER, Reread, Rig, opening, send, session};
use std::sync::atomic::{AtomicU64, Ordering};

/// A hook that panics in a phase while the counter is above zero.
fn striking(phase: Phase, text: &'static str, times: u64) -> Options {
    let left = Arc::new(AtomicU64::new(times));
    let hook: FaultHook = Arc::new(move |_, command, at| {
        let meant = matches!(&command.act, Act::Send { text: said, .. } if said == text);
        if at == phase && meant && left.load(Ordering::Relaxed) > 0 {
            left.fetch_sub(1, Ordering::Relaxed);
            panic!("struck");
        }
    });
    Options { fault_hook: Some(hook), ..Options::default() }
}

#[tokio::test]
async fn a_panic_while_deciding_is_refused_and_a_second_on_the_same_command_quarantines() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, striking(Phase::Deciding, "bad", 2)).await;
    let (ann, bob) = (rig.start("ann").await, rig.start("bob").await);
    rig.tell(&ann, send("1", "one")).await.unwrap();
    assert!(matches!(rig.tell(&ann, send("2", "bad")).await, Err(Outcome::Again)));
    rig.tell(&ann, send("3", "three")).await.unwrap();
    assert_eq!(rig.texts(&ann).await, ["one", "three"]);
    let _first = rig.tell(&ann, send("2", "bad")).await;
    let quarantined = rig.tell(&ann, send("4", "four")).await;
    assert!(matches!(quarantined, Err(Outcome::Refused(Reject::Quarantined))), "{quarantined:?}");
    rig.tell(&bob, send("1", "untouched")).await.unwrap();
    assert_eq!(rig.core.census().quarantined, 1);
    let end = Command { id: CommandId("end".into()), caller: Caller::Operator, act: Act::ForceEnd };
    assert!(rig.tell(&ann, end).await.unwrap().chat_ended, "an operator can end it all the same");
    assert_eq!(
        (rig.core.census().quarantined, rig.texts(&ann).await),
        (0, vec!["one".into(), "three".into()])
    );
}

#[tokio::test]
async fn an_operator_ends_also_a_session_that_went_out_of_service_while_it_was_applied() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, striking(Phase::Applying, "bad", 2)).await;
    let (ann, bob) = (rig.start("ann").await, rig.start("bob").await);
    rig.tell(&ann, send("1", "one")).await.unwrap();
    for _ in 0..2 {
        let _panics = rig.tell(&ann, send("2", "bad")).await;
        rig.settle().await;
    }
    let quarantined = rig.tell(&ann, send("4", "four")).await;
    assert!(matches!(quarantined, Err(Outcome::Refused(Reject::Quarantined))), "{quarantined:?}");
    let end = Command { id: CommandId("end".into()), caller: Caller::Operator, act: Act::ForceEnd };
    assert!(rig.tell(&ann, end).await.unwrap().chat_ended);
    assert_eq!((rig.core.census().quarantined, rig.texts(&ann).await), (0, vec!["one".to_owned()]));
    rig.tell(&bob, send("1", "untouched")).await.unwrap();
}

#[tokio::test]
async fn a_panic_while_applying_restores_the_session_from_the_log_and_touches_no_other() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, striking(Phase::Applying, "bad", 1)).await;
    let (ann, bob) = (rig.start("ann").await, rig.start("bob").await);
    rig.tell(&ann, send("1", "one")).await.unwrap();
    let before = rig.ask(&ann, Some(send("2", "two")), None);
    let bad = rig.ask(&ann, Some(send("3", "bad")), None);
    let after = rig.ask(&ann, Some(send("4", "four")), None);
    let other = rig.ask(&bob, Some(send("1", "untouched")), None);
    rig.settle().await;
    assert!(matches!(before.await.unwrap(), Outcome::Done(_)));
    assert!(matches!(bad.await.unwrap(), Outcome::Again));
    assert!(matches!(after.await.unwrap(), Outcome::Done(_)));
    assert!(matches!(other.await.unwrap(), Outcome::Done(_)));
    rig.tell(&ann, send("3", "bad")).await.unwrap();
    assert_eq!(rig.texts(&ann).await, ["one", "two", "four", "bad"]);
    let mut next = Rig::open(&store, 2, Options::default()).await;
    assert_eq!(next.texts(&ann).await, ["one", "two", "four", "bad"]);
}

#[tokio::test]
async fn a_session_whose_log_could_not_be_read_again_is_read_with_the_next_call() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, striking(Phase::Applying, "bad", 1)).await;
    let ann = rig.start("ann").await;
    rig.tell(&ann, send("1", "one")).await.unwrap();
    rig.rereads = Reread::Unknown;
    for text in ["bad", "three"] {
        assert!(matches!(rig.tell(&ann, send(text, text)).await, Err(Outcome::Again)));
    }
    rig.rereads = Reread::Whole;
    rig.tell(&ann, send("three", "three")).await.unwrap();
    assert_eq!(rig.texts(&ann).await, ["one", "three"]);
}

#[tokio::test]
async fn a_retry_while_its_first_attempt_is_in_flight_gets_the_same_answer_and_adds_nothing() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, Options::default()).await;
    let ann = rig.start("ann").await;
    let mut first = rig.ask(&ann, Some(send("1", "once")), None);
    let mut retry = rig.ask(&ann, Some(send("1", "once")), None);
    assert!(first.try_recv().is_err() && retry.try_recv().is_err(), "nothing is committed yet");
    rig.settle().await;
    let (first, retry) = (first.await.unwrap(), retry.await.unwrap());
    let (Outcome::Done(first), Outcome::Done(retry)) = (first, retry) else { panic!("refused") };
    assert_eq!(first.answer, retry.answer);
    assert_eq!(rig.texts(&ann).await, ["once"]);
}

#[tokio::test]
async fn a_refresh_and_typing_wait_for_the_message_that_they_may_show() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, Options::default()).await;
    let ann = rig.start("ann").await;
    let _sent = rig.ask(&ann, Some(send("1", "held back")), None);
    let mut refresh = rig.ask(&ann, None, Some(1));
    let act = Act::StartTyping { preview: None };
    let typing = Command { id: CommandId("t".into()), caller: CUSTOMER, act };
    let mut typed = rig.ask(&ann, Some(typing), Some(1));
    assert!(refresh.try_recv().is_err() && typed.try_recv().is_err());
    rig.settle().await;
    assert!(matches!(refresh.await.unwrap(), Outcome::Done(_)));
    assert!(matches!(typed.await.unwrap(), Outcome::Done(_)));
}

#[tokio::test]
async fn a_fenced_owner_acknowledges_nothing_and_names_the_new_one() {
    let store = MemoryStore::new(1);
    let mut old = Rig::open(&store, 1, Options::default()).await;
    let ann = old.start("ann").await;
    let sent = old.ask(&ann, Some(send("1", "too late")), None);
    let mut new = Rig::open(&store, 2, Options::default()).await;
    old.settle().await;
    let Outcome::NotOwner(Some(owner)) = sent.await.unwrap() else { panic!("acknowledged") };
    assert_eq!(owner.incarnation, Incarnation(2));
    assert!(new.texts(&ann).await.is_empty());
    new.tell(&ann, send("1", "too late")).await.unwrap();
    assert_eq!(new.texts(&ann).await, ["too late"]);
}

#[tokio::test]
async fn a_stale_owner_s_read_is_not_answered_once_another_owns_the_shard() {
    let store = MemoryStore::new(1);
    let mut old = Rig::open(&store, 1, Options::default()).await;
    let ann = old.start("ann").await;
    let mut new = Rig::open(&store, 2, Options::default()).await;
    new.tell(&ann, send("1", "new")).await.unwrap();
    old.now.mono = old.now.mono.after(251);
    let read = old.ask(&ann, None, Some(1));
    old.settle().await;
    assert!(matches!(read.await.unwrap(), Outcome::NotOwner(_)));
}

#[tokio::test]
async fn a_position_beyond_the_end_is_checked_even_while_the_ownership_is_fresh() {
    let store = MemoryStore::new(1);
    let mut old = Rig::open(&store, 1, Options::default()).await;
    let ann = old.start("ann").await;
    let _new = Rig::open(&store, 2, Options::default()).await;
    let read = old.ask(&ann, None, Some(50));
    old.settle().await;
    assert!(matches!(read.await.unwrap(), Outcome::NotOwner(_)));
}

#[tokio::test]
async fn an_index_is_not_used_again_after_a_takeover_right_after_typing() {
    let store = MemoryStore::new(1);
    let mut old = Rig::open(&store, 1, Options::default()).await;
    let ann = old.start("ann").await;
    let act = Act::StartTyping { preview: Some("Hel".into()) };
    old.tell(&ann, Command { id: CommandId("t".into()), caller: CUSTOMER, act }).await.unwrap();
    let shown = old.view(&ann).await.next_position - 1;
    let mut new = Rig::open(&store, 2, Options::default()).await;
    let answer = new.tell(&ann, send("1", "Hello")).await.unwrap();
    assert!(answer.next_position - 1 > shown, "index {shown} was typing, and is used again");
}

fn small_segments() -> Options {
    Options { segment_frames_max: 6, events_in_memory: 4, ..Options::default() }
}

#[tokio::test]
async fn segments_roll_and_are_trimmed_and_every_owner_reads_the_same() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, small_segments()).await;
    let (ann, bob) = (rig.start("ann").await, rig.start("bob").await);
    let mut expected = Vec::new();
    for round in 0..40 {
        let text = format!("message {round}");
        rig.tell(&ann, send(&text, &text)).await.unwrap();
        rig.tell(&bob, send(&text, "to bob")).await.unwrap();
        expected.push(text);
        if round % 7 == 3 {
            rig = Rig::open(&store, 10 + round, small_segments()).await;
            assert_eq!(rig.texts(&ann).await, expected);
        }
    }
    assert_eq!(rig.texts(&ann).await, expected);
    assert!(store.first_segment(ShardId(0)).unwrap() > 5, "nothing was trimmed");
    let repeat = rig.tell(&ann, send("message 39", "message 39")).await.unwrap();
    assert!(repeat.seq > 0, "the answer of an acknowledged command is kept through checkpoints");
    assert_eq!(rig.texts(&ann).await, expected);
}

#[tokio::test]
async fn a_crash_at_any_step_of_a_roll_loses_nothing() {
    for crash_after in 0..60 {
        let store = MemoryStore::new(1);
        let mut rig = Rig::open(&store, 1, small_segments()).await;
        let ann = rig.start("ann").await;
        let mut expected = Vec::new();
        let mut steps = 0;
        'life: for round in 0..30 {
            let text = format!("message {round}");
            let mut receiver = rig.ask(&ann, Some(send(&text, &text)), None);
            loop {
                rig.core.flush(rig.now);
                let actions = rig.core.take_actions();
                if actions.is_empty() {
                    break;
                }
                for action in actions {
                    steps += 1;
                    if steps > crash_after + 20 {
                        break 'life;
                    }
                    rig.act(action).await;
                }
            }
            assert!(matches!(receiver.try_recv().unwrap(), Outcome::Done(_)));
            expected.push(text);
        }
        let mut next = Rig::open(&store, 2, small_segments()).await;
        let found = next.texts(&ann).await;
        assert!(
            found.starts_with(&expected),
            "crash after {crash_after}: {found:?} lacks some of {expected:?}"
        );
        assert!(found.len() <= expected.len() + 1);
    }
}

#[tokio::test]
async fn an_effect_older_than_two_segments_is_still_owed_to_the_next_owner() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, small_segments()).await;
    let ann = session("ann");
    let bot = Some(Bot { name: BotName("demo".into()), nickname: "Demo".into() });
    let act = Act::Open(Box::new(Opening { bot, ..opening() }));
    rig.tell(&ann, Command { id: CommandId("start".into()), caller: CUSTOMER, act }).await.unwrap();
    let owed = rig.effects.clone();
    assert!(!owed.is_empty());
    let bob = rig.start("bob").await;
    for round in 0..40 {
        rig.tell(&bob, send(&round.to_string(), "fill")).await.unwrap();
    }
    assert!(store.first_segment(ShardId(0)).unwrap() > 3);
    let next = Rig::open(&store, 2, small_segments()).await;
    assert!(owed.iter().all(|effect| next.effects.contains(effect)), "{owed:?} not in {:?}", next.effects);
}

#[tokio::test]
async fn an_idle_session_falls_asleep_and_wakes_on_demand_here_and_at_the_next_owner() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, sleepy()).await;
    let ann = rig.start("ann").await;
    settle_record(&mut rig, &ann).await;
    rig.tell(&ann, send("1", "one")).await.unwrap();
    falls_asleep(&mut rig).await;
    assert_eq!((rig.core.census().awake, rig.core.census().asleep), (0, 1));
    let mut next = Rig::open_at(&store, 2, sleepy(), rig.now).await;
    assert_eq!(next.core.census().asleep, 1);
    next.tell(&ann, send("2", "two")).await.unwrap();
    assert_eq!(next.texts(&ann).await, ["one", "two"]);
    let mut third = Rig::open_at(&store, 3, sleepy(), next.now).await;
    third.tell(&ann, send("2", "two")).await.unwrap();
    assert_eq!(third.texts(&ann).await, ["one", "two"]);
}

/// Idle sessions fall asleep soon.
fn sleepy() -> Options {
    Options { passivate_after_ms: 5_000, ..small_segments() }
}

/// The one session that is idle falls asleep.
async fn falls_asleep(rig: &mut Rig) {
    for _ in 0..8 {
        rig.pass(1_000);
        rig.settle().await;
    }
    assert_eq!(rig.core.census().asleep, 1);
}

/// Does what the session owes its record, so that it owes nothing.
async fn settle_record(rig: &mut Rig, session: &EntityId) {
    for (owing, effect) in std::mem::take(&mut rig.effects) {
        if owing == *session {
            let act = Act::Settle { effect };
            let id = CommandId(format!("settle:{}", effect.0));
            rig.tell(session, Command { id, caller: Caller::System, act }).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_customer_who_makes_no_call_is_gone_but_not_by_time_nobody_could_serve() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, Options::default()).await;
    let ann = rig.start("ann").await;
    for _ in 0..40 {
        rig.pass(1_000);
        rig.settle().await;
    }
    let mut next = Rig::open_at(&store, 2, Options::default(), rig.now).await;
    for _ in 0..40 {
        next.pass(1_000);
        next.settle().await;
    }
    assert!(next.core.census().open == 1, "the wait starts anew at a takeover");
    for _ in 0..8 {
        next.pass(1_000);
        next.settle().await;
    }
    assert!(next.view(&ann).await.chat_ended);
}

#[tokio::test]
async fn an_ended_session_retires_after_its_linger_of_served_time() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, Options::default()).await;
    let ann = rig.start("ann").await;
    let leave = Command { id: CommandId("bye".into()), caller: CUSTOMER, act: Act::Disconnect };
    rig.tell(&ann, leave).await.unwrap();
    settle_record(&mut rig, &ann).await;
    // The node dies; an hour passes before anybody serves the shard again.
    let later = Now { wall: Millis(rig.now.wall.0 + 3_600_000), mono: Mono(0) };
    let node = store.node(NodeId(1));
    let owner = Owner { node: NodeId(1), incarnation: Incarnation(9) };
    let claimed = node.claim(ShardId(0), owner).await.unwrap();
    let frames = JournalFrames { journal: &node, tenure: &claimed.tenure, reads: 1 };
    let recovered = recover(&frames, &claimed).await.unwrap();
    let (tenure, at) = (claimed.tenure.clone(), claimed.next);
    let alive = Some(rig.now.wall);
    let rng = StdRng::seed_from_u64(9);
    rig.core = ShardCore::open(tenure, at, recovered, Options::default(), alive, later, rng).unwrap();
    (rig.claimed, rig.now) = (claimed, later);
    rig.settle().await;
    rig.pass(500);
    rig.settle().await;
    assert!(rig.view(&ann).await.chat_ended, "the outage counted against the session");
    rig.pass(1_000);
    rig.settle().await;
    let mut gone = rig.ask(&ann, None, Some(1));
    rig.settle().await;
    assert!(matches!(gone.try_recv().unwrap(), Outcome::Refused(Reject::Unknown)));
    assert!(rig.store.log(ShardId(0)).len() > 2);
}

#[tokio::test]
async fn a_read_that_waits_is_answered_by_what_happens_and_not_before_it_is_committed() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, Options::default()).await;
    let ann = rig.start("ann").await;
    let next = rig.view(&ann).await.next_position;
    let mut waiting = rig.wait(&ann, next, 2_000);
    rig.settle().await;
    assert!(waiting.try_recv().is_err(), "there is nothing new yet");
    let _sent = rig.ask(&ann, Some(send("1", "Hello")), None);
    assert!(waiting.try_recv().is_err(), "the message is not committed yet");
    rig.settle().await;
    let Outcome::Done(Done { reading: Some(Reading::View(view)), .. }) = waiting.try_recv().unwrap() else {
        panic!("no view");
    };
    assert_eq!((view.events.len(), view.next_position), (1, next + 1));

    let mut waiting = rig.wait(&ann, view.next_position, 2_000);
    rig.settle().await;
    rig.pass(2_100);
    assert!(matches!(waiting.try_recv().unwrap(), Outcome::Done(Done { reading: None, .. })));
}

#[tokio::test]
async fn who_waits_at_a_released_shard_is_sent_to_its_next_owner() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, Options::default()).await;
    let ann = rig.start("ann").await;
    let next = rig.view(&ann).await.next_position;
    let mut waiting = rig.wait(&ann, next, 60_000);
    rig.settle().await;
    rig.core.release_to(rig.now, None);
    assert!(matches!(waiting.try_recv().unwrap(), Outcome::NotOwner(None)));
}

#[tokio::test]
async fn what_a_later_protocol_writes_is_told_apart_and_an_earlier_one_writes_nothing_of_it() {
    for (protocol, readable) in [(1, true), (2, false)] {
        let store = MemoryStore::new(1);
        let mut rig = Rig::open(&store, 1, Options { protocol, ..Options::default() }).await;
        rig.start("ann").await;
        let node = store.node(NodeId(2));
        let owner = Owner { node: NodeId(2), incarnation: Incarnation(2) };
        let claimed = node.claim(ShardId(0), owner).await.unwrap();
        let read = async |reads| {
            recover(&JournalFrames { journal: &node, tenure: &claimed.tenure, reads }, &claimed).await
        };
        assert_eq!(read(1).await.is_ok(), readable);
        assert!(read(2).await.is_ok(), "who knows the later one reads both");
    }
}
