//! Every flaw of a server must be seen, and a correct one must pass.

use std::time::{Duration, Instant};

use handoff_bench::Error;
use handoff_bench::drive::{self, Control, Harvest, Pace, Plan};
use handoff_bench::load::{self, Gauges, Spans};
use handoff_bench::report::{Measured, Report};

use crate::fake::{self, Flaw};
use crate::plan;

const SPANS: Spans = Spans { warm_up: Duration::from_millis(100), measure: Duration::from_millis(400) };

/// Lets the sessions send until every one of them can have sent over a hundred messages.
fn a_while(control: &Control) -> Result<(), Error> {
    control.open_window();
    std::thread::sleep(Duration::from_millis(400));
    control.close_window();
    Ok(())
}

fn run(flaw: Flaw) -> Harvest {
    let fake = fake::start(3, flaw, 0);
    let ((), harvest) = drive::run(&plan(&fake.nodes), a_while).unwrap();
    assert_eq!(harvest.verdict.sessions, 12);
    assert!(harvest.verdict.acknowledged > 12 * 10, "too few messages to show a flaw");
    harvest
}

fn kinds(harvest: &Harvest) -> Vec<&str> {
    harvest.verdict.violations.keys().map(String::as_str).collect()
}

#[test]
fn a_correct_server_passes_over_many_pages_and_all_acks_are_counted() {
    let harvest = run(Flaw::None);
    assert!(harvest.kept(), "{:?}", harvest.verdict);
    assert_eq!(harvest.failures.attempts(), 0);
    assert_eq!(harvest.tally.per_second.iter().sum::<u64>(), harvest.verdict.acknowledged);
    assert!(harvest.tally.acked > 0 && harvest.tally.acked <= harvest.verdict.acknowledged);
    assert_eq!(harvest.tally.latency.len(), harvest.tally.acked);
}

#[test]
fn a_server_that_loses_an_acknowledged_message_is_seen() {
    assert_eq!(kinds(&run(Flaw::Lose)), ["lost"]);
}

#[test]
fn a_server_that_doubles_a_message_is_seen() {
    assert_eq!(kinds(&run(Flaw::Double)), ["doubled"]);
}

#[test]
fn a_server_that_reorders_messages_is_seen() {
    assert_eq!(kinds(&run(Flaw::Reorder)), ["reordered"]);
}

#[test]
fn a_server_that_alters_a_text_is_seen() {
    assert_eq!(kinds(&run(Flaw::Alter)), ["foreign", "lost"]);
}

#[test]
fn a_server_that_uses_an_index_twice_is_seen() {
    assert_eq!(kinds(&run(Flaw::ReuseIndex)), ["index not rising"]);
}

#[test]
fn a_server_that_takes_a_repeated_message_for_a_new_one_is_seen() {
    let harvest = run(Flaw::ForgetIds);
    assert_eq!(kinds(&harvest), ["doubled"]);
    assert!(harvest.failures.again > 0);
}

#[test]
fn a_server_that_loses_answers_but_knows_repeats_passes() {
    let harvest = run(Flaw::LoseAnswers);
    assert!(harvest.kept(), "{:?}", harvest.verdict);
    assert!(harvest.failures.again > 0);
}

#[test]
fn a_refused_message_is_a_failed_send_and_ends_its_session_alone() {
    let fake = fake::start(1, Flaw::Refuse, 0);
    let ((), harvest) = drive::run(&plan(&fake.nodes), a_while).unwrap();
    assert_eq!((harvest.failed_sends, harvest.failures.rejected), (12, 12));
    assert_eq!(harvest.verdict.acknowledged, 12 * 9);
    assert!(harvest.verdict.kept() && !harvest.kept());
    assert!(harvest.ended_early[0].contains("statusCode"), "{:?}", harvest.ended_early);
}

#[test]
fn nobody_there_is_an_error_that_says_so() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut plan = plan(&[gone]);
    plan.waits.give_up = Duration::from_millis(50);
    let error = drive::run(&plan, a_while).unwrap_err();
    assert!(matches!(&error, Error::Start { reason, .. } if reason.contains("refused")), "{error}");
}

#[test]
fn a_schedule_does_not_wait_for_a_slow_server() {
    let fake = fake::start(1, Flaw::None, 0);
    let plan = Plan { pace: Pace::Open { interval: Duration::from_millis(20) }, ..plan(&fake.nodes) };
    let silence = Duration::from_millis(500);
    let ((), harvest) = drive::run(&plan, |control| {
        control.open_window();
        std::thread::sleep(Duration::from_millis(200));
        fake.health[0].store(fake::Health::Silent as u8, std::sync::atomic::Ordering::Relaxed);
        std::thread::sleep(silence);
        // What was due while the server was silent is sent even when the window closes right here.
        control.close_window();
        fake.health[0].store(fake::Health::Up as u8, std::sync::atomic::Ordering::Relaxed);
        Ok(())
    })
    .unwrap();
    assert!(harvest.kept());
    // Messages that were due while nobody answered count from when they were due: about half of all are
    // slow. Counted from their send, one per session would be.
    let slow = harvest.tally.latency.len() - harvest.tally.latency.count_between(0, 50_000);
    assert!(slow > 12 * 10, "{slow} of {}", harvest.tally.latency.len());
}

#[test]
fn rate_and_latency_reports_are_readable_and_survive_json() {
    let fake = fake::start(3, Flaw::None, 0);
    let plan = plan(&fake.nodes);
    let (rate, harvest) = load::rate(&plan, SPANS, &Gauges::default()).unwrap();
    let report = Report::new("fenced", &plan, rate, harvest);
    assert!(report.table().contains("each there once, in order"), "{}", report.table());
    let (latency, harvest) = load::latency(&plan, SPANS, 400.0).unwrap();
    let Measured::Latency { acked_per_second, .. } = latency else { panic!("{latency:?}") };
    assert!(acked_per_second > 0.0);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("report.json");
    report.write(&path).unwrap();
    let again = Report::read(&path).unwrap();
    assert_eq!(again.table(), report.table());
    let table = handoff_bench::compare::table(&[again, Report::new("open", &plan, latency, harvest)]);
    assert!(table.contains("| fenced | 12 |") && table.contains("| 1.00 |"), "{table}");
    assert!(table.contains("| open | 12 | 400 |"), "{table}");
}

#[test]
fn idle_sessions_hold_no_connection_and_are_still_checked_at_the_end() {
    let fake = fake::start(1, Flaw::None, 0);
    let plan = Plan { pace: Pace::Never, ..plan(&fake.nodes) };
    let began = Instant::now();
    let (sockets, harvest) = drive::run(&plan, |_| {
        let deadline = Instant::now() + Duration::from_secs(10);
        while established(fake.nodes[0].port()) > 0 && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(established(fake.nodes[0].port()))
    })
    .unwrap();
    assert_eq!(sockets, 0, "after {:?}", began.elapsed());
    assert!(harvest.kept());
    assert_eq!((harvest.verdict.sessions, harvest.verdict.acknowledged), (12, 0));
}

/// Established connections to a port of this machine.
fn established(port: u16) -> usize {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let remote = format!("0100007F:{port:04X}");
    table.lines().filter(|l| l.split_whitespace().nth(2) == Some(&remote) && l.contains(" 01 ")).count()
}
