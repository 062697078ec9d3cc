//! A bot in a session: an actor of its own beside it, so that what goes wrong in a bot stays in the bot.
//!
//! A bot that panics, or does not answer in time, has failed that turn; the session decides what becomes of it. Turns
//! are taken one after the other, so that answers are in order.
//!
//! It is driven by what the session owes it, and answers with commands whose id names the debt: after a takeover the
//! next owner hands out the unanswered turns again, and none is answered twice.

use super::entity::{BotSays, EntityActor};
use crate::bots::Mind;
use actix::{Actor, ActorFutureExt, Addr, AsyncContext, Context, Handler, Message, WrapFuture};
use futures_util::FutureExt;
use handoff_chat::bot::BotAnswer;
use handoff_chat::command::Act;
use handoff_chat::event::Event;
use handoff_chat::{BotName, EffectId};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

/// The bot's turn: an event to answer.
#[derive(Message)]
#[rtype(result = "()")]
pub struct BotTurn {
    /// What its answer settles.
    pub effect: EffectId,
    /// The event to answer, as the bot may see it.
    pub event: Event,
}

/// How long a bot's turn may take.
const TURN: Duration = Duration::from_secs(10);

/// Takes one bot's turns in one session, one after the other.
pub struct BotActor {
    /// As the service's configuration calls the bot.
    pub name: BotName,
    /// What answers for it.
    pub mind: Arc<dyn Mind>,
    /// The session's actor, which is told what the bot says.
    pub entity: Addr<EntityActor>,
}

impl Actor for BotActor {
    type Context = Context<Self>;
}

impl Handler<BotTurn> for BotActor {
    type Result = ();

    fn handle(&mut self, BotTurn { effect, event }: BotTurn, ctx: &mut Context<Self>) {
        let mind = Arc::clone(&self.mind);
        let turn = AssertUnwindSafe(async move { mind.turn(&event).await }).catch_unwind();
        let turn = tokio::time::timeout(TURN, turn);
        ctx.wait(turn.into_actor(self).map(move |answer, actor, _| {
            let act = match answer {
                Ok(Ok(BotAnswer { texts, rich, leave, handover })) => {
                    Act::BotReply { effect, texts, rich, leave, handover }
                }
                Ok(Err(_)) | Err(_) => {
                    tracing::warn!(bot = %actor.name.0, "a bot failed its turn");
                    Act::BotFailed { effect }
                }
            };
            actor.entity.do_send(BotSays { bot: actor.name.clone(), effect, act });
        }));
    }
}
