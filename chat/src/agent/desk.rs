//! Decides what happens at an agent's desk.

use super::Agent;
use super::draft::Draft;
use super::state::Claim;
use crate::command::{Answer, Command, Reject};
use crate::decision::Decision;
use crate::desk::{DeskAct, DeskAnswer, Profile, Stage, Status};
use crate::entry::AgentChange;
use crate::id::SessionId;
use crate::routing::ToInteraction;
use xxhash_rust::xxh3::xxh3_64;

impl Agent {
    /// A command of the agent's own; a repeated one gets its first answer.
    pub(super) fn desk(
        &self,
        mut draft: Draft<'_>,
        command: &Command,
        act: &DeskAct,
    ) -> Result<Decision, Reject> {
        let digest = handoff_codec::encode_bare(act).map_or(0, |bytes| xxh3_64(&bytes));
        if let Some(kept) = self.kept.iter().find(|kept| kept.id == command.id) {
            let answer = Answer::Desk(DeskAnswer { version: kept.version });
            let again = Decision { entries: Vec::new(), answer, typing: Vec::new() };
            return if kept.digest == digest { Ok(again) } else { Err(Reject::IdInUse) };
        }
        if draft.state.status == Status::SignedOut
            && !matches!(act, DeskAct::SignIn { .. } | DeskAct::SignOut)
        {
            return Err(Reject::NotSignedIn);
        }
        match act {
            DeskAct::SignIn { profile } => sign_in(&mut draft, profile),
            DeskAct::SignOut => sign_out(&mut draft)?,
            DeskAct::Ready => set_status(&mut draft, Status::Ready),
            DeskAct::NotReady { reason } => {
                set_status(&mut draft, Status::NotReady { reason: reason.clone() });
            }
            DeskAct::Accept { interaction } => accept(&mut draft, interaction)?,
            DeskAct::Decline { interaction } => decline(&mut draft, interaction)?,
            DeskAct::Lost => return Err(Reject::NotAllowed),
        }
        if draft.state.lost {
            draft.push(AgentChange::Lost(false));
        }
        let version = draft.state.version;
        if matches!(act, DeskAct::SignIn { .. }) && !draft.changed() {
            // One window more is worth no entry, and so is not remembered: a repeat of it is one more window.
            return Ok(draft.finish(Answer::Desk(DeskAnswer { version })));
        }
        draft.push(AgentChange::Answered { id: command.id.clone(), digest, version });
        Ok(draft.finish(Answer::Desk(DeskAnswer { version })))
    }

    /// Their windows are gone: what rests with them goes back. What is on its way follows when it is answered.
    pub(super) fn lost(&self, mut draft: Draft<'_>) -> Decision {
        if draft.state.here() {
            draft.push(AgentChange::Lost(true));
            draft.becomes(Status::NotReady { reason: "lost".to_owned() });
            for (interaction, claim) in self.state.claims.iter().filter(|(_, claim)| claim.rests()) {
                draft.let_go(interaction, claim.attempt);
            }
        }
        draft.finish(Answer::Done)
    }
}

/// A window more changes nothing, unless the configuration did.
fn sign_in(draft: &mut Draft<'_>, profile: &Profile) {
    if draft.state.profile.as_ref() != Some(profile) {
        draft.push(AgentChange::Profile(profile.clone()));
    }
    if draft.state.status == Status::SignedOut {
        draft.becomes(Status::NotReady { reason: String::new() });
    }
}

fn sign_out(draft: &mut Draft<'_>) -> Result<(), Reject> {
    let chats =
        |claim: &Claim| matches!(claim.stage, Stage::Accepting | Stage::Chatting) && !claim.letting_go;
    if draft.state.claims.values().any(chats) {
        return Err(Reject::HasChats);
    }
    let ringing = draft.state.claims.iter().filter(|(_, claim)| claim.rests());
    let ringing: Vec<SessionId> = ringing.map(|(interaction, _)| interaction.clone()).collect();
    for interaction in ringing {
        decline(draft, &interaction)?;
    }
    if draft.state.status != Status::SignedOut {
        draft.becomes(Status::SignedOut);
    }
    Ok(())
}

/// Being ready begins a time of idleness.
fn set_status(draft: &mut Draft<'_>, status: Status) {
    if draft.state.status == status {
        return;
    }
    if status == Status::Ready {
        draft.push(AgentChange::Idle(draft.now()));
    }
    draft.becomes(status);
}

/// A second window that accepts too is right: it is theirs.
fn accept(draft: &mut Draft<'_>, interaction: &SessionId) -> Result<(), Reject> {
    let claim = draft.state.claims.get(interaction).filter(|claim| !claim.letting_go);
    match claim.map(|claim| (claim.attempt, &claim.stage)) {
        Some((_, Stage::Accepting | Stage::Chatting)) => Ok(()),
        Some((attempt, Stage::Offered { .. })) => {
            draft.moves(interaction, attempt, Stage::Accepting);
            let agent = draft.agent();
            let nickname = draft.state.profile.as_ref().map_or_else(String::new, |own| own.nickname.clone());
            draft.tell(interaction, ToInteraction::Accept { attempt, agent, nickname });
            Ok(())
        }
        _ => Err(Reject::NoClaim),
    }
}

fn decline(draft: &mut Draft<'_>, interaction: &SessionId) -> Result<(), Reject> {
    let claim = draft.state.claims.get(interaction).filter(|claim| claim.rests());
    let attempt = claim.filter(|claim| claim.stage != Stage::Chatting).map(|claim| claim.attempt);
    let attempt = attempt.ok_or(Reject::NoClaim)?;
    draft.free(interaction, None);
    let agent = draft.agent();
    draft.tell(interaction, ToInteraction::Decline { attempt, agent });
    Ok(())
}
