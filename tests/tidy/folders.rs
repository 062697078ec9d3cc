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
    ("admin", &["clock", "health", "metrics", "ports", "secret_file"]),
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

/// The names of modules that stand after `crate::`, one or a list in braces.
pub(crate) fn names(rest: &str) -> Vec<&str> {
    let list = match rest.strip_prefix('{') {
        Some(list) => list.split('}').next().unwrap_or_default(),
        None => rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default(),
    };
    let first = |word: &'_ str| -> usize { word.find("::").unwrap_or(word.len()) };
    let words = list.split(',').map(str::trim).map(|word| &word[..first(word)]);
    words.filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase())).collect()
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
