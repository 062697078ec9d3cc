//! A bot in a session: an actor of its own beside it, so that what goes wrong in a bot stays in the bot.
//!
//! It is driven by what the session owes it, and answers with commands whose id names the debt: after a takeover the
//! next owner hands out the unanswered turns again, and none is answered twice.

use super::entity::{BotSays, EntityActor};
use actix::{Actor, Addr, Context, Handler, Message};
use handoff_chat::bot::Rules;
use handoff_chat::command::Act;
use handoff_chat::session::Event;
use handoff_chat::{BotName, EffectId};
use std::sync::Arc;

/// The bot's turn: an event to answer.
#[derive(Message)]
#[rtype(result = "()")]
pub struct BotTurn {
    /// What its answer settles.
    pub effect: EffectId,
    /// What happened.
    pub event: Event,
}

/// See the module's description.
pub struct BotActor {
    /// Which.
    pub name: BotName,
    /// What it goes by.
    pub rules: Arc<Rules>,
    /// Where it talks.
    pub entity: Addr<EntityActor>,
}

impl Actor for BotActor {
    type Context = Context<Self>;
}

impl Handler<BotTurn> for BotActor {
    type Result = ();

    fn handle(&mut self, BotTurn { effect, event }: BotTurn, _: &mut Context<Self>) {
        let answer = self.rules.turn(&event);
        let act = Act::BotReply { effect, texts: answer.texts, leave: answer.leave };
        self.entity.do_send(BotSays { bot: self.name.clone(), effect, act });
    }
}
