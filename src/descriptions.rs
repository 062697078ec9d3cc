//! The descriptions of the HTTP interfaces are committed as the code makes them, and served so.

use std::path::Path;
use utoipa::OpenApi;

const WRITE: &str = "HANDOFF_WRITE_DESCRIPTIONS=1 cargo test -p handoff --lib descriptions";

/// Compares what the code makes with the file of this name below `docs/openapi`; writes it where that is asked for.
fn is_committed(name: &str, made: &utoipa::openapi::OpenApi) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi").join(name);
    let made = format!("# Made from the code by {WRITE}\n{}", yaml_serde::to_string(made).unwrap());
    if std::env::var_os("HANDOFF_WRITE_DESCRIPTIONS").is_some() {
        std::fs::write(path, made).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    let differ = || committed.lines().zip(made.lines()).zip(1..).find(|((old, new), _)| old != new);
    assert!(
        committed == made,
        "docs/openapi/{name} is not what the code makes (first difference: {:?}). Write it anew: {WRITE}",
        differ()
    );
}

#[test]
fn the_admin_api_s_file_is_what_the_code_makes() {
    is_committed("admin.yaml", &crate::admin::Description::openapi());
}

#[test]
fn the_gms_api_s_file_is_what_the_code_makes() {
    is_committed("gms.yaml", &crate::channel::gms::Description::openapi());
}
