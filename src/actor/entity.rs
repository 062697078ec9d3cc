//! The actor of a session, a queue or an agent: it does what the entity owes the world outside (a bot's turn, a word to
//! another entity, an event for the customer's channel, the record's rows), for as long as it takes, beside the shard's
//! decisions.
//!
//! It holds no rule of the conversation. What comes of an effect goes back to the shard as a command of the entity's
//! own, whose id names the effect: done twice, it is decided once.

use super::bot::{BotActor, BotTurn};
use super::shard::{OwnCommand, ShardActor};
use crate::bots::{Bots, Mind};
use crate::courier::Courier;
use crate::files::{FileKey, Files};
use crate::ports::Outbound;
use crate::record::RecordWriter;
use actix::{Actor, ActorFutureExt, Addr, AsyncContext, Context, Handler, Message, WrapFuture};
use handoff_chat::channel::Delivery;
use handoff_chat::command::{Act, Caller, Command};
use handoff_chat::event::Event;
use handoff_chat::session::Push;
use handoff_chat::{BotName, CommandId, EffectId, EntityId, SessionId};
use handoff_shard::owed::Owed;
use handoff_shard::same_shard::answered;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// An owed effect is committed: do it.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Owe(pub EffectId, pub Owed);

/// The entity left memory: the actor has nothing more to do and ends.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Leave;

/// One for each entity that is awake and has owed something; the shard's actor starts it.
pub struct EntityActor {
    /// The session, queue or agent that it acts for.
    pub entity: EntityId,
    /// The shard's actor, which decides what comes of an effect.
    pub shard: Addr<ShardActor>,
    /// Every bot that a session may invite.
    pub bots: Arc<Bots>,
    /// Writes record rows.
    pub records: RecordWriter,
    /// Where the bytes of files lie; the session has only what they are.
    pub files: Files,
    /// Carries what is said to other entities.
    pub courier: Arc<dyn Courier>,
    /// Carries events to the customer's channel.
    pub outbound: Arc<dyn Outbound>,
    /// Those that are on their way there: what comes again is, until it is settled.
    pub pushing: BTreeSet<EffectId>,
    /// The bots in this session.
    pub beside: BTreeMap<BotName, Addr<BotActor>>,
}

impl EntityActor {
    fn decide(&self, command: Command) {
        self.shard.do_send(OwnCommand { entity: self.entity.clone(), command });
    }

    fn settle(&self, effect: EffectId) {
        let (id, act) = (CommandId(format!("settle:{}", effect.0)), Act::Settle { effect });
        self.decide(Command { id, caller: Caller::System, act });
    }

    /// Hands a bot its turn. One whose rules were taken out of the configuration fails, so that a person takes its
    /// place; one that is to answer nothing any more says nothing.
    fn give_turn(&mut self, bot: &BotName, event: Option<Event>, effect: EffectId, me: Addr<Self>) {
        let act = match (self.bots.get(bot), event) {
            (Some(mind), Some(event)) => return self.ask_bot(bot, mind, BotTurn { effect, event }, me),
            (None, Some(_)) => {
                tracing::warn!(entity = %self.entity, bot = %bot.0, "this chat's bot is configured no longer");
                Act::BotFailed { effect }
            }
            (_, None) => {
                Act::BotReply { effect, texts: Vec::new(), rich: None, leave: false, handover: false }
            }
        };
        self.decide(bot_command(bot, effect, act));
    }

    fn ask_bot(&mut self, bot: &BotName, mind: Arc<dyn Mind>, turn: BotTurn, me: Addr<Self>) {
        let beside = self.beside.entry(bot.clone()).or_insert_with(|| {
            BotActor { name: bot.clone(), mind: Arc::clone(&mind), entity: me.clone() }.start()
        });
        if !beside.connected() {
            *beside = BotActor { name: bot.clone(), mind, entity: me }.start();
        }
        beside.do_send(turn);
    }

    /// Carries an event to the customer's channel; the shard hands out the next one when this one is settled.
    fn push(&mut self, id: EffectId, push: Option<Box<Push>>, ctx: &mut Context<Self>) {
        if !self.pushing.insert(id) {
            return;
        }
        let outbound = Arc::clone(&self.outbound);
        let pushing = async move {
            match push {
                Some(push) => outbound.push(*push).await,
                None => Delivery::Failed { reason: "the event is not there any more".to_owned() },
            }
        };
        ctx.spawn(pushing.into_actor(self).map(move |delivery, actor, _| {
            actor.pushing.remove(&id);
            let (name, act) = (format!("push:{}", id.0), Act::Pushed { effect: id, delivery });
            actor.decide(Command { id: CommandId(name), caller: Caller::System, act });
        }));
    }

    /// What a session owes; queues and agents owe words alone.
    fn do_for_session(&self, session: SessionId, id: EffectId, owed: Owed, ctx: &mut Context<Self>) {
        match owed {
            Owed::ScanFile { file, bytes } => {
                let scanning = self.files.clone().scan(FileKey { session, file, bytes });
                ctx.spawn(scanning.into_actor(self).map(move |clean, actor, _| {
                    let (name, act) = (format!("scan:{}", id.0), Act::FileScanned { effect: id, clean });
                    actor.decide(Command { id: CommandId(name), caller: Caller::System, act });
                }));
            }
            Owed::DropFile { file, bytes } => {
                let dropping = self.files.clone().drop_bytes(FileKey { session, file, bytes });
                ctx.spawn(dropping.into_actor(self).map(move |(), actor, _| actor.settle(id)));
            }
            Owed::Record(rows) => {
                let writing = self.records.clone().write(session, *rows);
                ctx.spawn(writing.into_actor(self).map(move |(), actor, _| actor.settle(id)));
            }
            Owed::BotTurn(..) | Owed::Message(..) | Owed::Push(_) | Owed::StoredPush(_) => {}
        }
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
        self.decide(bot_command(&says.bot, says.effect, says.act));
    }
}

impl Handler<Owe> for EntityActor {
    type Result = ();

    fn handle(&mut self, Owe(id, owed): Owe, ctx: &mut Context<Self>) {
        match owed {
            Owed::BotTurn(bot, event) => self.give_turn(&bot, event, id, ctx.address()),
            Owed::Message(to, command) => {
                let courier = Arc::clone(&self.courier);
                let telling = async move { courier.tell(to, command).await };
                ctx.spawn(telling.into_actor(self).map(move |reply, actor, _| {
                    actor.decide(answered(id, reply));
                }));
            }
            Owed::Push(push) => self.push(id, push, ctx),
            owed => {
                if let Some(session) = self.entity.session() {
                    self.do_for_session(session, id, owed, ctx);
                }
            }
        }
    }
}

impl Handler<Leave> for EntityActor {
    type Result = ();

    fn handle(&mut self, _: Leave, ctx: &mut Context<Self>) {
        actix::ActorContext::stop(ctx);
    }
}
