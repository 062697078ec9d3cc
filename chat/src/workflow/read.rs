//! Reads a workflow's file: every problem with its line, all at once.
//!
//! ```toml
//! version = 1                    # raised by whoever changes it
//! nickname = "Service"           # who says what the workflow says
//! start = "hello"
//! post = "after"                 # optional: where it goes on when the session has ended
//! [steps.hello]                  # one table per step; what it does is said by the one key of
//! say = "Hello {nickname}"       # say, ask, branch, attach, bot, route, wait_ms, end
//! next = "help"
//! ```

use super::{Case, Does, Fault, Numbers, Program, Step, StepNo, Timeout, When, check, is_key};
use crate::id::{BotName, QueueName};
use crate::workflow::Bot;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use xxhash_rust::xxh3::xxh3_64;

/// Most steps of a workflow.
const STEPS_MAX: usize = 1_000;
/// The longest span of time.
const MS_MAX: i64 = 30 * 86_400_000;
/// How often something is said to one who waits, when the file doesn't say.
const EVERY_MS: i64 = 60_000;

/// What a workflow may name.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Bots with the nicknames they show.
    pub bots: BTreeMap<BotName, String>,
    /// Queues with the time that an agent has to accept, in milliseconds.
    pub queues: BTreeMap<QueueName, i64>,
}

/// Reads and checks the text of a workflow's file.
///
/// # Errors
/// Every [`Fault`], in the order of the lines.
pub fn read(name: &str, text: &str, known: &Known) -> Result<Program, Vec<Fault>> {
    let mut reader = Reader { text, known, faults: Vec::new(), numbers: Numbers::new(), lines: Vec::new() };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let at = error.span().unwrap_or_default();
        reader.fault(&at, format!("not TOML: {}", error.message()));
    }
    let program = if errors.is_empty() { reader.program(name, table.get_ref()) } else { None };
    let Reader { mut faults, lines, .. } = reader;
    if let Some(program) = &program {
        faults.extend(check::check(program, &lines));
    }
    faults.sort();
    faults.dedup();
    match program {
        Some(program) if faults.is_empty() => Ok(program),
        _ => Err(faults),
    }
}

struct Reader<'a> {
    text: &'a str,
    known: &'a Known,
    faults: Vec<Fault>,
    numbers: Numbers,
    /// The line of each step.
    lines: Vec<usize>,
}

/// The keys of one table, taken one by one; what is left at the end is unknown.
struct Keys<'t> {
    at: Range<usize>,
    rest: BTreeMap<String, (Range<usize>, &'t Spanned<DeValue<'t>>)>,
}

impl<'t> Keys<'t> {
    fn of(at: Range<usize>, table: &'t DeTable<'t>) -> Self {
        let rest = table.iter().map(|(key, value)| (key.get_ref().to_string(), (key.span(), value)));
        Self { at, rest: rest.collect() }
    }

    fn take(&mut self, key: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.rest.remove(key).map(|(_, value)| value)
    }
}

impl Reader<'_> {
    fn fault(&mut self, at: &Range<usize>, reason: impl Into<String>) {
        let line = self.line(at);
        self.faults.push(Fault { line, reason: reason.into() });
    }

    fn line(&self, at: &Range<usize>) -> usize {
        let before = self.text.as_bytes().get(..at.start).unwrap_or(self.text.as_bytes());
        1 + before.iter().filter(|byte| **byte == b'\n').count()
    }

    fn program(&mut self, name: &str, table: &DeTable<'_>) -> Option<Program> {
        let mut keys = Keys::of(0..0, table);
        let version = self.number(&mut keys, "version", 1, i64::from(u32::MAX));
        let nickname = self.needed_text(&mut keys, "nickname");
        let steps = keys.take("steps");
        let Some(DeValue::Table(tables)) = steps.map(Spanned::get_ref) else {
            self.fault(&(0..0), "there are no steps: a table [steps.NAME] each");
            return None;
        };
        if tables.len() > STEPS_MAX {
            self.fault(&(0..0), format!("there are more than {STEPS_MAX} steps"));
            return None;
        }
        for ((key, _), number) in tables.iter().zip(0..) {
            self.numbers.insert(key.get_ref().to_string(), number);
            self.lines.push(self.line(&key.span()));
        }
        let start = self.step_named(&mut keys, "start");
        if start.is_none() && !self.faults.iter().any(|fault| fault.reason.starts_with("start")) {
            self.fault(&(0..0), "start is missing: the step where the workflow begins");
        }
        let post = self.step_named(&mut keys, "post");
        let steps: Vec<Step> = tables.iter().filter_map(|(key, value)| self.step(key, value)).collect();
        self.unknown(keys, "a workflow's key: version, nickname, start, post, steps");
        let whole = steps.len() == tables.len();
        let hash = xxh3_64(format!("{}{:?}", self.text, self.known).as_bytes());
        Some(Program {
            name: name.to_owned(),
            version: u32::try_from(version?).ok()?,
            hash,
            nickname: nickname?,
            start: start?,
            post,
            steps,
        })
        .filter(|_| whole)
    }

    fn unknown(&mut self, keys: Keys<'_>, expected: &str) {
        for (key, (at, _)) in keys.rest {
            self.fault(&at, format!("{key} is not {expected}"));
        }
    }

    fn step(
        &mut self,
        key: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
    ) -> Option<Step> {
        let name = key.get_ref().to_string();
        let DeValue::Table(table) = value.get_ref() else {
            self.fault(&key.span(), format!("steps.{name} is not a table"));
            return None;
        };
        const KINDS: [&str; 8] = ["say", "ask", "branch", "attach", "bot", "route", "wait_ms", "end"];
        let mut keys = Keys::of(key.span(), table);
        let kinds: Vec<&str> = KINDS.into_iter().filter(|kind| keys.rest.contains_key(*kind)).collect();
        let [kind] = kinds[..] else {
            let problem =
                format!("step {name} must have one of {}; it has {}", KINDS.join(", "), kinds.len());
            self.fault(&key.span(), problem);
            return None;
        };
        let next = self.step_named(&mut keys, "next");
        let does = self.does(kind, &mut keys, next);
        if kind == "end" && next.is_some() {
            self.fault(&key.span(), format!("step {name} ends the session: nothing can be next"));
        }
        self.unknown(keys, &format!("a key of a step that does `{kind}`"));
        Some(Step { name, does: does?, next })
    }

    fn does(&mut self, kind: &str, keys: &mut Keys<'_>, next: Option<StepNo>) -> Option<Does> {
        Some(match kind {
            "say" => Does::Say { text: self.needed_text(keys, "say")? },
            "ask" => {
                let text = self.needed_text(keys, "ask");
                let save = self.key_named(keys, "save");
                let mut cases = self.cases(keys);
                for (key, when) in [("yes", When::Yes), ("no", When::No)] {
                    let next = self.step_named(keys, key);
                    cases.extend(next.map(|next| Case { when, next }));
                }
                if !cases.is_empty() && next.is_none() {
                    self.fault(&keys.at.clone(), "next is missing: where a reply leads that fits no case");
                }
                Does::Ask { text: text?, save, cases, timeout: self.timeout(keys) }
            }
            "branch" => {
                let on = self.key_named(keys, "branch");
                let cases = self.cases(keys);
                if cases.is_empty() {
                    self.fault(&keys.at.clone(), "cases is missing: at least one pattern and its next");
                }
                Does::Branch { on: on?, cases }
            }
            "attach" => {
                let (key, value) = (self.key_named(keys, "attach"), self.needed_text(keys, "value"));
                Does::Attach { key: key?, value: value? }
            }
            "bot" => {
                let bot = self.bot(keys);
                let handover = self.step_named(keys, "handover").or(next);
                Does::Bot { bot: bot?, handover }
            }
            "route" => return self.route(keys),
            "wait_ms" => Does::Wait { wait_ms: self.number(keys, "wait_ms", 1, MS_MAX)? },
            _ => {
                let value = keys.take("end")?;
                if !matches!(value.get_ref(), DeValue::Boolean(true)) {
                    self.fault(&value.span(), "end can only be true");
                }
                Does::End
            }
        })
    }

    fn route(&mut self, keys: &mut Keys<'_>) -> Option<Does> {
        let at = keys.rest.get("route").map(|(at, _)| at.clone()).unwrap_or_default();
        let queue = self.needed_text(keys, "route").map(QueueName);
        let known = queue.as_ref().and_then(|queue| self.known.queues.get(queue).copied());
        if let (Some(queue), None) = (&queue, known) {
            self.fault(&at, format!("there is no queue {}: the configuration needs [queues.{0}]", queue.0));
        }
        let has = |key: &str, keys: &Keys<'_>| keys.rest.contains_key(key);
        let priority = if has("priority", keys) {
            self.number(keys, "priority", i64::from(i32::MIN), i64::from(i32::MAX))
        } else {
            Some(0)
        };
        let timeout = self.timeout(keys);
        let every = has("every_ms", keys).then(|| self.number(keys, "every_ms", 1_000, MS_MAX));
        let texts = self.texts(keys, "texts");
        if every.is_some() && texts.is_empty() {
            self.fault(&at, "every_ms needs texts to say");
        }
        Some(Does::Route {
            queue: queue?,
            priority: i32::try_from(priority?).ok()?,
            offer_timeout_ms: known?,
            timeout,
            texts,
            every_ms: every.unwrap_or(Some(EVERY_MS))?,
        })
    }

    fn bot(&mut self, keys: &mut Keys<'_>) -> Option<Bot> {
        let at = keys.rest.get("bot").map(|(at, _)| at.clone()).unwrap_or_default();
        let name = BotName(self.needed_text(keys, "bot")?);
        let nickname = self.known.bots.get(&name).cloned();
        if nickname.is_none() {
            self.fault(&at, format!("there is no bot {}", name.0));
        }
        Some(Bot { name, nickname: nickname? })
    }

    fn timeout(&mut self, keys: &mut Keys<'_>) -> Option<Timeout> {
        let at = keys.at.clone();
        let given = keys.rest.contains_key("timeout_ms");
        let next = self.step_named(keys, "timeout");
        if !given {
            if next.is_some() {
                self.fault(&at, "timeout needs timeout_ms");
            }
            return None;
        }
        let after_ms = self.number(keys, "timeout_ms", 1, MS_MAX)?;
        if next.is_none() {
            self.fault(&at, "timeout_ms needs timeout: the step then");
        }
        Some(Timeout { after_ms, next })
    }

    fn cases(&mut self, keys: &mut Keys<'_>) -> Vec<Case> {
        let Some(value) = keys.take("cases") else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            self.fault(&value.span(), "cases must be a list of { pattern = '...', next = \"...\" }");
            return Vec::new();
        };
        items.iter().filter_map(|item| self.case(item)).collect()
    }

    fn case(&mut self, item: &Spanned<DeValue<'_>>) -> Option<Case> {
        let DeValue::Table(table) = item.get_ref() else {
            self.fault(&item.span(), "a case must be { pattern = '...', next = \"...\" }");
            return None;
        };
        let mut keys = Keys::of(item.span(), table);
        let pattern = self.needed_text(&mut keys, "pattern");
        if !keys.rest.contains_key("next") {
            self.fault(&item.span(), "next is missing");
        }
        let next = self.step_named(&mut keys, "next");
        self.unknown(keys, "a case's key: pattern, next");
        let when = When::Pattern(pattern?);
        if let Err(error) = when.compiled() {
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error:").trim();
            self.fault(&item.span(), format!("the pattern can't be used: {reason}"));
        }
        Some(Case { when, next: next? })
    }

    fn texts(&mut self, keys: &mut Keys<'_>, key: &str) -> Vec<String> {
        let Some(value) = keys.take(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            self.fault(&value.span(), format!("{key} must be a list of texts"));
            return Vec::new();
        };
        items.iter().filter_map(|item| self.text_of(key, item)).collect()
    }

    fn needed_text(&mut self, keys: &mut Keys<'_>, key: &str) -> Option<String> {
        match keys.take(key) {
            Some(value) => self.text_of(key, value),
            None => {
                self.fault(&keys.at.clone(), format!("{key} is missing"));
                None
            }
        }
    }

    fn text_of(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<String> {
        match value.get_ref() {
            DeValue::String(text) if !text.trim().is_empty() => Some(text.to_string()),
            DeValue::String(_) => {
                self.fault(&value.span(), format!("{key} is empty"));
                None
            }
            _ => {
                self.fault(&value.span(), format!("{key} must be a text"));
                None
            }
        }
    }

    /// The name of attached data.
    fn key_named(&mut self, keys: &mut Keys<'_>, key: &str) -> Option<String> {
        let value = keys.take(key)?;
        let name = self.text_of(key, value)?;
        if !is_key(&name) {
            self.fault(&value.span(), format!("{key} must be 1 to 64 letters, digits, '_', '-' or '.'"));
        }
        Some(name)
    }

    fn step_named(&mut self, keys: &mut Keys<'_>, key: &str) -> Option<StepNo> {
        let value = keys.take(key)?;
        let name = self.text_of(key, value)?;
        let number = self.numbers.get(&name).copied();
        if number.is_none() {
            self.fault(&value.span(), format!("{key} is {name}, but there is no such step"));
        }
        number
    }

    fn number(&mut self, keys: &mut Keys<'_>, key: &str, from: i64, to: i64) -> Option<i64> {
        let Some(value) = keys.take(key) else {
            self.fault(&keys.at.clone(), format!("{key} is missing"));
            return None;
        };
        let number = match value.get_ref() {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        let fits = number.filter(|number| (from..=to).contains(number));
        if fits.is_none() {
            self.fault(&value.span(), format!("{key} must be a whole number from {from} to {to}"));
        }
        fits
    }
}
