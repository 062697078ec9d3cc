//! Texts that are nearly what a reader understands, for tests that none of them does harm.

use proptest::prelude::*;
use serde_json::{Map, Value};
use std::ops::Range;

/// Any JSON, a few levels deep, whose fields mostly have these names.
fn near_value(names: Vec<&'static str>) -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(names.clone()).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, move |inner| {
        let name = prop_oneof![4 => prop::sample::select(names.clone()).prop_map(str::to_owned), 1 => any::<String>()];
        let object = prop::collection::vec((name, inner.clone()), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::from),
            object.prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
    .boxed()
}

/// Any text: an object of these names, another JSON, the same with a piece cut out or put in, or no JSON at all.
pub(crate) fn near_json(names: &[&'static str]) -> impl Strategy<Value = String> + use<> {
    let (names, value) = (names.to_vec(), near_value(names.to_vec()));
    let field = (prop::sample::select(names), value.clone());
    let object = prop::collection::vec(field, 0..8).prop_map(|fields| {
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value));
        Value::Object(fields.collect())
    });
    let whole = prop_oneof![4 => object, 1 => value].prop_map(|value| value.to_string());
    let piece = prop_oneof![
        prop::sample::select(vec!["\\ud800", "1e400", "{", "[[[[", "\"", ",", "\u{0}", "-", "nul"])
            .prop_map(str::to_owned),
        any::<String>(),
    ];
    let spoilt = spoilt(whole.clone(), 0..9, piece);
    prop_oneof![3 => whole, 2 => spoilt, 1 => any::<String>(), 1 => Just("[".repeat(1_000))]
}

/// A text with so many letters cut out somewhere, and a piece put in there.
pub(crate) fn spoilt(
    whole: impl Strategy<Value = String>,
    cut: Range<usize>,
    piece: impl Strategy<Value = String>,
) -> impl Strategy<Value = String> {
    (whole, any::<prop::sample::Index>(), cut, piece).prop_map(|(text, at, cut, piece)| {
        let mut letters: Vec<char> = text.chars().collect();
        let from = at.index(letters.len() + 1);
        letters.splice(from..(from + cut).min(letters.len()), piece.chars());
        letters.into_iter().collect()
    })
}

/// Spoilers that spoil nothing would let every test of theirs pass.
#[test]
fn texts_come_whole_and_spoilt() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    fn some(strategy: impl Strategy<Value = String>) -> Vec<String> {
        let mut runner = TestRunner::deterministic();
        (0..200).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
    }
    let texts = some(spoilt(Just("abcdef".to_owned()), 0..3, Just("X".to_owned())));
    assert!(texts.iter().all(|text| text.contains('X')), "{texts:?}");
    for (letters, spoilt) in [(7, "nothing cut out"), (5, "two letters cut out")] {
        assert!(texts.iter().any(|text| text.len() == letters), "{spoilt}: {texts:?}");
    }
    let texts = some(near_json(&["known"]));
    let values: Vec<Value> = texts.iter().filter_map(|text| serde_json::from_str(text).ok()).collect();
    let named = values.iter().filter(|value| value.get("known").is_some()).count();
    assert!(named > 20 && texts.len() - values.len() > 20, "{named} named of {} JSON", values.len());
}
