//! The rules on crates: which way the arrows point, and what each place may bring in.
//!
//! ```text
//! codec <- chat, journal
//! chat, journal <- shard   <-.
//! journal       <- cluster <-+- handoff (the server) <- sim, tests
//! config        <------------'                          bench: the public API alone
//! ```

use std::fs;
use std::path::Path;

/// What one Cargo.toml says, as far as the rules care.
pub(crate) struct Manifest {
    /// The crate's folder; empty for the server at the root.
    pub(crate) folder: String,
    /// What it builds on, development aside.
    pub(crate) dependencies: Vec<String>,
    takes_lints: bool,
}

impl Manifest {
    pub(crate) fn parse(folder: &Path, text: &str) -> Self {
        let mut section = "";
        let (mut dependencies, mut takes_lints) = (Vec::new(), false);
        for line in text.lines().map(str::trim) {
            if let Some(name) = line.strip_prefix('[') {
                section = name.trim_end_matches(']');
            } else if section == "dependencies" && !line.is_empty() && !line.starts_with('#') {
                dependencies.extend(line.split(['.', ' ', '=']).next().map(str::to_owned));
            } else if section == "lints" && line == "workspace = true" {
                takes_lints = true;
            }
        }
        Self { folder: folder.to_string_lossy().into_owned(), dependencies, takes_lints }
    }
}

/// Every crate of the workspace.
pub(crate) fn all(root: &Path) -> Vec<Manifest> {
    let mut folders = vec![String::new()];
    for entry in fs::read_dir(root).unwrap().map(Result::unwrap) {
        if entry.path().join("Cargo.toml").exists() {
            folders.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    folders.sort();
    assert!(folders.len() >= 8, "only {folders:?} found");
    let read = |folder: &String| fs::read_to_string(root.join(folder).join("Cargo.toml")).unwrap();
    folders.iter().map(|folder| Manifest::parse(Path::new(folder), &read(folder))).collect()
}

/// Crates of ours that `scripts/test` would build with optimisation: they have no section in this file, its
/// `scripts/unoptimised.toml`.
pub(crate) fn optimised(manifests: &[Manifest], unoptimised: &str) -> Vec<String> {
    let names = manifests.iter().map(|manifest| match manifest.folder.as_str() {
        "" => "handoff".to_owned(),
        folder => format!("handoff-{folder}"),
    });
    let section = |name: &String| format!("[profile.release.package.{name}]\nopt-level = 0\n");
    names.filter(|name| !unoptimised.contains(&section(name))).collect()
}

/// Our own crates that a crate may build on; nothing when it is not known here.
fn allowed(folder: &str) -> Option<&'static [&'static str]> {
    Some(match folder {
        "codec" | "config" | "bench" => &[],
        "chat" | "journal" => &["handoff-codec"],
        "cluster" => &["handoff-codec", "handoff-journal"],
        "shard" => &["handoff-codec", "handoff-chat", "handoff-journal"],
        // The bench drives its process tests.
        "" => &[
            "handoff-bench",
            "handoff-codec",
            "handoff-chat",
            "handoff-journal",
            "handoff-shard",
            "handoff-cluster",
            "handoff-config",
        ],
        "sim" => &[
            "handoff",
            "handoff-codec",
            "handoff-chat",
            "handoff-journal",
            "handoff-shard",
            "handoff-cluster",
            "handoff-config",
        ],
        _ => return None,
    })
}

pub(crate) fn arrows(manifest: &Manifest) -> Vec<String> {
    let Some(allowed) = allowed(&manifest.folder) else {
        return vec![format!("{}: say in tests/tidy/crates.rs where this crate stands", manifest.folder)];
    };
    let ours = |name: &&String| *name == "handoff" || name.starts_with("handoff-");
    let wrong = manifest.dependencies.iter().filter(ours).filter(|name| !allowed.contains(&name.as_str()));
    wrong.map(|name| format!("{}: may not build on {name}", place(manifest))).collect()
}

/// Who may bring a crate in from outside; those not named here are free to all but the leaves below.
fn homes(name: &str) -> Option<&'static [&'static str]> {
    Some(match name {
        "scylla" | "rusqlite" => &["journal"],
        "actix" | "actix-rt" => &["", "sim"],
        "actix-web" | "actix-multipart" | "prometheus-client" => &[""],
        "tracing-subscriber" => &["", "sim"],
        "reqwest" | "object_store" | "jsonschema" => &[""],
        _ => return None,
    })
}

/// The leaves say all that they use.
fn whole_list(folder: &str) -> Option<&'static [&'static str]> {
    Some(match folder {
        "codec" => &["bincode", "thiserror", "xxhash-rust"],
        "shard" => &["async-trait", "bincode", "bytes", "rand", "serde", "thiserror", "tokio", "tracing"],
        "config" => &["ipnet", "regex", "serde", "strsim", "thiserror", "toml"],
        "chat" => &[
            "toml",
            "base64",
            "bincode",
            "chacha20poly1305",
            "hmac",
            "quick-xml",
            "regex",
            "serde",
            "serde_json",
            "sha2",
            "subtle",
            "thiserror",
            "xxhash-rust",
        ],
        _ => return None,
    })
}

pub(crate) fn outsiders(manifest: &Manifest) -> Vec<String> {
    let folder = manifest.folder.as_str();
    let outside = |name: &&String| *name != "handoff" && !name.starts_with("handoff-");
    let wrong = |name: &&String| {
        homes(name).is_some_and(|homes| !homes.contains(&folder))
            || whole_list(folder).is_some_and(|list| !list.contains(&name.as_str()))
    };
    let names = manifest.dependencies.iter().filter(outside).filter(wrong);
    names.map(|name| format!("{}: {name} has no place here", place(manifest))).collect()
}

pub(crate) fn lints(manifest: &Manifest) -> Vec<String> {
    if manifest.takes_lints {
        Vec::new()
    } else {
        vec![format!("{}: lacks [lints] workspace = true", place(manifest))]
    }
}

fn place(manifest: &Manifest) -> &str {
    if manifest.folder.is_empty() { "the server" } else { &manifest.folder }
}
