//! What a session stores of its channel and of what is pushed there, and what correspondents store.

use super::{fixture, session};
use crate::channel::{
    Address, Channel, Delivery, Identity, Presence, Proof, Reach, ShownFiles, Shows, Window, web,
};
use crate::command::{Act, Caller, Command};
use crate::correspondent::Correspondent;
use crate::entry::{CorrespondentChange, Effect, Entry};
use crate::event::{Body, PerView};
use crate::key::StoredKey;
use crate::rich::RichKind;
use crate::routing::{Message, ToCorrespondent, ToSession};
use crate::{CommandId, Context, EffectId, EntityId, Served};
use std::collections::BTreeSet;

pub(super) const SNAPSHOT: &str = "snapshot-correspondent";

/// A channel with all that one can have.
pub(super) fn pushed() -> Channel {
    let types = BTreeSet::from(["image/png".to_owned()]);
    let files = Some(ShownFiles { types, bytes_max: 5 << 20 });
    let rich = BTreeSet::from([RichKind::QuickReplies, RichKind::Form]);
    Channel {
        name: "webhook:shop".to_owned(),
        identity: Identity::Address("+49 151".to_owned()),
        presence: Presence::ComesAndGoes,
        shows: Shows { typing: false, receipts: true, notices: false, rich, files, text_bytes_max: 1_600 },
        window: Some(Window { open_ms: 86_400_000, answers_max: 5, after: Some("template".to_owned()) }),
        reach: Reach::Pushed,
    }
}

/// A channel whose customer has a key, sealed.
pub(super) fn keyed() -> Channel {
    let key = StoredKey { hash: [5; 32], sealed: Some([9; 16]) };
    Channel { identity: Identity::Key(key), ..web([5; 32]) }
}

pub(super) fn bodies() -> Vec<(String, Body)> {
    let through = PerView::new(Some(1), None, Some(70_000));
    let failed = Delivery::Failed { reason: "blocked".to_owned() };
    let all = [Delivery::Sent, Delivery::Delivered, Delivery::Read, failed];
    let body = |delivery: Delivery| {
        (format!("delivery-{}", delivery.word()), Body::Delivery { seq: 300, through, delivery })
    };
    all.into_iter().map(body).collect()
}

pub(super) fn entries() -> Vec<(&'static str, Entry)> {
    let address = Address { channel: "webhook:shop".to_owned(), address: "+49 151".to_owned() };
    let m1 = || CommandId("m-1".to_owned());
    let over = ToCorrespondent::Over { session: session(), took: vec![m1()], more: true };
    let tell = Effect::Message { to: address.correspondent(), message: Message::ToCorrespondent(over) };
    let to = EntityId::from(&session());
    let asks = Effect::Message { to, message: Message::ToSession(ToSession::GoesOn) };
    let took = CorrespondentChange::Took { id: m1(), chat: session(), at: Served(300) };
    let ended = CorrespondentChange::Over { chat: session(), without: vec![m1()] };
    let index = PerView::new(Some(1), None, Some(70_000));
    vec![
        (
            "owed-push",
            Entry::Owed { id: EffectId(300), effect: Effect::Push { seq: 300, index, reported: true } },
        ),
        ("owed-over", Entry::Owed { id: EffectId(300), effect: tell }),
        ("owed-goes-on", Entry::Owed { id: EffectId(300), effect: asks }),
        ("correspondent-took", Entry::Correspondent(took)),
        ("correspondent-over", Entry::Correspondent(ended)),
    ]
}

#[test]
fn a_correspondent_s_snapshot_of_version_1_is_written_and_read_as_ever() {
    let address = Address { channel: "webhook:shop".to_owned(), address: "+49 151".to_owned() };
    let mut correspondent = Correspondent::new(address.correspondent());
    let took = vec![CommandId("m-1".to_owned())];
    let over = ToCorrespondent::Over { session: session(), took, more: false };
    let over = Message::ToCorrespondent(over);
    let caller = Caller::Customer(Proof::Address(address));
    let receive = || Act::Receive { refused_by: None };
    let acts = [
        ("m-1", caller.clone(), receive()),
        ("over", Caller::Entity(EntityId::from(&session())), Act::Deliver(over)),
        ("m-2", caller, receive()),
    ];
    for ((id, caller, act), n) in acts.into_iter().zip(7u8..) {
        let command = Command { id: CommandId(id.to_owned()), caller, act };
        let context = Context { random: [n; 16], ..Context::at(i64::from(n) * 1000) };
        let decision = correspondent.decide(&command, &context).unwrap();
        decision.entries.iter().for_each(|entry| correspondent.apply(entry));
    }
    let written = correspondent.to_snapshot().unwrap();
    let stored = fixture(SNAPSHOT, &written);
    assert_eq!((Correspondent::from_snapshot(&stored).unwrap(), stored), (correspondent, written));
}
