//! From the configuration to what the gateways know of each service.

use crate::bots::Bots;
use crate::gateway::ServiceOptions;
use crate::gateway::prechat::{Choice, Consent, FieldKind, FormField, Prechat, Words};
use crate::workflows::Workflows;
use handoff_chat::BotName;
use handoff_chat::opening::{Counts, IdleTerms, IdleTexts, Limits, Talk};
use handoff_chat::privacy::Privacy;
use handoff_chat::workflow::Bot;
use handoff_config::{Config, CountedNotices, FieldKind as Kind, Inactivity, Service, Texts};
use std::collections::BTreeMap;

/// The services by name.
pub(super) fn of(
    config: &Config,
    bots: &Bots,
    workflows: &Workflows,
    privacy: Option<Box<Privacy>>,
) -> BTreeMap<String, ServiceOptions> {
    let limits = Limits {
        message_bytes_max: config.session.message_bytes_max,
        events_max: config.session.events_max,
        linger_ms: whole(config.session.linger_ms),
        files: super::files::limits(config),
        talk: Talk::default(),
    };
    let of_one = |service: &Service| {
        let bot = service.bot.as_ref().and_then(|bot| {
            let name = BotName(bot.clone());
            let nickname = bots.get(&name)?.nickname().to_owned();
            Some(Bot { name, nickname })
        });
        let workflow = service.workflow.as_ref().and_then(|workflow| workflows.get(workflow));
        let idle = [ordinary(&config.inactivity, service), asynchronous(&config.inactivity, service)];
        let starts_per_minute = service.starts_per_minute;
        let files = limits.files.clone().filter(|_| service.files);
        let talk = Talk {
            bot_turns_per_minute: service.bot_turns_per_minute,
            bot_turns_max: service.bot_turns_max,
            nearly_full_text: config.session.nearly_full_text.clone(),
        };
        let limits = Limits { files, talk, ..limits.clone() };
        let privacy = privacy.clone().filter(|_| service.privacy);
        let (prechat, rating) = (prechat(service), service.rating);
        ServiceOptions { workflow, bot, limits, starts_per_minute, idle, privacy, prechat, rating }
    };
    config.services.iter().map(|(name, service)| (name.clone(), of_one(service))).collect()
}

/// What customers are asked before a chat.
fn prechat(service: &Service) -> Prechat {
    let consent = Consent { text: words(&service.consent), url: service.consent_url.clone() };
    Prechat {
        title: words(&service.title),
        fields: service.form.iter().map(|key| form_field(key, service.field(key))).collect(),
        consent: (!service.consent.is_empty()).then_some(consent),
        privacy: words(&service.privacy_text),
        closed: words(&service.closed_text),
    }
}

fn form_field(key: &str, said: handoff_config::FormField) -> FormField {
    let label = |choice: &String| said.choice_labels.get(choice).map(words).unwrap_or_default();
    let choices = said.choices.iter().map(|value| Choice { value: value.clone(), label: label(value) });
    FormField {
        key: key.to_owned(),
        kind: match said.kind {
            None | Some(Kind::Text) => FieldKind::Text,
            Some(Kind::Email) => FieldKind::Email,
            Some(Kind::Phone) => FieldKind::Phone,
            Some(Kind::Choice) => FieldKind::Choice,
            Some(Kind::LongText) => FieldKind::LongText,
        },
        label: words(&said.label),
        required: said.required.unwrap_or(false),
        choices: choices.collect(),
        autocomplete: said.autocomplete,
    }
}

fn words(texts: &Texts) -> Words {
    texts.iter().map(|(language, text)| (language.to_owned(), text.to_owned())).collect()
}

fn ordinary(inactivity: &Inactivity, service: &Service) -> Option<Box<IdleTerms>> {
    let alert_ms = unless_set(service.inactivity_alert_ms, inactivity.alert_ms);
    (service.inactivity && alert_ms > 0).then(|| {
        Box::new(IdleTerms {
            alert_ms: whole(alert_ms),
            second_alert_ms: whole(inactivity.second_alert_ms),
            close_ms: whole(unless_set(service.inactivity_close_ms, inactivity.close_ms)),
            texts: texts(inactivity),
            counts: counts(inactivity.notices),
        })
    })
}

fn asynchronous(inactivity: &Inactivity, service: &Service) -> Option<Box<IdleTerms>> {
    (service.inactivity && inactivity.async_alert_ms > 0).then(|| {
        Box::new(IdleTerms {
            alert_ms: whole(inactivity.async_alert_ms),
            second_alert_ms: 0,
            close_ms: whole(inactivity.async_close_ms),
            texts: texts(inactivity),
            counts: counts(inactivity.async_notices),
        })
    })
}

fn unless_set(of_service: u64, of_all: u64) -> u64 {
    if of_service > 0 { of_service } else { of_all }
}

fn texts(inactivity: &Inactivity) -> IdleTexts {
    IdleTexts {
        alert: inactivity.alert_text.clone(),
        second_alert: inactivity.second_alert_text.clone(),
        close: inactivity.close_text.clone(),
    }
}

fn counts(notices: CountedNotices) -> Counts {
    match notices {
        CountedNotices::Nothing => Counts::Nothing,
        CountedNotices::Notices => Counts::Notices,
        CountedNotices::Typing => Counts::Typing,
        CountedNotices::All => Counts::Everything,
    }
}

fn whole(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}
