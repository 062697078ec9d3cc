//! Decides what others tell an agent's entity: queues ask for places, interactions take back what they gave.

use super::Agent;
use super::draft::{Draft, VERIFY_MS};
use super::state::{Claim, State};
use crate::Context;
use crate::command::{Act, Answer, Caller, Command, Reject};
use crate::decision::Decision;
use crate::desk::{DeskAct, Stage, Status};
use crate::entry::AgentChange;
use crate::id::{EffectId, EntityId, QueueName, SessionId, TimerId};
use crate::routing::{Message, Reply, Ticket, ToAgent, ToInteraction, Withdrawal};

/// Claims that are due so soon after the alarm are looked after with it, in milliseconds.
const TOGETHER_MS: i64 = 1_000;

impl Agent {
    /// As [`crate::Session::decide`].
    ///
    /// # Errors
    /// A [`Reject`] is final for this command and journals nothing.
    pub fn decide(&self, command: &Command, context: &Context) -> Result<Decision, Reject> {
        let mut draft = Draft::new(self, context);
        match (&command.act, &command.caller) {
            (Act::Desk(DeskAct::Lost), Caller::System) => return Ok(self.lost(draft)),
            (Act::Desk(act), Caller::Agent(name)) if *name == self.name => {
                return self.desk(draft, command, act);
            }
            (Act::Deliver(Message::ToAgent(message)), Caller::Entity(from)) if message.is_from(from) => {
                let reply = match message {
                    ToAgent::Reserve { interaction, attempt, queue, ticket } => {
                        reserve(&mut draft, interaction, *attempt, (queue, ticket))
                    }
                    ToAgent::Withdrawn { interaction, attempt, why } => {
                        withdrawn(&mut draft, interaction, *attempt, *why);
                        Reply::Done
                    }
                };
                return Ok(draft.finish(Answer::Routing(reply)));
            }
            (Act::Replied { effect, reply }, Caller::System) => self.replied(&mut draft, *effect, reply),
            (Act::Settle { effect }, Caller::System) => {
                draft.out.settle(*effect);
            }
            (Act::Fire { timer }, Caller::System) => self.fire(&mut draft, *timer),
            (Act::Restored, Caller::System) => self.verify_all(&mut draft),
            _ => return Err(Reject::NotAllowed),
        }
        Ok(draft.finish(Answer::Done))
    }

    /// What is no longer owed was answered before.
    fn replied(&self, draft: &mut Draft<'_>, effect: EffectId, reply: &Reply) {
        let Some((to, message)) = self.ledger.message(effect) else { return };
        draft.out.settle(effect);
        if let (Message::ToInteraction(message), Some(interaction)) = (message, to.session()) {
            replied(draft, &interaction, message, reply);
        }
    }

    /// Asks for all claims that are due.
    fn fire(&self, draft: &mut Draft<'_>, timer: TimerId) {
        if !draft.out.fire(timer) {
            return;
        }
        let (verifying, due) = (self.ledger.verifying(), draft.after(TOGETHER_MS));
        for (interaction, claim) in self.state.claims.iter().filter(|(_, claim)| claim.rests()) {
            if claim.look_at > due {
                draft.out.wake_by(claim.look_at);
                continue;
            }
            let look_at = draft.after(VERIFY_MS);
            draft.out.wake_by(look_at);
            draft.push(AgentChange::Looked { interaction: interaction.clone(), look_at });
            if !verifying.contains(&EntityId::from(interaction)) {
                draft.verify(interaction, claim.attempt);
            }
        }
    }

    fn verify_all(&self, draft: &mut Draft<'_>) {
        let verifying = self.ledger.verifying();
        for (interaction, claim) in self.state.claims.iter().filter(|(_, claim)| claim.rests()) {
            if !verifying.contains(&EntityId::from(interaction)) {
                draft.verify(interaction, claim.attempt);
            }
        }
    }
}

impl ToAgent {
    /// Whether this entity may say so.
    fn is_from(&self, from: &EntityId) -> bool {
        match self {
            Self::Reserve { queue, .. } => *from == EntityId::from(queue),
            Self::Withdrawn { interaction, .. } => *from == EntityId::from(interaction),
        }
    }
}

/// A queue asks for a place. A claim of a lower attempt is replaced: that the interaction waits again voids it.
fn reserve(
    draft: &mut Draft<'_>,
    interaction: &SessionId,
    attempt: u64,
    (queue, ticket): (&QueueName, &Ticket),
) -> Reply {
    if let Some(claim) = draft.state.claims.get(interaction) {
        if (claim.attempt, &claim.queue, &claim.stage) == (attempt, queue, &Stage::Reserved) {
            return Reply::Granted { version: claim.version };
        }
        if claim.attempt >= attempt {
            return Reply::Void;
        }
    }
    if !draft.state.has_place_for(interaction, queue) {
        let State { version, idle_since, .. } = draft.state;
        let (here, free) = (draft.state.here_for(queue), draft.state.free_for(queue));
        return Reply::Refused { version, here, free, idle_since };
    }
    let (id, queue, ticket) = (interaction.clone(), queue.clone(), ticket.clone());
    draft.push(AgentChange::Reserved { interaction: id, attempt, queue, ticket });
    draft.push(AgentChange::Idle(draft.now()));
    let agent = draft.agent();
    draft.tell(interaction, ToInteraction::Propose { attempt, agent });
    Reply::Granted { version: draft.state.version }
}

/// The interaction took back what it gave. A reservation with the same attempt is newer than this word: it was asked
/// for after the interaction had gone back to its queue by this very move.
fn withdrawn(draft: &mut Draft<'_>, interaction: &SessionId, attempt: u64, why: Withdrawal) {
    let Some(Claim { attempt: held, stage, .. }) = draft.state.claims.get(interaction) else { return };
    let shown = *stage != Stage::Reserved;
    if attempt < *held || (attempt == *held && !shown) {
        return;
    }
    draft.free(interaction, Some(why).filter(|_| shown));
    if why == Withdrawal::TimedOut && shown && draft.state.status == Status::Ready {
        draft.becomes(Status::NotReady { reason: "no answer".to_owned() });
    }
}

/// What the interaction answered. It counts only for the claim as it was when the question was sent.
fn replied(draft: &mut Draft<'_>, interaction: &SessionId, message: &ToInteraction, reply: &Reply) {
    let Some(claim) = draft.state.claims.get(interaction).cloned() else { return };
    match (message, reply) {
        (ToInteraction::Propose { attempt, .. }, reply)
            if (claim.attempt, &claim.stage) == (*attempt, &Stage::Reserved) =>
        {
            match reply {
                Reply::Proposed { attempt, until } => {
                    has(draft, interaction, *attempt, Stage::Offered { until: *until });
                }
                _ => draft.free(interaction, None),
            }
        }
        (ToInteraction::Accept { attempt, .. }, reply)
            if (claim.attempt, &claim.stage) == (*attempt, &Stage::Accepting) =>
        {
            match reply {
                Reply::Joined { attempt } => has(draft, interaction, *attempt, Stage::Chatting),
                _ => draft.free(interaction, Some(Withdrawal::Abandoned)),
            }
        }
        (ToInteraction::AgentLost { attempt, .. }, _) if claim.letting_go && claim.attempt == *attempt => {
            draft.free(interaction, Some(Withdrawal::Lost));
        }
        (ToInteraction::Verify { attempt, .. }, Reply::Void | Reply::Gone)
            if claim.rests() && claim.attempt == *attempt =>
        {
            draft.free(interaction, Some(Withdrawal::Ended));
        }
        _ => {}
    }
}

/// They have the offer or the chat now; if they went meanwhile, the interaction is to know.
fn has(draft: &mut Draft<'_>, interaction: &SessionId, attempt: u64, stage: Stage) {
    draft.moves(interaction, attempt, stage);
    if !draft.state.here() {
        draft.let_go(interaction, attempt);
    }
}
