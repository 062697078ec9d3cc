//! What the sections of services must keep.

use super::{Checker, IDLE_MS_MAX, RATE_MAX, good_name, is_url};
use crate::options::{Config, FieldKind, FormField, Service};
use crate::slot::Texts;
use std::collections::BTreeSet;

/// Most fields of a form.
const FIELDS_MAX: usize = 20;
/// Most choices of a field.
const CHOICES_MAX: usize = 100;
/// The longest text of a form, in bytes.
const TEXT_BYTES_MAX: usize = 2_000;

impl Checker<'_> {
    pub(super) fn services(&mut self, config: &Config) {
        if config.services.keys().any(|name| !good_name(name)) {
            self.refuse("services", "must have names of 1 to 64 of A-Z, a-z, 0-9, '-', '_' and '.'");
        }
        for (name, service) in &config.services {
            self.service(name, service);
            self.form(name, service);
            self.consent(name, service);
        }
    }

    fn service(&mut self, name: &str, service: &Service) {
        for (key, ms) in [
            ("inactivity_alert_ms", service.inactivity_alert_ms),
            ("inactivity_close_ms", service.inactivity_close_ms),
        ] {
            self.range(&format!("services.{name}.{key}"), ms, 0, IDLE_MS_MAX);
        }
        for (key, rate) in [
            ("starts_per_minute", service.starts_per_minute),
            ("bot_turns_per_minute", service.bot_turns_per_minute),
        ] {
            self.range(&format!("services.{name}.{key}"), rate, 0, RATE_MAX);
        }
        if service.bot.as_ref().is_some_and(|bot| !good_name(bot)) {
            self.refuse(&format!("services.{name}.bot"), "must be a bot's name, not a path");
        }
        if service.workflow.as_ref().is_some_and(|workflow| !good_name(workflow)) {
            self.refuse(&format!("services.{name}.workflow"), "must be a workflow's name, not a path");
        }
        if service.bot.is_some() && service.workflow.is_some() {
            self.refuse(
                &format!("services.{name}.bot"),
                "and the workflow are both set: a workflow invites its own bots, keep one",
            );
        }
    }

    fn form(&mut self, name: &str, service: &Service) {
        let key = format!("services.{name}.form");
        let mut seen = BTreeSet::new();
        if service.form.len() > FIELDS_MAX || !service.form.iter().all(|field| good_key(field)) {
            self.refuse(&key, &format!("must be at most {FIELDS_MAX} keys of a-z, A-Z, 0-9, '-' and '_'"));
        }
        if !service.form.iter().all(|field| seen.insert(field)) {
            self.refuse(&key, "names a field twice");
        }
        let asks_for =
            |field: &str| seen.contains(&field.to_owned()) && service.field(field).required == Some(true);
        let named = asks_for("nickname") || asks_for("first_name") && asks_for("last_name");
        if !named {
            self.refuse(
                &key,
                "must have a required nickname, or first_name and last_name: a chat shows who is in it",
            );
        }
        for (field, said) in &service.fields {
            let key = format!("services.{name}.fields.{field}");
            if !seen.contains(field) {
                self.refuse(&key, &format!("is not in services.{name}.form"));
            }
            self.texts_in(&format!("{key}.label"), &said.label);
            self.field(&key, said, service.field(field).kind);
        }
    }

    fn field(&mut self, key: &str, said: &FormField, kind: Option<FieldKind>) {
        let choices = &said.choices;
        let distinct = choices.iter().collect::<BTreeSet<_>>().len() == choices.len();
        let fits = |choice: &String| !choice.trim().is_empty() && choice.len() <= TEXT_BYTES_MAX;
        let is_choice = kind == Some(FieldKind::Choice);
        if is_choice == choices.is_empty() {
            self.refuse(
                &format!("{key}.choices"),
                "must be there where the kind is \"choice\", and only there",
            );
        } else if choices.len() > CHOICES_MAX || !distinct || !choices.iter().all(fits) {
            let text = format!("must be at most {CHOICES_MAX} different texts, none of them blank");
            self.refuse(&format!("{key}.choices"), &text);
        }
        for (choice, label) in &said.choice_labels {
            let key = format!("{key}.choice_labels.{choice}");
            if !choices.contains(choice) {
                self.refuse(&key, "is none of the choices");
            }
            self.texts_in(&key, label);
        }
        let token = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b' ');
        if said.autocomplete.as_ref().is_some_and(|hint| !hint.bytes().all(token)) {
            self.refuse(&format!("{key}.autocomplete"), "must be as in HTML, such as \"tel\"");
        }
    }

    fn consent(&mut self, name: &str, service: &Service) {
        for (key, texts) in [
            ("title", &service.title),
            ("consent", &service.consent),
            ("privacy_text", &service.privacy_text),
            ("closed_text", &service.closed_text),
        ] {
            self.texts_in(&format!("services.{name}.{key}"), texts);
        }
        let key = format!("services.{name}.consent_url");
        if service.consent_url.as_ref().is_some_and(|url| !is_url(url)) {
            self.refuse(&key, "must begin with http:// or https:// and a host");
        }
        if service.consent_url.is_some() && service.consent.is_empty() {
            self.refuse(&key, &format!("needs services.{name}.consent: it is what that links to"));
        }
    }

    /// A text, or one for each language.
    fn texts_in(&mut self, key: &str, texts: &Texts) {
        for (language, text) in texts.iter() {
            if !is_language(language) {
                self.refuse(
                    key,
                    &format!("has {language:?}, which is no language tag such as \"de\" or \"pt-BR\""),
                );
            }
            if text.trim().is_empty() || text.len() > TEXT_BYTES_MAX {
                self.refuse(key, &format!("must have 1 to {TEXT_BYTES_MAX} bytes in each language"));
            }
        }
    }
}

fn good_key(key: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=64).contains(&key.len()) && key.bytes().all(fits)
}

fn is_language(tag: &str) -> bool {
    let part =
        |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    tag == Texts::ANY || (tag.len() >= 2 && tag.split('-').all(part))
}
