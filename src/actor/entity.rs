//! The actor of a session, a queue or an agent: its inbox, and what it owes the world outside.
//!
//! It holds no rule of the conversation: a call is decided by the shard's core in the turn in which it arrives. What
//! the entity owes (a bot's turn, a word to another entity, the record's rows) is done here, beside the decisions,
//! until the entity says that it is settled.

use super::bot::{BotActor, BotTurn};
use super::shard::{Kick, ShardActor};
use crate::bots::{Bots, Mind};
use crate::clock::Clock;
use crate::delivery::Delivery;
use crate::files::{FileKey, Files};
use crate::record::RecordWriter;
use crate::shard::Envelope;
use crate::shard::core::ShardCore;
use crate::shard::same_shard::{answered, told_by};
use actix::{Actor, ActorFutureExt, Addr, AsyncContext, Context, Handler, Message, WrapFuture};
use handoff_chat::command::{Act, Caller, Command};
use handoff_chat::entry::Effect;
use handoff_chat::session::Body;
use handoff_chat::{BotName, CommandId, EffectId, EntityId};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// A call, from a gateway or from another entity.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Deliver(pub Envelope);

/// An owed effect is committed: do it.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Owe(pub EffectId);

/// The entity left memory: the actor has nothing more to do and ends.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Leave;

/// One for each entity that is awake; the shard's actor starts it.
pub struct EntityActor {
    /// The session, queue or agent that it acts for.
    pub entity: EntityId,
    /// The shard's state; shared by the actors of one thread and borrowed only within a turn.
    pub core: Rc<RefCell<ShardCore>>,
    /// The shard's actor, told after every decision: it does what the core wants done.
    pub shard: Addr<ShardActor>,
    /// The node's clock; simulations bring their own.
    pub clock: Arc<dyn Clock>,
    /// Every bot that a session may invite.
    pub bots: Arc<Bots>,
    /// Writes record rows.
    pub records: RecordWriter,
    /// Where the bytes of files lie; the session has only what they are.
    pub files: Files,
    /// Carries what is said to other entities.
    pub post: Arc<dyn Delivery>,
    /// The bots in this session.
    pub beside: BTreeMap<BotName, Addr<BotActor>>,
}

impl EntityActor {
    fn decide(&mut self, envelope: Envelope) {
        self.core.borrow_mut().ask(self.clock.now(), envelope);
        self.shard.do_send(Kick);
    }

    fn settle(&mut self, effect: EffectId) {
        let command = Command {
            id: CommandId(format!("settle:{}", effect.0)),
            caller: Caller::System,
            act: Act::Settle { effect },
        };
        self.decide(Envelope::own(self.entity.clone(), command));
    }

    /// Hands a bot its turn. One whose rules were taken out of the configuration fails, so that a person takes its
    /// place; one that is to answer nothing any more says nothing.
    fn give_turn(&mut self, bot: &BotName, seq: u64, effect: EffectId, me: Addr<Self>) {
        let event = self.core.borrow_mut().event_for(bot, &self.entity, seq);
        let act = match (self.bots.get(bot), event.filter(|event| event.seq == seq)) {
            (Some(mind), Some(event)) => return self.ask_bot(bot, mind, BotTurn { effect, event }, me),
            (None, Some(_)) => {
                tracing::warn!(entity = %self.entity.0, bot = %bot.0, "this chat's bot is configured no longer");
                Act::BotFailed { effect }
            }
            (_, None) => {
                Act::BotReply { effect, texts: Vec::new(), rich: None, leave: false, handover: false }
            }
        };
        self.decide(Envelope::own(self.entity.clone(), bot_command(bot, effect, act)));
    }

    fn ask_bot(&mut self, bot: &BotName, mind: Arc<dyn Mind>, turn: BotTurn, me: Addr<Self>) {
        let body = &turn.event.body;
        debug_assert!(matches!(body, Body::Joined(_) | Body::Message { .. } | Body::RichReply { .. }));
        let beside = self.beside.entry(bot.clone()).or_insert_with(|| {
            BotActor { name: bot.clone(), mind: Arc::clone(&mind), entity: me.clone() }.start()
        });
        if !beside.connected() {
            *beside = BotActor { name: bot.clone(), mind, entity: me }.start();
        }
        beside.do_send(turn);
    }
}

/// A bot's command; its id names the effect, so that a turn taken twice is answered once.
pub fn bot_command(bot: &BotName, effect: EffectId, act: Act) -> Command {
    let failed = matches!(act, Act::BotFailed { .. });
    let caller = if failed { Caller::System } else { Caller::Bot(bot.clone()) };
    Command { id: CommandId(format!("turn:{}", effect.0)), caller, act }
}

impl Actor for EntityActor {
    type Context = Context<Self>;
}

impl Handler<Deliver> for EntityActor {
    type Result = ();

    fn handle(&mut self, Deliver(envelope): Deliver, _: &mut Context<Self>) {
        self.decide(envelope);
    }
}

/// A bot's answer.
#[derive(Message)]
#[rtype(result = "()")]
pub struct BotSays {
    /// The bot whose turn it was.
    pub bot: BotName,
    /// What it settles.
    pub effect: EffectId,
    /// What the session is to carry out in the bot's name.
    pub act: Act,
}

impl Handler<BotSays> for EntityActor {
    type Result = ();

    fn handle(&mut self, says: BotSays, _: &mut Context<Self>) {
        let command = bot_command(&says.bot, says.effect, says.act);
        self.decide(Envelope::own(self.entity.clone(), command));
    }
}

impl Handler<Owe> for EntityActor {
    type Result = ();

    fn handle(&mut self, Owe(id): Owe, ctx: &mut Context<Self>) {
        let owed = self.core.borrow_mut().owed_effect(&self.entity, id);
        match owed {
            Some(Effect::BotTurn { bot, seq }) => self.give_turn(&bot, seq, id, ctx.address()),
            Some(Effect::Tell { to, message }) => {
                let command = told_by(&self.entity, id, message);
                let post = Arc::clone(&self.post);
                let telling = async move { post.tell(to, command).await };
                ctx.spawn(telling.into_actor(self).map(move |reply, actor, _| {
                    actor.decide(Envelope::own(actor.entity.clone(), answered(id, reply)));
                }));
            }
            Some(Effect::ScanFile { file, bytes }) => {
                let Some(session) = self.entity.session() else { return };
                let scanning = self.files.clone().scan(FileKey { session, file, bytes });
                ctx.spawn(scanning.into_actor(self).map(move |clean, actor, _| {
                    let act = Act::FileScanned { effect: id, clean };
                    let command =
                        Command { id: CommandId(format!("scan:{}", id.0)), caller: Caller::System, act };
                    actor.decide(Envelope::own(actor.entity.clone(), command));
                }));
            }
            Some(Effect::DropFile { file, bytes }) => {
                let Some(session) = self.entity.session() else { return };
                let dropping = self.files.clone().drop_bytes(FileKey { session, file, bytes });
                ctx.spawn(dropping.into_actor(self).map(move |(), actor, _| actor.settle(id)));
            }
            Some(effect @ (Effect::OpenRecord | Effect::CloseRecord)) => {
                let Some(session) = self.entity.session() else { return };
                let rows = self.core.borrow_mut().record_rows(&self.entity, &effect);
                let writing = self.records.clone().write(session, rows);
                ctx.spawn(writing.into_actor(self).map(move |(), actor, _| actor.settle(id)));
            }
            None => {}
        }
    }
}

impl Handler<Leave> for EntityActor {
    type Result = ();

    fn handle(&mut self, _: Leave, ctx: &mut Context<Self>) {
        actix::ActorContext::stop(ctx);
    }
}
