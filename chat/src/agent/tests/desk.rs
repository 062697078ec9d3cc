//! What an agent does at their desk, and what the queues hear of it.

use super::*;

fn told(queue_name: &str, version: u64, free: u32) -> (EntityId, u64, u32) {
    (EntityId::from(&queue(queue_name)), version, free)
}

#[test]
fn an_agent_signs_in_not_ready_and_signs_out() {
    let mut bench = Bench::new();
    assert!(!bench.agent.watched());
    assert_eq!(bench.does(DeskAct::Ready), Err(Reject::NotSignedIn));
    bench.does(DeskAct::SignIn { profile: profile(1, &["support"]) }).unwrap();
    assert_eq!(bench.desk().status, Status::NotReady { reason: String::new() });
    assert!(bench.agent.watched());
    let version = bench.does(DeskAct::Ready).unwrap();
    let before = bench.agent.clone();
    let window = bench.does(DeskAct::SignIn { profile: profile(1, &["support"]) });
    assert_eq!((window, bench.agent.clone()), (Ok(version), before), "a second window changes nothing");
    assert_eq!(bench.desk().status, Status::Ready);
    bench.does(DeskAct::SignOut).unwrap();
    assert_eq!((bench.desk().status, bench.free()), (Status::SignedOut, 0));
}

#[test]
fn nobody_signs_out_of_their_chats_but_offers_are_declined() {
    let mut bench = Bench::ready(3);
    bench.chats(1, 1);
    bench.offered(2, 1);
    bench.reserves(3, 1);
    assert_eq!(bench.does(DeskAct::SignOut), Err(Reject::HasChats));
    bench.withdraws(1, 4, Withdrawal::Left);
    bench.does(DeskAct::SignOut).unwrap();
    assert_eq!(bench.owes(2), [ToInteraction::Decline { attempt: 2, agent: name("kate") }]);
    bench.hears(3, Reply::Proposed { attempt: 2, until: Millis(9) });
    assert_eq!(bench.owes(3), [ToInteraction::AgentLost { attempt: 2, agent: name("kate") }]);
}

#[test]
fn two_windows_accept_and_both_are_right_while_others_have_no_claim() {
    let mut bench = Bench::ready(1);
    assert_eq!(bench.accepts(1), Err(Reject::NoClaim));
    bench.reserves(1, 1);
    assert_eq!(bench.accepts(1), Err(Reject::NoClaim), "it does not ring yet");
    bench.hears(1, Reply::Proposed { attempt: 2, until: Millis(9) });
    let version = bench.accepts(1).unwrap();
    assert_eq!(bench.accepts(1), Ok(version));
    assert_eq!(bench.owes(1).len(), 1);
    assert_eq!(
        bench.does(DeskAct::Decline { interaction: id(1) }),
        Err(Reject::NoClaim),
        "they have taken it"
    );
}

#[test]
fn who_declines_is_free_at_once() {
    let mut bench = Bench::ready(1);
    bench.offered(1, 1);
    bench.does(DeskAct::Decline { interaction: id(1) }).unwrap();
    assert_eq!(bench.owes(1), [ToInteraction::Decline { attempt: 2, agent: name("kate") }]);
    assert_eq!((bench.free(), bench.stages()), (1, vec![]));
    assert_eq!(bench.does(DeskAct::Decline { interaction: id(1) }), Err(Reject::NoClaim));
}

#[test]
fn a_repeated_command_gets_its_first_answer_and_does_nothing_again() {
    let mut bench = Bench::new();
    bench.does(DeskAct::SignIn { profile: profile(1, &["support"]) }).unwrap();
    let kate = Caller::Agent(name("kate"));
    let first = bench.takes("x", kate.clone(), Act::Desk(DeskAct::Ready)).unwrap();
    bench.does(DeskAct::NotReady { reason: "tea".to_owned() }).unwrap();
    assert_eq!(bench.takes("x", kate.clone(), Act::Desk(DeskAct::Ready)), Ok(first));
    assert!(matches!(bench.desk().status, Status::NotReady { .. }));
    assert_eq!(bench.takes("x", kate.clone(), Act::Desk(DeskAct::SignOut)), Err(Reject::IdInUse));
    for _ in 0..ANSWERS_KEPT {
        bench.does(DeskAct::NotReady { reason: "tea".to_owned() }).unwrap();
    }
    bench.takes("x", kate, Act::Desk(DeskAct::Ready)).unwrap();
    assert_eq!(bench.desk().status, Status::Ready, "only so many are kept");
}

#[test]
fn only_the_newest_word_to_a_queue_is_owed() {
    let mut bench = Bench::ready(2);
    assert_eq!(bench.told(), [told("support", 2, 2)]);
    bench.reserves(1, 1);
    assert_eq!(bench.told(), [told("support", 3, 1)]);
    bench.hears(1, Reply::Proposed { attempt: 2, until: Millis(9) });
    assert_eq!(
        (bench.told(), bench.desk().version),
        (vec![told("support", 3, 1)], 4),
        "they can take as many"
    );
}

#[test]
fn a_queue_that_they_serve_no_more_hears_that_they_take_nobody() {
    let mut bench = Bench::ready(2);
    bench.does(DeskAct::SignIn { profile: profile(2, &["sales"]) }).unwrap();
    let version = bench.desk().version;
    assert_eq!(bench.told(), [told("sales", version, 2), told("support", version, 0)]);
}

#[test]
fn being_ready_a_new_offer_and_the_end_of_a_chat_begin_a_time_of_idleness() {
    let mut bench = Bench::ready(1);
    let ready = bench.agent.state.idle_since;
    bench.clock += 1000;
    bench.chats(1, 1);
    let offered = bench.agent.state.idle_since;
    assert!(offered.0 > ready.0 + 999);
    bench.clock += 1000;
    bench.withdraws(1, 4, Withdrawal::Ended);
    assert!(bench.agent.state.idle_since.0 > offered.0 + 999);
}

#[test]
fn a_desk_is_its_agent_s_alone() {
    let mut bench = Bench::ready(1);
    let bob = Caller::Agent(name("bob"));
    assert_eq!(bench.asks(bob.clone(), Act::Desk(DeskAct::Ready)), Err(Reject::NotAllowed));
    assert_eq!(bench.asks(Caller::Operator, Act::Desk(DeskAct::Ready)), Err(Reject::NotAllowed));
    assert_eq!(bench.does(DeskAct::Lost), Err(Reject::NotAllowed), "they can't say that themselves");
    let read = Read::Desk { version: 0 };
    assert_eq!(bench.agent.read(&bob, &read), Err(Reject::NotAllowed));
    assert!(bench.agent.read(&Caller::Operator, &read).is_ok());
}

/// What each queue hears last: whether they are there, and how many more they can take.
fn heard(bench: &Bench) -> Vec<(bool, u32)> {
    let words = bench.agent.ledger.messages().filter_map(|(_, _, message)| match message {
        Message::ToQueue(ToQueue::Available { here, free, .. }) => Some((*here, *free)),
        _ => None,
    });
    words.collect()
}

#[test]
fn queues_hear_who_is_there_with_all_places_taken_and_who_is_not() {
    let mut bench = Bench::ready(1);
    assert_eq!(heard(&bench), [(true, 1)]);
    bench.chats(1, 1);
    assert_eq!(heard(&bench), [(true, 0)]);
    bench.does(DeskAct::NotReady { reason: "tea".to_owned() }).unwrap();
    assert_eq!(heard(&bench), [(false, 0)]);
    bench.does(DeskAct::Ready).unwrap();
    assert_eq!(heard(&bench), [(true, 0)]);
    bench.loses();
    assert_eq!(heard(&bench), [(false, 0)]);
}
