//! The layers, each flattened into leaves: a dotted key, a value, and where it stands. A later leaf replaces an
//! earlier one of the same key.

use crate::problem::{Origin, Problems};
use std::collections::BTreeMap;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What the environment's variables begin with.
const ENV_PREFIX: &str = "HANDOFF_";

/// A value as it was given.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// Untyped text, from the environment or the command line: the key it is for decides what it means.
    Text(String),
    /// A TOML string.
    String(String),
    /// A TOML integer.
    Integer(i64),
    /// A TOML boolean.
    Boolean(bool),
    /// A TOML array.
    List(Vec<Value>),
    /// Anything else; the name of its type.
    Other(&'static str),
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Leaf {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

/// All layers put over each other. A key's parts may hold any character, so the key is the list of its parts.
#[derive(Debug, Default)]
pub(crate) struct Leaves(pub(crate) BTreeMap<Vec<String>, Leaf>);

impl Leaves {
    /// Adds a TOML text.
    pub(crate) fn add_toml(&mut self, text: &str, path: &Path, problems: &mut Problems) {
        let line_of = |offset: usize| {
            let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
            Origin::Line(path.to_owned(), 1 + before.iter().filter(|byte| **byte == b'\n').count())
        };
        // The parser's own rendering quotes the line, which may hold a secret; its message does not.
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let origin = error.span().map_or(Origin::File(path.to_owned()), |span| line_of(span.start));
            problems.add(origin, format!("not TOML: {}", error.message()));
        }
        if errors.is_empty() {
            self.add_table(table.get_ref(), &mut Vec::new(), &line_of);
        }
    }

    fn add_table(&mut self, table: &DeTable<'_>, path: &mut Vec<String>, line_of: &dyn Fn(usize) -> Origin) {
        for (key, value) in table {
            path.push(key.get_ref().to_string());
            let origin = line_of(key.span().start);
            match value.get_ref() {
                DeValue::Table(inner) if !inner.is_empty() => self.add_table(inner, path, line_of),
                other => {
                    self.0.insert(path.clone(), Leaf { value: value_of(other), origin });
                }
            }
            path.pop();
        }
    }

    /// Adds the variables `HANDOFF_SECTION__KEY`. A name without a double underscore is no key, and is refused only
    /// where it looks like one.
    pub(crate) fn add_env(&mut self, env: &[(String, String)], problems: &mut Problems) {
        let mut sorted: Vec<_> = env.iter().filter(|(name, _)| name.starts_with(ENV_PREFIX)).collect();
        sorted.sort();
        for (name, text) in sorted {
            let rest = &name[ENV_PREFIX.len()..];
            let origin = Origin::Env(name.clone());
            if rest.contains("__") {
                let path = rest.split("__").map(str::to_ascii_lowercase).collect();
                self.0.insert(path, Leaf { value: Value::Text(text.clone()), origin });
            } else if let Some(key) = key_with_single_underscores(rest) {
                problems.add(origin, format!("unknown name, did you mean {}?", env_name(&key)));
            }
        }
    }

    /// Adds the texts `section.key=value`.
    pub(crate) fn add_set(&mut self, set: &[String], problems: &mut Problems) {
        for (index, text) in set.iter().enumerate() {
            let Some((key, value)) = text.split_once('=') else {
                // The text is not repeated: it may be a secret put in the wrong place.
                problems.add(
                    Origin::Set(index + 1, format!("number {}", index + 1)),
                    "expected section.key=value",
                );
                continue;
            };
            let key = key.trim();
            let path = key.split('.').map(|part| part.trim().to_owned()).collect();
            let origin = Origin::Set(index + 1, key.to_owned());
            self.0.insert(path, Leaf { value: Value::Text(value.trim().to_owned()), origin });
        }
    }
}

/// Reads a TOML array given as text, such as `["a", "b"]`.
pub(crate) fn list_of_text(text: &str) -> Option<Value> {
    let value = DeValue::parse(text).ok()?;
    Some(value_of(value.get_ref()))
}

fn value_of(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Value::Other("too large a number"), Value::Integer),
        DeValue::Boolean(flag) => Value::Boolean(*flag),
        DeValue::Array(items) => Value::List(items.iter().map(Spanned::get_ref).map(value_of).collect()),
        DeValue::Float(_) => Value::Other("a fraction"),
        DeValue::Datetime(_) => Value::Other("a date"),
        DeValue::Table(_) => Value::Other("a table"),
    }
}

/// The environment's name of a dotted key.
pub(crate) fn env_name(key: &str) -> String {
    format!("{ENV_PREFIX}{}", key.replace('.', "__").to_ascii_uppercase())
}

/// The key that a name with single underscores most likely stands for.
fn key_with_single_underscores(rest: &str) -> Option<String> {
    let rest = rest.to_ascii_lowercase();
    crate::Config::keys().into_iter().find(|key| strsim::levenshtein(&key.replace('.', "_"), &rest) <= 1)
}
