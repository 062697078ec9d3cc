//! Tests of reading, checking and drawing workflows.

use super::*;
use crate::id::BotName;
use proptest::prelude::*;

const DEMO: &str = include_str!("../../../config/workflows/demo.toml");

pub(crate) fn known() -> Known {
    Known {
        bots: BTreeMap::from([(BotName("demo".to_owned()), "Robin".to_owned())]),
        queues: BTreeMap::from([(QueueName("support".to_owned()), 30_000)]),
    }
}

fn faults(text: &str) -> Vec<(usize, String)> {
    read("w", text, &known()).unwrap_err().into_iter().map(|fault| (fault.line, fault.reason)).collect()
}

#[test]
fn the_workflow_that_ships_can_be_used() {
    let program = read("demo", DEMO, &known()).unwrap();
    assert_eq!(program.step(program.start).unwrap().name, "robin");
    assert!(handoff_codec::encode_bare(&program).unwrap().len() < 1_000, "it is journaled with each start");
    assert!(program.label().starts_with("demo 1 ("));
}

#[test]
fn another_content_is_another_program() {
    let hash = |text: &str| read("demo", text, &known()).unwrap().hash;
    assert_eq!(hash(DEMO), hash(DEMO));
    assert_ne!(hash(DEMO), hash(&DEMO.replace("30000", "30001")));
}

/// A file of one step and what is put behind it.
fn with(rest: &str) -> String {
    format!("version = 1\nnickname = \"N\"\nstart = \"a\"\n{rest}")
}

#[test]
fn every_problem_is_told_with_its_line() {
    let table: &[(&str, usize, &str)] = &[
        ("[steps.a]\nsay = \"x\"\nnext = \"b\"\n", 6, "next is b, but there is no such step"),
        ("[steps.a]\nsay = \" \"\n", 5, "say is empty"),
        ("[steps.a]\nsay = 5\n", 5, "say must be a text"),
        ("[steps.a]\nnext = \"a\"\n", 4, "must have one of say, ask, branch"),
        ("[steps.a]\nsay = \"x\"\nend = true\n", 4, "it has 2"),
        ("[steps.a]\nsay = \"x\"\nnxt = \"a\"\n", 6, "nxt is not a key of a step that does `say`"),
        ("[steps.a]\nsay = \"x\"\n[steps.b]\nend = true\n", 6, "step b can't be reached"),
        ("[steps.a]\nsay = \"x\"\nnext = \"a\"\n", 4, "step a comes back to itself without waiting"),
        (
            "[steps.a]\nsay = \"x\"\nnext = \"b\"\n[steps.b]\nbranch = \"k\"\nnext = \"a\"\n\
             cases = [{ pattern = 'x', next = \"a\" }]\n",
            7,
            "step b comes back to itself",
        ),
        ("[steps.a]\nbot = \"x\"\n", 5, "there is no bot x"),
        ("[steps.a]\nroute = \"x\"\n", 5, "there is no queue x: the configuration needs [queues.x]"),
        ("[steps.a]\nroute = \"support\"\npriority = 1.5\n", 6, "priority must be a whole number"),
        ("[steps.a]\nroute = \"support\"\nevery_ms = 5000\n", 5, "every_ms needs texts"),
        ("[steps.a]\nroute = \"support\"\ntexts = [\"\"]\n", 6, "texts is empty"),
        ("[steps.a]\nroute = \"support\"\ntimeout_ms = 5\n", 4, "timeout_ms needs timeout"),
        ("[steps.a]\nroute = \"support\"\ntimeout = \"a\"\n", 4, "timeout needs timeout_ms"),
        ("[steps.a]\nwait_ms = 0\n", 5, "wait_ms must be a whole number from 1"),
        ("[steps.a]\nask = \"x\"\nyes = \"a\"\n", 4, "next is missing: where a reply leads"),
        ("[steps.a]\nask = \"x\"\nsave = \"a b\"\n", 6, "save must be 1 to 64 letters"),
        ("[steps.a]\nbranch = \"k\"\n", 4, "cases is missing"),
        (
            "[steps.a]\nbranch = \"k\"\ncases = [{ pattern = '(', next = \"a\" }]\n",
            6,
            "the pattern can't be used: unclosed group",
        ),
        ("[steps.a]\nbranch = \"k\"\ncases = [{ pattern = 'x' }]\n", 6, "next is missing"),
        ("[steps.a]\nattach = \"k\"\n", 4, "value is missing"),
        ("[steps.a]\nend = false\n", 5, "end can only be true"),
        ("[steps.a]\nend = true\nnext = \"a\"\n", 4, "nothing can be next"),
        ("steps.a = 1\n", 4, "steps.a is not a table"),
        ("[steps.a]\nsay = \"x\"\n[odd]\n", 6, "odd is not a workflow's key"),
        ("[steps.a]\nsay = \n", 5, "not TOML"),
    ];
    for (rest, line, reason) in table {
        let found = faults(&with(rest));
        let told = |(at, text): &(usize, String)| at == line && text.contains(reason);
        assert!(found.iter().any(told), "expected {line}: {reason}\nin {rest}\nfound {found:?}");
    }
    assert!(faults("")[0].1.contains("missing") && faults("start = \"a\"\n").len() >= 3);
    let post = "post = \"a\"\n[steps.a]\nsay = \"x\"\n";
    assert!(
        faults(&with(post)).iter().any(|(line, text)| *line == 5 && text.contains("nobody is in the chat"))
    );
}

#[test]
fn all_problems_of_a_file_come_at_once() {
    let text = with("[steps.a]\nsay = \"\"\nnext = \"c\"\n[steps.b]\nbot = \"x\"\nodd = 1\n");
    let lines: Vec<usize> = faults(&text).iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [5, 6, 8, 9]);
}

#[test]
fn what_waits_may_come_back_to_itself() {
    let waits = "[steps.a]\nask = \"x\"\nyes = \"b\"\nnext = \"a\"\n[steps.b]\nsay = \"y\"\nnext = \"a\"\n";
    assert!(read("w", &with(waits), &known()).is_ok());
}

#[test]
fn a_workflow_is_drawn_with_all_its_ways() {
    let drawn = draw(&read("demo", DEMO, &known()).unwrap());
    for expected in [
        "flowchart TD\n  begin([\"demo 1\"]) --> s",
        "[[\"robin<br/>bot demo\"]]",
        "-->|\"asked for a person\"|",
        "-->|\"nobody in time\"|",
        "-->|\"yes\"|",
        "ended([\"the session has ended\"])",
    ] {
        assert!(drawn.contains(expected), "missing {expected} in\n{drawn}");
    }
    let odd = with("[steps.a]\nsay = '''\"] --> x[\"|'''\n");
    let drawn = draw(&read("w", &odd, &known()).unwrap());
    assert!(drawn.contains("#34;] --#62; x[#34;#124;\"]"), "a text can't break out of its box: {drawn}");
}

#[test]
fn texts_are_filled_with_what_is_known_and_other_braces_stay() {
    let known = |name: &str| (name == "nickname").then_some(std::borrow::Cow::Borrowed("Zoë {subject}"));
    for (text, filled) in [
        ("Hi {nickname}!", "Hi Zoë {subject}!"),
        ("{odd}", ""),
        ("{ not } {", "{ not } {"),
        ("{{nickname}}", "{Zoë {subject}}"),
        ("", ""),
    ] {
        assert_eq!(fill(text, known), filled, "{text}");
    }
}

#[test]
fn yes_and_no_are_understood_in_many_languages() {
    for (yes, no) in [
        ("Yes, please", "no"),
        ("ja gerne", "Nein!"),
        ("sí", "não"),
        ("はい、お願いします", "いいえ"),
        ("نعم", "لا"),
        ("👍", "👎"),
    ] {
        assert!(When::Yes.fits(yes) && !When::No.fits(yes), "{yes}");
        assert!(When::No.fits(no) && !When::Yes.fits(no), "{no}");
    }
    assert!(!When::Yes.fits("yesterday") && !When::No.fits("nobody knows"));
}

/// The workflow that ships with some of its lines gone, doubled or put elsewhere, and pieces put in; or pieces alone.
fn near_workflow() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => prop::sample::select(DEMO.lines().collect::<Vec<_>>()).prop_map(str::to_owned),
        1 => prop::sample::select(vec![
            "[steps.", "]", "next = ", "route = \"support\"", "say = 7", "wait_ms = -1", "branch = [", "{", "}",
            "wait_ms = 99999999999999999999", "\"\"\"", "start = \"nowhere\"", "version = 0x", "1979-05-27",
            "[steps.\"\"]",
        ])
        .prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    let edit = (any::<prop::sample::Index>(), 0..4usize, prop::collection::vec(piece.clone(), 0..3));
    let edited = prop::collection::vec(edit, 0..4).prop_map(|edits| {
        let mut lines: Vec<String> = DEMO.lines().map(str::to_owned).collect();
        for (at, cut, pieces) in edits {
            let from = at.index(lines.len() + 1);
            lines.splice(from..(from + cut).min(lines.len()), pieces);
        }
        lines.join("\n")
    });
    prop_oneof![3 => edited, 1 => prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.join("\n"))]
}

proptest! {
    #[test]
    fn any_text_is_a_workflow_or_all_that_is_wrong_with_it_by_line(text in near_workflow()) {
        match read("w", &text, &known()) {
            Ok(program) => {
                prop_assert!(program.step(program.start).is_some());
                prop_assert!(!draw(&program).is_empty());
            }
            Err(faults) => {
                prop_assert!(!faults.is_empty() && faults.is_sorted());
                let lines = text.split('\n').count();
                for fault in faults {
                    prop_assert!((1..=lines + 1).contains(&fault.line) && !fault.reason.is_empty(), "{}", fault);
                }
            }
        }
    }
}
