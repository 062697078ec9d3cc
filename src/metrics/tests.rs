//! What is counted, and that the page lists all of it.

use super::*;
use std::collections::{BTreeMap, BTreeSet};

/// Name, then type, labels and meaning, of the page and of the code.
type Listed = BTreeMap<String, [String; 3]>;

fn of_page() -> Listed {
    let mut listed = Listed::new();
    for line in include_str!("../../docs/metrics.md").lines() {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let [_, name, kind, labels, meaning, _] = cells[..] else { continue };
        let Some(name) = name.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')) else { continue };
        let row = [kind.to_owned(), labels.replace('`', ""), meaning.to_owned()];
        assert!(listed.insert(name.to_owned(), row).is_none(), "{name} stands twice");
    }
    listed
}

fn of_code() -> Listed {
    let page = Metrics::new().encode();
    let mut listed = Listed::new();
    let mut help = BTreeMap::new();
    for line in page.lines() {
        if let Some((name, text)) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) {
            help.insert(name.to_owned(), text.to_owned());
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' '))
        {
            let shown = if kind == "counter" { format!("{name}_total") } else { name.to_owned() };
            let values: Vec<_> = page
                .lines()
                .filter_map(|sample| sample.strip_prefix(&format!("{shown}{{")))
                .filter_map(|sample| sample.split_once('}').map(|(label, _)| label.replace('"', "")))
                .collect();
            listed.insert(shown, [kind.to_owned(), labels_of(&values), help[name].clone()]);
        }
    }
    listed
}

/// `key: value, value` of samples' `key=value`, as the page writes it.
fn labels_of(samples: &[String]) -> String {
    let pairs: Vec<_> = samples.iter().filter_map(|sample| sample.split_once('=')).collect();
    let Some((key, _)) = pairs.first() else { return String::new() };
    let values: BTreeSet<_> = pairs.iter().map(|(_, value)| *value).collect();
    format!("{key}: {}", values.into_iter().collect::<Vec<_>>().join(", "))
}

#[test]
fn the_page_lists_every_metric_and_no_other() {
    let (page, code) = (of_page(), of_code());
    assert!(code.len() > 25, "the encoding was not understood: {code:?}");
    let line =
        |(name, row): (&String, &[String; 3])| format!("| `{name}` | {} | {} | {} |", row[0], row[1], row[2]);
    let lacking: Vec<_> = code.iter().filter(|(name, row)| page.get(*name) != Some(row)).map(line).collect();
    assert!(lacking.is_empty(), "docs/metrics.md should say:\n{}", lacking.join("\n"));
    let gone: Vec<_> = page.keys().filter(|name| !code.contains_key(*name)).collect();
    assert!(gone.is_empty(), "docs/metrics.md lists what no longer exists: {gone:?}");
}

#[test]
fn what_is_counted_shows() {
    let metrics = Metrics::new();
    metrics.frame_committed(3, 500, 0.004);
    metrics.append_outcome(AppendOutcome::Fenced);
    metrics.entities(5, 2);
    metrics.entities(-1, 1);
    let page = metrics.encode();
    for sample in [
        "handoff_journal_events_total 3",
        "handoff_journal_appends_total{outcome=\"fenced\"} 1",
        "handoff_shard_entities{state=\"awake\"} 4",
        "handoff_shard_entities{state=\"asleep\"} 3",
        "handoff_journal_append_seconds_bucket{le=\"0.005\"} 1",
    ] {
        assert!(page.lines().any(|line| line == sample), "missing: {sample}\nin:\n{page}");
    }
    assert!(page.ends_with("# EOF\n"));
}
