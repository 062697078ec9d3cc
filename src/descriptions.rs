//! For tests: the descriptions of the interfaces are committed as the code makes them, and served so.

use std::path::Path;

const WRITE: &str = "HANDOFF_WRITE_DESCRIPTIONS=1 cargo test -p handoff --lib descri";

/// Compares what the code makes with a file below `docs`; writes it where that is asked for.
pub(crate) fn is_committed(file: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(file);
    if std::env::var_os("HANDOFF_WRITE_DESCRIPTIONS").is_some() {
        std::fs::write(path, made).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    let differ = || committed.lines().zip(made.lines()).zip(1..).find(|((old, new), _)| old != new);
    assert!(
        committed == made,
        "docs/{file} is not what the code makes (first difference: {:?}). Write it anew: {WRITE}",
        differ()
    );
}

/// A description as YAML, which says in its first line how it is made.
pub(crate) fn yaml(made: &impl serde::Serialize) -> String {
    format!("# Made from the code by {WRITE}\n{}", yaml_serde::to_string(made).unwrap())
}
