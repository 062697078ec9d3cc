//! The workflow: the declarative program that an interaction runs. Here is what was read and checked; it travels with
//! the start of a session and is journaled with it, so a running interaction keeps the program it started with.

mod check;
mod draw;
mod fault;
mod read;
#[cfg(test)]
mod tests;

pub use draw::draw;
pub use fault::Fault;
pub use read::{Known, read};

use crate::id::{BotName, QueueName};
use bincode::{Decode, Encode};
use regex::{Regex, RegexBuilder};
use std::collections::BTreeMap;

/// The largest compiled pattern, in bytes.
const PATTERN_BYTES_MAX: usize = 1 << 18;
/// What means yes, in some languages.
const YES: &str = concat!(
    r"^\W*(yes|yeah|yep|y|sure|ok|okay|ja|oui|sí|si|sim|ναι|да|نعم|כן|हाँ)\b",
    r"|^\W*(👍|はい|是|好)"
);
/// What means no, in the same languages.
const NO: &str = concat!(r"^\W*(no|nope|n|nein|non|não|nao|όχι|нет|لا|לא|नहीं)\b", r"|^\W*(👎|いいえ|不)");

/// A step's place in its program.
pub type StepNo = u16;

/// A workflow, ready to run.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Program {
    /// Its file's name without the ending.
    pub name: String,
    /// The version that the file gives itself.
    pub version: u32,
    /// A hash of the file's content and of what it was checked against.
    pub hash: u64,
    /// The nickname under which it says what it says.
    pub nickname: String,
    /// The step it begins with.
    pub start: StepNo,
    /// Where it goes on when the session has ended; none: it stops.
    pub post: Option<StepNo>,
    /// The steps, by the order of their names.
    pub steps: Vec<Step>,
}

/// One step. Where a `next` is none, the workflow rests until the customer leaves; after the end of the session it
/// stops.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Step {
    /// Its name in the file.
    pub name: String,
    /// What the step does, and where that may lead other than to `next`.
    pub does: Does,
    /// The step after it.
    pub next: Option<StepNo>,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum Does {
    /// Says something under the workflow's nickname.
    Say {
        /// May have `{placeholders}`: attached data, or `service`, `subject` or `nickname`.
        text: String,
    },
    /// Asks something, waits for the customer's reply and goes on by it.
    Ask {
        /// As in [`Does::Say`].
        text: String,
        /// The attached data that the reply is kept as.
        save: Option<String>,
        /// The first that fits the reply decides; else `next`.
        cases: Vec<Case>,
        /// How long it waits.
        timeout: Option<Timeout>,
    },
    /// Goes on by what is known; by `next` when no case fits.
    Branch {
        /// Attached data, or `service`, `subject` or `nickname`.
        on: String,
        /// The first that fits decides.
        cases: Vec<Case>,
    },
    /// Attaches data to the session, in place of what is there under the key.
    Attach {
        /// The name under which it is kept.
        key: String,
        /// As in [`Does::Say`].
        value: String,
    },
    /// Invites a bot, and goes on when it has left.
    Bot {
        /// The bot, with the nickname that it had when the file was read.
        bot: Bot,
        /// Where it goes on when the customer asked it for a person.
        handover: Option<StepNo>,
    },
    /// Waits in a queue for an agent; goes on when they have left a chat that they keep alive.
    Route {
        /// The queue, which the configuration had when the file was read.
        queue: QueueName,
        /// Who waits with a higher one is served first.
        priority: i32,
        /// How long an agent may take to accept, in milliseconds.
        offer_timeout_ms: i64,
        /// How long it waits before it goes on elsewhere.
        timeout: Option<Timeout>,
        /// Said one after the other while it waits, the last again and again; none: nothing is said.
        texts: Vec<String>,
        /// The pause between two of them, in milliseconds.
        every_ms: i64,
    },
    /// Waits for a span of served time.
    Wait {
        /// How long, in milliseconds.
        wait_ms: i64,
    },
    /// Ends the session; after its end: stops.
    End,
}

/// How long a step waits, and where it goes on then.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Timeout {
    /// How long it waits, in milliseconds of served time.
    pub after_ms: i64,
    /// The step then; none: see [`Step`].
    pub next: Option<StepNo>,
}

/// A pattern and where it leads.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Case {
    /// What the text must be for this way to be taken.
    pub when: When,
    /// The step that the case leads to.
    pub next: StepNo,
}

/// What a text must be to fit.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum When {
    /// A regular expression, found anywhere, in capital or small letters.
    Pattern(String),
    /// A yes in one of many languages.
    Yes,
    /// A no in one of the same languages.
    No,
}

impl When {
    /// Whether a text fits.
    pub fn fits(&self, text: &str) -> bool {
        self.compiled().is_ok_and(|pattern| pattern.is_match(text))
    }

    fn compiled(&self) -> Result<Regex, regex::Error> {
        let pattern = match self {
            Self::Pattern(pattern) => pattern,
            Self::Yes => YES,
            Self::No => NO,
        };
        RegexBuilder::new(pattern).case_insensitive(true).size_limit(PATTERN_BYTES_MAX).build()
    }
}

impl Program {
    /// The step with this number; none only for a number of another program.
    pub fn step(&self, number: StepNo) -> Option<&Step> {
        self.steps.get(usize::from(number))
    }

    /// Name, version and content, to tell programs apart.
    pub fn label(&self) -> String {
        format!("{} {} ({:016x})", self.name, self.version, self.hash)
    }
}

impl Does {
    /// Whether it waits for something to happen.
    pub(crate) fn waits(&self) -> bool {
        matches!(self, Self::Ask { .. } | Self::Bot { .. } | Self::Route { .. } | Self::Wait { .. })
    }

    /// Whether it needs somebody in the chat.
    pub(crate) fn needs_chat(&self) -> bool {
        matches!(self, Self::Ask { .. } | Self::Bot { .. } | Self::Route { .. } | Self::Say { .. })
    }
}

impl Step {
    /// All steps that may follow, with what leads there.
    pub(crate) fn ways(&self) -> Vec<(String, StepNo)> {
        let timeout = |timeout: &Option<Timeout>| timeout.as_ref().and_then(|timeout| timeout.next);
        let mut ways: Vec<(String, StepNo)> = Vec::new();
        let mut add =
            |label: &str, next: Option<StepNo>| ways.extend(next.map(|next| (label.to_owned(), next)));
        match &self.does {
            Does::Ask { cases, timeout: limit, .. } => {
                cases.iter().for_each(|case| add(&case.when.label(), Some(case.next)));
                add("in time no reply", timeout(limit));
                add(if cases.is_empty() { "" } else { "else" }, self.next);
            }
            Does::Branch { cases, .. } => {
                cases.iter().for_each(|case| add(&case.when.label(), Some(case.next)));
                add("else", self.next);
            }
            Does::Bot { handover, .. } if *handover != self.next => {
                add("asked for a person", *handover);
                add("left", self.next);
            }
            Does::Route { timeout: limit, .. } => {
                add("agent left", self.next);
                add("nobody in time", timeout(limit));
            }
            Does::End => {}
            _ => add("", self.next),
        }
        ways
    }
}

impl When {
    fn label(&self) -> String {
        match self {
            Self::Pattern(pattern) => pattern.clone(),
            Self::Yes => "yes".to_owned(),
            Self::No => "no".to_owned(),
        }
    }
}

/// Puts what is known in the place of each `{name}`; nothing where nothing is known, and leaves other braces alone.
pub(crate) fn fill<'a>(text: &str, known: impl Fn(&str) -> Option<std::borrow::Cow<'a, str>>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        match after.split_once('}').filter(|(name, _)| is_key(name)) {
            Some((name, behind)) => {
                out.push_str(&known(name).unwrap_or_default());
                rest = behind;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out + rest
}

/// Whether this may name attached data in a workflow.
pub(crate) fn is_key(name: &str) -> bool {
    let fits = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.');
    (1..=64).contains(&name.len()) && name.chars().all(fits)
}

/// The names of steps, by number.
type Numbers = BTreeMap<String, StepNo>;

/// A bot to invite.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Bot {
    /// The name by which its turns are asked for: that of its file.
    pub name: BotName,
    /// The nickname it shows.
    pub nickname: String,
}
