//! What all roles of a run share: times, and the promises that were broken.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::spread::Spread;

/// The head of the table.
const HEAD: &str = "| milliseconds | count | p50 | p99 | max |\n| --- | ---: | ---: | ---: | ---: |\n";

/// Most broken promises that are told.
const TOLD_MAX: usize = 20;

/// Every role tells it what it sees; the report is made from it.
pub struct Scene {
    wanted: u32,
    begun: u32,
    ended: u32,
    /// All customers have ended; agents leave.
    pub over: bool,
    chats: BTreeMap<String, Times>,
    said: BTreeMap<String, Instant>,
    to_offer: Histogram<u64>,
    to_joined: Histogram<u64>,
    to_other: Histogram<u64>,
    broken: Vec<String>,
    broken_count: u64,
}

struct Times {
    started: Instant,
    offered: Option<Instant>,
    joined: bool,
}

/// What a run brought.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ConversationReport {
    /// Conversations that ran from start to end.
    pub conversations: u32,
    /// Conversations that ended, over the whole run's time.
    pub conversations_per_second: f64,
    /// From the customer's start to an agent's offer, the bot's part included.
    pub start_to_offer_ms: Spread,
    /// From the offer until the customer saw that the agent was there.
    pub offer_to_joined_ms: Spread,
    /// From one side's send to the other side's screen.
    pub message_to_other_ms: Spread,
    /// Nodes that were killed, stopped or drained meanwhile.
    pub faults: u32,
    /// How many promises were broken; any is a failure.
    pub broken: u64,
    /// The first of them.
    pub broken_first: Vec<String>,
}

impl ConversationReport {
    /// Whether every promise was kept.
    pub fn kept(&self) -> bool {
        self.broken == 0
    }

    /// The report in Markdown, for people.
    pub fn table(&self) -> String {
        let spread = |name: &str, s: &Spread| {
            format!("| {name} | {} | {:.1} | {:.1} | {:.1} |\n", s.count, s.p50, s.p99, s.max)
        };
        let mut table = format!(
            "{} conversations, {:.1} per second, {} faults, {} promises broken\n\n{HEAD}",
            self.conversations, self.conversations_per_second, self.faults, self.broken
        );
        table += &spread("start to offer", &self.start_to_offer_ms);
        table += &spread("offer to joined", &self.offer_to_joined_ms);
        table += &spread("message to the other side", &self.message_to_other_ms);
        for broken in &self.broken_first {
            table += &format!("BROKEN: {broken}\n");
        }
        table
    }
}

impl Scene {
    /// A run of so many conversations.
    ///
    /// # Errors
    /// No histogram can be made.
    pub fn new(wanted: u32) -> Result<Self, hdrhistogram::CreationError> {
        Ok(Self {
            wanted,
            begun: 0,
            ended: 0,
            over: false,
            chats: BTreeMap::new(),
            said: BTreeMap::new(),
            to_offer: Histogram::new(3)?,
            to_joined: Histogram::new(3)?,
            to_other: Histogram::new(3)?,
            broken: Vec::new(),
            broken_count: 0,
        })
    }

    /// The next conversation's number, while there is one to be had.
    pub fn next_conversation(&mut self) -> Option<u32> {
        (self.begun < self.wanted).then(|| {
            self.begun += 1;
            self.begun
        })
    }

    /// A promise was broken.
    pub fn broken(&mut self, what: String) {
        self.broken_count += 1;
        if self.broken.len() < TOLD_MAX {
            self.broken.push(what);
        }
    }

    /// A chat is there, started at that moment.
    pub fn started(&mut self, chat: &str, at: Instant) {
        let times = Times { started: at, offered: None, joined: false };
        self.chats.entry(chat.to_owned()).or_insert(times);
    }

    /// An agent has an offer of it.
    pub fn offered(&mut self, chat: &str) {
        if let Some(times) = self.chats.get_mut(chat)
            && times.offered.is_none()
        {
            times.offered = Some(Instant::now());
            record(&mut self.to_offer, times.started.elapsed());
        }
    }

    /// Its customer sees an agent.
    pub fn joined(&mut self, chat: &str) {
        if let Some(times) = self.chats.get_mut(chat)
            && let (Some(offered), false) = (times.offered, times.joined)
        {
            times.joined = true;
            record(&mut self.to_joined, offered.elapsed());
        }
    }

    /// Somebody says this; each text is said once in a run.
    pub fn says(&mut self, text: &str) {
        self.said.entry(text.to_owned()).or_insert_with(Instant::now);
    }

    /// The other side sees it.
    pub fn hears(&mut self, text: &str) {
        if let Some(said) = self.said.remove(text) {
            record(&mut self.to_other, said.elapsed());
        }
    }

    /// A conversation ran to its end.
    pub fn ended(&mut self, chat: &str) {
        self.ended += 1;
        self.chats.remove(chat);
    }

    /// What the run brought.
    pub fn report(&mut self, took: Duration, faults: u32) -> ConversationReport {
        if self.ended < self.wanted {
            self.broken(format!(
                "{} of {} conversations did not end well",
                self.wanted - self.ended,
                self.wanted
            ));
        }
        ConversationReport {
            conversations: self.ended,
            conversations_per_second: f64::from(self.ended) / took.as_secs_f64(),
            start_to_offer_ms: Spread::of(&self.to_offer),
            offer_to_joined_ms: Spread::of(&self.to_joined),
            message_to_other_ms: Spread::of(&self.to_other),
            faults,
            broken: self.broken_count,
            broken_first: std::mem::take(&mut self.broken),
        }
    }
}

fn record(histogram: &mut Histogram<u64>, took: Duration) {
    // Below the histogram's bounds for centuries.
    let _in_bounds = histogram.record(took.as_micros() as u64);
}
