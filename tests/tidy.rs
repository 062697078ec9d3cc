//! Polices the house's rules, because a rule that nothing checks is forgotten within a month.
//!
//! Each rule is a function from a file to complaints, in `rules`; the tests at the bottom show each of them fail.

mod crates;
mod rules;
mod source;

use std::path::{Path, PathBuf};

use rules::Rule;
use source::Source;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn complaints(sources: &[Source], rule: Rule) -> Vec<String> {
    sources
        .iter()
        .flat_map(|source| rule(source).into_iter().map(move |text| format!("{}: {text}", source.path)))
        .collect()
}

fn holds(rule: Rule) {
    let sources = source::all(&root());
    assert!(sources.len() > 20, "the walk found only {} files", sources.len());
    let found = complaints(&sources, rule);
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn no_file_is_longer_than_500_lines() {
    holds(rules::file_length);
}

#[test]
fn no_function_is_longer_than_70_lines() {
    holds(rules::function_length);
}

#[test]
fn no_line_is_wider_than_110_columns() {
    holds(rules::line_width);
}

#[test]
fn every_file_says_what_it_is() {
    holds(rules::opening_comment);
}

#[test]
fn nothing_is_left_for_later() {
    holds(rules::unfinished);
}

#[test]
fn no_path_of_one_machine_is_written_down() {
    holds(rules::machine_paths);
}

#[test]
fn no_module_file_is_called_mod() {
    holds(rules::mod_files);
}

#[test]
fn actors_live_in_the_actor_module_alone() {
    holds(rules::actors);
}

#[test]
fn database_drivers_are_used_by_the_journal_alone() {
    holds(rules::drivers);
}

#[test]
fn bincode_is_called_by_the_codec_alone() {
    holds(rules::bincode_calls);
}

#[test]
fn the_chat_machines_have_no_clock_no_chance_and_no_io() {
    holds(rules::pure_chat);
}

#[test]
fn scripts_can_be_run() {
    holds(rules::executable);
}

#[test]
fn links_between_pages_lead_somewhere() {
    holds(rules::links);
}

#[test]
fn crates_depend_on_each_other_in_one_direction() {
    let found = crates::all(&root()).iter().flat_map(crates::arrows).collect::<Vec<_>>();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn crates_use_only_what_their_place_allows() {
    let found = crates::all(&root()).iter().flat_map(crates::outsiders).collect::<Vec<_>>();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn every_crate_takes_the_workspace_lints() {
    let found = crates::all(&root()).iter().flat_map(crates::lints).collect::<Vec<_>>();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

/// Each rule with a file that breaks it and one that does not.
#[test]
fn every_rule_fails_on_a_bad_file_and_only_there() {
    let long_file = "//! x\n".to_owned() + &"\n".repeat(500);
    let long_function = format!("//! x\nfn f() {{\n{}}}\n", "    g();\n".repeat(70));
    let braces_in_text =
        format!("//! x\nfn f() {{ g(\"{{{{{{\", '{{'); }} // {{\n{}", "const A: u8 = 1;\n".repeat(80));
    let wide = format!("//! x\n// {}\n", "x".repeat(108));
    let cases: Vec<(Rule, &str, &str, &str, &str)> = vec![
        (rules::file_length, "chat/src/a.rs", &long_file, "chat/src/a.rs", "//! x\n"),
        (rules::function_length, "chat/src/a.rs", &long_function, "chat/src/a.rs", &braces_in_text),
        (rules::line_width, "chat/src/a.rs", &wide, "README.md", &wide),
        (rules::opening_comment, "src/a.rs", "fn f() {}\n", "src/a.rs", "//! What.\n"),
        (
            rules::opening_comment,
            "scripts/a",
            "#!/usr/bin/env bash\nset -e\n",
            "scripts/a",
            "#!/bin/sh\n# What.\n",
        ),
        (
            rules::unfinished,
            "src/a.rs",
            concat!("//! x\n// TO", "DO: more\n"),
            "src/a.rs",
            "//! A todoist.\n",
        ),
        (rules::unfinished, "src/a.rs", concat!("#[ign", "ore]\nfn f() {}\n"), "src/a.rs", "ignore();\n"),
        (rules::machine_paths, "a.md", concat!("see /ro", "ot/x"), "a.md", "see the /roots"),
        (rules::mod_files, "src/a/mod.rs", "", "src/a.rs", ""),
        (rules::actors, "src/gateway.rs", "use actix::Actor;\n", "src/actor/shard.rs", "use actix::Actor;\n"),
        (rules::actors, "src/a.rs", "actix_rt::spawn(f);\n", "src/a.rs", "use actix_web::web; // actix::\n"),
        (
            rules::drivers,
            "src/a.rs",
            "use scylla::Session;\n",
            "journal/src/cassandra/a.rs",
            "use scylla::Session;\n",
        ),
        (
            rules::drivers,
            "cluster/src/a.rs",
            "rusqlite::open();\n",
            "journal/src/sqlite.rs",
            "rusqlite::open();\n",
        ),
        (
            rules::bincode_calls,
            "chat/src/a.rs",
            "bincode::encode_to_vec(x);\n",
            "codec/src/lib.rs",
            "bincode::config();\n",
        ),
        (
            rules::bincode_calls,
            "chat/src/a.rs",
            "use bincode::config;\n",
            "chat/src/a.rs",
            "use bincode::{Decode, Encode};\n",
        ),
        (
            rules::pure_chat,
            "chat/src/a.rs",
            "let t = Instant::now();\n",
            "cluster/src/a.rs",
            "let t = Instant::now();\n",
        ),
        (rules::pure_chat, "chat/src/a.rs", "use std::fs;\n", "chat/src/a.rs", "// use std::fs;\n"),
        (
            rules::links,
            "docs/a.md",
            "[x](nowhere.md)",
            "docs/a.md",
            "[x](../Cargo.toml) [y](https://a.b) [z](#c)",
        ),
    ];
    for (rule, bad_path, bad, good_path, good) in cases {
        let fails =
            |path: &str, text: &str| !rule(&Source::new(&root(), path, text.to_owned(), false)).is_empty();
        assert!(fails(bad_path, bad), "a rule lets this pass: {bad_path}: {bad}");
        assert!(!fails(good_path, good), "a rule refuses this: {good_path}: {good}");
    }
    assert!(!rules::executable(&Source::new(&root(), "scripts/demo", String::new(), false)).is_empty());
    assert!(rules::executable(&Source::new(&root(), "scripts/demo", String::new(), true)).is_empty());
}

#[test]
fn a_crate_that_points_the_wrong_way_is_found() {
    let parse = |name: &str, text: &str| crates::Manifest::parse(Path::new(name), text);
    let wrong = parse("chat", "[dependencies]\nhandoff-journal.workspace = true\ntokio = \"1\"\n");
    assert_eq!(crates::arrows(&wrong).len(), 1);
    assert_eq!(crates::outsiders(&wrong).len(), 1);
    assert_eq!(crates::lints(&wrong).len(), 1);
    let right = parse("chat", "[dependencies]\nhandoff-codec.workspace = true\n[lints]\nworkspace = true\n");
    assert!(
        crates::arrows(&right).is_empty()
            && crates::outsiders(&right).is_empty()
            && crates::lints(&right).is_empty()
    );
    assert_eq!(crates::arrows(&parse("unheard-of", "")).len(), 1);
}
