//! The form before a chat: what a service's customers are asked. Clients of the native socket are held to it; those of
//! other interfaces know nothing of it.

use serde::Serialize;
use std::collections::BTreeMap;
use thiserror::Error;

/// A text for people: by language tag, or the same for all under `*`; none: the page has words of its own.
pub type Words = BTreeMap<String, String>;

/// What a service asks before a chat, and how it presents itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prechat {
    /// What customers know the service by.
    pub title: Words,
    /// The form's fields, in order.
    pub fields: Vec<FormField>,
    /// What customers must agree to; none: nothing.
    pub consent: Option<Consent>,
    /// What is said of what becomes of their data.
    pub privacy: Words,
    /// What is said when nobody is there.
    pub closed: Words,
}

/// A field of the form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FormField {
    /// What of a start it fills: a field of that name, else attached data under this key.
    pub key: String,
    /// What it takes.
    pub kind: FieldKind,
    /// What it is called.
    pub label: Words,
    /// Whether no chat begins without it.
    pub required: bool,
    /// HTML's `autocomplete`; none: nothing is said.
    pub autocomplete: Option<String>,
    /// What may be chosen, where the kind is a choice.
    pub choices: Vec<Choice>,
}

/// What a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// A line of text.
    Text,
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// One of the choices.
    Choice,
    /// Several lines of text.
    LongText,
}

/// What may be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// What is given.
    pub value: String,
    /// What it is called.
    pub label: Words,
}

/// What customers must agree to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Consent {
    /// What they are asked.
    pub text: Words,
    /// The page that it is about.
    pub url: Option<String>,
}

/// What of a form keeps a chat from starting. A repeat does not help.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FormFault {
    /// It was not given.
    #[error("{0} is required")]
    Missing(String),
    /// It is not what its field takes.
    #[error("{0} is no {1}")]
    Misfit(String, &'static str),
    /// The customer did not agree.
    #[error("consent is required: say consent = true when the customer agreed")]
    NoConsent,
}
