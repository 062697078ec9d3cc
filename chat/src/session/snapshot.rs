//! A session's state as checkpoints and sleeping sessions store it. A stored shape of its own: live state may
//! change freely, [`SnapshotV1`] never.

use super::state::{Answers, Gone, Kept, Party, Session, Started, State};
use crate::event::PerView;
use crate::event::{Event, LeaveReason, Participant};
use crate::id::{CommandId, Millis, SessionId};
use crate::interaction::{Interaction, InteractionV1};
use crate::ledger::{Ledger, LedgerV1};
use crate::opening::Terms;
use crate::rating::Rating;
use crate::text::Text;
use bincode::{Decode, Encode};

#[derive(Encode, Decode)]
enum Snapshot {
    V1(SnapshotV1),
}

#[derive(Encode, Decode)]
struct SnapshotV1 {
    id: SessionId,
    started: Option<(Millis, Terms)>,
    last_at: Millis,
    last_seq: u64,
    events: Vec<Event>,
    forgotten: PerView<u64>,
    parties: Vec<PartyV1>,
    reserved: PerView<u64>,
    start_answer: Option<KeptV1>,
    answers: Vec<(u32, u64, Vec<KeptV1>)>,
    interaction: Option<InteractionV1>,
    ledger: LedgerV1,
    ended_at: Option<Millis>,
    held_until: Option<LeaveReason>,
    retired: bool,
    idle: super::idle::Watch,
    turns: super::turns::Turns,
    files: super::files::Files,
    recorded: bool,
    sealing: Option<[u8; 32]>,
    questions: super::rich::Questions,
    pushes: super::pushes::Pushes,
    rated: Option<Rating>,
}

#[derive(Encode, Decode)]
struct PartyV1 {
    who: Participant,
    gone: Option<Gone>,
    failures: u32,
    renamed: Option<Text>,
    read: u64,
}

#[derive(Encode, Decode)]
struct KeptV1 {
    id: CommandId,
    digest: u64,
    seq: u64,
    next_position: u64,
    chat_ended: bool,
}

impl Session {
    /// Its state as bytes; typing is not part of it.
    ///
    /// # Errors
    /// When the state is larger than one envelope may be.
    pub fn to_snapshot(&self) -> Result<Vec<u8>, handoff_codec::Error> {
        handoff_codec::encode(&Snapshot::V1(SnapshotV1::of(self)))
    }

    /// The session as it was; entries journaled since are to be applied, then [`Session::restored`] called.
    ///
    /// # Errors
    /// When the bytes are damaged or of a version that this build doesn't read.
    pub fn from_snapshot(bytes: &[u8]) -> Result<Self, handoff_codec::Error> {
        let Snapshot::V1(stored) = handoff_codec::decode(bytes)?;
        Ok(stored.into_session())
    }
}

impl SnapshotV1 {
    fn of(session: &Session) -> Self {
        let state = &session.state;
        let answers = state.answers.iter();
        let answers =
            answers.map(|(by, of)| (*by, of.number, of.kept.iter().map(KeptV1::of).collect::<Vec<_>>()));
        Self {
            id: session.id.clone(),
            started: state.started.as_ref().map(|Started { at, terms }| (*at, terms.clone())),
            last_at: state.last_at,
            last_seq: state.last_seq,
            events: state.events.iter().cloned().collect(),
            forgotten: state.forgotten,
            parties: state.parties.values().map(PartyV1::of).collect(),
            reserved: state.reserved,
            start_answer: state.start_answer.as_ref().map(KeptV1::of),
            answers: answers.collect(),
            interaction: state.interaction.as_deref().map(InteractionV1::from),
            ledger: LedgerV1::of(&state.ledger),
            ended_at: state.ended_at,
            held_until: state.held_until,
            retired: state.retired,
            idle: state.idle,
            turns: state.turns,
            files: state.files.clone(),
            recorded: state.recorded,
            sealing: state.sealing,
            questions: state.questions.clone(),
            pushes: state.pushes.clone(),
            rated: state.rated.clone(),
        }
    }

    fn into_session(self) -> Session {
        let parties = self.parties.into_iter().map(|party| (party.who.number, Party::from(party)));
        let answers = self.answers.into_iter().map(|(by, number, kept)| {
            let kept = kept.into_iter().map(Kept::from).collect();
            (by, Answers { kept, number })
        });
        let mut session = Session::new(self.id);
        session.state = State {
            started: self.started.map(|(at, terms)| Started { at, terms }),
            last_at: self.last_at,
            last_seq: self.last_seq,
            events: self.events.into(),
            forgotten: self.forgotten,
            parties: parties.collect(),
            reserved: self.reserved,
            start_answer: self.start_answer.map(Kept::from),
            answers: answers.collect(),
            interaction: self.interaction.map(|stored| Box::new(Interaction::from(stored))),
            ledger: Ledger::from(self.ledger),
            ended_at: self.ended_at,
            held_until: self.held_until,
            retired: self.retired,
            idle: self.idle,
            turns: self.turns,
            files: self.files,
            recorded: self.recorded,
            sealing: self.sealing,
            questions: self.questions,
            pushes: self.pushes,
            rated: self.rated,
        };
        session.restored();
        session
    }
}

impl PartyV1 {
    fn of(party: &Party) -> Self {
        let Party { who, gone, failures, renamed, read } = party.clone();
        Self { who, gone, failures, renamed, read }
    }
}

impl From<PartyV1> for Party {
    fn from(stored: PartyV1) -> Self {
        let PartyV1 { who, gone, failures, renamed, read } = stored;
        Self { who, gone, failures, renamed, read }
    }
}

impl KeptV1 {
    fn of(kept: &Kept) -> Self {
        let Kept { id, digest, seq, next_position, chat_ended } = kept.clone();
        Self { id, digest, seq, next_position, chat_ended }
    }
}

impl From<KeptV1> for Kept {
    fn from(stored: KeptV1) -> Self {
        let KeptV1 { id, digest, seq, next_position, chat_ended } = stored;
        Self { id, digest, seq, next_position, chat_ended }
    }
}
