//! What must hold at the end of a run, read off the log and the records and nothing else.

use crate::agent::Acknowledged;
use crate::rest::Rest;
use handoff::ports::RecordPlace;
use handoff::record_reader::stored_piece;
use handoff_chat::SessionId;
use handoff_chat::entry::Entry;
use handoff_chat::event::{Body, Event, ViewKind};
use handoff_journal::memory::MemoryStore;
use handoff_journal::{NodeId, ShardId};
use handoff_shard::frame::{FrameBody, Item};
use std::collections::{BTreeMap, BTreeSet};

/// What the simulated bot says when it joins.
pub const GREETING: &str = "greetings";

/// What a customer was told.
#[derive(Debug, Clone)]
pub struct Received {
    /// The customer's session.
    pub session: SessionId,
    /// Acknowledged messages: the number given and the text, in the order in which they were acknowledged.
    pub acknowledged: Vec<(u64, String)>,
    /// How often the bot greets.
    pub greetings: usize,
}

impl Received {
    /// Nothing yet.
    pub fn new(session: SessionId, greetings: usize) -> Self {
        Self { session, acknowledged: Vec::new(), greetings }
    }
}

/// One session as the whole log has it.
#[derive(Default)]
struct Logged {
    events: Vec<Event>,
    owed: BTreeSet<u64>,
    settled: BTreeSet<u64>,
    armed: BTreeSet<u64>,
    disarmed: BTreeSet<u64>,
    retired: u32,
    /// Whether the customer rated the chat.
    rated: bool,
}

/// A frame as it was committed.
#[derive(Debug, Clone)]
pub struct Committed {
    /// The epoch of the owner who wrote it.
    pub epoch: u64,
    /// Decoded, in the shard's order.
    pub items: Vec<Item>,
}

/// All that a run leaves behind.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// Each shard's whole log.
    pub logs: Vec<Vec<Committed>>,
    /// What customers were told.
    pub received: Vec<Received>,
    /// What agents were told.
    pub by_agents: Vec<Acknowledged>,
}

/// Every session as the whole log has it.
#[derive(Default)]
pub struct Sessions(BTreeMap<SessionId, Logged>);

impl Evidence {
    /// Takes the logs as they stand.
    ///
    /// # Errors
    /// A frame that can't be read.
    pub fn gather(
        store: &MemoryStore,
        shards: u16,
        received: Vec<Received>,
        by_agents: Vec<Acknowledged>,
    ) -> Result<Self, String> {
        let frames = |shard| {
            let committed = store.log(ShardId(shard)).into_iter().map(|frame| {
                let items = FrameBody::items_of(&frame.body).map_err(|error| error.to_string())?;
                Ok(Committed { epoch: frame.epoch.0, items })
            });
            committed.collect::<Result<Vec<_>, String>>()
        };
        let logs = (0..shards).map(frames).collect::<Result<_, String>>()?;
        Ok(Self { logs, received, by_agents })
    }

    /// Checks the logs of all shards against what everybody was told.
    ///
    /// # Errors
    /// The first thing that does not hold.
    pub fn check(&self) -> Result<Sessions, String> {
        let mut sessions = Sessions::default();
        let mut rest = Rest::default();
        for (shard, log) in self.logs.iter().enumerate() {
            check_shard(shard, log, &mut sessions, &mut rest)?;
        }
        rest.check()?;
        for (session, acknowledged) in self.by_agents.iter().flatten() {
            check_answers(&session.0, sessions.logged(session)?, acknowledged)?;
        }
        for customer in &self.received {
            check_session(&customer.session.0, sessions.logged(&customer.session)?, customer)?;
        }
        Ok(sessions)
    }

    /// Checks every session's record against the log.
    ///
    /// # Errors
    /// The first thing that does not hold.
    pub async fn check_records(&self, store: &MemoryStore, sessions: &Sessions) -> Result<(), String> {
        let tables = store.node(NodeId(0));
        for Received { session, .. } in &self.received {
            let name = &session.0;
            let (mut events, mut place) = (Vec::new(), Some(RecordPlace::START));
            while let Some(from) = place {
                let piece = stored_piece(&tables, session, from).await;
                let piece = piece.map_err(|error| format!("{name}: {error}"))?;
                let piece = piece.ok_or(format!("{name} has no record"))?;
                if !piece.closed {
                    return Err(format!("{name}: the record is not closed"));
                }
                events.extend(piece.events);
                place = piece.next;
            }
            if events != sessions.logged(session)?.events {
                return Err(format!("{name}: the record is not what the log says"));
            }
        }
        Ok(())
    }
}

impl Sessions {
    fn logged(&self, session: &SessionId) -> Result<&Logged, String> {
        self.0.get(session).ok_or_else(|| format!("{} is not in the log", session.0))
    }
}

/// A shard's frames: epochs never go back, each epoch has one owner.
fn check_shard(
    shard: usize,
    log: &[Committed],
    sessions: &mut Sessions,
    rest: &mut Rest,
) -> Result<(), String> {
    let mut epoch = 0;
    let mut owners: BTreeMap<u64, &str> = BTreeMap::new();
    for frame in log {
        if frame.epoch < epoch {
            return Err(format!("shard {shard}: epoch {} after {epoch}", frame.epoch));
        }
        epoch = frame.epoch;
        for item in &frame.items {
            match item {
                Item::Opened(opened) => {
                    let other = owners.insert(opened.epoch, &opened.owner);
                    if other.is_some_and(|other| other != opened.owner) || opened.epoch != epoch {
                        return Err(format!("shard {shard}: two owners in epoch {epoch}"));
                    }
                }
                Item::Decided(decided) => {
                    rest.replay(decided)?;
                    let Some(session) = decided.entity.session() else { continue };
                    take(sessions.0.entry(session).or_default(), &decided.entries)?;
                }
                Item::Slept(_)
                | Item::Outage { .. }
                | Item::Chunk(_)
                | Item::Writer(_)
                | Item::PutAway { .. }
                | Item::Released { .. } => {}
            }
        }
    }
    Ok(())
}

fn take(logged: &mut Logged, entries: &[Entry]) -> Result<(), String> {
    for entry in entries {
        match entry {
            Entry::Event(event) => logged.events.push(event.clone()),
            Entry::Owed { id, .. } => {
                logged.owed.insert(id.0);
            }
            Entry::Settled(id) if !logged.settled.insert(id.0) => {
                return Err(format!("effect {} is settled twice", id.0));
            }
            Entry::Armed { id, .. } => {
                logged.armed.insert(id.0);
            }
            Entry::Disarmed(id) if !logged.disarmed.insert(id.0) => {
                return Err(format!("timer {} fired twice", id.0));
            }
            Entry::Rated(_) if std::mem::replace(&mut logged.rated, true) => {
                return Err("the chat is rated twice".into());
            }
            Entry::Retired => logged.retired += 1,
            Entry::Queue(_) | Entry::Agent(_) | Entry::Correspondent(_) => {
                return Err("another machine's entry".into());
            }
            Entry::Interaction(_) | Entry::BotFailed(_) | Entry::BotSpent => {}
            Entry::Settled(_)
            | Entry::Disarmed(_)
            | Entry::Reserved(_)
            | Entry::Answered { .. }
            | Entry::Idle(_)
            | Entry::File(_)
            | Entry::Rated(_)
            | Entry::Sealing(_) => {}
        }
    }
    Ok(())
}

/// Numbers without a gap, indexes that rise, every acknowledged message once and in order, every debt paid, every
/// timer fired once.
fn check_session(name: &str, logged: &Logged, received: &Received) -> Result<(), String> {
    if !logged.events.iter().map(|event| event.seq).eq(1..=logged.events.len() as u64) {
        return Err(format!("{name}: the numbers have a gap or a repeat"));
    }
    for view in [ViewKind::Customer, ViewKind::Agent, ViewKind::Supervisor] {
        let indexes: Vec<u64> = logged.events.iter().filter_map(|event| view.of(&event.index)).collect();
        if indexes.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(format!("{name}: indexes of view {view:?} do not rise"));
        }
    }
    let mine: Vec<(u64, String)> = logged
        .events
        .iter()
        .filter_map(|event| match &event.body {
            Body::Message { text, .. } if text.show().contains(" says ") => {
                Some((event.seq, text.show().into_owned()))
            }
            _ => None,
        })
        .collect();
    if mine != received.acknowledged {
        return Err(format!("{name}: acknowledged {:?}, in the log {mine:?}", received.acknowledged));
    }
    let greetings = logged.events.iter().filter(|event| is_greeting(event)).count();
    if greetings != received.greetings {
        return Err(format!("{name}: the bot greeted {greetings} times"));
    }
    if logged.owed != logged.settled {
        return Err(format!("{name}: effects owed {:?}, settled {:?}", logged.owed, logged.settled));
    }
    if logged.armed != logged.disarmed || logged.retired != 1 {
        return Err(format!("{name}: timers armed {:?}, fired {:?}", logged.armed, logged.disarmed));
    }
    Ok(())
}

/// Every acknowledged message of an agent is in the chat, once and in order.
fn check_answers(name: &str, logged: &Logged, acknowledged: &[(u64, String)]) -> Result<(), String> {
    let mut events = logged.events.iter();
    for (seq, text) in acknowledged {
        let is =
            |event: &&Event| matches!(&event.body, Body::Message { text: said, .. } if said.show() == *text);
        if events.find(is).is_none_or(|event| event.seq != *seq) {
            return Err(format!(
                "{name}: an agent's {text:?} was acknowledged as {seq}, and is not there in its place"
            ));
        }
    }
    Ok(())
}

fn is_greeting(event: &Event) -> bool {
    matches!(&event.body, Body::Message { text, .. } if text.show() == GREETING)
}
