//! The shard: takes calls, decides and applies them at once in its own order, and lets nothing out before it is
//! committed.

use super::frame::{ClockMark, Item, Opened};
use super::pipeline::{Pipeline, Step};
use super::recovery::Recovered;
use super::slot::{Asleep, Awake, Slot};
use super::{Action, Envelope, Now, Options, Output, ShardReply};
use handoff_chat::session::{Act, Caller, Command};
use handoff_chat::{CommandId, Millis, SessionId, TimerId};
use handoff_journal::{Owner, Position, Tenure};
use rand::rngs::StdRng;
use rand::{Rng, RngExt};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Whether calls are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    /// Yes.
    Open,
    /// No: the shard is being given to this owner, or is over.
    Shut(Option<Owner>),
}

/// What a shard can be asked about itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Census {
    /// Sessions in memory.
    pub awake: usize,
    /// Sessions in snapshots.
    pub asleep: usize,
    /// Sessions that have not ended.
    pub open: usize,
    /// Sessions out of service after panics.
    pub quarantined: usize,
}

/// See the module's description.
pub struct ShardCore {
    pub(super) tenure: Tenure,
    pub(super) options: Options,
    pub(super) slots: BTreeMap<SessionId, Slot>,
    pub(super) pipe: Pipeline<Output>,
    pub(super) actions: VecDeque<Action>,
    pub(super) clock: ClockMark,
    pub(super) timers: BTreeSet<(Millis, SessionId)>,
    pub(super) last_calls_ms: BTreeMap<SessionId, u64>,
    pub(super) rng: StdRng,
    pub(super) checkpoint: super::checkpoint::Progress,
    pub(super) suspect: Option<(SessionId, CommandId)>,
    pub(super) panics: u64,
    pub(super) left: Vec<SessionId>,
    door: Door,
    swept_ms: u64,
}

impl ShardCore {
    /// A shard just recovered; its first frame says so and must be committed before anything leaves it.
    /// `alive_until` is when an owner who was lost is known to have been alive, `rng` decides all chance here.
    ///
    /// # Errors
    /// When the opening item can't be encoded.
    pub fn open(
        tenure: Tenure,
        next: Position,
        recovered: Recovered,
        options: Options,
        alive_until: Option<Millis>,
        now: Now,
        rng: StdRng,
    ) -> Result<Self, handoff_codec::Error> {
        let pipe = Pipeline::new(next, options.frame_bytes_max);
        let mut core = Self {
            checkpoint: super::checkpoint::Progress::new(&recovered),
            tenure,
            options,
            slots: BTreeMap::new(),
            pipe,
            actions: VecDeque::new(),
            clock: recovered.clock,
            timers: BTreeSet::new(),
            last_calls_ms: BTreeMap::new(),
            rng,
            suspect: None,
            panics: 0,
            left: Vec::new(),
            door: Door::Open,
            swept_ms: now.mono_ms,
        };
        core.open_clock(now, alive_until, recovered.is_new)?;
        for (session, slot) in recovered.into_slots(now.mono_ms) {
            core.place(session, slot, now.mono_ms);
        }
        core.owe_again(now);
        core.flush(now);
        Ok(core)
    }

    /// The time since the last owner was alive counts against nobody.
    fn open_clock(
        &mut self,
        now: Now,
        alive_until: Option<Millis>,
        is_new: bool,
    ) -> Result<(), handoff_codec::Error> {
        let served_until = alive_until.unwrap_or_default().max(self.clock.last_at);
        if !is_new {
            self.clock.outage_ms += (now.wall.0 - served_until.0).max(0);
        }
        let at = self.wall(now);
        let opened = Opened {
            epoch: self.tenure.epoch.0,
            owner: self.tenure.owner.to_string(),
            at,
            outage_ms: self.clock.outage_ms,
        };
        self.pipe.push(handoff_codec::encode_bare(&Item::Opened(opened))?);
        Ok(())
    }

    /// Puts a session where the recovery found it.
    fn place(&mut self, session: SessionId, slot: Slot, now_ms: u64) {
        match &slot {
            Slot::Awake(awake) => {
                if let Some(at) = awake.next_timer() {
                    self.timers.insert((at, session.clone()));
                }
                if awake.session.customer_present() {
                    self.last_calls_ms.insert(session.clone(), now_ms);
                }
            }
            Slot::Asleep(asleep) => {
                if let Some(at) = asleep.slept.next_timer {
                    self.timers.insert((at, session.clone()));
                }
                if asleep.slept.customer_present {
                    self.last_calls_ms.insert(session.clone(), now_ms);
                }
            }
            Slot::Restoring { .. } | Slot::Quarantined { .. } => {}
        }
        self.slots.insert(session, slot);
    }

    /// All that was owed is done again; what stirred since its snapshot is woken to see what it owes.
    fn owe_again(&mut self, now: Now) {
        let sessions: Vec<SessionId> = self.slots.keys().cloned().collect();
        for session in sessions {
            match self.slots.get(&session) {
                Some(Slot::Awake(awake)) => {
                    let owed: Vec<_> = awake.session.owed().map(|(id, _)| id).collect();
                    for id in owed {
                        self.pipe.hold(Output::Effect { session: session.clone(), id }, now.mono_ms, false);
                    }
                }
                Some(Slot::Asleep(asleep)) if !asleep.turns.is_empty() => self.wake(&session),
                _ => {}
            }
        }
    }

    /// Whose shard this is.
    #[must_use]
    pub fn tenure(&self) -> &Tenure {
        &self.tenure
    }

    /// Where its log stands.
    #[must_use]
    pub fn position(&self) -> Position {
        self.pipe.position()
    }

    /// Whether the opening frame is committed: the shard serves.
    #[must_use]
    pub fn serves(&self) -> bool {
        self.pipe.committed() > 0
    }

    /// How many sessions are where.
    #[must_use]
    pub fn census(&self) -> Census {
        let mut census = Census::default();
        for slot in self.slots.values() {
            match slot {
                Slot::Awake(awake) => {
                    census.awake += 1;
                    census.open += usize::from(!awake.session.ended());
                }
                Slot::Asleep(_) => {
                    census.asleep += 1;
                    census.open += 1;
                }
                Slot::Restoring { .. } => census.open += 1,
                Slot::Quarantined { .. } => census.quarantined += 1,
            }
        }
        census
    }

    /// Panics caught so far.
    #[must_use]
    pub fn panics(&self) -> u64 {
        self.panics
    }

    /// Outputs that wait for a commit.
    #[must_use]
    pub fn held_count(&self) -> usize {
        self.pipe.held_count()
    }

    /// Takes what is to be done.
    pub fn take_actions(&mut self) -> VecDeque<Action> {
        std::mem::take(&mut self.actions)
    }

    /// Takes the sessions that left memory since the last time.
    pub fn take_left(&mut self) -> Vec<SessionId> {
        std::mem::take(&mut self.left)
    }

    /// A moment as the shard's log has it: never before what it has already seen.
    pub(super) fn wall(&mut self, now: Now) -> Millis {
        self.clock.last_at = self.clock.last_at.max(now.wall);
        self.clock.last_at
    }

    /// The same for deadlines: time without service left out.
    pub(super) fn served(&mut self, now: Now) -> Millis {
        Millis(self.wall(now).0 - self.clock.outage_ms)
    }

    /// Takes a call: decides it now, or queues it behind a session that is on its way.
    pub fn ask(&mut self, now: Now, envelope: Envelope) {
        if let Door::Shut(to) = self.door {
            refuse(envelope, ShardReply::NotOwner(to));
            return;
        }
        if now.mono_ms > envelope.deadline_ms {
            refuse(envelope, ShardReply::Again);
            return;
        }
        let by_customer = matches!(envelope.command, Some(Command { caller: Caller::Customer(_), .. }))
            || matches!(envelope.read, Some((Caller::Customer(_), _)));
        if by_customer && let Some(last) = self.last_calls_ms.get_mut(&envelope.session) {
            *last = now.mono_ms;
        }
        if let Some(awake) = self.awake(&envelope.session) {
            awake.touched_ms = now.mono_ms;
        }
        self.dispatch(now, envelope);
    }

    pub(super) fn dispatch(&mut self, now: Now, envelope: Envelope) {
        let inbox = self.options.entity_inbox;
        match self.slots.get_mut(&envelope.session) {
            Some(Slot::Awake(_)) | None => self.turn(now, envelope),
            Some(Slot::Quarantined { .. }) => {
                self.answer(now, envelope, ShardReply::Refused(handoff_chat::session::Reject::Quarantined))
            }
            Some(Slot::Asleep(asleep)) => {
                if asleep.waiting.len() >= inbox {
                    refuse(envelope, ShardReply::Busy);
                    return;
                }
                let session = envelope.session.clone();
                asleep.waiting.push_back(envelope);
                self.wake(&session);
            }
            Some(Slot::Restoring { waiting, .. }) => {
                if waiting.len() >= inbox {
                    refuse(envelope, ShardReply::Busy);
                } else {
                    waiting.push_back(envelope);
                }
            }
        }
    }

    /// Holds a reply that is no turn's.
    pub(super) fn answer(&mut self, now: Now, envelope: Envelope, reply: ShardReply) {
        if let Some(to) = envelope.reply {
            self.pipe.hold(Output::reply(to, reply, None), now.mono_ms, false);
        }
    }

    /// Gives the shard's own command to one of its sessions.
    pub(super) fn own_command(&mut self, now: Now, session: &SessionId, id: String, act: Act) {
        let command = Command { id: CommandId(id), caller: Caller::System, act };
        let envelope = Envelope {
            session: session.clone(),
            command: Some(command),
            read: None,
            deadline_ms: u64::MAX,
            reply: None,
        };
        self.dispatch(now, envelope);
    }

    /// Lets time pass: fires timers, finds lost customers, puts idle sessions to sleep.
    pub fn tick(&mut self, now: Now) {
        if !self.serves() || self.door != Door::Open || self.store_is_slow(now) {
            return;
        }
        self.fire_timers(now);
        if now.mono_ms.saturating_sub(self.swept_ms) >= SWEEP_MS {
            self.swept_ms = now.mono_ms;
            self.lose_silent_customers(now);
            self.put_idle_to_sleep(now);
        }
        self.flush(now);
    }

    /// While an append takes this long, time stands still for deadlines.
    fn store_is_slow(&self, now: Now) -> bool {
        self.pipe.flight_age_ms(now.mono_ms) > SLOW_APPEND_MS
    }

    fn fire_timers(&mut self, now: Now) {
        let served = self.served(now);
        while let Some((at, session)) = self.timers.first().cloned() {
            if at > served {
                break;
            }
            self.timers.remove(&(at, session.clone()));
            let due: Vec<TimerId> = match self.slots.get(&session) {
                Some(Slot::Awake(awake)) => {
                    awake.session.timers().filter(|(_, at)| *at <= served).map(|(id, _)| id).collect()
                }
                Some(Slot::Asleep(_)) => {
                    self.wake(&session);
                    Vec::new()
                }
                _ => Vec::new(),
            };
            for timer in due {
                self.own_command(now, &session, format!("timer:{}", timer.0), Act::Fire { timer });
            }
        }
    }

    /// Starts what may start: a roll, a frame, a confirmation; lets out what may leave.
    pub fn flush(&mut self, now: Now) {
        if self.its_turn(now) {
            let step = if self.roll_is_due() { self.pipe.roll() } else { self.cut(now) };
            self.actions.extend(step.map(Action::Journal));
            self.pipe.give_back();
        }
        let confirm = self.pipe.confirm(now.mono_ms);
        self.actions.extend(confirm.map(Action::Journal));
        let released = self.pipe.release();
        self.actions.extend(released.into_iter().map(Action::Send));
        self.rebuild_when_committed();
    }

    fn cut(&mut self, now: Now) -> Option<Step> {
        let whole = self.capture_is_due();
        let id = self.rng.random();
        match self.pipe.cut(now.mono_ms, id, whole) {
            Ok(step) => {
                if whole {
                    self.capture(step.is_some());
                    return match step {
                        Some(step) => Some(step),
                        None => self.pipe.cut(now.mono_ms, id, false).ok().flatten(),
                    };
                }
                step
            }
            Err(error) => {
                tracing::error!(shard = self.tenure.shard.0, %error, "a frame can't be encoded");
                None
            }
        }
    }

    /// The append in flight is committed.
    pub fn appended(&mut self, now: Now) {
        let age_ms = self.pipe.flight_age_ms(now.mono_ms);
        self.pipe.appended();
        if age_ms > SLOW_APPEND_MS {
            self.add_outage(age_ms);
        }
        self.checkpoint_committed();
        self.flush(now);
    }

    /// The shard could not commit for a while: that time counts against nobody.
    fn add_outage(&mut self, outage_ms: u64) {
        self.clock.outage_ms += i64::try_from(outage_ms).unwrap_or(0);
        if let Ok(item) = handoff_codec::encode_bare(&Item::Outage { total_ms: self.clock.outage_ms }) {
            self.pipe.push(item);
        }
        for last in self.last_calls_ms.values_mut() {
            *last += outage_ms;
        }
    }

    /// The confirmation on its way came back: the shard is still ours.
    pub fn confirmed(&mut self, now: Now) {
        self.pipe.confirmed();
        self.flush(now);
    }

    /// This process may have been stopped for a while: confirm before the next read.
    pub fn distrust(&mut self) {
        self.pipe.distrust();
    }

    /// Takes no more calls: they are sent to `to`. What was taken is still committed and answered.
    pub fn release_to(&mut self, now: Now, to: Option<Owner>) {
        if self.door == Door::Open {
            let at = self.wall(now);
            if let Ok(item) = handoff_codec::encode_bare(&Item::Released { at }) {
                self.pipe.push(item);
            }
        }
        self.door = Door::Shut(to);
        for slot in self.slots.values_mut() {
            let waiting = match slot {
                Slot::Asleep(asleep) => std::mem::take(&mut asleep.waiting),
                Slot::Restoring { waiting, .. } => std::mem::take(waiting),
                Slot::Awake(_) | Slot::Quarantined { .. } => VecDeque::new(),
            };
            for envelope in waiting {
                refuse(envelope, ShardReply::NotOwner(to));
            }
        }
        self.flush(now);
    }

    /// Whether a released shard has nothing left to commit or answer.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.pipe.is_empty()
    }

    /// The shard is somebody else's: nothing of the frame in flight is or will be in the log. All held output is
    /// dropped, its callers sent to the owner.
    pub fn fenced(&mut self, by: Option<Owner>) {
        self.door = Door::Shut(by);
        self.actions.clear();
        for output in self.pipe.abandon() {
            if let Output::Reply(reply) = output {
                reply.to.send(ShardReply::NotOwner(by));
            }
        }
        for (_, slot) in std::mem::take(&mut self.slots) {
            let waiting = match slot {
                Slot::Asleep(asleep) => asleep.waiting,
                Slot::Restoring { waiting, .. } => waiting,
                Slot::Awake(_) | Slot::Quarantined { .. } => VecDeque::new(),
            };
            for envelope in waiting {
                refuse(envelope, ShardReply::NotOwner(by));
            }
        }
    }

    /// A session in memory, if it is.
    pub(super) fn awake(&mut self, session: &SessionId) -> Option<&mut Awake> {
        match self.slots.get_mut(session) {
            Some(Slot::Awake(awake)) => Some(awake),
            _ => None,
        }
    }

    /// A session in a snapshot, if it is.
    pub(super) fn asleep(&mut self, session: &SessionId) -> Option<&mut Asleep> {
        match self.slots.get_mut(session) {
            Some(Slot::Asleep(asleep)) => Some(asleep),
            _ => None,
        }
    }

    /// 128 fresh bits.
    pub(super) fn random(&mut self) -> [u8; 16] {
        let mut bits = [0; 16];
        self.rng.fill_bytes(&mut bits);
        bits
    }
}

/// How often customers and idle sessions are looked at, in milliseconds.
const SWEEP_MS: u64 = 1_000;

/// An append that takes longer counts as an outage, in milliseconds.
const SLOW_APPEND_MS: u64 = 1_000;

/// Answers a call that nothing was done for.
pub(super) fn refuse(envelope: Envelope, reply: ShardReply) {
    if let Some(to) = envelope.reply {
        to.send(reply);
    }
}
