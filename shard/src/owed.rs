//! What an entity owes the world, with all that is needed to do it.

use super::core::ShardCore;
use super::record_rows::RecordRows;
use super::same_shard::told_by;
use handoff_chat::command::{Caller, Command, Read, Reading};
use handoff_chat::entry::Effect;
use handoff_chat::file::FileId;
use handoff_chat::session::{Event, Session};
use handoff_chat::{BotName, EffectId, EntityId};

/// An effect that is committed and not settled yet.
#[derive(Debug)]
pub enum Owed {
    /// A bot is to answer an event; `None`: the bot is not to see it any more, and has nothing to say.
    BotTurn(BotName, Option<Event>),
    /// Another entity is to be told something, until it answers.
    Tell(EntityId, Command),
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
}

impl ShardCore {
    /// An effect as it stands now; `None` when it was settled meanwhile.
    pub fn owed(&mut self, entity: &EntityId, id: EffectId) -> Option<Owed> {
        Some(match self.owed_effect(entity, id)? {
            Effect::BotTurn { bot, seq } => {
                let event = self.event_for(&bot, entity, seq);
                Owed::BotTurn(bot, event)
            }
            Effect::Tell { to, message } => Owed::Tell(to, told_by(entity, id, message)),
            Effect::ScanFile { file, bytes } => Owed::ScanFile { file, bytes },
            Effect::DropFile { file, bytes } => Owed::DropFile { file, bytes },
            Effect::OpenRecord => Owed::Record(Box::new(self.opening_rows(entity))),
            Effect::CloseRecord => Owed::Record(Box::new(self.closing_rows(entity))),
        })
    }

    /// An effect as the log has it; `None` when it was settled meanwhile.
    pub(super) fn owed_effect(&mut self, entity: &EntityId, id: EffectId) -> Option<Effect> {
        let awake = self.awake(entity)?;
        awake.machine.owed().find(|(owed, _)| *owed == id).map(|(_, effect)| effect.clone())
    }

    fn opening_rows(&mut self, entity: &EntityId) -> RecordRows {
        let opening = self.awake(entity).and_then(|awake| awake.machine.session()?.record_opening());
        let opened = self.events_since(entity, 1).into_iter().next();
        RecordRows { opening, opened, ..RecordRows::default() }
    }

    fn closing_rows(&mut self, entity: &EntityId) -> RecordRows {
        let Some(awake) = self.awake(entity) else { return RecordRows::default() };
        let from = awake.history_through + 1;
        let rows = |session: &Session| session.record_closing().zip(session.record_opening());
        let closing = awake.machine.session().and_then(rows);
        RecordRows { closing, events: self.events_since(entity, from), ..RecordRows::default() }
    }

    /// An event as a bot may see it, when it is in memory.
    fn event_for(&mut self, bot: &BotName, entity: &EntityId, seq: u64) -> Option<Event> {
        let events = self.events(entity, &Caller::Bot(bot.clone()), seq);
        events.into_iter().next().filter(|event| event.seq == seq)
    }

    /// Durable events of an entity from `seq` on, as far as they are in memory.
    fn events_since(&mut self, entity: &EntityId, seq: u64) -> Vec<Event> {
        self.events(entity, &Caller::System, seq)
    }

    fn events(&mut self, entity: &EntityId, caller: &Caller, seq: u64) -> Vec<Event> {
        let Some(awake) = self.awake(entity) else { return Vec::new() };
        match awake.machine.read(caller, &Read::Since { seq }, &[]) {
            Ok(Reading::Events(events)) => events,
            _ => Vec::new(),
        }
    }
}
