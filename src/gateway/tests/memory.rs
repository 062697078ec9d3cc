//! The entities of a cluster in memory, without a cluster: sessions, queues and agents as they are, what they say to
//! each other carried at once, and troubles on the way to them when a test wants some.

use crate::ports::{
    Archive, CallError, EntityStatus, Lists, NotReady, Past, PastChat, ReadError, Sessions, TranscriptPage,
};
use async_trait::async_trait;
use handoff_chat::bot::Rules;
use handoff_chat::command::{Act, Answer, Caller, Command, Read, Reading, Reject};
use handoff_chat::entry::Effect;
use handoff_chat::event::{Body, Event, PerView};
use handoff_chat::opening::Names;
use handoff_chat::routing::Reply;
use handoff_chat::text::Text;
use handoff_chat::{CommandId, Context, Entity, EntityId, Millis, Served, SessionId, transcript};
use handoff_shard::listing::{EntityQuery, ListKind};
use handoff_shard::same_shard::{answered, told_by};
use handoff_shard::{Call, Done};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::time::Instant;

/// What the next call meets; a lost answer is met by the next call with a command, for a read is simply read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// No trouble: the call is answered.
    None,
    /// The shard moves.
    Again,
    /// Too much waits.
    Busy,
    /// It is not carried out, and the asker can't know that.
    LostBefore,
    /// It is carried out, and the asker can't know that.
    LostAfter,
}

#[derive(Default)]
struct Inner {
    entities: BTreeMap<EntityId, Entity>,
    troubles: VecDeque<Trouble>,
    asked: Vec<Call>,
    minted: u8,
    leaving: bool,
    /// Whose reads wait.
    held: Option<EntityId>,
    /// What is listed, of each kind.
    live: Vec<(ListKind, EntityStatus)>,
    /// What was to be listed.
    listed: Vec<EntityQuery>,
    now: i64,
}

/// Stands in for the router of a node; tests set its troubles and read what it was asked.
pub(super) struct Memory {
    inner: Mutex<Inner>,
    bot: Rules,
    /// Calls that are not answered yet.
    waiting: Arc<()>,
}

pub(super) fn demo_bot() -> Rules {
    Rules::compile(toml::from_str(include_str!("../../../config/bots/demo.toml")).unwrap()).unwrap()
}

impl Memory {
    pub(super) fn new() -> Arc<Self> {
        let inner = Inner { now: 1_700_000_000_000, ..Inner::default() };
        Arc::new(Self { inner: Mutex::new(inner), bot: demo_bot(), waiting: Arc::default() })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    /// What the next asks meet, one after the other.
    pub(super) fn troubles(&self, troubles: &[Trouble]) {
        self.lock().troubles.extend(troubles);
    }

    /// No more troubles.
    pub(super) fn calms(&self) {
        self.lock().troubles.clear();
    }

    /// All asks so far.
    pub(super) fn asked(&self) -> Vec<Call> {
        self.lock().asked.clone()
    }

    pub(super) fn sessions(&self) -> usize {
        self.lock().entities.values().filter(|entity| entity.session().is_some()).count()
    }

    /// How many calls wait to be answered, and are not given up.
    pub(super) fn waiting(&self) -> usize {
        Arc::strong_count(&self.waiting) - 1
    }

    /// Time passes.
    pub(super) fn passes(&self, ms: i64) {
        self.lock().now += ms;
    }

    /// Time passes for this entity, and what is due in it fires.
    pub(super) fn serves(&self, entity: &str, ms: i64) {
        let mut inner = self.lock();
        let (entity, until) = (EntityId::of_text(entity), inner.now + ms);
        loop {
            let next = inner.entities[&entity].timers().map(|(id, at)| (at.0, id)).min();
            let Some((at, timer)) = next.filter(|(at, _)| *at <= until) else { break };
            inner.now = inner.now.max(at);
            let id = CommandId(format!("f:{}", inner.now));
            let command = Command { id, caller: Caller::System, act: Act::Fire { timer } };
            inner.carry_out(&entity, &command).unwrap();
            inner.settle_all(&self.bot);
        }
        inner.now = inner.now.max(until);
    }

    /// All events of a chat.
    pub(super) fn events(&self, chat: &str) -> Vec<Event> {
        let inner = self.lock();
        let session = inner.entities[&EntityId::of_text(chat)].session().unwrap();
        session.events_in_memory().cloned().collect()
    }

    /// It is this moment, in milliseconds since 1970.
    pub(super) fn is_now(&self, ms: i64) {
        self.lock().now = ms;
    }

    /// Reads of this entity wait, until they are of none.
    pub(super) fn hold(&self, entity: Option<&str>) {
        self.lock().held = entity.map(EntityId::of_text);
    }

    fn holds(&self, call: &Call) -> bool {
        call.command.is_none() && self.lock().held.as_ref() == Some(&call.entity)
    }

    /// What is listed from now on.
    pub(super) fn live(&self, live: &[(ListKind, EntityStatus)]) {
        self.lock().live = live.to_vec();
    }

    /// What was to be listed so far.
    pub(super) fn listed(&self) -> Vec<EntityQuery> {
        self.lock().listed.clone()
    }

    /// The node begins to drain.
    pub(super) fn drain(&self) {
        self.lock().leaving = true;
    }

    /// A takeover: every entity comes back from its snapshot.
    pub(super) fn restore_all(&self) {
        for (id, entity) in &mut self.lock().entities {
            *entity = Entity::from_snapshot(id, &entity.to_snapshot().unwrap()).unwrap();
            entity.restored();
        }
    }

    /// Gives a command from inside the cluster.
    pub(super) fn command(&self, entity: &str, caller: Caller, act: Act) {
        let mut inner = self.lock();
        let id = CommandId(format!("t:{}", inner.now));
        let entity = EntityId::of_text(entity);
        inner.carry_out(&entity, &Command { id, caller, act }).unwrap();
        inner.settle_all(&self.bot);
    }

    fn once(&self, call: &Call) -> Result<Done, CallError> {
        let mut inner = self.lock();
        let mut told = Done::default();
        if let Some(command) = &call.command {
            told.answer = Some(inner.carry_out(&call.entity, command)?);
        }
        if let Some((caller, read)) = &call.read {
            let entity = inner.entities.get(&call.entity).ok_or(Reject::Unknown)?;
            told.reading = Some(entity.read(caller, read, &[])?);
        }
        inner.settle_all(&self.bot);
        Ok(told)
    }
}

impl Inner {
    fn carry_out(&mut self, id: &EntityId, command: &Command) -> Result<Answer, Reject> {
        self.now += 7;
        let (now, served) = (Millis(self.now), Served(self.now));
        let random = [u8::try_from(self.now % 251).unwrap(); 16];
        let begins = id.session().is_none() || matches!(command.act, Act::Open(_));
        let fresh = !self.entities.contains_key(id);
        if begins && fresh {
            self.entities.insert(id.clone(), Entity::new(id));
        }
        let entity = self.entities.get_mut(id).ok_or(Reject::Unknown)?;
        let decision =
            match entity.decide(command, &Context { now, served, random, waiting_max: 0, protocol: 1 }) {
                Ok(decision) => decision,
                Err(reject) => {
                    if fresh {
                        self.entities.remove(id);
                    }
                    return Err(reject);
                }
            };
        for entry in &decision.entries {
            entity.apply(entry);
        }
        decision.typing.iter().for_each(|typing| entity.show_typing(typing));
        Ok(decision.answer)
    }

    /// Carries what is owed until nothing is.
    fn settle_all(&mut self, bot: &Rules) {
        for _ in 0..10_000 {
            let carried = |effect: &Effect| matches!(effect, Effect::Message { .. } | Effect::BotTurn { .. });
            let owed = self.entities.iter().find_map(|(from, entity)| {
                let (id, effect) = entity.owed().find(|(_, effect)| carried(effect))?;
                Some((from.clone(), id, effect.clone()))
            });
            match owed {
                None => return,
                Some((from, id, Effect::Message { to, message })) => {
                    let reply = match self.carry_out(&to, &told_by(&from, id, message)) {
                        Ok(Answer::Routing(reply)) => reply,
                        _ => Reply::Gone,
                    };
                    self.carry_out(&from, &answered(id, reply)).unwrap();
                }
                Some((from, effect, Effect::BotTurn { bot: name, seq })) => {
                    let session = self.entities[&from].session().unwrap();
                    let event = session.events_in_memory().find(|event| event.seq == seq).cloned().unwrap();
                    let said = bot.turn(&event);
                    let (texts, rich, leave, handover) = (said.texts, said.rich, said.leave, said.handover);
                    let act = Act::BotReply { effect, texts, rich, leave, handover };
                    let id = CommandId(format!("b:{}", effect.0));
                    self.carry_out(&from, &Command { id, caller: Caller::Bot(name), act }).unwrap();
                }
                Some(_) => {}
            }
        }
        panic!("the entities never come to rest");
    }
}

#[async_trait]
impl Sessions for Memory {
    async fn call(&self, mut call: Call) -> Result<Done, CallError> {
        let _waits = Arc::clone(&self.waiting);
        let trouble = {
            let mut inner = self.lock();
            inner.asked.push(call.clone());
            let passes = |trouble: &Trouble| *trouble == Trouble::LostAfter && call.command.is_none();
            if inner.troubles.front().is_some_and(passes) {
                Trouble::None
            } else {
                inner.troubles.pop_front().unwrap_or(Trouble::None)
            }
        };
        match trouble {
            Trouble::Again => return Err(CallError::Again),
            Trouble::Busy => return Err(CallError::Busy),
            Trouble::LostBefore => return Err(CallError::Unknown),
            Trouble::None | Trouble::LostAfter => {}
        }
        let until = Instant::now() + call.wait;
        loop {
            while self.holds(&call) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let told = self.once(&call)?;
            call.command = None;
            if trouble == Trouble::LostAfter {
                return Err(CallError::Unknown);
            }
            if call.wait.is_zero() || !nothing_new(&told, &call) {
                return Ok(told);
            }
            if Instant::now() >= until {
                return Ok(Done::default());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn mint(&self) -> SessionId {
        let mut inner = self.lock();
        inner.minted += 1;
        SessionId::from_random(&[inner.minted; 16])
    }

    fn leaving(&self) -> bool {
        self.lock().leaving
    }

    fn nodes(&self) -> Vec<String> {
        let own = (!self.lock().leaving).then(|| "http://127.0.0.1:8107".to_owned());
        own.into_iter().chain(["http://127.0.0.1:8108".to_owned()]).collect()
    }

    fn ready(&self) -> Result<(), NotReady> {
        Ok(())
    }
}

fn nothing_new(told: &Done, call: &Call) -> bool {
    match (&told.reading, &call.read) {
        (Some(Reading::View(view)), Some((_, read))) => {
            let waits_anew = matches!(read, Read::Following { waits, .. } if *waits != view.waits);
            view.events.is_empty() && view.typing.is_empty() && !view.chat_ended && !waits_anew
        }
        (Some(Reading::Desk(desk)), Some((_, Read::Desk { version }))) => desk.version <= *version,
        _ => false,
    }
}

fn names(first: &str, last: &str) -> Names<String> {
    Names { first: first.to_owned(), last: last.to_owned(), email: "zoe@example.org".to_owned() }
}

/// The one contact there is: every chat is theirs, and one more.
pub(super) const EARLIER: &str = "EarlierChat00000";
/// What was said in each chat that is read as an earlier one: so many messages.
pub(super) const EARLIER_EVENTS: u64 = 200;

#[async_trait]
impl Lists for Memory {
    async fn list(&self, wanted: &EntityQuery) -> (Vec<EntityStatus>, Vec<u16>) {
        let mut inner = self.lock();
        inner.listed.push(wanted.clone());
        let of_kind = inner.live.iter().filter(|(kind, _)| *kind == wanted.kind);
        (of_kind.map(|(_, status)| status.clone()).collect(), Vec::new())
    }
}

#[async_trait]
impl Archive for Memory {
    async fn past(&self, chat: &SessionId) -> Result<Option<Past>, ReadError> {
        let verified = self.lock().asked.iter().any(|call| {
            let act = call.command.as_ref().map(|command| &command.act);
            call.entity == EntityId::from(chat) && matches!(act, Some(Act::Open(opening)) if opening.verified)
        });
        let record = |chat: &SessionId, ended_at| PastChat {
            chat: chat.clone(),
            service: "default".to_owned(),
            subject: "s".to_owned(),
            started_at: Millis(1),
            ended_at,
            verified: false,
        };
        let earlier = SessionId(EARLIER.to_owned());
        Ok(Some(Past {
            contact: Some("c".to_owned()),
            names: names("Zoë", "Ng"),
            since: Some(Millis(1)),
            said: names("Zo", ""),
            verified,
            records: vec![record(&earlier, Some(Millis(2))), record(chat, None)],
        }))
    }

    async fn transcript(&self, chat: &SessionId, from: u64) -> Result<Option<TranscriptPage>, ReadError> {
        let event = |seq: u64| Event {
            seq,
            at: Millis(1),
            index: PerView::all(Some(seq)),
            by: 1,
            body: Body::Message {
                text: Text::clear(&format!("{seq} {}", "x".repeat(2000))),
                message_type: None,
            },
        };
        let events: Vec<Event> = (from.max(1)..=EARLIER_EVENTS).take(64).map(event).collect();
        let page = transcript::page(chat, &events, None, 48 * 1024).unwrap();
        let next = page.through.map(|through| through + 1).filter(|next| *next <= EARLIER_EVENTS);
        Ok(Some(TranscriptPage { json: page.json, next }))
    }
}
