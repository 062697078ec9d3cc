//! The sections of services: what runs in their chats, and what a website's widget shows of them.

use crate::slot::{Texts, names, options};
use std::collections::BTreeMap;

options! {
    /// A service that customers may ask for.
    Service {
        /// The workflow that runs, by its file's name.
        workflow: Option<String> = None,
        /// The bot that is invited, by its file's name; not beside a workflow, which invites its own.
        bot: Option<String> = None,
        /// Chats that may start in a minute; each node counts for itself. 0: any number.
        starts_per_minute: u32 = 1_200,
        /// Turns that the bots of a chat, and questions that its workflow, may have in a minute; 0: any number.
        bot_turns_per_minute: u32 = 60,
        /// Turns that the bots of a chat may have in all; 0: any number.
        bot_turns_max: u32 = 1_000,
        /// Whether files may be sent, where `files.enabled` is set.
        files: bool = true,
        /// Whether personal data are masked, where `privacy.apply_area` says so.
        privacy: bool = true,
        /// Whether inactivity control is on.
        inactivity: bool = true,
        /// As `inactivity.alert_ms`, for this service; 0: as there.
        inactivity_alert_ms: u64 = 0,
        /// As `inactivity.close_ms`, for this service; 0: as there.
        inactivity_close_ms: u64 = 0,
        /// Whether customers may rate a chat that has ended.
        rating: bool = false,
        /// What customers know the service by; empty: the page's own words.
        title: Texts = Texts::default(),
        /// What customers are asked before a chat: keys in order.
        form: Vec<String> = ["nickname", "email", "subject"].map(str::to_owned).to_vec(),
        /// What is said of those keys.
        fields: BTreeMap<String, FormField> = BTreeMap::new(),
        /// What customers must agree to; empty: nothing.
        consent: Texts = Texts::default(),
        /// The page that the consent is about.
        consent_url: Option<String> = None,
        /// What customers are told of what becomes of their data; empty: nothing.
        privacy_text: Texts = Texts::default(),
        /// What customers are told when nobody is there; empty: the page's own words.
        closed_text: Texts = Texts::default(),
    }
}

names! {
    /// What a field of a form takes.
    FieldKind ("text, email, phone, choice or long_text") {
        /// A line of text.
        Text = "text",
        /// An e-mail address.
        Email = "email",
        /// A telephone number.
        Phone = "phone",
        /// One of the choices.
        Choice = "choice",
        /// Several lines of text.
        LongText = "long_text",
    }
}

options! {
    /// A field of the form before a chat. What is not said is as suits its key.
    FormField {
        /// What it takes.
        kind: Option<FieldKind> = None,
        /// What it is called; empty: the page's own words, and for a key that pages don't know the key itself.
        label: Texts = Texts::default(),
        /// Whether no chat begins without it.
        required: Option<bool> = None,
        /// HTML's `autocomplete`: what the browser may fill in.
        autocomplete: Option<String> = None,
        /// What may be chosen, where the kind is `choice`.
        choices: Vec<String> = Vec::new(),
        /// What the choices are called in other languages.
        choice_labels: BTreeMap<String, Texts> = BTreeMap::new(),
    }
}

impl Service {
    /// A field of the form with all that is said of it, or else suits its key.
    #[must_use]
    pub fn field(&self, key: &str) -> FormField {
        let (kind, required, autocomplete) = match key {
            "nickname" => (FieldKind::Text, true, Some("name")),
            "first_name" => (FieldKind::Text, true, Some("given-name")),
            "last_name" => (FieldKind::Text, true, Some("family-name")),
            "email" => (FieldKind::Email, false, Some("email")),
            "phone" => (FieldKind::Phone, false, Some("tel")),
            "text" => (FieldKind::LongText, false, None),
            _ => (FieldKind::Text, false, None),
        };
        let said = self.fields.get(key).cloned().unwrap_or_default();
        FormField {
            kind: said.kind.or(Some(kind)),
            required: said.required.or(Some(required)),
            autocomplete: said.autocomplete.or(autocomplete.map(str::to_owned)),
            ..said
        }
    }
}
