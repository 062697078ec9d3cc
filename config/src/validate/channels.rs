//! What the section of channels must keep.

use super::{Checker, RATE_MAX, good_name, is_url, read_secret};
use crate::options::{Config, WebhookChannel};
use std::collections::BTreeSet;

/// A day in milliseconds.
const DAY_MS: u64 = 86_400_000;

impl Checker<'_> {
    pub(super) fn channels(&mut self, config: &mut Config) {
        let channels = &mut config.channels;
        let cometd = &channels.cometd;
        self.range("channels.cometd.timeout_ms", cometd.timeout_ms, 1_000, 60_000);
        self.range("channels.cometd.max_interval_ms", cometd.max_interval_ms, 1_000, 600_000);
        self.range("channels.cometd.clients_max", cometd.clients_max, 1, 1_000_000);
        for (name, ms) in [
            ("gms", channels.gms.disconnect_timeout_ms),
            ("cometd", cometd.disconnect_timeout_ms),
            ("native", channels.native.disconnect_timeout_ms),
        ] {
            if ms > 0 {
                self.range(&format!("channels.{name}.disconnect_timeout_ms"), ms, 1_000, DAY_MS);
            }
        }
        if channels.webhook.keys().any(|name| !good_name(name)) {
            self.refuse("channels.webhook", "must have names of 1 to 64 of A-Z, a-z, 0-9, '-', '_' and '.'");
        }
        let services: BTreeSet<&String> = config.services.keys().collect();
        for (name, webhook) in &mut channels.webhook {
            if !services.contains(&webhook.service) {
                self.refuse(&format!("channels.webhook.{name}.service"), "must be one of the services");
            }
            self.webhook(name, webhook);
        }
    }

    fn webhook(&mut self, name: &str, webhook: &mut WebhookChannel) {
        let key = |last: &str| format!("channels.webhook.{name}.{last}");
        if !is_url(&webhook.url) {
            self.refuse(&key("url"), "must be set, and begin with http:// or https:// and a host");
        }
        let read = read_secret(&key("secret"), &mut webhook.secret, webhook.secret_file.as_deref());
        match read {
            Err(text) => self.refuse(&key("secret_file"), &text),
            Ok(()) if webhook.secret.is_none() => self.refuse(&key("secret"), "or secret_file must be set"),
            Ok(()) => {}
        }
        self.range(&key("posts_max"), webhook.posts_max, 1, 10_000);
        self.range(&key("text_bytes_max"), webhook.text_bytes_max, 0, 256 << 10);
        self.range(&key("window_ms"), webhook.window_ms, 0, 365 * DAY_MS);
        self.range(&key("window_answers_max"), webhook.window_answers_max, 0, RATE_MAX);
        let after = webhook.window_after.as_ref().is_some_and(|word| !word.is_empty());
        if webhook.window_ms == 0 && (webhook.window_answers_max > 0 || after) {
            self.refuse(&key("window_ms"), "must be set where window_answers_max or window_after is");
        }
        self.range(&key("address_messages_per_minute"), webhook.address_messages_per_minute, 0, RATE_MAX);
        self.range(&key("timeout_ms"), webhook.timeout_ms, 100, 120_000);
        self.range(&key("retry_ms"), webhook.retry_ms, 10, 600_000);
        self.range(&key("retry_max_ms"), webhook.retry_max_ms, webhook.retry_ms.min(600_000), 3_600_000);
        self.range(&key("give_up_ms"), webhook.give_up_ms, 1_000, 30 * DAY_MS);
    }
}
