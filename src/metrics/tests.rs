//! What is counted, and that the page lists all of it.

use super::*;
use crate::gateway::metrics::{OperationLabel, OutcomeLabel};
use crate::gateway::socket::metrics::{CloseLabel, CommandLabel, SocketLabel};
use crate::{channel, gateway};
use handoff_chat::QueueName;
use handoff_chat::happening::OfferEnd;
use handoff_shard::census::{AgentStates, Places};
use std::collections::BTreeSet;

/// Name, then type, labels and meaning, of the page and of the code.
type Listed = BTreeMap<String, [String; 3]>;

fn of_page() -> Listed {
    let mut listed = Listed::new();
    for line in include_str!("../../docs/metrics.md").lines() {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let [_, name, kind, labels, meaning, _] = cells[..] else { continue };
        let Some(name) = name.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')) else { continue };
        let row = [kind.to_owned(), labels.to_owned(), meaning.to_owned()];
        assert!(listed.insert(name.to_owned(), row).is_none(), "{name} stands twice");
    }
    listed
}

/// The page of a node as it runs, with every label of the gateway used once.
fn encoded() -> String {
    use OperationLabel::{
        custom_notice, disconnect, file_delete, file_download, file_limits, file_upload, other, push_url,
        read_receipt, refresh, send, service, start, start_typing, stop_typing, update_data, update_nickname,
    };
    use OutcomeLabel::{again, dead, limited, ok, refused, unknown};
    let customers = gateway::Metrics::default();
    let notices = [push_url, update_nickname, update_data, custom_notice, read_receipt];
    let others = [service, start, send, refresh, start_typing, stop_typing, disconnect, other];
    let files = [file_limits, file_upload, file_download, file_delete];
    for operation in others.into_iter().chain(notices).chain(files) {
        for outcome in [ok, again, dead, limited, refused, unknown] {
            customers.count(operation, outcome, Duration::from_millis(1));
        }
    }
    let sockets = gateway::socket::metrics::Metrics::default();
    let kinds = [SocketLabel::customer, SocketLabel::agent, SocketLabel::cometd];
    for kind in kinds.into_iter().chain([SocketLabel::customer_poll, SocketLabel::agent_poll]) {
        sockets.sent(kind);
        for outcome in [CommandLabel::ok, CommandLabel::again, CommandLabel::refused] {
            // What CometD clients say is counted by itself.
            match kind {
                SocketLabel::customer | SocketLabel::customer_poll => {
                    channel::native::counted_commands().for_each(|word| sockets.command(kind, word, outcome));
                }
                SocketLabel::agent | SocketLabel::agent_poll => {
                    gateway::native::counted_commands().for_each(|word| sockets.command(kind, word, outcome));
                }
                SocketLabel::cometd => {}
            }
        }
        use CloseLabel::{answered, closed, gone, large, moved, protocol, silent, slow};
        for reason in [answered, closed, gone, large, moved, protocol, silent, slow] {
            sockets.opened(kind);
            sockets.closed(kind, reason);
        }
    }
    let cometd = bayeux();
    let channels = channel::metrics::Metrics::default();
    channels.know("webhook:shop");
    Metrics::with(["support"], |registry| {
        customers.register(registry);
        sockets.register(registry);
        cometd.register(registry);
        channels.register(registry);
    })
    .encode()
}

fn bayeux() -> channel::cometd::metrics::Metrics {
    use crate::channel::cometd::metrics::AnswerLabel::{ok, refused, unknown_client};
    use crate::channel::cometd::metrics::EndLabel::{disconnected, expired};
    use crate::channel::cometd::metrics::KindLabel::{
        connect, disconnect, handshake, other, publish, subscribe,
    };
    let metrics = channel::cometd::metrics::Metrics::default();
    for kind in [handshake, connect, subscribe, disconnect, publish, other] {
        for outcome in [ok, unknown_client, refused] {
            metrics.message(kind, outcome);
        }
    }
    for reason in [disconnected, expired] {
        metrics.opened();
        metrics.ended(reason);
    }
    metrics
}

fn of_code() -> Listed {
    let page = encoded();
    let mut listed = Listed::new();
    let mut help = BTreeMap::new();
    for line in page.lines() {
        if let Some((name, text)) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) {
            help.insert(name, text.to_owned());
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' '))
        {
            let suffix = match kind {
                "counter" => "_total",
                "histogram" => "_count",
                _ => "",
            };
            let sample = format!("{name}{suffix}{{");
            let samples = page.lines().filter_map(|line| line.strip_prefix(&sample)?.split_once('}'));
            let labels = labels_of(samples.map(|(labels, _)| labels));
            let shown = if kind == "counter" { format!("{name}_total") } else { name.to_owned() };
            listed.insert(shown, [kind.to_owned(), labels, help[name].clone()]);
        }
    }
    listed
}

/// `key: value, value; key: value` of samples' `key="value",key="value"`, as the page writes it.
fn labels_of<'a>(samples: impl Iterator<Item = &'a str>) -> String {
    let mut values = BTreeMap::<&str, BTreeSet<&str>>::new();
    for (key, value) in samples.flat_map(|sample| sample.split(',')).filter_map(|pair| pair.split_once('=')) {
        values.entry(key).or_default().insert(value.trim_matches('"'));
    }
    let listed = values.into_iter().map(|(key, values)| {
        let values: Vec<_> = values.into_iter().collect();
        format!("{key}: {}", values.join(", "))
    });
    listed.collect::<Vec<_>>().join("; ")
}

#[test]
fn the_page_lists_every_metric_and_no_other() {
    let (page, code) = (of_page(), of_code());
    assert!(code.len() > 15, "the encoding was not understood: {code:?}");
    let line =
        |(name, row): (&String, &[String; 3])| format!("| `{name}` | {} | {} | {} |", row[0], row[1], row[2]);
    let lacking: Vec<_> = code.iter().filter(|(name, row)| page.get(*name) != Some(row)).map(line).collect();
    assert!(lacking.is_empty(), "docs/metrics.md should say:\n{}", lacking.join("\n"));
    let gone: Vec<_> = page.keys().filter(|name| !code.contains_key(*name)).collect();
    assert!(gone.is_empty(), "docs/metrics.md lists what no longer exists: {gone:?}");
}

#[test]
fn what_shards_tell_is_summed_and_leaves_with_them() {
    let metrics = Metrics::new();
    let has = |sample: &str| {
        let page = metrics.encode();
        assert!(page.lines().any(|line| line == sample), "missing: {sample}\nin:\n{page}");
    };
    let census = Census {
        awake: 3,
        asleep: 2,
        open: 4,
        quarantined: 1,
        places: Places { workflow: 1, queue: 2, offer: 0, agent: 1 },
        agents: AgentStates { signed_out: 0, not_ready: 1, ready: 2 },
        waiting: 2,
    };
    let counts = |panics| Counts { panics, clock_steps: 2 * panics };
    metrics.shard(ShardId(1), census, 10, counts(2));
    metrics.shard(ShardId(2), census, 5, counts(0));
    metrics.shard(ShardId(1), Census { awake: 1, ..census }, 0, counts(3));
    has("handoff_shard_serving 2");
    has("handoff_shard_sessions{state=\"awake\"} 4");
    has("handoff_shard_sessions_open 8");
    has("handoff_shard_held_outputs 5");
    has("handoff_shard_panics_total 3");
    metrics.shard_gone(ShardId(1));
    metrics.shard_gone(ShardId(1));
    metrics.shard(ShardId(1), Census::default(), 0, counts(1));
    has("handoff_shard_sessions_open 4");
    has("handoff_shard_panics_total 4");
    has("handoff_shard_clock_steps_total 8");
    has("handoff_cluster_shards_left_total 1");
}

#[test]
fn frames_calls_and_takeovers_are_counted() {
    let metrics = Metrics::new();
    metrics.frame_committed(3, 500, Duration::from_millis(4));
    metrics.opened(Duration::from_millis(30));
    metrics.call("again");
    metrics.ready(true);
    let page = metrics.encode();
    for sample in [
        "handoff_journal_entries_total 3",
        "handoff_journal_frame_bytes_total 500",
        "handoff_journal_commit_seconds_bucket{le=\"0.005\"} 1",
        "handoff_cluster_takeover_seconds_bucket{le=\"0.05\"} 1",
        "handoff_router_calls_total{outcome=\"again\"} 1",
        "handoff_router_calls_total{outcome=\"done\"} 0",
        "handoff_node_ready 1",
    ] {
        assert!(page.lines().any(|line| line == sample), "missing: {sample}\nin:\n{page}");
    }
    assert!(page.ends_with("# EOF\n"));
}

#[test]
fn what_happens_to_chats_is_counted_by_queue() {
    let metrics = Metrics::with(["support"], |_| {});
    let queue = |name: &str| QueueName(name.to_owned());
    for happening in [
        Happening::Offered(queue("support")),
        Happening::OfferEnded(queue("support"), OfferEnd::TimedOut),
        Happening::Offered(queue("support")),
        Happening::OfferEnded(queue("support"), OfferEnd::Accepted),
        Happening::Waited { queue: queue("support"), ms: 7_000, answered: true },
        Happening::Handled { queue: queue("support"), ms: 90_000 },
        Happening::Offered(queue("closed long ago")),
        Happening::Stepped,
        Happening::WorkflowFailed,
        Happening::BotAsked,
        Happening::BotFailed,
        Happening::BotSpent,
    ] {
        metrics.happened(&happening);
    }
    metrics.contact(true);
    metrics.contact(false);
    metrics.contact(true);
    let page = metrics.encode();
    for sample in [
        "handoff_routing_offers_total{queue=\"support\"} 2",
        "handoff_routing_offers_total{queue=\"other\"} 1",
        "handoff_routing_offers_ended_total{queue=\"support\",outcome=\"timed_out\"} 1",
        "handoff_routing_offers_ended_total{queue=\"support\",outcome=\"rejected\"} 0",
        "handoff_routing_waiting_seconds_bucket{le=\"10.0\",queue=\"support\",outcome=\"answered\"} 1",
        "handoff_routing_handling_seconds_sum{queue=\"support\"} 90.0",
        "handoff_workflow_steps_total 1",
        "handoff_workflow_failures_total 1",
        "handoff_bot_turns_total 1",
        "handoff_bot_failures_total 1",
        "handoff_bots_spent_total 1",
        "handoff_contacts_total{outcome=\"found\"} 2",
        "handoff_contacts_total{outcome=\"made\"} 1",
    ] {
        assert!(page.lines().any(|line| line == sample), "missing: {sample}\nin:\n{page}");
    }
}
