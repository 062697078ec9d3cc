//! What an entity owes the world, with all that is needed to do it.

use super::core::ShardCore;
use super::record_rows::RecordRows;
use super::same_shard::told_by;
use super::{Now, Output};
use handoff_chat::command::{Caller, Command, Read, Reading};
use handoff_chat::entry::Effect;
use handoff_chat::event::Event;
use handoff_chat::file::FileId;
use handoff_chat::session::{Push, Session};
use handoff_chat::{BotName, EffectId, Entity, EntityId};

/// An effect that is committed and not settled yet.
#[derive(Debug)]
pub enum Owed {
    /// A bot is to answer an event; `None`: the bot is not to see it any more, and has nothing to say.
    BotTurn(BotName, Option<Event>),
    /// Another entity is to be told something, until it answers.
    Message(EntityId, Command),
    /// A file that was held is to be looked through.
    ScanFile {
        /// The file, within the session that owes this.
        file: FileId,
        /// Its size in bytes.
        bytes: u64,
    },
    /// A file's bytes are to go.
    DropFile {
        /// The file, within the session that owes this.
        file: FileId,
        /// Its size in bytes.
        bytes: u64,
    },
    /// Rows of the record are to be written.
    Record(Box<RecordRows>),
    /// An event is to be pushed to the customer's channel; none: it is not there any more.
    Push(Option<Box<Push>>),
    /// The event with this number is to be read from history, for [`ShardCore::owed_push`].
    StoredPush(u64),
}

impl ShardCore {
    /// An effect as it stands now. `None`: it was settled meanwhile; or looking at the entity panics, and it stays
    /// owed.
    pub fn owed(&mut self, entity: &EntityId, id: EffectId) -> Option<Owed> {
        Some(match self.owed_effect(entity, id)? {
            Effect::BotTurn { bot, seq } => {
                let events = self.events(entity, &Caller::Bot(bot.clone()), seq)?;
                Owed::BotTurn(bot, events.into_iter().next().filter(|event| event.seq == seq))
            }
            Effect::Message { to, message } => Owed::Message(to, told_by(entity, id, message)),
            Effect::ScanFile { file, bytes } => Owed::ScanFile { file, bytes },
            Effect::DropFile { file, bytes } => Owed::DropFile { file, bytes },
            Effect::Push { seq, .. } => {
                let first = |machine: &Entity| machine.session().map(Session::first_seq_in_memory);
                match self.inspect(entity, first).ok().flatten() {
                    Some(first) if seq < first => Owed::StoredPush(seq),
                    _ => self.owed_push(entity, seq, None),
                }
            }
            Effect::OpenRecord => Owed::Record(Box::new(self.opening_rows(entity)?)),
            Effect::CloseRecord => Owed::Record(Box::new(self.closing_rows(entity)?)),
            Effect::KeepRating => {
                let rating = |machine: &Entity| machine.session()?.rating().cloned();
                let rating = self.inspect(entity, rating).ok()?;
                Owed::Record(Box::new(RecordRows { rating, ..RecordRows::default() }))
            }
        })
    }

    /// An event that is to be pushed, where it is no longer in memory as it was `stored`. What can't be shown is not
    /// there any more: those behind it wait for it.
    pub fn owed_push(&mut self, entity: &EntityId, seq: u64, stored: Option<&Event>) -> Owed {
        let push = self.inspect(entity, |machine| machine.session()?.push(seq, stored));
        Owed::Push(push.ok().flatten().map(Box::new))
    }

    /// Hands out all that an entity owes, once more where it was before.
    pub(super) fn hand_out(&mut self, now: Now, entity: &EntityId) {
        let Some(awake) = self.entities.awake(entity) else { return };
        let owed: Vec<EffectId> = awake
            .machine
            .owed()
            .filter_map(|(id, effect)| (!matches!(effect, Effect::Push { .. })).then_some(id))
            .collect();
        for id in owed {
            self.hold_effect(now, entity, id);
        }
        self.push_again(now, entity);
    }

    /// Hands out the oldest event that is to be pushed, if it was not: the next one's turn comes with the decision that
    /// settles it.
    pub(super) fn hand_out_push(&mut self, now: Now, entity: &EntityId) {
        let Some(awake) = self.entities.awake(entity) else { return };
        let oldest = awake.machine.session().and_then(Session::oldest_push);
        if oldest == awake.pushing {
            return;
        }
        awake.pushing = oldest;
        if let Some(id) = oldest {
            self.hold_effect(now, entity, id);
        }
    }

    /// Has an effect done when what owes it is committed.
    pub(super) fn hold_effect(&mut self, now: Now, entity: &EntityId, id: EffectId) {
        self.pipe.hold(Output::Effect { entity: entity.clone(), id }, now.mono, false);
    }

    /// The event that was handed out, if one was, is handed out once more: the channel's answer to it was not taken,
    /// or is not on its way any more.
    pub(super) fn push_again(&mut self, now: Now, entity: &EntityId) {
        if let Some(awake) = self.entities.awake(entity) {
            awake.pushing = None;
        }
        self.hand_out_push(now, entity);
    }

    /// An effect as the log has it; `None` when it was settled meanwhile.
    pub(super) fn owed_effect(&mut self, entity: &EntityId, id: EffectId) -> Option<Effect> {
        let of =
            |machine: &Entity| machine.owed().find(|(owed, _)| *owed == id).map(|(_, effect)| effect.clone());
        self.inspect(entity, of).ok().flatten()
    }

    fn opening_rows(&mut self, entity: &EntityId) -> Option<RecordRows> {
        let opening = self.inspect(entity, |machine| machine.session()?.record_opening()).ok()?;
        let opened = self.events(entity, &Caller::System, 1)?.into_iter().next();
        Some(RecordRows { opening, opened, ..RecordRows::default() })
    }

    fn closing_rows(&mut self, entity: &EntityId) -> Option<RecordRows> {
        let from = self.entities.awake(entity)?.history_through + 1;
        let rows = |session: &Session| session.record_closing().zip(session.record_opening());
        let closing = self.inspect(entity, |machine| machine.session().and_then(rows)).ok()?;
        let events = self.events(entity, &Caller::System, from)?;
        Some(RecordRows { closing, events, ..RecordRows::default() })
    }

    /// Durable events of an entity from `seq` on, as this caller may see them and as far as they are in memory.
    fn events(&mut self, entity: &EntityId, caller: &Caller, seq: u64) -> Option<Vec<Event>> {
        match self.inspect(entity, |machine| machine.read(caller, &Read::Since { seq }, &[])).ok()? {
            Ok(Reading::Events(events)) => Some(events),
            _ => Some(Vec::new()),
        }
    }
}
