//! The rules on single files. A rule answers with what is wrong, line by line; nothing means all is well.

use crate::tidy::source::Source;

/// What is wrong with one file.
pub(crate) type Rule = fn(&Source) -> Vec<String>;

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;
const LINE_COLUMNS_MAX: usize = 120;

/// Code and scripts, tests included: who must scroll through more than this no longer sees the whole.
pub(crate) fn file_length(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    if (source.is_rust() || source.is_script()) && lines > FILE_LINES_MAX {
        return vec![format!("has {lines} lines, {FILE_LINES_MAX} at most: split it")];
    }
    Vec::new()
}

/// From the line with `fn` to its closing brace.
pub(crate) fn function_length(source: &Source) -> Vec<String> {
    functions(&source.code)
        .into_iter()
        .filter(|(_, _, lines)| *lines > FUNCTION_LINES_MAX)
        .map(|(line, name, lines)| format!("{line}: {name} has {lines} lines, {FUNCTION_LINES_MAX} at most"))
        .collect()
}

/// Every function with a body in blanked code: its line from 1, its name, its length in lines.
fn functions(code: &str) -> Vec<(usize, String, usize)> {
    let bytes = code.as_bytes();
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        if at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_') {
            continue;
        }
        let rest = &code[at..];
        // A semicolon before any brace: a declaration, or a pointer type. `[u8; 4]` in a signature is neither.
        let mut square = 0;
        let opening = rest.bytes().position(|b| {
            square += i32::from(b == b'[') - i32::from(b == b']');
            b == b'{' || (b == b';' && square == 0)
        });
        let Some(opening) = opening.filter(|o| rest.as_bytes()[*o] == b'{') else { continue };
        let mut depth = 0;
        let closing = rest[opening..].bytes().position(|b| {
            depth += i32::from(b == b'{') - i32::from(b == b'}');
            depth == 0
        });
        let end = opening + closing.unwrap_or(rest.len() - opening - 1);
        let name: String = rest[3..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let line = code[..at].lines().count().max(1);
        found.push((line, name, rest[..end].lines().count()));
    }
    found
}

/// rustfmt holds code to 110; comments and texts, which it leaves alone, get a little more.
pub(crate) fn line_width(source: &Source) -> Vec<String> {
    if !source.is_rust() {
        return Vec::new();
    }
    numbered(&source.text)
        .filter(|(_, line)| line.chars().count() > LINE_COLUMNS_MAX && !line.starts_with("//! |"))
        .map(|(number, _)| format!("{number}: wider than {LINE_COLUMNS_MAX} columns"))
        .collect()
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

/// `//!` opens a Rust file, a comment under the first line opens a script.
pub(crate) fn opening_comment(source: &Source) -> Vec<String> {
    let missing = (source.is_rust() && !source.text.starts_with("//! "))
        || (source.is_script() && !source.text.lines().nth(1).unwrap_or("").starts_with("# "));
    if missing { vec!["does not open with what it is and why it exists".to_owned()] } else { Vec::new() }
}

/// Words that mean "not done yet". They are put together here, so that this file passes its own rule.
pub(crate) fn unfinished(source: &Source) -> Vec<String> {
    let words = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
        concat!("unimpl", "emented!"),
        concat!("to", "do!("),
        concat!("#[ign", "ore"),
    ];
    if source.path.ends_with(".lock") { Vec::new() } else { lines_with(&source.text, &words) }
}

/// Homes and work folders of whoever wrote a line.
pub(crate) fn machine_paths(source: &Source) -> Vec<String> {
    lines_with(
        &source.text,
        &[concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/wo", "rk/"), concat!("/Us", "ers/")],
    )
}

fn lines_with(text: &str, words: &[&str]) -> Vec<String> {
    numbered(text)
        .flat_map(|(number, line)| {
            words.iter().filter(|word| line.contains(**word)).map(move |word| format!("{number}: {word}"))
        })
        .collect()
}

pub(crate) fn mod_files(source: &Source) -> Vec<String> {
    if source.path.ends_with("/mod.rs") {
        vec!["is called mod.rs: use foo.rs beside foo/".to_owned()]
    } else {
        Vec::new()
    }
}

/// Lines of code that hold one of the words, unless the file is at one of the places.
fn only_at(source: &Source, places: &[&str], words: &[&str]) -> Vec<String> {
    let allowed =
        places.iter().any(|place| source.path.starts_with(place)) || source.path.starts_with("tests/tidy");
    if allowed { Vec::new() } else { words_in_code(source, words) }
}

fn words_in_code(source: &Source, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in numbered(&source.code) {
        for word in words {
            let starts = |at: usize| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            if line.match_indices(word).any(|(at, _)| starts(at)) {
                found.push(format!("{number}: {word} has no place here"));
            }
        }
    }
    found
}

/// actix's actors may be replaced one day; then one module changes.
pub(crate) fn actors(source: &Source) -> Vec<String> {
    only_at(source, &["src/actor", "sim/"], &["actix::", "actix_rt::", "use actix;"])
}

pub(crate) fn drivers(source: &Source) -> Vec<String> {
    let mut found = only_at(source, &["journal/src/cassandra", "journal/tests/"], &["scylla::"]);
    found.extend(only_at(source, &["journal/src/sqlite", "journal/tests/"], &["rusqlite::"]));
    found
}

/// Deriving is everybody's; the functions, which need a limit and a length check, are the codec's.
pub(crate) fn bincode_calls(source: &Source) -> Vec<String> {
    let calls =
        ["bincode::encode", "bincode::decode", "bincode::config", "bincode::serde", "bincode::borrow_decode"];
    only_at(source, &["codec/"], &calls)
}

/// Replay, simulation and property tests rest on it: what a machine does follows from its state and its command.
/// Tests may read files: the fixtures of stored shapes are some.
pub(crate) fn pure_chat(source: &Source) -> Vec<String> {
    let test = source.path.contains("tests") || source.path == "chat/src/stored_shapes.rs";
    if test || !source.path.starts_with("chat/src/") {
        return Vec::new();
    }
    let words = [
        "Instant::now",
        "SystemTime::now",
        "rand::",
        "std::fs",
        "std::net",
        "std::thread",
        "std::env",
        "tokio::",
        "HashMap",
        "HashSet",
        "println!",
        "tracing::",
    ];
    words_in_code(source, &words)
}

pub(crate) fn executable(source: &Source) -> Vec<String> {
    if source.is_script() && !source.executable {
        vec!["can't be run: chmod +x".to_owned()]
    } else {
        Vec::new()
    }
}

/// Relative links in Markdown pages name files that exist.
pub(crate) fn links(source: &Source) -> Vec<String> {
    if !source.path.ends_with(".md") {
        return Vec::new();
    }
    let folder = source.root.join(&source.path);
    let mut found = Vec::new();
    for (at, _) in source.text.match_indices("](") {
        let link = source.text[at + 2..].split([')', ' ', '\n']).next().unwrap_or("");
        let file = link.split('#').next().unwrap_or("");
        if file.is_empty() || file.contains("://") || file.starts_with("mailto:") {
            continue;
        }
        if !folder.parent().is_some_and(|folder| folder.join(file).exists()) {
            found.push(format!("links to {file}, which does not exist"));
        }
    }
    found
}

/// What a page or a comment names between backticks is there, a path of the repository or a `path:function`: pages are
/// true to the letter.
pub(crate) fn named_paths(source: &Source) -> Vec<String> {
    let folders = [
        "src", "chat", "journal", "shard", "cluster", "config", "codec", "sim", "tests", "bench", "web",
        "scripts",
    ];
    let named = |text: &&str| {
        let top = text.split_once('/').map(|(top, _)| top);
        top.is_some_and(|top| folders.contains(&top))
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-:".contains(&byte))
    };
    let mut found = Vec::new();
    for (number, line) in numbered(&source.text) {
        let written = source.path.ends_with(".md") || line.trim_start().starts_with("//");
        for text in line.split('`').skip(1).step_by(2).filter(|_| written).filter(named) {
            if !is_there(&source.root, text) {
                found.push(format!("{number}: names {text}, which does not exist"));
            }
        }
    }
    found
}

/// Whether a path is there, with or without its `.rs`, or its file has the function that is named behind a colon.
fn is_there(root: &std::path::Path, named: &str) -> bool {
    if let Some((file, function)) = named.split_once(':') {
        let text = std::fs::read_to_string(root.join(file)).unwrap_or_default();
        return text.contains(&format!("fn {function}("));
    }
    root.join(named).exists() || root.join(format!("{named}.rs")).exists()
}

/// A shard decides on what it is told: the moment comes with the call, and what must be read or written is asked for.
pub(crate) fn pure_shard(source: &Source) -> Vec<String> {
    if !source.path.starts_with("shard/src/") || source.path.contains("tests") {
        return Vec::new();
    }
    let words = [
        "Instant::now",
        "SystemTime::now",
        "std::fs",
        "std::net",
        "std::thread",
        "std::env",
        "HashMap",
        "HashSet",
        "rand::rng(",
        "tokio::fs",
        "tokio::task",
        "tokio::net",
        "tokio::spawn",
        "tokio::time",
        "println!",
    ];
    words_in_code(source, &words)
}
