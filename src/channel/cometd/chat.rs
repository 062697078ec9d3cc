//! What is published on `/service/chatV2/{service}`: the operations of the Chat API v2, with the same parameters as
//! over REST.

use super::Here;
use super::follow::follow;
use super::message::{Refusal, event};
use super::session::{CHATS_MAX, Session};
use crate::channel::gms::fault::Fault;
use crate::channel::gms::operation::Operation;
use crate::channel::gms::passage::{reference, shown};
use crate::channel::gms::perform;
use crate::channel::gms::reply::Reply;
use crate::gateway::ServiceOptions;
use crate::gateway::form::{Form, FormLimits, NAME_BYTES_MAX};
use crate::gateway::metrics::{OperationLabel, OutcomeLabel};
use crate::gateway::starting::Origin;
use handoff_chat::command::View;
use handoff_chat::key::SecureKey;
use serde_json::{Map, Value};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;
use tracing::{Instrument, field};

/// What comes before the service's name.
pub(super) const CHANNELS: &str = "/service/chatV2/";

/// An operation of a publish.
enum Wanted {
    Chat,
    Notifications,
    Call(Operation),
}

impl Wanted {
    fn named(name: &str) -> Option<Self> {
        match name {
            "requestChat" => Some(Self::Chat),
            "requestNotifications" => Some(Self::Notifications),
            "sendMessage" => Some(Self::Call(Operation::Send)),
            // Names of REST alone.
            "send" | "refresh" => None,
            other => Operation::named(other).map(Self::Call),
        }
    }

    fn label(&self) -> OperationLabel {
        match self {
            Self::Chat => OperationLabel::start,
            Self::Notifications => OperationLabel::refresh,
            Self::Call(operation) => operation.label(),
        }
    }
}

/// Who publishes where.
pub(super) struct Publisher<'a> {
    pub(super) here: &'a Here,
    pub(super) session: &'a Arc<Session>,
    pub(super) channel: &'a str,
    /// The client's address, as a trusted proxy says or the connection has it.
    pub(super) from: Option<IpAddr>,
}

impl Publisher<'_> {
    /// Carries out a publish. What is wrong with it is told twice, for clients look at the one or the other: in the
    /// reply to the publish, and as an event like over REST.
    pub(super) async fn publish(&self, data: &Map<String, Value>) -> Result<(), Refusal> {
        let begun = Instant::now();
        let wanted = Wanted::named(data.get("operation").and_then(Value::as_str).unwrap_or_default());
        let label = wanted.as_ref().map_or(OperationLabel::other, Wanted::label);
        let span = tracing::info_span!("customer", operation = ?label, session = field::Empty);
        let done = self.perform(wanted, data).instrument(span).await;
        let outcome = done.as_ref().map_or_else(Fault::outcome, |()| OutcomeLabel::ok);
        self.here.gateway.metrics.count(label, outcome, begun.elapsed());
        done.map_err(|fault| self.refuse(&fault, data))
    }

    async fn perform(&self, wanted: Option<Wanted>, data: &Map<String, Value>) -> Result<(), Fault> {
        let name = self.channel.strip_prefix(CHANNELS).unwrap_or_default();
        let service = self.here.gateway.options.services.get(name);
        let wanted = wanted.ok_or_else(|| service.map_or(Fault::Service, |_| Fault::Operation))?;
        self.here.gateway.admission.request(self.from)?;
        let form = form(data, self.here.gateway.options.fields_max)?;
        if !matches!(wanted, Wanted::Chat) {
            perform::check_service(&self.here.gateway, name, &form).await?;
        }
        match wanted {
            Wanted::Chat => self.request_chat(name, service.ok_or(Fault::Service)?, &form).await,
            Wanted::Notifications => {
                let (key, view) = perform::notifications(&self.here.gateway, &form).await?;
                self.follow(&key, view)
            }
            Wanted::Call(operation) => {
                let key = perform::key(&form)?;
                let call = (operation, None);
                perform::perform(&self.here.gateway, &key.session.0, call, &form).await.map(drop)
            }
        }
    }

    async fn request_chat(&self, name: &str, service: &ServiceOptions, form: &Form) -> Result<(), Fault> {
        let origin = Origin { from: self.from, channel: self.here.cometd.channel };
        let (key, view) = perform::open(&self.here.gateway, origin, (name, service), form).await?;
        self.follow(&key, view)
    }

    fn follow(&self, key: &SecureKey, view: View) -> Result<(), Fault> {
        if follow(&self.here.gateway, self.session, self.channel, key, view) {
            return Ok(());
        }
        Err(Fault::refused(400, format!("a client may follow {CHATS_MAX} chats at once")))
    }

    fn refuse(&self, fault: &Fault, data: &Map<String, Value>) -> Refusal {
        let reference = reference();
        tracing::debug!(reference, code = fault.code(), "refused: {}", shown(fault));
        let mut reply = Reply::of_fault(fault, reference);
        reply.alias = Some(self.here.gateway.alias.clone());
        reply.chat_id = key_of(data).map(|key| key.session.0);
        let advice = reply.errors.first().map_or_else(|| fault.to_string(), |error| error.advice.clone());
        // Nothing to show to anybody: the publisher tries again.
        match fault {
            Fault::Again => return Refusal::new(503, advice),
            Fault::Limited(limited) => return (*limited).into(),
            _ => {}
        }
        self.session.put(event(self.channel, &reply));
        Refusal::new(fault.code(), advice)
    }
}

fn key_of(data: &Map<String, Value>) -> Option<SecureKey> {
    data.get("secureKey").and_then(Value::as_str).and_then(|text| SecureKey::parse(text.trim()))
}

/// The parameters as REST's form has them.
fn form(data: &Map<String, Value>, fields_max: usize) -> Result<Form, Fault> {
    let mut fields = Vec::new();
    for (name, value) in data {
        match value {
            Value::Object(inner) if name.eq_ignore_ascii_case("userData") => {
                let inner =
                    inner.iter().filter_map(|(key, value)| Some((format!("userData[{key}]"), plain(value)?)));
                fields.extend(inner);
            }
            other => fields.extend(plain(other).map(|value| (name.clone(), value))),
        }
    }
    Ok(Form::of(fields, FormLimits { fields_max, name_bytes_max: NAME_BYTES_MAX })?)
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
