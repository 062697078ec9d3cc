//! The commands that ask a running node, and how their answers are shown.

use super::client::Call;
use super::{Failure, Format, Options};
use crate::admin::{BulkEnd, SessionSummary};
use crate::ports::{ClusterStatus, EntityStatus, Raised, ShardStatus};
use crate::secret_file::read_secret;
use clap::Args;
use handoff_chat::{SessionId, transcript::utc_text};
use handoff_config::Secret;
use hyper::Method;
use hyper::body::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::io::Write;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);
/// A drain ends by itself when nothing moves any more; this bounds one that moves very slowly.
const DRAIN_PATIENCE: Duration = Duration::from_secs(900);

/// Where the admin API is, and the key to it.
struct Door {
    base: String,
    token: Secret,
}

impl Door {
    /// From the options; the configuration is read only for what they leave open.
    fn find(options: &Options, node: Option<&str>) -> Result<Self, String> {
        let base = node.map(str::to_owned).or_else(|| options.admin.clone());
        let (base, token_file) = match (base, options.token_file.clone()) {
            (Some(base), Some(file)) => (base, file),
            (base, file) => {
                let config = options.load()?.config;
                let base = base.unwrap_or_else(|| format!("http://{}", config.admin.listen));
                (base, file.unwrap_or_else(|| config.admin_token_file()))
            }
        };
        let token = read_secret(&token_file).map_err(|error| {
            format!(
                "the admin token is needed, which the node makes at its first start (--token-file): {error}"
            )
        })?;
        Ok(Self { base, token })
    }

    fn call<'a>(&'a self, method: Method, path: &'a str, patience: Duration) -> Call<'a> {
        Call { method, base: &self.base, path, token: self.token.expose(), patience }
    }

    fn get(&self, path: &str) -> Result<Bytes, Failure> {
        self.call(Method::GET, path, PATIENCE).run()
    }
}

fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| {
        format!(
            "the node's answer is not understood, maybe that of another version (--json shows it): {error}"
        )
    })
}

fn raw(body: &[u8], out: &mut dyn Write) -> Result<(), Failure> {
    out.write_all(body)?;
    if !body.ends_with(b"\n") {
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// `cluster status`.
pub(super) fn status(options: &Options, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let body = Door::find(options, None)?.get("/admin/v1/cluster")?;
    if json {
        return raw(&body, out);
    }
    let status: ClusterStatus = parsed(&body)?;
    let ClusterStatus { id, state, version, protocol, shards, sessions, members } = status;
    let state = word(state);
    writeln!(
        out,
        "node {id} is {state}, serves {shards} shards with {sessions} sessions; member list {version}, stored in \
         protocol {protocol}"
    )?;
    let row = |member: crate::ports::MemberStatus| {
        [
            member.id.to_string(),
            word(member.state),
            member.shards.to_string(),
            member.http,
            member.incarnation,
            member.protocol.to_string(),
            member.build,
        ]
    };
    let heads = ["NODE", "STATE", "SHARDS", "HTTP", "INCARNATION", "PROTOCOL", "BUILD"];
    Ok(table(heads, members.into_iter().map(row).collect(), out)?)
}

/// `cluster shards`.
pub(super) fn shards(options: &Options, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let body = Door::find(options, None)?.get("/admin/v1/shards")?;
    if json {
        return raw(&body, out);
    }
    let shards: Vec<ShardStatus> = parsed(&body)?;
    let row = |shard: ShardStatus| {
        let position = shard.position.map_or_else(dash, |(segment, frame)| format!("{segment}/{frame}"));
        let assigned = shard.assigned.map_or_else(dash, |node| node.to_string());
        let epoch = shard.epoch.map_or_else(dash, |epoch| epoch.to_string());
        [shard.shard.to_string(), assigned, word(shard.state), epoch, position, shard.entities.to_string()]
    };
    let heads = ["SHARD", "NODE", "STATE", "EPOCH", "SEGMENT/FRAME", "ENTITIES"];
    Ok(table(heads, shards.into_iter().map(row).collect(), out)?)
}

/// `cluster drain`.
pub(super) fn drain(options: &Options, node: Option<&str>, out: &mut dyn Write) -> Result<(), Failure> {
    let door = Door::find(options, node)?;
    door.call(Method::POST, "/admin/v1/drain", DRAIN_PATIENCE).run()?;
    Ok(writeln!(out, "drained: the last shard has moved")?)
}

/// `cluster raise`.
pub(super) fn raise(options: &Options, out: &mut dyn Write) -> Result<(), Failure> {
    let body = Door::find(options, None)?.call(Method::POST, "/admin/v1/raise", PATIENCE).run()?;
    let Raised { from, to, held_back_by } = parsed(&body)?;
    if to > from {
        writeln!(
            out,
            "raised from protocol {from} to {to}: builds that read only up to {from} can't join any more"
        )?;
    } else {
        writeln!(out, "stays at protocol {to}")?;
    }
    for node in held_back_by {
        writeln!(out, "node {node} reads no more than {to} (an older build, or its peer.protocol_max)")?;
    }
    Ok(())
}

/// A page of a list.
#[derive(Deserialize)]
struct Page {
    items: Vec<EntityStatus>,
    next: Option<String>,
    missing_shards: Vec<u16>,
}

/// `queue list`.
pub(super) fn queues(options: &Options, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let door = Door::find(options, None)?;
    let (mut queues, mut missing, mut after) = (Vec::new(), BTreeSet::new(), String::new());
    loop {
        let page: Page = parsed(&door.get(&format!("/admin/v1/queues?limit=1000{after}"))?)?;
        queues.extend(page.items);
        missing.extend(page.missing_shards);
        let Some(next) = page.next else { break };
        // Names of queues need no escaping.
        after = format!("&after={next}");
    }
    if json {
        for queue in &queues {
            let line = serde_json::to_string(queue).map_err(|error| error.to_string())?;
            writeln!(out, "{line}")?;
        }
    } else {
        let number = |count: Option<usize>| count.map_or_else(dash, |count| count.to_string());
        let row = |queue: EntityStatus| {
            let since = queue.waits_since_ms.map_or_else(dash, |at| utc_text(at, false));
            [queue.id, number(queue.waiting), since, number(queue.free_agents), word(queue.trouble)]
        };
        let heads = ["QUEUE", "WAITING", "SINCE", "FREE AGENTS", "TROUBLE"];
        table(heads, queues.into_iter().map(row).collect(), out)?;
    }
    all_asked(&missing)
}

/// `session show`.
pub(super) fn show(options: &Options, id: &str, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let path = format!("/admin/v1/sessions/{}", checked(id)?);
    let body = Door::find(options, None)?.get(&path)?;
    if json {
        return raw(&body, out);
    }
    let session: SessionSummary = parsed(&body)?;
    writeln!(out, "session {} of service {} is {}", session.id, session.service, word(session.state))?;
    let ended = session.ended_at_ms.map_or_else(dash, |at| utc_text(at, false));
    writeln!(out, "started {}, ended {ended}", utc_text(session.started_at_ms, false))?;
    let last = utc_text(session.last_at_ms, false);
    writeln!(out, "{} messages, {} events, the last at {last}", session.messages, session.last_seq)?;
    let row = |party: crate::admin::PartySummary| {
        let who = party.bot.map_or_else(|| word(party.role), |bot| format!("bot {bot}"));
        let left = party.left_at_ms.map_or_else(dash, |at| utc_text(at, false));
        let joined = utc_text(party.joined_at_ms, false);
        let (seen_by, because) = (word(party.visibility), word(party.left_because));
        [party.number.to_string(), who, seen_by, joined, left, because]
    };
    let heads = ["NUMBER", "WHO", "SEEN BY", "JOINED", "LEFT", "BECAUSE"];
    Ok(table(heads, session.participants.into_iter().map(row).collect(), out)?)
}

/// `session end`.
pub(super) fn end(options: &Options, id: &str, out: &mut dyn Write) -> Result<(), Failure> {
    let path = format!("/admin/v1/sessions/{}/end", checked(id)?);
    Door::find(options, None)?.call(Method::POST, &path, PATIENCE).run()?;
    Ok(writeln!(out, "session {id} has ended")?)
}

/// Which sessions `session end-many` ends.
#[derive(Args)]
pub(super) struct Many {
    /// Only those of this queue
    #[arg(long)]
    queue: Option<String>,
    /// Only those of this service
    #[arg(long)]
    service: Option<String>,
    /// Only those in this place: workflow, queue, offer or agent [default: all but those with an agent]
    #[arg(long)]
    place: Option<String>,
    /// Only those that started more than so many seconds ago
    #[arg(long, value_name = "SECONDS")]
    older_than: Option<u32>,
    /// Only those that started less than so many seconds ago
    #[arg(long, value_name = "SECONDS")]
    younger_than: Option<u32>,
    /// Counts them and ends none
    #[arg(long)]
    dry_run: bool,
}

impl Many {
    /// As the query of a call, without where it goes on.
    fn query(&self) -> Result<String, String> {
        let mut query = format!("dry_run={}", self.dry_run);
        let given = [("queue", &self.queue), ("service", &self.service), ("place", &self.place)];
        for (key, word) in given.into_iter().filter_map(|(key, word)| Some((key, word.as_ref()?))) {
            let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
            if word.is_empty() || !word.chars().all(fits) {
                return Err(format!("{key}: a name has A-Z, a-z, 0-9, '-', '_' and '.'"));
            }
            query.push_str(&format!("&{key}={word}"));
        }
        for (key, age) in [("older_than_s", self.older_than), ("younger_than_s", self.younger_than)] {
            if let Some(age) = age {
                query.push_str(&format!("&{key}={age}"));
            }
        }
        Ok(query)
    }
}

/// `session end-many`.
pub(super) fn end_many(options: &Options, many: &Many, out: &mut dyn Write) -> Result<(), Failure> {
    let (query, door) = (many.query()?, Door::find(options, None)?);
    let (mut found, mut ended, mut failed, mut missing) = (0, 0, 0, BTreeSet::new());
    let mut after = String::new();
    loop {
        let path = format!("/admin/v1/sessions/end?{query}{after}");
        let done: BulkEnd = parsed(&door.call(Method::POST, &path, PATIENCE).run()?)?;
        (found, ended, failed) = (found + done.found, ended + done.ended, failed + done.failed);
        missing.extend(done.missing_shards);
        let Some(next) = done.next else { break };
        after = format!("&after={}", checked(&next)?);
    }
    if many.dry_run {
        writeln!(out, "{found} sessions would be ended")?;
    } else {
        writeln!(out, "{ended} of {found} sessions have ended")?;
    }
    if failed > 0 {
        return Err(Failure::Told(format!("{failed} could not be ended now; ask again")));
    }
    all_asked(&missing)
}

/// Whether every shard answered.
fn all_asked(missing: &BTreeSet<u16>) -> Result<(), Failure> {
    if missing.is_empty() {
        return Ok(());
    }
    let missing = missing.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
    Err(Failure::Told(format!("not all could be asked; shards without an answer: {missing}")))
}

/// `record export`.
pub(super) fn export(
    options: &Options,
    id: &str,
    format: Format,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let format = match format {
        Format::Xml => "xml",
        Format::Json => "json",
    };
    let path = format!("/admin/v1/records/{}?format={format}", checked(id)?);
    let (door, mut last) = (Door::find(options, None)?, None);
    door.call(Method::GET, &path, PATIENCE).copy(&mut |part| {
        last = part.last().copied().or(last);
        Ok(out.write_all(part)?)
    })?;
    if last != Some(b'\n') {
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// An id is put into a path, so it must be one.
fn checked(id: &str) -> Result<&str, String> {
    SessionId::parse(id).map(|_| id).ok_or_else(|| "a session id has 16 letters and digits".to_owned())
}

/// A word as the answer has it, or a dash for none.
fn word(of: impl Serialize) -> String {
    match serde_json::to_value(of) {
        Ok(serde_json::Value::String(word)) => word,
        _ => dash(),
    }
}

fn dash() -> String {
    "-".to_owned()
}

fn table<const N: usize>(
    heads: [&str; N],
    rows: Vec<[String; N]>,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    let mut widths = heads.map(str::len);
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in std::iter::once(heads.map(str::to_owned)).chain(rows) {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}
