//! The member list's transitions, and hostile bytes.

use handoff_journal::Incarnation;

use super::*;

fn owner(node: u16, incarnation: u64) -> Owner {
    Owner { node: NodeId(node), incarnation: Incarnation(incarnation) }
}

fn member(owner: Owner) -> Member {
    Member {
        owner,
        peer_addr: "127.0.0.1:7101".to_owned(),
        http_url: "http://127.0.0.1:8101".to_owned(),
        state: MemberState::Joining,
        protocol_min: 1,
        protocol_max: 1,
        build: "test".to_owned(),
        rejoins: 0,
        note: String::new(),
        since_ms: 0,
    }
}

#[test]
fn a_new_incarnation_takes_its_nodes_place_and_the_old_one_is_over() {
    let mut list = MemberList::new(4);
    assert!(list.join(member(owner(1, 7))) && list.ready(owner(1, 7), 0));
    assert!(list.join(member(owner(1, 8))));
    assert_eq!(list.members.len(), 1);
    assert!(!list.is_live(owner(1, 7)) && list.is_live(owner(1, 8)));
    assert!(list.assignment.iter().all(|assignment| assignment.to.is_none()));
    assert!(
        !list.ready(owner(1, 7), 0) && !list.leave(owner(1, 8), 0),
        "transitions in the wrong state do nothing"
    );
}

#[test]
fn a_list_comes_back_as_stored_and_contradictions_are_seen() {
    let mut list = MemberList::new(4);
    list.join(member(owner(2, 7)));
    list.join(member(owner(1, 9)));
    list.version = 3;
    assert_eq!(MemberList::decode(3, &list.encode().unwrap()), Ok(list.clone()));
    assert!(matches!(MemberList::decode(4, &list.encode().unwrap()), Err(MembersError::Damaged(_))));
    let mut short = list.clone();
    short.assignment.pop();
    assert!(MemberList::decode(3, &short.encode().unwrap()).is_err());
    list.members.reverse();
    assert!(MemberList::decode(3, &list.encode().unwrap()).is_err());
    assert!(MemberList::decode(3, b"not a list").is_err());
}

#[test]
fn members_that_are_down_are_forgotten_in_time_and_the_list_is_bounded() {
    let mut list = MemberList::new(4);
    list.join(member(owner(1, 1)));
    list.join(member(owner(2, 1)));
    list.put_down(owner(1, 1), "port refuses", 1_000);
    assert!(!list.put_down(owner(1, 1), "again", 2_000));
    list.forget_old(FORGET_AFTER_MS);
    assert_eq!(list.member(NodeId(1)).unwrap().note, "port refuses");
    list.forget_old(1_000 + FORGET_AFTER_MS);
    assert_eq!(list.member(NodeId(1)), None);
    for node in 0..MEMBERS_MAX {
        list.join(member(owner(100 + u16::try_from(node).unwrap(), 1)));
    }
    assert_eq!(list.members.len(), MEMBERS_MAX);
    assert!(!list.join(member(owner(999, 1))));
}

fn speaking(node: u16, protocol: (u16, u16)) -> Member {
    Member { protocol_min: protocol.0, protocol_max: protocol.1, ..member(owner(node, 7)) }
}

#[test]
fn what_is_stored_is_raised_to_what_every_live_member_reads_and_never_lowered() {
    let mut list = MemberList::new(4);
    assert!(list.join(speaking(1, (1, 1))) && list.protocol == 1, "the first one brings its own");
    assert!(list.join(speaking(2, (1, 2))));
    assert!(!list.raise() && list.protocol == 1, "node 1 does not read more");
    assert!(list.put_down(owner(1, 7), "gone", 0) && list.raise() && list.protocol == 2);
    assert!(list.join(speaking(3, (1, 3))) && !list.raise() && list.protocol == 2);
    list.put_down(owner(2, 7), "gone", 0);
    list.put_down(owner(3, 7), "gone", 0);
    assert!(!list.raise() && list.protocol == 2, "an empty cluster keeps what it has written");
}

#[test]
fn who_can_not_read_what_is_stored_or_not_write_it_is_no_member() {
    let mut list = MemberList::new(4);
    assert!(list.misfit((7, 9)).is_none(), "a new store takes anybody");
    list.protocol = 2;
    assert!(list.misfit((1, 2)).is_none() && list.misfit((2, 3)).is_none());
    assert!(list.misfit((1, 1)).is_some_and(|why| why.contains("reads up to 1: start a newer build")));
    assert!(list.misfit((3, 4)).is_some_and(|why| why.contains("handoff cluster raise")));
}
