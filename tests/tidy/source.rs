//! The files that the rules look at, and a view of Rust code without its comments, texts and characters: a brace in a
//! string must not count, a word in a comment must not accuse.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// One text file of the repository.
pub(crate) struct Source {
    /// The repository's root.
    pub(crate) root: PathBuf,
    /// Relative to the root, with slashes.
    pub(crate) path: String,
    /// The whole file as it stands on the disk.
    pub(crate) text: String,
    /// Rust only: the same lines, with comments and literals blanked. Empty for other files.
    pub(crate) code: String,
    /// Whether anybody may run it.
    pub(crate) executable: bool,
}

impl Source {
    pub(crate) fn new(root: &Path, path: &str, text: String, executable: bool) -> Self {
        let code = if path.ends_with(".rs") { blank(&text) } else { String::new() };
        Self { root: root.to_owned(), path: path.to_owned(), text, code, executable }
    }

    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// A program in `scripts/` or `.ci/`, which has no extension.
    pub(crate) fn is_script(&self) -> bool {
        let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        matches!(folder, "scripts" | ".ci") && !self.path.rsplit('/').next().unwrap_or("").contains('.')
    }
}

/// Every text file below the root that is not built, fetched or git's own.
pub(crate) fn all(root: &Path) -> Vec<Source> {
    let mut found = Vec::new();
    walk(root, root, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// The SDK's reference, which is made of its comments; its packed parts spell whatever chance has them spell.
const REFERENCE: &str = "web/sdk/docs";

fn walk(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().to_string_lossy().into_owned();
        if matches!(
            name.as_str(),
            "target" | ".git" | "node_modules" | "dist" | "data" | "proptest-regressions"
        ) {
            continue;
        }
        let kind = entry.file_type().unwrap();
        if entry.path() == root.join(REFERENCE) {
            continue;
        }
        if kind.is_dir() {
            walk(root, &entry.path(), found);
        } else if let Ok(text) = fs::read_to_string(entry.path()) {
            let path = entry.path().strip_prefix(root).unwrap().to_string_lossy().into_owned();
            let executable = entry.metadata().unwrap().permissions().mode() & 0o111 != 0;
            found.push(Source::new(root, &path, text, executable));
        }
    }
}

/// Replaces comments, strings and characters by blanks and keeps the line breaks.
fn blank(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = skip(&chars, at);
        if end == at {
            code.push(chars[at]);
            at += 1;
        } else {
            code.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    code
}

/// Where the comment or literal that starts here ends; `at` itself when none does.
fn skip(chars: &[char], at: usize) -> usize {
    let next = chars.get(at + 1).copied();
    match chars[at] {
        '/' if next == Some('/') => find(chars, at, |rest| rest[0] == '\n'),
        '/' if next == Some('*') => nested_comment(chars, at),
        '"' => quoted(chars, at),
        'r' | 'b' if !(at > 0 && is_word(chars[at - 1])) => raw_string(chars, at),
        '\'' if next == Some('\\') => find(chars, at + 3, |rest| rest[0] == '\'') + 1,
        '\'' if chars.get(at + 2) == Some(&'\'') => at + 3,
        _ => at,
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn find(chars: &[char], from: usize, found: impl Fn(&[char]) -> bool) -> usize {
    (from..chars.len()).find(|at| found(&chars[*at..])).unwrap_or(chars.len())
}

fn nested_comment(chars: &[char], at: usize) -> usize {
    let (mut depth, mut at) = (0, at);
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn quoted(chars: &[char], at: usize) -> usize {
    let mut at = at + 1;
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

/// `r"…"`, `r#"…"#`, `br"…"`; `b"…"` is left to the quote that follows.
fn raw_string(chars: &[char], start: usize) -> usize {
    let mut at = start + usize::from(chars[start] == 'b');
    if chars.get(at) != Some(&'r') {
        return start;
    }
    at += 1;
    let hashes = chars[at..].iter().take_while(|c| **c == '#').count();
    if chars.get(at + hashes) != Some(&'"') {
        return start;
    }
    let closes =
        |rest: &[char]| rest[0] == '"' && rest.len() > hashes && rest[1..=hashes].iter().all(|c| *c == '#');
    (find(chars, at + hashes + 1, closes) + 1 + hashes).min(chars.len())
}

#[test]
fn comments_and_literals_are_blanked_and_nothing_else() {
    let text = "a /* { /* } */ */ b // {\n'{' '\\'' 'x: &'a str, r#\"{\"# \"\\\"{\" br\"{\" for c";
    let code = blank(text);
    assert!(!code.contains('{') && !code.contains('}'), "{code}");
    assert_eq!(code.lines().count(), 2);
    for kept in ["a ", " b ", "'a str", "for c"] {
        assert!(code.contains(kept), "{kept} is gone from {code}");
    }
}
