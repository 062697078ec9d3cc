//! No circles: of two modules of a folder, at most one uses the other, by whatever way. So each can be read, and
//! understood, after those that it uses.

use std::collections::{BTreeMap, BTreeSet};

use crate::tidy::folders::names;
use crate::tidy::source::Source;

/// The folders whose modules are looked at; those of `src/` itself have their arrows in `folders`. A shard's core is
/// spread over files by what it does, a session's machine and the actors likewise: they know each other by intent.
const FOLDERS: [&str; 17] = [
    "bench/src",
    "chat/src",
    "chat/src/workflow",
    "cluster/src",
    "cluster/src/peer",
    "codec/src",
    "config/src",
    "journal/src",
    "journal/src/cassandra",
    "journal/src/sqlite",
    "sim/src",
    "src/admin",
    "src/channel",
    "src/channel/cometd",
    "src/channel/gms",
    "src/gateway",
    "src/gateway/native",
];

/// Modules, each with those of the same folder that it uses.
type Uses = BTreeMap<String, BTreeSet<String>>;

/// The modules that are in a circle or between two, with what they use of each other.
pub(crate) fn circles(sources: &[Source]) -> Vec<String> {
    let in_folder = |folder: &&str| {
        let left = without_ends(uses(sources, folder));
        let folder = (*folder).to_owned();
        left.into_iter().map(move |(module, used)| {
            let used: Vec<String> = used.into_iter().collect();
            format!("{folder}: {module} is in a circle with {}", used.join(", "))
        })
    };
    FOLDERS.iter().flat_map(in_folder).collect()
}

fn uses(sources: &[Source], folder: &str) -> Uses {
    let mut uses = Uses::new();
    for source in sources {
        let Some(path) = source.path.strip_prefix(folder).and_then(|path| path.strip_prefix('/')) else {
            continue;
        };
        let module = path.split('/').next().unwrap_or_default().trim_end_matches(".rs");
        let skipped = ["lib", "main"].contains(&module) || path.contains("test") || path.ends_with("fake.rs");
        if source.is_rust() && !skipped {
            uses.entry(module.to_owned()).or_default().extend(named(source, folder, path));
        }
    }
    let modules: BTreeSet<String> = uses.keys().cloned().collect();
    for (module, used) in &mut uses {
        used.retain(|name| name != module && modules.contains(name));
    }
    uses
}

/// The modules of the folder that a file of it names: from the crate's root, or from the folder that it is in.
fn named(source: &Source, folder: &str, path: &str) -> Vec<String> {
    let code = source.code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let place = folder.split_once("src").map_or("", |(_, place)| place).trim_start_matches('/');
    let prefix = if place.is_empty() { String::new() } else { format!("{}::", place.replace('/', "::")) };
    let from_root = format!("crate::{prefix}");
    let up = "super::".repeat(path.split('/').count());
    let whole = |(at, _): &(usize, &str)| !code[..*at].ends_with("super::");
    let from_folder = code.match_indices(&up).filter(whole).map(|(at, _)| &code[at + up.len()..]);
    let from_folder = from_folder.filter(|rest| !rest.starts_with("super::"));
    let rests = code.split(&from_root).skip(1).chain(from_folder);
    rests.flat_map(names).map(str::to_owned).collect()
}

/// Takes away, again and again, what uses nothing that is left and what nothing left uses.
fn without_ends(mut uses: Uses) -> Uses {
    loop {
        let used: BTreeSet<String> = uses.values().flatten().cloned().collect();
        let before = uses.len();
        uses.retain(|module, uses| !uses.is_empty() && used.contains(module));
        if uses.len() == before {
            return uses;
        }
        let modules: BTreeSet<String> = uses.keys().cloned().collect();
        uses.values_mut().for_each(|used| used.retain(|name| modules.contains(name)));
    }
}
