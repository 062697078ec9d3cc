//! Reservations, offers and chats: what queues and interactions say.

use super::*;

fn lost(attempt: u64) -> ToInteraction {
    ToInteraction::AgentLost { attempt, agent: name("kate") }
}

#[test]
fn a_place_is_kept_only_for_who_is_ready_and_has_one_left() {
    let mut bench = Bench::new();
    let refused = |reply: Reply| matches!(reply, Reply::Refused { free: 0, .. });
    assert!(refused(bench.reserves(1, 1)), "they never signed in");
    bench.does(DeskAct::SignIn { profile: profile(2, &["support"]) }).unwrap();
    assert!(refused(bench.reserves(1, 1)), "they are not ready");
    bench.does(DeskAct::Ready).unwrap();
    assert_eq!(bench.reserves(1, 1), Reply::Granted { version: 3 });
    assert_eq!(bench.reserves(2, 1), Reply::Granted { version: 4 });
    let version = bench.desk().version;
    let refusal = bench.reserves(3, 1);
    assert!(matches!(refusal, Reply::Refused { version: as_of, free: 0, .. } if as_of == version));
    assert_eq!(bench.reserves(1, 1), Reply::Granted { version: 3 }, "a repeat");
    assert_eq!(bench.owes(1), [ToInteraction::Propose { attempt: 1, agent: name("kate") }], "and once only");
    assert_eq!(bench.stages(), [], "they are shown nothing yet");
}

#[test]
fn a_queue_that_they_do_not_serve_gets_no_place() {
    let mut bench = Bench::ready(1);
    let (other, ticket) = (queue("sales"), ticket());
    let ask = ToAgent::Reserve { interaction: id(1), attempt: 1, queue: other.clone(), ticket };
    assert!(matches!(bench.tells(&other, ask), Ok(Reply::Refused { free: 0, .. })));
}

#[test]
fn an_older_attempt_is_void_and_a_newer_one_takes_the_place_of_the_old() {
    let mut bench = Bench::ready(1);
    bench.offered(1, 4);
    assert_eq!(bench.reserves(1, 4), Reply::Void, "it is offered at 5 by now");
    assert!(matches!(bench.reserves(1, 6), Reply::Granted { .. }));
    assert_eq!(bench.agent.claims(), BTreeMap::from([(id(1), (6, Stage::Reserved))]));
    bench.withdraws(1, 6, Withdrawal::TimedOut);
    assert_eq!(bench.agent.claims().len(), 1, "what was over at 6 is the old offer");
    bench.withdraws(1, 7, Withdrawal::Abandoned);
    assert_eq!(bench.agent.claims(), BTreeMap::new());
}

#[test]
fn an_offer_is_shown_accepted_and_becomes_a_chat() {
    let mut bench = Bench::ready(2);
    bench.offered(1, 1);
    assert_eq!(bench.stages(), [(id(1), Stage::Offered { until: Millis(30_000) })]);
    bench.accepts(1).unwrap();
    let accept = ToInteraction::Accept { attempt: 2, agent: name("kate"), nickname: "Kate".to_owned() };
    assert_eq!((bench.stages(), bench.owes(1)), (vec![(id(1), Stage::Accepting)], vec![accept]));
    bench.hears(1, Reply::Joined { attempt: 3 });
    assert_eq!(bench.agent.claims(), BTreeMap::from([(id(1), (3, Stage::Chatting))]));
    bench.withdraws(1, 2, Withdrawal::TimedOut);
    assert_eq!(bench.stages(), [(id(1), Stage::Chatting)], "that was about an older attempt");
    bench.withdraws(1, 4, Withdrawal::Ended);
    let over = Stage::Over { why: Withdrawal::Ended };
    assert_eq!((bench.stages(), bench.free()), (vec![(id(1), over)], 2));
    bench.does(DeskAct::NotReady { reason: "tea".to_owned() }).unwrap();
    assert_eq!(bench.stages(), [], "shown until the next change");
}

#[test]
fn who_lets_an_offer_time_out_is_set_not_ready() {
    let mut bench = Bench::ready(1);
    bench.offered(1, 1);
    bench.withdraws(1, 3, Withdrawal::TimedOut);
    assert_eq!(bench.desk().status, Status::NotReady { reason: "no answer".to_owned() });
    bench.does(DeskAct::Ready).unwrap();
    bench.offered(1, 3);
    bench.withdraws(1, 5, Withdrawal::Abandoned);
    assert_eq!(bench.desk().status, Status::Ready);
}

#[test]
fn a_proposal_or_acceptance_that_came_too_late_frees_the_place() {
    for reply in [Reply::Void, Reply::Gone] {
        let mut bench = Bench::ready(1);
        bench.reserves(1, 1);
        bench.hears(1, reply.clone());
        assert_eq!((bench.stages(), bench.free()), (vec![], 1));
        bench.offered(1, 3);
        bench.accepts(1).unwrap();
        bench.hears(1, reply);
        let over = Stage::Over { why: Withdrawal::Abandoned };
        assert_eq!((bench.stages(), bench.free()), (vec![(id(1), over)], 1));
    }
}

#[test]
fn who_is_lost_gives_back_offers_and_chats_and_is_free_when_that_is_known() {
    let mut bench = Bench::ready(2);
    bench.chats(1, 1);
    bench.offered(2, 1);
    bench.loses();
    bench.loses();
    assert_eq!(bench.desk().status, Status::NotReady { reason: "lost".to_owned() });
    assert_eq!((bench.owes(1), bench.owes(2)), (vec![lost(3)], vec![lost(2)]));
    assert!(!bench.agent.watched());
    bench.does(DeskAct::Ready).unwrap();
    assert!(bench.agent.watched());
    assert_eq!((bench.free(), bench.accepts(2)), (0, Err(Reject::NoClaim)));
    bench.hears(1, Reply::Done);
    bench.hears(2, Reply::Void);
    assert_eq!(bench.free(), 2);
}

#[test]
fn who_was_lost_is_told_so_and_not_that_the_chat_has_ended() {
    let gone = (id(1), Stage::Over { why: Withdrawal::Lost });
    for late in [false, true] {
        let mut bench = Bench::ready(2);
        bench.chats(1, 1);
        bench.offered(2, 1);
        bench.loses();
        assert_eq!(
            bench.stages(),
            std::slice::from_ref(&gone),
            "as soon as they are lost, whatever is known elsewhere"
        );
        bench.hears(2, Reply::Done);
        if !late {
            bench.hears(1, Reply::Done);
        }
        bench.does(DeskAct::SignIn { profile: profile(2, &["support"]) }).unwrap();
        assert!(bench.stages().contains(&gone), "when they are back");
        if late {
            bench.hears(1, Reply::Done);
            assert!(bench.stages().contains(&gone));
        }
        bench.does(DeskAct::Ready).unwrap();
        assert_eq!(bench.stages(), []);
    }
}

#[test]
fn what_is_on_its_way_when_they_are_lost_is_given_back_once_it_is_theirs() {
    let mut bench = Bench::ready(2);
    bench.offered(1, 1);
    bench.accepts(1).unwrap();
    bench.reserves(2, 1);
    bench.loses();
    assert!(!bench.owes(1).contains(&lost(2)), "the answer to their acceptance decides");
    bench.hears(1, Reply::Joined { attempt: 3 });
    assert_eq!(bench.owes(1), [lost(3)]);
    bench.hears(2, Reply::Proposed { attempt: 2, until: Millis(9) });
    assert_eq!(bench.owes(2), [lost(2)]);
    bench.hears(1, Reply::Done);
    bench.hears(2, Reply::Done);
    assert_eq!(bench.agent.claims(), BTreeMap::new());
}

#[test]
fn who_is_back_before_their_acceptance_is_answered_keeps_the_chat() {
    let mut bench = Bench::ready(1);
    bench.offered(1, 1);
    bench.accepts(1).unwrap();
    bench.loses();
    bench.does(DeskAct::SignIn { profile: profile(1, &["support"]) }).unwrap();
    bench.hears(1, Reply::Joined { attempt: 3 });
    assert_eq!((bench.stages(), bench.owes(1)), (vec![(id(1), Stage::Chatting)], vec![]));
}

#[test]
fn claims_are_verified_every_half_minute_and_by_a_new_owner() {
    let mut bench = Bench::ready(3);
    bench.chats(1, 1);
    bench.reserves(2, 1);
    bench.clock += 30_000;
    let (timer, _) = bench.agent.timers().next().unwrap();
    bench.asks(Caller::System, Act::Fire { timer }).unwrap();
    let holder = crate::routing::Holder::Agent(name("kate"));
    assert_eq!(bench.owes(1), [ToInteraction::Verify { attempt: 3, holder }]);
    bench.asks(Caller::System, Act::Restored).unwrap();
    assert_eq!((bench.owes(1).len(), bench.owes(2).len()), (1, 1), "a proposal is answered anyway");
    bench.hears(1, Reply::Held);
    assert_eq!(bench.stages(), [(id(1), Stage::Chatting)]);
    bench.asks(Caller::System, Act::Restored).unwrap();
    bench.hears(1, Reply::Gone);
    assert_eq!(bench.stages(), [(id(1), Stage::Over { why: Withdrawal::Ended })]);
    assert!(bench.agent.timers().next().is_some_and(|(next, _)| next != timer));
}

#[test]
fn a_question_of_before_they_accepted_does_not_cost_them_the_chat() {
    let mut bench = Bench::ready(1);
    bench.offered(1, 1);
    bench.asks(Caller::System, Act::Restored).unwrap();
    bench.accepts(1).unwrap();
    bench.hears(1, Reply::Void);
    bench.hears(1, Reply::Joined { attempt: 3 });
    assert_eq!(bench.stages(), [(id(1), Stage::Chatting)]);
}

#[test]
fn only_a_queue_asks_for_its_places_and_only_an_interaction_takes_back_its_own() {
    let mut bench = Bench::ready(1);
    let reserve =
        ToAgent::Reserve { interaction: id(1), attempt: 1, queue: queue("support"), ticket: ticket() };
    let withdrawn = ToAgent::Withdrawn { interaction: id(1), attempt: 1, why: Withdrawal::Ended };
    for message in [reserve, withdrawn] {
        for from in [EntityId::from(&id(2)), EntityId::from(&name("kate")), EntityId::from(&queue("sales"))] {
            assert_eq!(bench.tells(from, message.clone()), Err(Reject::NotAllowed));
        }
        let act = Act::Deliver(Message::ToAgent(message));
        assert_eq!(bench.asks(Caller::System, act), Err(Reject::NotAllowed));
    }
}
