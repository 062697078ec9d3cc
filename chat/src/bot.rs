//! The rule bot: patterns to answers, in any language. Pure and deterministic, so that a turn taken again
//! after a takeover says the same.

use crate::event::{Event, ViewKind, What};
use crate::rich::Rich;
use regex::{Regex, RegexBuilder};
use serde::Deserialize;
use thiserror::Error;

/// A bot as its file in `config/bots` says it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BotRules {
    /// The nickname it shows.
    pub nickname: String,
    /// What it may say when it joins; none: it says nothing.
    #[serde(default)]
    pub greetings: Vec<String>,
    /// What it may say when no rule fits; none: it says nothing.
    #[serde(default)]
    pub fallbacks: Vec<String>,
    /// Whether patterns fit capital and small letters alike; a rule may say otherwise.
    #[serde(default = "yes")]
    pub ignore_case: bool,
    /// Tried in order; the first that fits answers.
    #[serde(default)]
    pub rules: Vec<BotRule>,
}

/// One pattern and its answers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BotRule {
    /// A regular expression, found anywhere in the text.
    pub pattern: String,
    /// Overrides [`BotRules::ignore_case`] for this rule.
    pub ignore_case: Option<bool>,
    /// What it may answer: one is chosen by the number of the event answered.
    #[serde(default)]
    pub answers: Vec<String>,
    /// A rich message to show after the answer, as JSON.
    pub rich: Option<String>,
    /// Whether the bot leaves afterwards.
    #[serde(default)]
    pub leave: bool,
    /// Whether it asks for a person to take its place; it goes on where there is none.
    #[serde(default)]
    pub handover: bool,
}

fn yes() -> bool {
    true
}

/// Why a bot's rules can't be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BotError {
    /// The pattern is no regular expression, or a too large one.
    #[error("rule {rule}: the pattern can't be used: {reason}")]
    Pattern {
        /// Which rule, counted from 1.
        rule: usize,
        /// What the expression's compiler says.
        reason: String,
    },
    /// The rich message is none.
    #[error("rule {rule}: {reason}")]
    Rich {
        /// Which rule, counted from 1.
        rule: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The rule would do nothing.
    #[error("rule {rule}: it has neither answers nor `leave = true` nor `handover = true`")]
    Idle {
        /// Which rule, counted from 1.
        rule: usize,
    },
    /// A bot needs a name to show.
    #[error("the nickname is empty")]
    Nickname,
}

/// What a bot does in one turn.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BotAnswer {
    /// To be posted; may be empty.
    pub texts: Vec<String>,
    /// A rich message to be posted after them, as JSON.
    pub rich: Option<String>,
    /// Whether it leaves afterwards.
    pub leave: bool,
    /// Whether it asks for a person.
    pub handover: bool,
}

/// Rules ready to answer.
#[derive(Debug, Clone)]
pub struct Rules {
    raw: BotRules,
    patterns: Vec<Regex>,
}

impl Rules {
    /// Compiles the patterns and checks each rule.
    ///
    /// # Errors
    /// [`BotError`] names the first rule that can't be used, and why.
    pub fn compile(raw: BotRules) -> Result<Self, BotError> {
        if raw.nickname.trim().is_empty() {
            return Err(BotError::Nickname);
        }
        let mut patterns = Vec::with_capacity(raw.rules.len());
        for (rule, row) in (1..).zip(&raw.rules) {
            if let Some(Err(error)) = row.rich.as_deref().map(Rich::read) {
                return Err(BotError::Rich { rule, reason: error.to_string() });
            }
            if row.answers.is_empty() && row.rich.is_none() && !row.leave && !row.handover {
                return Err(BotError::Idle { rule });
            }
            let pattern = RegexBuilder::new(&row.pattern)
                .case_insensitive(row.ignore_case.unwrap_or(raw.ignore_case))
                .build()
                .map_err(|error| BotError::Pattern { rule, reason: error.to_string() })?;
            patterns.push(pattern);
        }
        Ok(Self { raw, patterns })
    }

    /// The nickname to show.
    pub fn nickname(&self) -> &str {
        &self.raw.nickname
    }

    /// The bot's turn on an event: greets where somebody joined, answers a message.
    pub fn turn(&self, event: &Event) -> BotAnswer {
        match What::of(&event.body, ViewKind::Agent) {
            Some(What::Joined) => self.greet(event.seq),
            Some(What::Message { text, .. } | What::RichReply { text, .. }) => self.answer(&text, event.seq),
            _ => BotAnswer::default(),
        }
    }

    /// What it says when it joins with the event `seq`.
    pub fn greet(&self, seq: u64) -> BotAnswer {
        BotAnswer { texts: choose(&self.raw.greetings, seq), ..BotAnswer::default() }
    }

    /// What it answers to a text posted as event `seq`.
    pub fn answer(&self, text: &str, seq: u64) -> BotAnswer {
        let mut rows = self.patterns.iter().zip(&self.raw.rules);
        rows.find(|(pattern, _)| pattern.is_match(text)).map_or_else(
            || BotAnswer { texts: choose(&self.raw.fallbacks, seq), ..BotAnswer::default() },
            |(_, row)| BotAnswer {
                texts: choose(&row.answers, seq),
                rich: row.rich.clone(),
                leave: row.leave,
                handover: row.handover,
            },
        )
    }
}

/// One of several, by the event's number. Messages and answers alternate, so numbers are often all odd:
/// halves are counted, lest every second answer were never chosen.
fn choose(answers: &[String], seq: u64) -> Vec<String> {
    let count = u64::try_from(answers.len()).unwrap_or(u64::MAX).max(1);
    let place = usize::try_from((seq / 2) % count).unwrap_or(0);
    answers.get(place).cloned().into_iter().collect()
}

#[cfg(test)]
mod tests;
