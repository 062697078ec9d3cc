//! Tests of the session machine: a world that drives one session as its host would, and checks after each
//! step what must always hold.

mod agents;
mod answers;
mod any_course;
mod any_route;
mod bots;
mod files;
mod happenings;
mod hostile;
mod idle;
mod leaving;
mod notices;
mod opening;
mod privacy;
mod pushing;
mod rating;
mod rich;
mod routing;
mod turns;
mod typing;
mod views;
mod workflow;

use super::draft::Draft;
use super::*;
use crate::channel::{Channel, Identity, Presence, Proof, web};
use crate::command::{Act, Answer, Caller, ChatAnswer, Command, Read, Reading, Reject, View};
use crate::decision::Decision;
use crate::entry::{Effect, Entry};
use crate::event::{Body, LeaveReason, PerView, Role, ViewKind};
use crate::happening::{Happening, happenings};
use crate::key::StoredKey;
use crate::opening::{Limits, Names, Opening, Terms};
use crate::workflow::Bot;
use crate::{AgentName, BotName, CommandId, Context, EffectId, Millis, Served, SessionId};
use std::collections::BTreeMap;

const KEY: [u8; 32] = [5; 32];
const CUSTOMER: Caller = Caller::Customer(Proof::Key(KEY));

fn opening() -> Opening {
    Opening {
        names: Names { first: "Zoë".to_owned(), last: "Ng".to_owned(), email: "zoe@example.org".to_owned() },
        nickname: "Zoë 🙂".to_owned(),
        subject: "help".to_owned(),
        user_data: BTreeMap::from([("k".to_owned(), "v".to_owned())]),
        time_zone_offset_minutes: -480,
        bot: Some(Bot { name: BotName("demo".to_owned()), nickname: "Ada".to_owned() }),
        ..Opening::new("default", keyed(KEY, [9; 16]), Limits::new(20, 30, 600_000))
    }
}

fn customer_of(channel: &Channel) -> Caller {
    Caller::Customer(channel.proof())
}

/// A channel whose customer gave a start id with which their key is sealed.
fn keyed(hash: [u8; 32], sealed: [u8; 16]) -> Channel {
    let identity = Identity::Key(StoredKey { hash, sealed: Some(sealed) });
    Channel { identity, ..web(hash) }
}

/// The record from a `seq` on, for operators.
fn part(from: u64) -> Read {
    Read::Part { from, events_max: u32::MAX }
}

fn agent() -> Role {
    Role::Agent(AgentName("kate".to_owned()))
}

impl Decision {
    fn said(&self) -> ChatAnswer {
        self.answer.clone().chat().unwrap()
    }
}

fn bot() -> Caller {
    Caller::Bot(BotName("demo".to_owned()))
}

fn send(text: &str) -> Act {
    Act::Send { text: text.to_owned(), message_type: None }
}

/// To agents alone.
fn internal(text: &str) -> Act {
    Act::SendInternal { text: text.to_owned(), message_type: None }
}

fn typing() -> Act {
    Act::StartTyping { preview: Some("…".to_owned()) }
}

fn reply(effect: EffectId, texts: &[&str], leave: bool) -> Act {
    let texts = texts.iter().map(|text| (*text).to_owned()).collect();
    Act::BotReply { effect, texts, rich: None, leave, handover: false }
}

struct World {
    session: Session,
    journal: Vec<Entry>,
    typings: u64,
    commands: u64,
    clock: i64,
    /// How far the clock of deadlines is behind.
    unserved: i64,
    /// Highest index that anybody was ever shown, per view.
    shown: PerView<u64>,
    happened: Vec<Happening>,
}

impl World {
    fn new() -> Self {
        let session = Session::new(SessionId::from_random(&[1; 16]));
        Self {
            session,
            journal: Vec::new(),
            typings: 0,
            commands: 0,
            clock: 1_000_000,
            unserved: 1_000_000,
            shown: PerView::all(0),
            happened: Vec::new(),
        }
    }

    fn open(opening: Opening) -> Self {
        let mut world = Self::new();
        let customer = customer_of(&opening.terms.channel);
        world.takes("open", customer, Act::Open(Box::new(opening))).unwrap();
        world
    }

    /// Whoever the chat was opened for.
    fn customer(&self) -> Caller {
        self.session.state.terms().map_or(CUSTOMER, |terms| customer_of(&terms.channel))
    }

    fn turn(&mut self) -> Context {
        self.clock += 1500;
        let random = u128::from(self.clock.unsigned_abs()).to_le_bytes();
        Context { served: Served(self.clock - self.unserved), random, ..Context::at(self.clock) }
    }

    /// A command with an id of its own.
    fn asks(&mut self, caller: Caller, act: Act) -> Result<Decision, Reject> {
        self.commands += 1;
        let id = format!("command {}", self.commands);
        self.takes(&id, caller, act)
    }

    fn takes(&mut self, id: &str, caller: Caller, act: Act) -> Result<Decision, Reject> {
        let turn = self.turn();
        let view = if matches!(caller, Caller::Agent(_)) { ViewKind::Agent } else { ViewKind::Customer };
        let decision = self.session.decide(&Command { id: CommandId(id.to_owned()), caller, act }, &turn)?;
        self.commits(&decision, view);
        Ok(decision)
    }

    /// What holds of the session, to be changed.
    fn terms(&mut self) -> &mut Terms {
        &mut self.session.state.started.as_mut().unwrap().terms
    }

    /// What no command asks for yet: `change` works on the draft itself.
    fn drafts(&mut self, change: impl FnOnce(&mut Draft<'_>)) {
        let turn = self.turn();
        self.commands += 1;
        let id = CommandId(format!("command {}", self.commands));
        let terms = self.session.state.terms().cloned().unwrap_or_else(|| opening().terms);
        let mut draft = Draft::new(&self.session, &turn, &terms);
        change(&mut draft);
        let command = Command { id, caller: Caller::System, act: Act::ForceEnd };
        let asker = super::draft::Asker { by: 0, keeper: 0, view: ViewKind::Customer };
        let decision = draft.finish(&command, asker, 1, None);
        self.commits(&decision, ViewKind::Customer);
    }

    fn commits(&mut self, decision: &Decision, view: ViewKind) {
        if decision.entries.is_empty() && decision.typing.is_empty() {
            let said = decision.answer.clone().chat();
            assert!(said.is_none_or(|said| said.seq <= self.session.last_seq()));
            return;
        }
        self.happened.extend(happenings(&self.session, &decision.entries));
        let mut shown: Vec<PerView<Option<u64>>> =
            decision.typing.iter().map(|typing| typing.index).collect();
        for entry in &decision.entries {
            if let Entry::Event(event) = entry {
                assert_eq!(event.seq, self.session.last_seq() + 1, "seq has a gap");
                shown.push(event.index);
            }
            self.session.apply(entry);
            self.journal.push(entry.clone());
        }
        for typing in &decision.typing {
            self.session.show_typing(typing);
            self.typings += 1;
        }
        // That somebody types no longer comes before what they sent. Whoever sees everything sees the order.
        shown.sort_by_key(|index| index.supervisor);
        shown.into_iter().for_each(|index| self.shows(index));
        let answered = |entry: &&Entry| matches!(entry, Entry::Answered { .. });
        let answers = decision.entries.iter().filter(answered).count();
        if decision.answer.clone().chat().is_none() {
            assert_eq!(answers, 0, "between entities the state answers");
            return;
        }
        let mut event_seqs = decision.entries.iter().filter_map(|entry| match entry {
            Entry::Event(event) => Some(event.seq),
            _ => None,
        });
        assert_eq!(
            decision.said().seq,
            event_seqs.next_back().unwrap_or(0),
            "an answer names what it journals"
        );
        assert_eq!(answers, usize::from(!decision.entries.is_empty()));
        assert_eq!(decision.said().next_position, self.session.next_position(view));
    }

    fn shows(&mut self, index: PerView<Option<u64>>) {
        let reserved = self.journal.iter().rev().find_map(|entry| match entry {
            Entry::Reserved(upto) => Some(*upto),
            _ => None,
        });
        let reserved = reserved.unwrap_or(PerView::all(0));
        self.shown.as_mut().zip(index).zip(reserved).map(|((shown, index), reserved)| {
            if let Some(index) = index {
                assert!(index > *shown, "index {index} was used twice");
                assert!(index <= reserved, "index {index} is over the reserved block");
                *shown = index;
            }
        });
    }

    /// Another owner takes over: what was not journaled is lost.
    fn taken_over(&mut self) {
        self.session = self.replayed();
        self.session.restored();
    }

    fn replayed(&self) -> Session {
        let mut session = Session::new(self.session.id().clone());
        self.journal.iter().for_each(|entry| session.apply(entry));
        session
    }

    fn owed(&self) -> Vec<(EffectId, Effect)> {
        self.session.owed().map(|(id, effect)| (id, effect.clone())).collect()
    }

    fn turns_owed(&self) -> Vec<EffectId> {
        let turns = self.owed().into_iter();
        turns.filter(|(_, effect)| matches!(effect, Effect::BotTurn { .. })).map(|(id, _)| id).collect()
    }

    fn settles_all(&mut self) {
        for (effect, _) in self.owed() {
            self.asks(Caller::System, Act::Settle { effect }).unwrap();
        }
    }

    fn view(&self, position: u64) -> View {
        match self.session.read(&CUSTOMER, &Read::Customer { position }) {
            Ok(Reading::View(view)) => view,
            other => panic!("no view but {other:?}"),
        }
    }

    fn indexes(&self, position: u64) -> Vec<u64> {
        let view = self.view(position);
        let events = view.events.iter().filter_map(|event| event.index.customer);
        events.chain(view.typing.iter().filter_map(|typing| typing.index.customer)).collect()
    }

    fn bodies(&self) -> Vec<Body> {
        self.session.events_in_memory().map(|event| event.body.clone()).collect()
    }

    fn lefts(&self) -> Vec<(u32, LeaveReason, Option<u32>)> {
        let events = self.session.events_in_memory();
        events
            .filter_map(|event| match event.body {
                Body::Left { reason, asked_by } => Some((event.by, reason, asked_by)),
                _ => None,
            })
            .collect()
    }
}
