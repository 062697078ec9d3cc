//! Rich messages: what a person can answer with a tap, always with a text for who can't show them. What may stand in
//! one is published as `docs/schema/rich-message.json`, which gateways hold it to; here is what a schema can't say,
//! and what an answer must keep.

mod kind;

pub use kind::RichKind;

use crate::text::is_blank;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// A rich message, as its JSON says it; `kind` says which.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Rich {
    /// Short answers, one of which is chosen.
    QuickReplies {
        /// What is shown where this can't be.
        text: String,
        /// The answers to choose from, in the order shown.
        options: Vec<Choice>,
    },
    /// A list to choose from.
    ListPicker {
        /// What is shown where this can't be.
        text: String,
        /// What can be chosen, in parts.
        sections: Vec<Section>,
        /// Whether several may be chosen.
        #[serde(default)]
        multiple: bool,
    },
    /// Times to choose from.
    TimePicker {
        /// What is shown where this can't be.
        text: String,
        /// The times to choose from, in the order shown.
        slots: Vec<Slot>,
    },
    /// One thing with a picture and what can be done with it.
    Card {
        /// What is shown where this can't be.
        text: String,
        /// The card that is shown.
        card: Card,
    },
    /// Several cards, to be leafed through.
    Carousel {
        /// What is shown where this can't be.
        text: String,
        /// The cards, in the order shown; ids of their actions are unique among all of them.
        cards: Vec<Card>,
    },
    /// A form to fill in.
    Form {
        /// What is shown where this can't be.
        text: String,
        /// What is to be filled in, in the order shown.
        fields: Vec<Field>,
    },
}

/// Something to choose, in a list or a field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// What an answer names.
    pub id: String,
    /// What the person sees, and may write in place of a tap.
    pub title: String,
    /// A second line, under the title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtitle: Option<String>,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// Shown over the items; none: they stand without a heading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What can be chosen.
    pub items: Vec<Choice>,
}

/// A time that can be chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// What an answer names.
    pub id: String,
    /// When it begins, as in RFC 3339.
    pub starts_at: String,
    /// How long it is.
    pub minutes: u32,
}

/// One thing that is shown with what can be done with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Shown over the rest of the card.
    pub title: String,
    /// A second line, under the title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtitle: Option<String>,
    /// The address of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// What can be done with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Action>,
}

/// Something to do with a card: to answer with its id, or to open an address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Action {
    /// Answers with its id.
    Answer {
        /// What an answer names.
        id: String,
        /// The words on the button, which a person may also write.
        title: String,
    },
    /// Opens an address; nothing is answered.
    Open {
        /// Opened by the page that shows the card.
        url: String,
        /// The words on the button.
        title: String,
    },
}

/// A field of a form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// What an answer names.
    pub id: String,
    /// What the person sees beside the field.
    pub label: String,
    /// What is filled in.
    #[serde(rename = "type")]
    pub kind: FieldKind,
    /// Whether it must be filled in.
    #[serde(default)]
    pub required: bool,
    /// Of `choice`: what can be chosen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Choice>,
}

/// What is filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// A line of text.
    Text,
    /// Something with an `@` and no space in it.
    Email,
    /// A finite number, as in `-1.5`.
    Number,
    /// A day, as in `2026-12-01`.
    Date,
    /// One of the options.
    Choice,
    /// Yes (`true`) or no (`false`).
    Checkbox,
}

/// An answer to a rich message, as its JSON says it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The ids chosen: one, or several of a list that allows it. Empty for a form.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// Of a form: what was filled in, by field.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
}

/// Why a rich message or an answer is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error, bincode::Encode, bincode::Decode)]
pub enum RichReject {
    /// It breaks the rules of rich messages; the words say how.
    #[error("this is no rich message: {0}")]
    Wrong(String),
    /// There is no rich message to answer, or it was answered.
    #[error("there is no such rich message to answer, or it was answered already")]
    NoQuestion,
    /// The answer does not fit.
    #[error("the answer does not fit: {0}")]
    Misfit(String),
}

impl Rich {
    /// Reads one, and checks what a schema can't say: ids that answers name are unique, and there are answers.
    ///
    /// # Errors
    /// [`RichReject::Wrong`] with the first rule that it breaks.
    pub fn read(json: &str) -> Result<Self, RichReject> {
        let rich: Self = serde_json::from_str(json).map_err(|error| RichReject::Wrong(error.to_string()))?;
        if is_blank(rich.text()) {
            return Err(RichReject::Wrong("the text is empty".to_owned()));
        }
        let mut seen = BTreeSet::new();
        if rich.ids().any(|id| id.is_empty() || !seen.insert(id)) {
            return Err(RichReject::Wrong("an id is empty or stands twice".to_owned()));
        }
        if seen.is_empty() && !matches!(rich, Self::Card { .. } | Self::Carousel { .. }) {
            return Err(RichReject::Wrong("there is nothing to choose".to_owned()));
        }
        Ok(rich)
    }

    /// What is shown where this can't be.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::QuickReplies { text, .. }
            | Self::ListPicker { text, .. }
            | Self::TimePicker { text, .. }
            | Self::Card { text, .. }
            | Self::Carousel { text, .. }
            | Self::Form { text, .. } => text,
        }
    }

    fn ids(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        match self {
            Self::Form { fields, .. } => Box::new(fields.iter().map(|field| field.id.as_str())),
            Self::TimePicker { slots, .. } => Box::new(slots.iter().map(|slot| slot.id.as_str())),
            other => Box::new(other.titles().map(|(id, _)| id)),
        }
    }

    /// What can be chosen, with what is shown for it.
    fn titles(&self) -> Box<dyn Iterator<Item = (&str, &str)> + '_> {
        fn of(choice: &Choice) -> (&str, &str) {
            (&choice.id, &choice.title)
        }
        fn of_card(card: &Card) -> impl Iterator<Item = (&str, &str)> {
            card.actions.iter().filter_map(|action| match action {
                Action::Answer { id, title } => Some((id.as_str(), title.as_str())),
                Action::Open { .. } => None,
            })
        }
        match self {
            Self::QuickReplies { options, .. } => Box::new(options.iter().map(of)),
            Self::ListPicker { sections, .. } => {
                Box::new(sections.iter().flat_map(|section| section.items.iter().map(of)))
            }
            Self::TimePicker { slots, .. } => {
                Box::new(slots.iter().map(|slot| (slot.id.as_str(), slot.starts_at.as_str())))
            }
            Self::Card { card, .. } => Box::new(of_card(card)),
            Self::Carousel { cards, .. } => Box::new(cards.iter().flat_map(of_card)),
            Self::Form { .. } => Box::new(std::iter::empty()),
        }
    }

    /// The answer that somebody gives who writes what is shown.
    #[must_use]
    pub fn written(&self, text: &str) -> Option<Answer> {
        let wanted = text.trim().to_lowercase();
        let found = self.titles().find(|(_, title)| title.trim().to_lowercase() == wanted);
        found.map(|(id, _)| Answer { choices: vec![id.to_owned()], values: BTreeMap::new() })
    }

    /// An answer as people read it, when it fits.
    ///
    /// # Errors
    /// [`RichReject::Misfit`] with what does not fit.
    pub fn readable(&self, answer: &Answer) -> Result<String, RichReject> {
        let misfit = |why: &str| RichReject::Misfit(why.to_owned());
        if let Self::Form { fields, .. } = self {
            if !answer.choices.is_empty() {
                return Err(misfit("a form is answered with values"));
            }
            return filled(fields, &answer.values);
        }
        if !answer.values.is_empty() {
            return Err(misfit("only a form is answered with values"));
        }
        let several = matches!(self, Self::ListPicker { multiple: true, .. });
        if answer.choices.is_empty() || (answer.choices.len() > 1 && !several) {
            return Err(misfit(if several { "choose at least one" } else { "choose one" }));
        }
        let mut seen = BTreeSet::new();
        let mut titles = Vec::new();
        for id in &answer.choices {
            let title = self.titles().find(|(one, _)| one == id).map(|(_, title)| title);
            titles.push(title.filter(|_| seen.insert(id)).ok_or_else(|| misfit("there is no such choice"))?);
        }
        Ok(titles.join(", "))
    }
}

fn filled(fields: &[Field], values: &BTreeMap<String, String>) -> Result<String, RichReject> {
    let misfit = |field: &Field, why: &str| RichReject::Misfit(format!("{} {why}", field.id));
    if let Some(unknown) = values.keys().find(|id| fields.iter().all(|field| field.id != **id)) {
        return Err(RichReject::Misfit(format!("there is no field {unknown}")));
    }
    let mut lines = Vec::new();
    for field in fields {
        let value = values.get(&field.id).map(|value| value.trim()).filter(|value| !value.is_empty());
        let Some(value) = value else {
            if field.required {
                return Err(misfit(field, "must be filled in"));
            }
            continue;
        };
        let shown = match field.kind {
            FieldKind::Text => value,
            FieldKind::Email if value.contains('@') && !value.contains(char::is_whitespace) => value,
            FieldKind::Number if value.parse::<f64>().is_ok_and(f64::is_finite) => value,
            FieldKind::Date if is_day(value) => value,
            FieldKind::Checkbox if value == "true" => "✓",
            FieldKind::Checkbox if value == "false" && !field.required => "–",
            FieldKind::Choice => {
                let chosen = field.options.iter().find(|option| option.id == value);
                &chosen.ok_or_else(|| misfit(field, "has no such choice"))?.title
            }
            _ => return Err(misfit(field, "is not of its type")),
        };
        lines.push(format!("{}: {shown}", field.label));
    }
    if lines.is_empty() {
        return Err(RichReject::Misfit("nothing is filled in".to_owned()));
    }
    Ok(lines.join("\n"))
}

/// `YYYY-MM-DD`, of a month and a day that there may be.
fn is_day(text: &str) -> bool {
    let mut parts = text.split('-').map(|part| (part.len(), part.parse::<u32>().ok()));
    let parts = [parts.next(), parts.next(), parts.next(), parts.next()];
    matches!(parts, [Some((4, Some(_))), Some((2, Some(1..=12))), Some((2, Some(1..=31))), None])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rich(json: &str) -> Rich {
        Rich::read(json).unwrap()
    }

    fn answer(json: &str) -> Answer {
        serde_json::from_str(json).unwrap()
    }

    const LIST: &str = r#"{"kind": "list_picker", "text": "Which?", "multiple": true, "sections": [
        {"title": "Fruit", "items": [{"id": "a", "title": "Apple"}, {"id": "p", "title": "Pear", "subtitle": "ripe"}]},
        {"items": [{"id": "n", "title": "None"}]}]}"#;
    const CARDS: &str = r#"{"kind": "carousel", "text": "Two", "cards": [
        {"title": "One", "image": "https://x.example/1.png", "actions": [{"id": "1", "title": "Take one"}]},
        {"title": "Two", "actions": [{"url": "https://x.example/2", "title": "More"},
            {"id": "2", "title": "Take two"}]}]}"#;
    const FORM: &str = r#"{"kind": "form", "text": "Please fill in", "fields": [
        {"id": "name", "label": "Name", "type": "text", "required": true},
        {"id": "mail", "label": "E-mail", "type": "email"}, {"id": "count", "label": "Count", "type": "number"},
        {"id": "day", "label": "Day", "type": "date"},
        {"id": "size", "label": "Size", "type": "choice", "options": [{"id": "s", "title": "Small"}]},
        {"id": "news", "label": "News", "type": "checkbox"}]}"#;

    #[test]
    fn an_answer_is_read_as_people_say_it_and_one_that_does_not_fit_is_refused() {
        let quick =
            rich(r#"{"kind": "quick_replies", "text": "OK?", "options": [{"id": "y", "title": "Yes"}]}"#);
        let slots = rich(
            r#"{"kind": "time_picker", "text": "When?", "slots":
               [{"id": "1", "starts_at": "2026-12-01T10:00:00Z", "minutes": 30}]}"#,
        );
        for (rich, given, read) in [
            (&quick, r#"{"choices": ["y"]}"#, "Yes"),
            (&rich(LIST), r#"{"choices": ["p", "a"]}"#, "Pear, Apple"),
            (&slots, r#"{"choices": ["1"]}"#, "2026-12-01T10:00:00Z"),
            (&rich(CARDS), r#"{"choices": ["2"]}"#, "Take two"),
            (
                &rich(FORM),
                r#"{"values": {"name": " Zoë ", "mail": "z@x.org", "count": "2.5", "day": "2026-12-01", "size": "s",
                   "news": "true"}}"#,
                "Name: Zoë\nE-mail: z@x.org\nCount: 2.5\nDay: 2026-12-01\nSize: Small\nNews: ✓",
            ),
        ] {
            assert_eq!(rich.readable(&answer(given)).as_deref(), Ok(read));
        }
        for (rich, given) in [
            (&quick, r#"{"choices": ["n"]}"#),
            (&quick, r#"{"choices": []}"#),
            (&quick, r#"{"choices": ["y", "y"]}"#),
            (&quick, r#"{"values": {"y": "x"}}"#),
            (&rich(LIST), r#"{"choices": ["a", "a"]}"#),
            (&rich(FORM), r#"{"choices": ["name"]}"#),
            (&rich(FORM), r#"{"values": {"mail": "z@x.org"}}"#),
            (&rich(FORM), r#"{"values": {"name": "Z", "other": "x"}}"#),
            (&rich(FORM), r#"{"values": {"name": "Z", "mail": "no"}}"#),
            (&rich(FORM), r#"{"values": {"name": "Z", "count": "many"}}"#),
            (&rich(FORM), r#"{"values": {"name": "Z", "day": "1.12.2026"}}"#),
            (&rich(FORM), r#"{"values": {"name": "Z", "size": "xl"}}"#),
            (&rich(FORM), r#"{"values": {"name": "Z", "news": "perhaps"}}"#),
        ] {
            assert!(matches!(rich.readable(&answer(given)), Err(RichReject::Misfit(_))), "{given}");
        }
    }

    #[test]
    fn who_writes_what_is_shown_has_chosen_it() {
        assert_eq!(rich(LIST).written(" pear "), Some(answer(r#"{"choices": ["p"]}"#)));
        assert_eq!(rich(LIST).written("plum"), None);
        assert_eq!(rich(FORM).written("Name"), None);
    }

    /// A rich message or an answer, with pieces of it cut out and others put in.
    fn near(whole: &[&'static str]) -> impl Strategy<Value = String> + use<> {
        const PIECES: [&str; 12] = [
            "",
            "\"id\": ",
            "\"a\"",
            "\"\\ud800\"",
            "null",
            "{",
            "[[",
            "1e400",
            ", \"kind\": \"form\"",
            "\"title\"",
            " ",
            "\u{202e}",
        ];
        let splice = (any::<prop::sample::Index>(), 0..9usize, prop::sample::select(PIECES.to_vec()));
        let splices = prop::collection::vec(splice, 0..3);
        (prop::sample::select(whole.to_vec()), splices).prop_map(|(text, splices)| {
            let mut letters: Vec<char> = text.chars().collect();
            for (at, cut, piece) in splices {
                let from = at.index(letters.len() + 1);
                letters.splice(from..(from + cut).min(letters.len()), piece.chars());
            }
            letters.into_iter().collect()
        })
    }

    proptest! {
        #[test]
        fn any_text_is_a_rich_message_or_an_error_and_what_is_read_can_be_answered(
            message in near(&[LIST, CARDS, FORM]),
            given in near(&[r#"{"choices": ["p", "a"]}"#, r#"{"values": {"name": "Zoë", "day": "2026-12-01"}}"#]),
        ) {
            let Ok(read) = Rich::read(&message) else { return Ok(()) };
            prop_assert_eq!(Rich::read(&serde_json::to_string(&read).unwrap()), Ok(read.clone()));
            for (_, title) in read.titles() {
                let chosen = read.written(title).unwrap();
                prop_assert!(read.readable(&chosen).is_ok(), "{:?} of {:?}", chosen, read);
            }
            if let Ok(given) = serde_json::from_str::<Answer>(&given) {
                let _ = read.readable(&given);
            }
        }
    }

    #[test]
    fn what_has_no_text_no_choice_or_an_id_twice_is_no_rich_message() {
        for wrong in [
            "x",
            "{}",
            r#"{"kind": "quick_replies", "text": " ", "options": [{"id": "y", "title": "Yes"}]}"#,
            r#"{"kind": "quick_replies", "text": "?", "options": []}"#,
            r#"{"kind": "quick_replies", "options": [{"id": "y", "title": "Yes"}]}"#,
            r#"{"kind": "quick_replies", "text": "?",
               "options": [{"id": "y", "title": "a"}, {"id": "y", "title": "b"}]}"#,
            r#"{"kind": "quick_replies", "text": "?", "options": [{"id": "y", "title": "a"}], "more": 1}"#,
            r#"{"kind": "hologram", "text": "?"}"#,
        ] {
            assert!(matches!(Rich::read(wrong), Err(RichReject::Wrong(_))), "{wrong}");
        }
        assert!(Rich::read(r#"{"kind": "card", "text": "?", "card": {"title": "Only to look at"}}"#).is_ok());
        for good in [LIST, CARDS, FORM] {
            let json = serde_json::to_string(&rich(good)).unwrap();
            assert_eq!(rich(&json), rich(good));
        }
    }
}
