//! Posts events, one after the other, each until it is taken or will never be.

use super::signature::{ID, SIGNATURE, Signer, TIMESTAMP};
use crate::channel::{ChannelsError, Metrics};
use crate::clock::wall_ms;
use crate::ports::Outbound;
use crate::shown;
use async_trait::async_trait;
use handoff_chat::channel::Delivery;
use handoff_chat::event::ViewKind;
use handoff_chat::session::Push;
use handoff_chat::transcript::utc_text;
use handoff_config::WebhookChannel;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Most of an answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 4_096;

/// The way out of one webhook.
pub(super) struct WebhookOutbound {
    name: String,
    client: reqwest::Client,
    url: String,
    signer: Signer,
    retry: Duration,
    retry_max: Duration,
    give_up_ms: i64,
    /// Room for posts: of a receiver that is slow, or away, no more hang at once.
    room: Semaphore,
    metrics: Metrics,
}

/// What came of one try.
enum Tried {
    /// It is taken.
    Taken,
    /// It will never be; why.
    Refused(String),
    /// It may be taken later: why not now, and when at the earliest where that was said.
    Later(String, Option<Duration>),
}

/// What an answer may say that refuses an event.
#[derive(Deserialize)]
struct Refusal {
    reason: String,
}

impl WebhookOutbound {
    /// The way out of this webhook.
    ///
    /// # Errors
    /// [`ChannelsError::Client`].
    pub(super) fn new(
        name: &str,
        webhook: &WebhookChannel,
        signer: Signer,
        metrics: Metrics,
    ) -> Result<Self, ChannelsError> {
        crate::tls::choose_provider();
        let client = reqwest::Client::builder()
            .timeout(Duration::from_millis(webhook.timeout_ms))
            // Elsewhere nobody was given the secret.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| ChannelsError::Client(error.to_string()))?;
        Ok(Self {
            name: name.to_owned(),
            client,
            url: webhook.url.clone(),
            signer,
            retry: Duration::from_millis(webhook.retry_ms),
            retry_max: Duration::from_millis(webhook.retry_max_ms),
            give_up_ms: i64::try_from(webhook.give_up_ms).unwrap_or(i64::MAX),
            room: Semaphore::new(webhook.posts_max),
            metrics,
        })
    }

    async fn post(&self, id: &str, body: &[u8]) -> Tried {
        let _room = self.room.acquire().await;
        let timestamp = wall_ms().div_euclid(1_000).to_string();
        let request = self
            .client
            .post(&self.url)
            .header(CONTENT_TYPE, "application/json")
            .header(ID, id)
            .header(SIGNATURE, self.signer.sign(id, &timestamp, body))
            .header(TIMESTAMP, timestamp)
            .body(body.to_vec());
        match request.send().await {
            Ok(answer) => judge(answer).await,
            // Without the address, which may have secrets in it.
            Err(error) => Tried::Later(error.without_url().to_string(), None),
        }
    }
}

/// Taken is what is answered 2xx. `410 Gone` and `422 Unprocessable Content` say that it never will be; whatever else
/// is answered may be a fault that passes.
async fn judge(answer: reqwest::Response) -> Tried {
    let status = answer.status();
    if status.is_success() {
        return Tried::Taken;
    }
    if matches!(status, StatusCode::GONE | StatusCode::UNPROCESSABLE_ENTITY) {
        return Tried::Refused(reason(answer).await.unwrap_or_else(|| format!("HTTP {}", status.as_u16())));
    }
    let after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    Tried::Later(format!("HTTP {}", status.as_u16()), after.map(Duration::from_secs))
}

/// The reason that an answer gives.
async fn reason(mut answer: reqwest::Response) -> Option<String> {
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.ok()? {
        body.extend_from_slice(&piece);
        if body.len() > ANSWER_BYTES_MAX {
            return None;
        }
    }
    let Refusal { reason } = serde_json::from_slice(&body).ok()?;
    Some(reason)
}

#[async_trait]
impl Outbound for WebhookOutbound {
    async fn push(&self, push: Push) -> Delivery {
        let (id, give_up_at) = (push.id(), push.event.at.0.saturating_add(self.give_up_ms));
        let Some(body) = payload(&push) else {
            return Delivery::Failed { reason: "not for customers".to_owned() };
        };
        let body = body.to_string().into_bytes();
        let mut wait = self.retry;
        loop {
            let (why, after) = match self.post(&id, &body).await {
                Tried::Taken => return Delivery::Sent,
                Tried::Refused(reason) => return Delivery::Failed { reason },
                Tried::Later(why, after) => (why, after),
            };
            self.metrics.retried(&self.name);
            let pause = jittered(after.unwrap_or(wait).clamp(self.retry, self.retry_max));
            let pause_ms = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
            if wall_ms().saturating_add(pause_ms) >= give_up_at {
                tracing::warn!(channel = self.name, event = id, why, "an event is given up");
                return Delivery::Failed { reason: why };
            }
            tracing::debug!(channel = self.name, event = id, why, "an event is posted again");
            tokio::time::sleep(pause).await;
            wait = (wait * 2).min(self.retry_max);
        }
    }
}

/// Up to a fifth longer, so that many don't come at once.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(1.0 + rand::random::<f64>() / 5.0)
}

/// What is posted; none: the event is not for customers.
pub(super) fn payload(push: &Push) -> Option<Value> {
    let event = push.shown()?;
    let by = push.participants.iter().find(|who| who.number == push.event.by);
    let event = serde_json::to_value(shown::Event::of(&event)).ok()?;
    Some(json!({
        "type": format!("chat.{}", event["type"].as_str()?),
        "timestamp": utc_text(push.event.at.0, false),
        "data": {
            "id": push.id(),
            "address": push.to.address,
            "chat": push.session.0,
            "service": push.service,
            "event": event,
            "by": by.and_then(|who| shown::Participant::of(who, ViewKind::Customer)),
        },
    }))
}
