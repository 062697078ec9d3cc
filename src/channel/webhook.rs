//! Signed webhooks: a message comes in as a POST with an address and a text, and each event goes out as one, with its
//! id, again and again until it is taken. Both are signed as the Standard Webhooks specification has it.
//!
//! The example of a channel: `docs/channels.md` describes it for those who write another one.

mod inbound;
mod outbound;
mod signature;
#[cfg(test)]
mod tests;

use super::{AtWork, ChannelsError, Metrics};
use crate::gateway::Guest;
use crate::ports::Outbound;
use actix_web::web;
use handoff_chat::channel::{Channel, Identity, Presence, Reach, Shows, Window};
use handoff_chat::rich::RichKind;
use handoff_config::{Config, WebhookChannel};
use inbound::Inbound;
use outbound::WebhookOutbound;
use signature::Signer;
use std::collections::BTreeSet;
use std::sync::Arc;

/// One webhook.
struct Webhook {
    name: String,
    inbound: Arc<Inbound>,
    outbound: Arc<WebhookOutbound>,
}

/// The webhooks of the configuration.
pub(super) fn of(config: &Config, metrics: &Metrics) -> Result<Vec<Arc<dyn AtWork>>, ChannelsError> {
    let built = config.channels.webhook.iter().map(|(name, webhook)| built(name, webhook, metrics));
    built.map(|webhook| Ok(Arc::new(webhook?) as Arc<dyn AtWork>)).collect()
}

impl Guest for Webhook {
    fn mount(&self, config: &mut web::ServiceConfig) {
        inbound::mount(&self.inbound, config);
    }
}

impl AtWork for Webhook {
    fn name(&self) -> &str {
        &self.name
    }

    fn outbound(&self) -> Option<Arc<dyn Outbound>> {
        Some(self.outbound.clone())
    }
}

fn built(own_name: &str, webhook: &WebhookChannel, metrics: &Metrics) -> Result<Webhook, ChannelsError> {
    let name = format!("webhook:{own_name}");
    let wrong = |key: &str, why: &str| ChannelsError::Wrong {
        key: format!("webhook.{own_name}.{key}"),
        why: why.to_owned(),
    };
    let secret = webhook.secret.as_ref().map_or("", |secret| secret.expose());
    let signer = Signer::of_secret(secret)
        .ok_or_else(|| wrong("secret", "must be whsec_ and the base64 of 24 to 64 bytes"))?;
    let channel = channel(&name, webhook).ok_or_else(|| {
        let known: Vec<&str> = RichKind::ALL.into_iter().map(RichKind::word).collect();
        wrong("rich", &format!("must be some of {}", known.join(", ")))
    })?;
    let outbound = WebhookOutbound::new(&name, webhook, signer.clone(), metrics.clone())?;
    let path = format!("/v1/channels/webhook/{own_name}");
    let inbound = Inbound::new(path, channel, webhook, signer, metrics.clone());
    Ok(Webhook { name, inbound: Arc::new(inbound), outbound: Arc::new(outbound) })
}

/// What a session is to know of the channel; the address is each customer's own. None: a rich message's kind is none.
fn channel(name: &str, webhook: &WebhookChannel) -> Option<Channel> {
    let rich: Option<BTreeSet<RichKind>> = webhook.rich.iter().map(|word| RichKind::of_word(word)).collect();
    let window = (webhook.window_ms > 0).then(|| Window {
        open_ms: i64::try_from(webhook.window_ms).unwrap_or(i64::MAX),
        answers_max: webhook.window_answers_max,
        after: webhook.window_after.clone().filter(|word| !word.is_empty()),
    });
    Some(Channel {
        name: name.to_owned(),
        identity: Identity::Address(String::new()),
        presence: Presence::ComesAndGoes,
        shows: Shows {
            // What is not journaled is not posted.
            typing: false,
            receipts: webhook.receipts,
            notices: webhook.notices,
            rich: rich?,
            // Who has no key could not download them.
            files: None,
            text_bytes_max: webhook.text_bytes_max,
        },
        window,
        reach: Reach::Pushed,
    })
}
