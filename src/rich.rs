//! Holds rich messages and answers to the published schemas, before anything else looks at them.

use handoff_chat::rich::{Rich, RichReject};
use jsonschema::Validator;
use serde_json::Value;
use std::sync::LazyLock;

/// The schema of rich messages, as it is served.
pub const MESSAGE_SCHEMA: &str = include_str!("../docs/schema/rich-message.json");
/// The schema of answers to them.
pub const REPLY_SCHEMA: &str = include_str!("../docs/schema/rich-reply.json");

static MESSAGE: LazyLock<Option<Validator>> = LazyLock::new(|| validator(MESSAGE_SCHEMA));
static REPLY: LazyLock<Option<Validator>> = LazyLock::new(|| validator(REPLY_SCHEMA));

fn validator(schema: &str) -> Option<Validator> {
    let schema: Value = serde_json::from_str(schema).ok()?;
    jsonschema::validator_for(&schema)
        .inspect_err(|error| tracing::error!(%error, "a schema of this build"))
        .ok()
}

/// Checks a rich message; answers it as it is stored.
///
/// # Errors
/// [`RichReject::Wrong`] with the place of what is wrong. What stands there is not repeated.
pub fn check_message(content: &Value) -> Result<String, RichReject> {
    fits(MESSAGE.as_ref(), content).map_err(RichReject::Wrong)?;
    let json = content.to_string();
    Rich::read(&json)?;
    Ok(json)
}

/// Checks an answer's shape; whether it fits its question the session knows.
///
/// # Errors
/// [`RichReject::Misfit`].
pub fn check_reply(content: &Value) -> Result<String, RichReject> {
    fits(REPLY.as_ref(), content).map_err(RichReject::Misfit)?;
    Ok(content.to_string())
}

fn fits(validator: Option<&Validator>, content: &Value) -> Result<(), String> {
    let Some(validator) = validator else { return Err("no schema to check it with".to_owned()) };
    match validator.iter_errors(content).next() {
        None => Ok(()),
        Some(error) => {
            Err(format!("at {:?} it breaks {}", error.instance_path().to_string(), error.schema_path()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn messages() -> Vec<Value> {
        let choice = json!({"id": "a", "title": "A"});
        vec![
            json!({"kind": "quick_replies", "text": "?", "options": [choice]}),
            json!({"kind": "list_picker", "text": "?", "multiple": true,
                "sections": [{"title": "S", "items": [choice]}]}),
            json!({"kind": "time_picker", "text": "?", "slots":
                [{"id": "1", "starts_at": "2026-12-01T10:00:00+01:00", "minutes": 30}]}),
            json!({"kind": "card", "text": "?", "card": {"title": "T", "subtitle": "S", "image": "https://x.org/1.png",
                "actions": [{"id": "a", "title": "A"}, {"url": "https://x.org", "title": "More"}]}}),
            json!({"kind": "carousel", "text": "?", "cards": [{"title": "T"}, {"title": "U"}]}),
            json!({"kind": "form", "text": "?", "fields": [
                {"id": "n", "label": "Name", "type": "text", "required": true},
                {"id": "c", "label": "Size", "type": "choice", "options": [choice]}]}),
        ]
    }

    #[test]
    fn every_kind_fits_the_schema_and_is_read_back_as_the_same() {
        for message in messages() {
            let stored = check_message(&message).unwrap_or_else(|error| panic!("{message}: {error}"));
            let rich = Rich::read(&stored).unwrap();
            let again = serde_json::to_value(&rich).unwrap();
            // What has a default may come back written out.
            assert!(check_message(&again).is_ok(), "{again}");
        }
    }

    #[test]
    fn what_breaks_the_schema_is_refused_with_its_place_and_without_what_stands_there() {
        let mut wrong = vec![json!(null), json!([]), json!({"kind": "hologram", "text": "secret"})];
        for message in messages() {
            let mut no_text = message.clone();
            no_text.as_object_mut().unwrap().remove("text");
            let mut more = message.clone();
            more["other"] = json!("secret");
            let mut long = message;
            long["text"] = json!("x".repeat(2001));
            wrong.extend([no_text, more, long]);
        }
        wrong.push(
            json!({"kind": "card", "text": "?", "card": {"title": "T", "image": "http://x.org/1.png"}}),
        );
        wrong.push(json!({"kind": "card", "text": "?", "card": {"title": "T", "actions":
            [{"url": "javascript:alert(1)", "title": "More"}]}}));
        wrong.push(
            json!({"kind": "form", "text": "?", "fields": [{"id": "c", "label": "L", "type": "choice"}]}),
        );
        wrong.push(json!({"kind": "time_picker", "text": "?", "slots":
            [{"id": "1", "starts_at": "now", "minutes": 1}]}));
        for message in wrong {
            let why = check_message(&message).unwrap_err().to_string();
            assert!(!why.contains("secret"), "{why}");
        }
    }

    #[test]
    fn an_answer_is_choices_or_values() {
        for good in [json!({"choices": ["a"]}), json!({"values": {"n": "Zoë"}})] {
            assert!(check_reply(&good).is_ok());
        }
        for wrong in
            [json!({}), json!({"choices": ["a"], "values": {}}), json!({"choices": "a"}), json!({"n": 1})]
        {
            assert!(matches!(check_reply(&wrong), Err(RichReject::Misfit(_))), "{wrong}");
        }
    }
}
