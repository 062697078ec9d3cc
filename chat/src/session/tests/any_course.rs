//! Whatever happens in whatever order, with takeovers in between: what must always hold.

use super::*;
use crate::event::PerView;
use crate::event::{Body, LeaveReason, Role, Visibility};
use proptest::collection::vec;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    Send(u8),
    Type(u8),
    Disconnect,
    Notice(u8),
    File(u8),
    Scanned(usize, bool),
    BotReplies { which: usize, texts: usize, leave: bool },
    SettlesOther(usize),
    Lost,
    ForceEnd,
    Fire(u64),
    HiddenJoins(Visibility),
    AgentJoins,
    AgentSends(bool),
    AgentLeaves,
    Repeat(usize),
    TakenOver,
    Sleeps,
    Forgets(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..25u8).prop_map(Step::Send),
        8 => (1..40u8).prop_map(Step::Type),
        1 => Just(Step::Disconnect),
        6 => any::<u8>().prop_map(Step::Notice),
        6 => any::<u8>().prop_map(Step::File),
        2 => (any::<usize>(), any::<bool>()).prop_map(|(which, clean)| Step::Scanned(which, clean)),
        6 => (any::<usize>(), 0..3usize, prop::bool::weighted(0.1))
            .prop_map(|(which, texts, leave)| Step::BotReplies { which, texts, leave }),
        2 => any::<usize>().prop_map(Step::SettlesOther),
        1 => prop_oneof![Just(Step::Lost), Just(Step::ForceEnd)],
        2 => (0..3u64).prop_map(Step::Fire),
        2 => prop_oneof![Just(Visibility::Internal), Just(Visibility::Silent)].prop_map(Step::HiddenJoins),
        1 => Just(Step::AgentJoins),
        2 => any::<bool>().prop_map(Step::AgentSends),
        1 => Just(Step::AgentLeaves),
        6 => any::<usize>().prop_map(Step::Repeat),
        4 => Just(Step::TakenOver),
        2 => Just(Step::Sleeps),
        2 => (0..20u64).prop_map(Step::Forgets),
    ]
}

fn file(n: u8) -> Act {
    let id = u64::from(n / 5 % 4);
    match n % 5 {
        0 | 1 => super::files::reserve(id, 10),
        2 => super::files::add(id, 10, false),
        3 => super::files::add(id, 10, true),
        _ => super::files::delete(id),
    }
}

fn notice(n: u8) -> Act {
    let text = n.to_string();
    match n % 5 {
        0 => Act::PushUrl { url: text },
        1 => Act::Rename { nickname: text },
        2 => Act::Attach { data: BTreeMap::from([(text.clone(), text)]) },
        3 => Act::CustomNotice { text, notice_type: None },
        _ => Act::MarkRead { position: u64::from(n) },
    }
}

/// The world, and every command that was taken with its answer.
struct Course {
    world: World,
    taken: Vec<(Command, Answer)>,
    settled: BTreeMap<EffectId, u32>,
    /// Whether somebody asked that everybody be removed.
    forced: bool,
}

impl Course {
    fn new() -> Self {
        let mut course =
            Self { world: World::new(), taken: Vec::new(), settled: BTreeMap::new(), forced: false };
        course.asks(CUSTOMER, Act::Open(Box::new(super::files::with_files())));
        course
    }

    fn asks(&mut self, caller: Caller, act: Act) {
        self.world.commands += 1;
        let id = format!("command {}", self.world.commands);
        let before = self.world.owed();
        let taken = self.world.takes(&id, caller.clone(), act.clone());
        let Ok(decision) = taken else { return };
        for entry in &decision.entries {
            if let Entry::Settled(effect) = entry {
                *self.settled.entry(*effect).or_default() += 1;
                assert!(before.iter().any(|(id, _)| id == effect), "settled what was not owed");
            }
        }
        // Without entries nothing is kept: such a command may be done again.
        if !decision.entries.is_empty() && !self.world.session.retired() {
            self.taken.push((Command { id: CommandId(id), caller, act }, decision.answer));
        }
    }

    fn does(&mut self, step: &Step) {
        let text = |n: u8| "x".repeat(usize::from(n));
        match step {
            Step::Send(n) => self.asks(CUSTOMER, send(&text(*n))),
            Step::Type(n) => (0..*n).for_each(|_| self.asks(CUSTOMER, typing())),
            Step::Disconnect => self.asks(CUSTOMER, Act::Disconnect),
            Step::Notice(n) => self.asks(CUSTOMER, notice(*n)),
            Step::File(n) => self.asks(CUSTOMER, file(*n)),
            Step::Scanned(which, clean) => {
                let owed = self.world.owed();
                if let Some((effect, _)) = owed.get(which % owed.len().max(1)) {
                    self.asks(Caller::System, Act::FileScanned { effect: *effect, clean: *clean });
                }
            }
            Step::BotReplies { which, texts, leave } => {
                // Also ids that are no longer owed, or never were.
                let next = crate::ledger::Draft::new(&self.world.session.state.ledger).next_effect();
                let effect = EffectId(*which as u64 % (next.0 + 1));
                self.asks(bot(), reply(effect, &["a", "b", "c"][..*texts], *leave));
            }
            Step::SettlesOther(which) => {
                let owed = self.world.owed();
                if let Some((effect, _)) = owed.get(which % owed.len().max(1)) {
                    self.asks(Caller::System, Act::Settle { effect: *effect });
                }
            }
            Step::Lost => self.asks(Caller::System, Act::CustomerLost),
            Step::ForceEnd => {
                self.forced = true;
                self.asks(Caller::Operator, Act::ForceEnd);
            }
            Step::Fire(n) => self.asks(Caller::System, Act::Fire { timer: crate::TimerId(*n) }),
            Step::HiddenJoins(visibility) => self.joins(Role::Supervisor, *visibility),
            Step::AgentJoins => self.joins(agent(), Visibility::All),
            Step::AgentSends(is_internal) => {
                self.world.commands += 1;
                let id = format!("command {}", self.world.commands);
                let act = if *is_internal { internal("psst") } else { send("Hello") };
                // Never repeated: who came again meanwhile is answered under another number.
                let _refused = self.world.takes(&id, super::routing::kate(), act);
            }
            Step::AgentLeaves => self.agent_leaves(),
            Step::Repeat(n) => self.repeats(*n),
            Step::TakenOver => self.taken_over(),
            Step::Sleeps => {
                let snapshot = self.world.session.to_snapshot().unwrap();
                self.world.session = Session::from_snapshot(&snapshot).unwrap();
                self.world.session.restored();
            }
            Step::Forgets(seq) => self.world.session.forget_below(*seq),
        }
    }

    fn joins(&mut self, role: Role, visibility: Visibility) {
        if !self.world.session.ended() {
            self.world.drafts(|draft| {
                draft.join(role, visibility, "N");
            });
        }
    }

    fn agent_leaves(&mut self) {
        let parties = self.world.session.state.parties.values();
        let agent = parties.filter(|party| party.present()).find(|party| party.who.role == agent());
        if let Some(number) = agent.map(|party| party.who.number) {
            self.world.drafts(|draft| {
                draft.leave(number, LeaveReason::Left, None);
                draft.end_if_empty();
            });
        }
    }

    fn repeats(&mut self, n: usize) {
        let Some((command, answer)) = self.taken.get(n % self.taken.len().max(1)) else { return };
        let turn = Context { random: [3; 16], ..Context::at(0) };
        let decision = self.world.session.decide(command, &turn).unwrap();
        assert_eq!(&decision.answer, answer);
        assert!(decision.entries.is_empty() && decision.typing.is_empty());
    }

    fn taken_over(&mut self) {
        let forgotten_below = self.world.session.first_seq_in_memory();
        self.world.taken_over();
        self.world.session.forget_below(forgotten_below);
    }

    /// What the journal says of who is in, on its own count.
    fn ought_to_be_ended(&self) -> bool {
        let mut holders = std::collections::BTreeSet::new();
        for entry in &self.world.journal {
            let Entry::Event(event) = entry else { continue };
            match &event.body {
                Body::Joined(who) if matches!(who.role, Role::Customer | Role::Agent(_)) => {
                    holders.insert(event.by);
                }
                Body::Left { reason, .. } => {
                    let held = holders.remove(&event.by);
                    let removed = *reason == LeaveReason::Ended;
                    assert!(!held || !removed || self.forced, "one who holds the session was removed");
                }
                _ => {}
            }
        }
        holders.is_empty()
    }

    fn holds(&self) {
        let live = &self.world.session;
        assert_eq!(live.ended(), self.ought_to_be_ended());
        assert!(self.settled.values().all(|times| *times == 1));
        let mut replayed = self.world.replayed();
        replayed.forget_below(live.first_seq_in_memory());
        replayed.restored();
        let mut live = live.clone();
        live.restored();
        assert_eq!(live, replayed, "replay differs from the live state");
        if live.ended() {
            assert!(self.world.turns_owed().is_empty());
            assert!(live.state.parties.values().all(|party| !party.present()));
            assert!(live.retired() || live.timers().count() == 1);
        }
        assert!(live.last_seq() <= 30 + 30, "joins and leaves alone go over the limit");
    }

    /// All views see their events in one order, and their participants count without gaps.
    fn views_agree(&self) {
        let events: Vec<_> = self
            .world
            .journal
            .iter()
            .filter_map(|entry| match entry {
                Entry::Event(event) => Some(event),
                _ => None,
            })
            .collect();
        for event in &events {
            let who = self.world.session.participants().find(|who| who.number == event.by);
            let in_no_view = matches!(event.body, Body::Attached { .. });
            let seen = who.filter(|_| !in_no_view);
            let sees = seen.map_or(PerView::all(false), |who| who.visibility.views());
            let whispered = matches!(&event.body, Body::Message { text, .. } if text.show() == "psst");
            let shown = PerView { customer: sees.customer && !whispered, ..sees };
            assert_eq!(event.index.map(|index| index.is_some()), shown);
            assert!(seen.is_none_or(|who| who.number_in_view.map(|number| number.is_some()) == sees));
        }
        for view in [ViewKind::Customer, ViewKind::Agent, ViewKind::Supervisor] {
            let indexes: Vec<_> = events.iter().filter_map(|event| view.of(&event.index)).collect();
            assert!(indexes.is_sorted_by(|one, next| one < next));
            let numbers = self.world.session.participants().filter_map(|who| view.of(&who.number_in_view));
            assert!(numbers.eq(1..=u32::try_from(numbers_in(&self.world.session, view)).unwrap()));
        }
        let seqs = events.iter().map(|event| event.seq);
        assert!(seqs.eq(1..=self.world.session.last_seq()));
    }
}

fn numbers_in(session: &Session, view: ViewKind) -> usize {
    session.participants().filter(|who| view.of(&who.number_in_view).is_some()).count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn any_course_keeps_its_promises(steps in vec(step(), 1..60)) {
        let mut course = Course::new();
        for step in &steps {
            course.does(step);
            course.holds();
            if course.world.session.retired() {
                break;
            }
        }
        course.views_agree();
    }

    #[test]
    fn a_snapshot_and_the_rest_of_the_journal_are_the_whole_journal(
        steps in vec(step(), 1..60), cut in any::<prop::sample::Index>()
    ) {
        let mut course = Course::new();
        for step in steps.iter().filter(|step| !matches!(step, Step::Forgets(_))) {
            course.does(step);
            if course.world.session.retired() {
                break;
            }
        }
        let journal = &course.world.journal;
        let (before, after) = journal.split_at(cut.index(journal.len()));
        let mut early = Session::new(course.world.session.id().clone());
        before.iter().for_each(|entry| early.apply(entry));
        let mut late = Session::from_snapshot(&early.to_snapshot().unwrap()).unwrap();
        after.iter().for_each(|entry| late.apply(entry));
        late.restored();
        let mut whole = course.world.replayed();
        whole.restored();
        prop_assert_eq!(&late, &whole);
        prop_assert_eq!(late.to_snapshot(), whole.to_snapshot());
    }

    #[test]
    fn any_bytes_are_a_snapshot_or_an_error(
        bytes in vec(any::<u8>(), 0..300), place in any::<prop::sample::Index>()
    ) {
        prop_assert!(Session::from_snapshot(&bytes).is_err());
        let mut damaged = Course::new().world.session.to_snapshot().unwrap();
        let place = place.index(damaged.len());
        damaged[place] ^= 1;
        prop_assert!(Session::from_snapshot(&damaged).is_err());
    }
}
