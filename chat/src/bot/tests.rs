//! Tests of the rule bot.

use super::*;
use proptest::prelude::*;

fn rules(toml: &str) -> Result<Rules, BotError> {
    Rules::compile(toml::from_str(toml).unwrap())
}

const BOT: &str = r#"
nickname = "Ada 🤖"
greetings = ["Hello! 👋"]
fallbacks = ["one", "two", "three"]

[[rules]]
pattern = "πόσο|價格|\\bprice\\b"
answers = ["42 €"]

[[rules]]
pattern = "👍"
answers = ["🎉"]

[[rules]]
pattern = "^Exact$"
ignore_case = false
answers = ["exactly"]

[[rules]]
pattern = "^bye"
answers = ["See you"]
leave = true
"#;

fn says(text: &str) -> Vec<String> {
    rules(BOT).unwrap().answer(text, 0).texts
}

#[test]
fn the_first_rule_that_fits_answers_in_any_language_and_emoji() {
    assert_eq!(says("ΠΌΣΟ κοστίζει;"), ["42 €"]);
    assert_eq!(says("這個價格多少"), ["42 €"]);
    assert_eq!(says("What PRICE?"), ["42 €"]);
    assert_eq!(says("priceless"), ["one"]);
    assert_eq!(says("ok 👍🏽 bye"), ["🎉"]);
    assert_eq!(says("Exact"), ["exactly"]);
    assert_eq!(says("exact"), ["one"]);
}

#[test]
fn a_rule_may_let_the_bot_leave() {
    let bye = rules(BOT).unwrap().answer("Bye now", 1);
    assert_eq!(
        bye,
        BotAnswer { texts: vec!["See you".to_owned()], rich: None, leave: true, handover: false }
    );
}

#[test]
fn of_several_answers_the_event_s_number_chooses_and_none_is_left_out() {
    let rules = rules(BOT).unwrap();
    let said: Vec<_> = [3, 5, 7, 9].iter().flat_map(|seq| rules.answer("?", *seq).texts).collect();
    assert_eq!(said, ["two", "three", "one", "two"]);
    assert_eq!(rules.greet(4).texts, ["Hello! 👋"]);
}

#[test]
fn a_bad_rule_is_named_with_its_number_and_reason() {
    let bad =
        rules("nickname = 'x'\n[[rules]]\npattern='a'\nanswers=['b']\n[[rules]]\npattern='('\nanswers=['b']");
    let text = bad.unwrap_err().to_string();
    assert!(text.starts_with("rule 2: the pattern can't be used: regex parse error"), "{text}");
    let idle = rules("nickname = 'x'\n[[rules]]\npattern='a'");
    assert_eq!(idle.unwrap_err(), BotError::Idle { rule: 1 });
    assert_eq!(rules("nickname = ' '").unwrap_err(), BotError::Nickname);
    assert!(toml::from_str::<BotRules>("nickname = 'x'\ngreting = 'y'").is_err());
}

proptest! {
    #[test]
    fn any_pattern_is_used_or_refused_and_any_text_answered(
        pattern in "\\PC*", text in "\\PC*", seq in any::<u64>()
    ) {
        let answers = vec!["a".to_owned()];
        let rule = BotRule { pattern, ignore_case: None, answers, rich: None, leave: false, handover: false };
        let raw = BotRules {
            nickname: "x".to_owned(), greetings: vec![], fallbacks: vec!["f".to_owned()], ignore_case: true,
            rules: vec![rule],
        };
        if let Ok(rules) = Rules::compile(raw) {
            prop_assert_eq!(rules.answer(&text, seq).texts.len(), 1);
            prop_assert!(rules.greet(seq).texts.is_empty());
        }
    }
}
