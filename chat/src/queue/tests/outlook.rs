//! What one who waits may expect: their place, and how long.

use super::*;
use crate::command::Pace;
use proptest::prelude::*;

impl Bench {
    fn outlook(&self, of: Option<usize>) -> Outlook {
        match self.queue.read(&Caller::System, &Read::Outlook { of: of.map(id) }).unwrap() {
            Reading::Outlook(outlook) => outlook,
            other => panic!("no outlook but {other:?}"),
        }
    }

    /// Somebody waited, and an agent who has just become free takes them.
    fn taken(&mut self, n: usize, attempt: u64, version: u64) {
        self.can("ann", version, 1, 0);
        self.answered(Reply::Granted { version: version + 1 });
        self.goes(n, attempt + 1);
        self.can("ann", version + 1, 0, 0);
    }

    fn wait_ms(&self, of: Option<usize>) -> Option<u64> {
        self.outlook(of).wait_ms(Millis(self.clock))
    }
}

#[test]
fn a_place_counts_all_who_are_served_before() {
    let mut bench = Bench::new();
    for (n, priority, since) in [(1, 0, 10), (2, 0, 20), (3, 5, 30)] {
        bench.comes(n, 1, ticket(priority, since));
    }
    let places = |bench: &Bench| [1, 2, 3, 4].map(|n| bench.outlook(Some(n)).place);
    assert_eq!(places(&bench), [Some(2), Some(3), Some(1), None]);
    bench.can("ann", 1, 1, 0);
    assert_eq!(places(&bench), [Some(2), Some(3), Some(1), None], "who is asked for still waits");
    bench.goes(3, 2);
    assert_eq!(places(&bench), [Some(1), Some(2), None, None]);
    assert_eq!(bench.outlook(None).waiting, 2);
}

#[test]
fn agents_are_there_whether_they_can_take_one_more_or_not() {
    let mut bench = Bench::new();
    let says = |bench: &mut Bench, agent: &str, version, here, free| {
        let (agent, idle_since) = (name(agent), Millis(0));
        let message = ToQueue::Available { agent: agent.clone(), version, here, free, idle_since };
        assert_eq!(bench.tells(&agent, message), Ok(Reply::Done));
    };
    says(&mut bench, "ann", 1, true, 2);
    says(&mut bench, "bob", 1, true, 0);
    says(&mut bench, "cid", 1, false, 0);
    let outlook = bench.outlook(None);
    assert_eq!((outlook.agents, outlook.free), (2, 2));
    assert_eq!(bench.wait_ms(None), Some(0), "somebody is free");
    says(&mut bench, "ann", 2, false, 0);
    assert_eq!(bench.outlook(None).agents, 1);
    assert_eq!(bench.wait_ms(None), None, "and now nothing is known");
}

#[test]
fn a_wait_is_reckoned_from_how_the_line_moved_and_forgotten_after_an_hour() {
    let mut bench = Bench::new();
    (1..=4).for_each(|n| assert_eq!(bench.comes(n, 1, ticket(0, 0)), Reply::Done));
    assert_eq!(bench.wait_ms(Some(1)), None, "nobody was taken yet");
    bench.passes(20_000);
    bench.taken(1, 1, 1);
    assert_eq!(bench.wait_ms(Some(2)), Some(20_000));
    assert_eq!(bench.wait_ms(Some(4)), Some(60_000));
    assert_eq!(bench.wait_ms(None), Some(80_000), "one who would come now");
    bench.passes(10_000);
    bench.taken(2, 1, 3);
    assert_eq!(bench.wait_ms(Some(3)), Some(15_000), "the mean of both");
    bench.clock += 3_600_001;
    assert_eq!(bench.wait_ms(Some(3)), None);
}

#[test]
fn who_leaves_by_themselves_or_did_not_have_to_wait_says_nothing_of_the_line() {
    let mut bench = Bench::new();
    bench.comes(1, 1, ticket(0, 0));
    bench.passes(20_000);
    bench.goes(1, 2);
    assert_eq!(bench.outlook(None).pace, None, "they gave up");
    bench.can("ann", 1, 1, 0);
    bench.comes(2, 1, ticket(0, 0));
    bench.answered(Reply::Granted { version: 2 });
    bench.clock += 100;
    bench.goes(2, 2);
    assert_eq!(bench.outlook(None).pace, None, "an agent was free");
}

#[test]
fn how_the_line_moves_outlives_the_owner() {
    let mut bench = Bench::new();
    bench.comes(1, 1, ticket(0, 0));
    bench.passes(20_000);
    bench.taken(1, 1, 1);
    let restored = Queue::from_snapshot(&bench.queue.to_snapshot().unwrap()).unwrap();
    assert_eq!(restored, bench.queue);
    assert!(restored.outlook(None).pace.is_some());
}

#[test]
fn an_outlook_is_for_the_node_alone() {
    let bench = Bench::new();
    let read = Read::Outlook { of: None };
    assert_eq!(bench.queue.read(&Caller::key([1; 32]), &read), Err(Reject::NotAllowed));
    assert_eq!(bench.queue.read(&Caller::Agent(name("ann")), &read), Err(Reject::NotAllowed));
}

proptest! {
    #[test]
    fn the_mean_lies_among_what_was_seen(waits in prop::collection::vec(0_i64..10_000_000, 1..40)) {
        let (mut pace, mut now) = (None, 0_i64);
        for wait in &waits {
            let came = Millis(now);
            now += wait;
            pace = Some(Pace::took(pace, came, Millis(now)));
        }
        let pace = pace.unwrap();
        let (least, most) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
        // Each mean is cut to a whole millisecond.
        let least = u64::try_from(*least).unwrap().saturating_sub(waits.len() as u64);
        prop_assert!((least..=u64::try_from(*most).unwrap()).contains(&pace.place_ms));
        prop_assert_eq!(pace.taken_at, Millis(now));
    }

    #[test]
    fn a_clock_that_steps_back_makes_no_wait(came in any::<i64>(), now in any::<i64>()) {
        let pace = Pace::took(None, Millis(came), Millis(now));
        prop_assert!(now > came || pace.place_ms == 0);
    }
}
