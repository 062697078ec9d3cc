//! Polices the house's rules, because a rule that nothing checks is forgotten within a month.
//!
//! Each rule is a function from a file to complaints, in `rules`; the tests at the bottom show each of them fail.

mod circles;
mod crates;
mod folders;
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
fn no_line_is_wider_than_120_columns() {
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
fn a_shard_has_no_clock_and_no_io() {
    holds(rules::pure_shard);
}

#[test]
fn who_asks_a_shard_knows_nothing_of_its_insides() {
    holds(folders::insides);
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
fn paths_that_pages_and_comments_name_are_there() {
    holds(rules::named_paths);
}

#[test]
fn the_parts_of_the_server_depend_on_each_other_in_one_direction() {
    holds(folders::arrows);
    assert!(folders::circles().is_empty(), "{:?}", folders::circles());
}

#[test]
fn no_modules_of_a_folder_use_each_other() {
    let found = circles::circles(&source::all(&root()));
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn a_circle_of_modules_is_found() {
    let file = |path: &str, text: &str| Source::new(&root(), path, text.to_owned(), false);
    let found = circles::circles(&[
        file("chat/src/start.rs", "use crate::a::A;\n"),
        file("chat/src/a.rs", "use crate::{b, end::End};\n"),
        file("chat/src/b/inner.rs", "use super::super::c::C;\nuse super::a;\n"),
        file("chat/src/c.rs", "use super::a::A;\n"),
        file("chat/src/end.rs", "/// As in [`crate::a`].\n#[cfg(test)]\nmod tests {\n    use crate::a;\n}\n"),
        file("src/gateway/one.rs", "use crate::gateway::two::Two;\nuse crate::one::One;\n"),
        file("src/gateway/two.rs", "use super::one::One;\n"),
        file("src/gateway/three.rs", "use crate::three::Three;\nuse super::{one, two};\n"),
    ]);
    let expected = [("chat/src", ["a b", "b c", "c a"].as_slice()), ("src/gateway", &["one two", "two one"])];
    let expected = expected.iter().flat_map(|(folder, pairs)| pairs.iter().map(move |pair| (folder, pair)));
    let expected = expected.map(|(folder, pair)| {
        let (module, used) = pair.split_once(' ').unwrap();
        format!("{folder}: {module} is in a circle with {used}")
    });
    assert_eq!(found, expected.collect::<Vec<_>>());
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

#[test]
fn tests_are_built_without_optimisation_in_every_crate() {
    let unoptimised = std::fs::read_to_string(root().join("scripts/unoptimised.toml")).unwrap();
    let found = crates::optimised(&crates::all(&root()), &unoptimised);
    assert!(found.is_empty(), "scripts/unoptimised.toml has no section for {found:?}");
}

fn passes(rule: Rule, path: &str, text: &str) -> bool {
    rule(&Source::new(&root(), path, text.to_owned(), false)).is_empty()
}

#[test]
fn every_rule_fails_on_a_bad_file() {
    let fails =
        |rule: Rule, path: &str, text: &str| assert!(!passes(rule, path, text), "passes: {path}: {text}");
    fails(rules::file_length, "chat/src/a.rs", &("//! x\n".to_owned() + &"\n".repeat(500)));
    fails(rules::function_length, "src/a.rs", &format!("fn f() {{\n{}}}\n", "    g();\n".repeat(70)));
    fails(rules::line_width, "chat/src/a.rs", &"x".repeat(121));
    fails(rules::opening_comment, "src/a.rs", "fn f() {}\n");
    fails(rules::opening_comment, "scripts/a", "#!/usr/bin/env bash\nset -e\n");
    fails(rules::unfinished, "src/a.rs", concat!("//! x\n// TO", "DO: more\n"));
    fails(rules::unfinished, "src/a.rs", concat!("#[ign", "ore]\nfn f() {}\n"));
    fails(rules::machine_paths, "a.md", concat!("see /ro", "ot/x"));
    fails(rules::mod_files, "src/a/mod.rs", "");
    fails(rules::actors, "src/gateway.rs", "use actix::Actor;\n");
    fails(rules::actors, "src/a.rs", "actix_rt::spawn(f);\n");
    fails(rules::drivers, "src/a.rs", "use scylla::Session;\n");
    fails(rules::drivers, "cluster/src/a.rs", "rusqlite::open();\n");
    fails(rules::bincode_calls, "chat/src/a.rs", "bincode::encode_to_vec(x);\n");
    fails(rules::bincode_calls, "chat/src/a.rs", "use bincode::config;\n");
    fails(rules::pure_chat, "chat/src/a.rs", "let t = Instant::now();\n");
    fails(rules::pure_chat, "chat/src/a.rs", "use std::fs;\n");
    fails(rules::pure_shard, "shard/src/a.rs", "use tokio::time::sleep;\n");
    fails(folders::arrows, "src/gateway/a.rs", "use crate::actor::handle::ShardHandle;\n");
    fails(folders::arrows, "src/gateway/a.rs", "use crate::{clock::Clock, router::Router};\n");
    fails(folders::arrows, "src/gateway/a.rs", "use crate::{clock::{A, B}, router::Router};\n");
    fails(folders::arrows, "src/gateway.rs", "#[cfg(test)]\nmod tests;\nuse crate::router::Router;\n");
    fails(folders::arrows, "src/new.rs", "use crate::clock::Clock;\n");
    fails(folders::insides, "src/gateway/a.rs", "use handoff_shard::{Call, Outcome};\n");
    fails(folders::insides, "src/admin/a.rs", "let core = handoff_shard::core::ShardCore::open();\n");
    fails(rules::executable, "scripts/demo", "");
    fails(rules::links, "chat/a.md", "[x](nowhere.md)");
    fails(rules::named_paths, "a.md", "see `src/nowhere.rs`");
    fails(rules::named_paths, "a.md", "see `shard/src/core.rs:nowhere`");
    fails(rules::named_paths, "src/a.rs", "//! See `chat/src/nowhere`.\n");
}

#[test]
fn no_rule_fails_on_a_good_file() {
    let holds =
        |rule: Rule, path: &str, text: &str| assert!(passes(rule, path, text), "refused: {path}: {text}");
    let braces_in_text =
        format!("fn f() {{ g(\"{{{{\", '{{'); }} // {{\n{}", "const A: u8 = 1;\n".repeat(80));
    holds(rules::function_length, "src/a.rs", &braces_in_text);
    holds(rules::line_width, "README.md", &"x".repeat(121));
    holds(folders::arrows, "src/gateway/a.rs", "use crate::ports::Sessions;\nuse crate::BUILD;\n");
    holds(rules::named_paths, "a.md", "`chat/src/session`, `src/router.rs:forward` of `src/{a,b}`");
    holds(rules::opening_comment, "src/a.rs", "//! What.\n");
    holds(rules::opening_comment, "scripts/a", "#!/bin/sh\n# What.\n");
    holds(rules::unfinished, "src/a.rs", "//! A todoist.\nignore();\n");
    holds(rules::machine_paths, "a.md", "see the /roots");
    holds(rules::actors, "src/actor/shard.rs", "use actix::Actor;\n");
    holds(rules::actors, "src/a.rs", "use actix_web::web; // actix::\n");
    holds(rules::drivers, "journal/src/cassandra/a.rs", "use scylla::Session;\n");
    holds(rules::drivers, "journal/src/sqlite.rs", "rusqlite::open();\n");
    holds(rules::bincode_calls, "codec/src/lib.rs", "bincode::config();\n");
    holds(rules::bincode_calls, "chat/src/a.rs", "use bincode::{Decode, Encode};\n");
    holds(rules::pure_chat, "cluster/src/a.rs", "let t = Instant::now();\n");
    holds(rules::pure_chat, "chat/src/a.rs", "// use std::fs;\n");
    holds(rules::executable, "scripts/common.sh", "");
    holds(rules::links, "chat/a.md", "[x](../Cargo.toml) [y](https://a.b) [z](#c)");
}

#[test]
fn a_crate_that_points_the_wrong_way_is_found() {
    let parse = |name: &str, text: &str| crates::Manifest::parse(Path::new(name), text);
    let wrong = parse("chat", "[dependencies]\nhandoff-journal.workspace = true\ntokio = \"1\"\n");
    assert_eq!(crates::arrows(&wrong).len(), 1);
    assert_eq!(crates::outsiders(&wrong).len(), 1);
    assert_eq!(crates::lints(&wrong).len(), 1);
    assert_eq!(crates::optimised(&[wrong], "[profile.release.package.handoff]\nopt-level = 0\n").len(), 1);
    let right = parse("chat", "[dependencies]\nhandoff-codec.workspace = true\n[lints]\nworkspace = true\n");
    assert!(
        crates::arrows(&right).is_empty()
            && crates::outsiders(&right).is_empty()
            && crates::lints(&right).is_empty()
    );
    assert_eq!(crates::arrows(&parse("unheard-of", "")).len(), 1);
}
