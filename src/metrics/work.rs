//! What is counted of the chats' work: offers, waiting, handling, workflows, bots, contacts.

use super::{Label, add, counter, family};
use handoff_chat::QueueName;
use handoff_chat::happening::{Happening, OfferEnd};
use prometheus_client::encoding::{EncodeLabel, EncodeLabelSet, LabelSetEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::collections::BTreeSet;

/// Upper bounds of how long people wait and talk, in seconds.
const HUMAN_SECONDS: [f64; 12] =
    [1.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_200.0, 3_600.0, 14_400.0];

/// Where a queue is counted that the configuration does not name.
const OTHER: &str = "other";

/// A queue, and perhaps how something ended there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Queue {
    name: String,
    outcome: Option<&'static str>,
}

impl EncodeLabelSet for Queue {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), std::fmt::Error> {
        EncodeLabel::encode(&("queue", self.name.as_str()), encoder.encode_label())?;
        match self.outcome {
            Some(outcome) => EncodeLabel::encode(&("outcome", outcome), encoder.encode_label()),
            None => Ok(()),
        }
    }
}

const OFFER_ENDS: [OfferEnd; 4] =
    [OfferEnd::Accepted, OfferEnd::Rejected, OfferEnd::TimedOut, OfferEnd::Withdrawn];

fn offer_word(end: OfferEnd) -> &'static str {
    match end {
        OfferEnd::Accepted => "accepted",
        OfferEnd::Rejected => "rejected",
        OfferEnd::TimedOut => "timed_out",
        OfferEnd::Withdrawn => "withdrawn",
    }
}

fn waiting_word(answered: bool) -> &'static str {
    if answered { "answered" } else { "unanswered" }
}

/// The scores of a rating, from 1 on.
const SCORES: [Label; 5] =
    [Label("score", "1"), Label("score", "2"), Label("score", "3"), Label("score", "4"), Label("score", "5")];

fn contact_label(found: bool) -> Label {
    Label("outcome", if found { "found" } else { "made" })
}

type Durations = Family<Queue, Histogram, fn() -> Histogram>;

/// Each node counts what its own shards have committed.
pub(super) struct Work {
    queues: BTreeSet<String>,
    full: Family<Queue, Counter>,
    offers: Family<Queue, Counter>,
    offers_ended: Family<Queue, Counter>,
    waiting: Durations,
    handling: Durations,
    steps: Counter,
    workflow_failures: Counter,
    bot_turns: Counter,
    bot_failures: Counter,
    bots_spent: Counter,
    contacts: Family<Label, Counter>,
    ratings: Family<Label, Counter>,
}

impl Work {
    /// Registers all of it, each queue at zero.
    pub(super) fn new<'q>(r: &mut Registry, queues: impl IntoIterator<Item = &'q str>) -> Self {
        let durations = || Durations::new_with_constructor(|| Histogram::new(HUMAN_SECONDS));
        let ended = "Offers that ended, by how; withdrawn: the customer left or the agent was lost";
        let waiting =
            "How long a customer waited in a queue, until an agent came or the waiting ended otherwise";
        let handling = "How long an agent had a chat of a queue";
        let work = Self {
            queues: queues.into_iter().map(str::to_owned).collect(),
            full: add(
                r,
                "routing_queue_full",
                "Customers who were to wait in a full queue",
                Family::default(),
            ),
            offers: add(r, "routing_offers", "Chats offered to an agent", Family::default()),
            offers_ended: add(r, "routing_offers_ended", ended, Family::default()),
            waiting: add(r, "routing_waiting_seconds", waiting, durations()),
            handling: add(r, "routing_handling_seconds", handling, durations()),
            steps: counter(r, "workflow_steps", "Steps that workflows came to"),
            workflow_failures: counter(
                r,
                "workflow_failures",
                "Workflows ended since they ran too many steps without waiting",
            ),
            bot_turns: counter(r, "bot_turns", "Turns that bots were asked for"),
            bot_failures: counter(r, "bot_failures", "Turns in which a bot failed or was too slow"),
            bots_spent: counter(
                r,
                "bots_spent",
                "Bots taken out or not let in, and questions not asked, as there may be no more turns",
            ),
            contacts: family(
                r,
                "contacts",
                "Contacts of new chats, by whether they were known",
                [true, false].map(contact_label),
            ),
            ratings: family(r, "ratings", "Ratings that customers gave, by score", SCORES),
        };
        let names: Vec<String> = work.queues.iter().cloned().chain([OTHER.to_owned()]).collect();
        for name in names {
            let at = |outcome| Queue { name: name.clone(), outcome };
            drop(work.full.get_or_create(&at(None)));
            drop(work.offers.get_or_create(&at(None)));
            drop(work.handling.get_or_create(&at(None)));
            for end in OFFER_ENDS {
                drop(work.offers_ended.get_or_create(&at(Some(offer_word(end)))));
            }
            for answered in [true, false] {
                drop(work.waiting.get_or_create(&at(Some(waiting_word(answered)))));
            }
        }
        work
    }

    fn at(&self, queue: &QueueName, outcome: Option<&'static str>) -> Queue {
        let known = self.queues.contains(&queue.0);
        Queue { name: if known { queue.0.clone() } else { OTHER.to_owned() }, outcome }
    }

    /// Counts what happened.
    pub(super) fn happened(&self, happening: &Happening) {
        match happening {
            Happening::QueueFull(queue) => drop(self.full.get_or_create(&self.at(queue, None)).inc()),
            Happening::Offered(queue) => drop(self.offers.get_or_create(&self.at(queue, None)).inc()),
            Happening::OfferEnded(queue, end) => {
                self.offers_ended.get_or_create(&self.at(queue, Some(offer_word(*end)))).inc();
            }
            Happening::Waited { queue, ms, answered } => {
                let at = self.at(queue, Some(waiting_word(*answered)));
                self.waiting.get_or_create(&at).observe(seconds(*ms));
            }
            Happening::Handled { queue, ms } => {
                self.handling.get_or_create(&self.at(queue, None)).observe(seconds(*ms));
            }
            Happening::Stepped => drop(self.steps.inc()),
            Happening::WorkflowFailed => drop(self.workflow_failures.inc()),
            Happening::BotAsked => drop(self.bot_turns.inc()),
            Happening::BotSpent => drop(self.bots_spent.inc()),
            Happening::BotFailed => drop(self.bot_failures.inc()),
            Happening::Rated(score) => {
                let label = SCORES.get(usize::from(*score).wrapping_sub(1));
                if let Some(label) = label {
                    self.ratings.get_or_create(label).inc();
                }
            }
        }
    }

    /// Counts a session's contact.
    pub(super) fn contact(&self, found: bool) {
        self.contacts.get_or_create(&contact_label(found)).inc();
    }
}

fn seconds(ms: u64) -> f64 {
    std::time::Duration::from_millis(ms).as_secs_f64()
}
