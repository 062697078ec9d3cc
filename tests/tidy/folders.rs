//! The arrows between the folders of `src/`: which part of the server may use which.

use crate::tidy::source::Source;

/// Each part (a file or folder of `src/`) with the parts that it uses, those first that use the fewest: nobody names
/// one that comes later, so there is no circle.
const PARTS: [(&str, &[&str]); 31] = [
    ("clock", &[]),
    ("descriptions", &[]),
    ("observer", &[]),
    ("password", &[]),
    ("ports", &[]),
    ("record_list", &[]),
    ("rich", &[]),
    ("secret_file", &[]),
    ("shown", &[]),
    ("telemetry", &[]),
    ("tls", &[]),
    ("wire", &[]),
    ("bots", &["rich"]),
    ("contacts", &["record_list"]),
    ("courier", &["ports"]),
    ("files", &["tls"]),
    ("health", &["ports"]),
    ("metrics", &["observer"]),
    ("node_state", &["ports"]),
    ("record", &["contacts", "observer", "record_list"]),
    ("workflows", &["bots"]),
    ("record_reader", &["ports", "record"]),
    ("actor", &["bots", "clock", "courier", "files", "node_state", "observer", "ports", "record"]),
    ("listing", &["actor", "ports", "wire"]),
    (
        "router",
        &["actor", "clock", "listing", "node_state", "observer", "ports", "record", "record_reader", "wire"],
    ),
    // What clients and operators reach knows the ports, not who is behind them.
    ("gateway", &["clock", "descriptions", "files", "health", "password", "ports", "rich", "shown"]),
    ("channel", &["clock", "files", "gateway", "ports", "rich", "shown", "tls"]),
    ("admin", &["clock", "descriptions", "health", "metrics", "ports", "secret_file", "shown"]),
    (
        "assembly",
        &[
            "actor",
            "bots",
            "clock",
            "contacts",
            "courier",
            "files",
            "node_state",
            "observer",
            "ports",
            "record",
            "router",
        ],
    ),
    (
        "node",
        &[
            "actor",
            "admin",
            "assembly",
            "bots",
            "channel",
            "clock",
            "contacts",
            "files",
            "gateway",
            "listing",
            "metrics",
            "node_state",
            "password",
            "ports",
            "record_list",
            "record_reader",
            "router",
            "secret_file",
            "workflows",
        ],
    ),
    ("cli", &["admin", "bots", "node", "password", "ports", "secret_file", "telemetry", "workflows"]),
];

/// Parts that a file uses and may not. Tests may use any.
pub(crate) fn arrows(source: &Source) -> Vec<String> {
    let Some(path) = source.path.strip_prefix("src/") else { return Vec::new() };
    let part = path.split('/').next().unwrap_or_default().trim_end_matches(".rs");
    if ["lib", "main", "hostile"].contains(&part) || path.contains("tests") || path.ends_with("fake.rs") {
        return Vec::new();
    }
    let Some((_, allowed)) = PARTS.iter().find(|(name, _)| *name == part) else {
        return vec![format!("say in tests/tidy/folders.rs where {part} stands")];
    };
    // Tests in the same file stand at its end.
    let code = source.code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let used = code.split("crate::").skip(1).flat_map(names);
    // Hostile texts are for tests alone.
    let wrong = used.filter(|name| *name != part && *name != "hostile" && !allowed.contains(name));
    wrong.map(|name| format!("{part} may not use {name}")).collect()
}

/// The parts that ask shards from outside, with what they know of one: calls and what came of them, and its lists.
const ASKERS: [(&str, &[&str]); 5] = [
    ("admin", &["Call", "Done", "listing"]),
    ("channel", &["Call", "Done"]),
    ("cli", &["listing"]),
    ("gateway", &["Call", "Done", "listing"]),
    ("ports", &["Call", "Done", "listing"]),
];

/// What a part that asks from outside uses of a shard's insides.
pub(crate) fn insides(source: &Source) -> Vec<String> {
    let part = source.path.strip_prefix("src/").unwrap_or_default();
    let part = part.split('/').next().unwrap_or_default().trim_end_matches(".rs");
    let Some((_, known)) = ASKERS.iter().find(|(asker, _)| *asker == part) else { return Vec::new() };
    if source.path.contains("tests") || source.path.ends_with("fake.rs") {
        return Vec::new();
    }
    let code = source.code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let used = code.split("handoff_shard::").skip(1).flat_map(items);
    let inside = used.filter(|name| !known.contains(name));
    inside.map(|name| format!("{part} may not use handoff_shard::{name}")).collect()
}

/// The names of modules that stand after `crate::`, one or a list in braces.
pub(crate) fn names(rest: &str) -> Vec<&str> {
    let is_module = |name: &&str| name.starts_with(|c: char| c.is_ascii_lowercase());
    items(rest).into_iter().filter(is_module).collect()
}

/// The first names that stand after a `::`, one or a list in braces, whatever is in braces behind each.
fn items(rest: &str) -> Vec<&str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name = |text: &'_ str| -> usize { text.find(|c: char| !is_name(c)).unwrap_or(text.len()) };
    let Some(list) = rest.strip_prefix('{') else { return vec![&rest[..name(rest)]] };
    let (mut items, mut depth, mut begins) = (Vec::new(), 0_u32, true);
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' => begins |= depth == 0,
            c if begins && is_name(c) => {
                let rest = &list[at..];
                items.push(&rest[..name(rest)]);
                begins = false;
            }
            _ => {}
        }
    }
    items
}

/// A part that names a later one: where there is none, no circle can be.
pub(crate) fn circles() -> Vec<String> {
    let mut found = Vec::new();
    for (at, (part, uses)) in PARTS.iter().enumerate() {
        let later = uses.iter().filter(|used| !PARTS[..at].iter().any(|(name, _)| name == *used));
        found.extend(later.map(|used| format!("{part} uses {used}, which comes later")));
    }
    found
}
