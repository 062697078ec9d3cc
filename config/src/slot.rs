//! How a leaf becomes a typed value: one small reader for every kind of key, and the reader that remembers which
//! keys exist, so that the rest can be refused by name.

use crate::layer::{Leaf, Leaves, Value, env_name, list_of_text};
use crate::problem::{Origin, Problems};
use crate::secret::Secret;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Where each key that was given stands.
pub(crate) type Origins = BTreeMap<String, Origin>;

/// Hands out leaves to the keys that exist.
pub(crate) struct Reader {
    leaves: Leaves,
    known: Vec<String>,
    origins: Origins,
    problems: Problems,
}

impl Reader {
    pub(crate) fn new(leaves: Leaves) -> Self {
        Self { leaves, known: Vec::new(), origins: Origins::new(), problems: Problems::default() }
    }

    /// Every key asked for so far.
    pub(crate) fn known(self) -> Vec<String> {
        self.known
    }

    pub(crate) fn read<T: Kind>(&mut self, path: &[String], slot: &mut T) {
        self.known.push(path.join("."));
        if let Some(Leaf { value, origin }) = self.leaves.0.remove(path) {
            match T::from_value(&value) {
                Ok(typed) => *slot = typed,
                Err(found) => {
                    let text = format!("{}: expected {}, found {found}", path.join("."), T::WHAT);
                    self.problems.add(origin.clone(), text);
                }
            }
            self.origins.insert(path.join("."), origin);
        }
    }

    /// The names that stand directly below a path in what was given.
    fn names_below(&self, path: &[String]) -> BTreeSet<String> {
        let below = self.leaves.0.keys().filter(|key| key.len() > path.len() && key.starts_with(path));
        below.map(|key| key[path.len()].clone()).collect()
    }

    /// Reports wrong values and every key that nobody asked for; answers where the others stand.
    pub(crate) fn finish(self, problems: &mut Problems) -> Origins {
        problems.0.extend(self.problems.0);
        for (path, leaf) in self.leaves.0 {
            let key = path.join(".");
            if self.known.iter().any(|known| known.starts_with(&format!("{key}."))) {
                // An empty section says nothing; a value where a section belongs does.
                if leaf.value != Value::Other("a table") {
                    problems.add(leaf.origin, format!("{key} is a section, not a value"));
                }
                continue;
            }
            let named = match &leaf.origin {
                Origin::Env(_) => env_name as fn(&str) -> String,
                _ => str::to_owned as fn(&str) -> String,
            };
            let hint = nearest(&key, &self.known)
                .map_or(String::new(), |near| format!(", did you mean {}?", named(near)));
            problems.add(leaf.origin, format!("unknown key {key}{hint}"));
        }
        self.origins
    }
}

/// The known key nearest to a wrong one: the nearest in its own section first, then of all.
fn nearest<'a>(key: &str, known: &'a [String]) -> Option<&'a str> {
    let likeness = |candidate: &&String| {
        let whole = strsim::jaro_winkler(key, candidate);
        let last = |text: &str| text.rsplit('.').next().unwrap_or_default().to_owned();
        // A right name in a wrong section is as good a hint as a slip of the pen.
        whole.max(strsim::jaro_winkler(&last(key), &last(candidate)) - 0.05)
    };
    let mut best: Option<(f64, &String)> = None;
    for candidate in known {
        let score = likeness(&candidate);
        if score > 0.8 && best.is_none_or(|(top, _)| score > top) {
            best = Some((score, candidate));
        }
    }
    best.map(|(_, candidate)| candidate.as_str())
}

/// A part of the configuration that can be filled from leaves: a section, a map of sections, or a single value.
pub(crate) trait Slot {
    fn fill(&mut self, path: &[String], reader: &mut Reader);
}

impl<T: Slot + Default> Slot for BTreeMap<String, T> {
    fn fill(&mut self, path: &[String], reader: &mut Reader) {
        for name in reader.names_below(path) {
            self.entry(name).or_default();
        }
        for (name, entry) in self.iter_mut() {
            let mut inner = path.to_vec();
            inner.push(name.clone());
            entry.fill(&inner, reader);
        }
    }
}

/// A single value's kind.
pub(crate) trait Kind: Sized {
    /// What is expected, for the report.
    const WHAT: &'static str;
    /// Reads it, or says what was found instead; never repeats the value, which may be a secret.
    fn from_value(value: &Value) -> Result<Self, String>;
}

fn found(value: &Value) -> String {
    match value {
        Value::Text(_) | Value::String(_) => "other text",
        Value::Integer(_) => "a number out of range or place",
        Value::Boolean(_) => "true or false",
        Value::List(_) => "a list",
        Value::Other(name) => name,
    }
    .to_owned()
}

/// Makes a [`Kind`] a [`Slot`].
macro_rules! single {
    ($kind:ty) => {
        impl crate::slot::Slot for $kind {
            fn fill(&mut self, path: &[String], reader: &mut crate::slot::Reader) {
                reader.read(path, self);
            }
        }
    };
}
macro_rules! whole_numbers {
    ($($kind:ty: $what:literal),*) => { $(
        impl Kind for $kind {
            const WHAT: &'static str = $what;
            fn from_value(value: &Value) -> Result<Self, String> {
                match value {
                    Value::Integer(number) => Self::try_from(*number).map_err(|_| found(value)),
                    Value::Text(text) => text.trim().replace('_', "").parse().map_err(|_| found(value)),
                    _ => Err(found(value)),
                }
            }
        }
        single!($kind);
    )* };
}

whole_numbers!(
    u16: "a whole number from 0 to 65535",
    u32: "a whole number from 0 to 4294967295",
    u64: "a whole number from 0 on",
    usize: "a whole number from 0 on"
);

impl Kind for bool {
    const WHAT: &'static str = "true or false";
    fn from_value(value: &Value) -> Result<Self, String> {
        match value {
            Value::Boolean(flag) => Ok(*flag),
            Value::Text(text) => text.trim().parse().map_err(|_| found(value)),
            _ => Err(found(value)),
        }
    }
}
single!(bool);

impl Kind for String {
    const WHAT: &'static str = "text";
    fn from_value(value: &Value) -> Result<Self, String> {
        match value {
            Value::String(text) | Value::Text(text) => Ok(text.clone()),
            _ => Err(found(value)),
        }
    }
}
single!(String);

impl Kind for PathBuf {
    const WHAT: &'static str = "a path";
    fn from_value(value: &Value) -> Result<Self, String> {
        match String::from_value(value)? {
            text if text.is_empty() => Err("empty text".to_owned()),
            text => Ok(Self::from(text)),
        }
    }
}
single!(PathBuf);

impl Kind for SocketAddr {
    const WHAT: &'static str = "an address and a port, such as 127.0.0.1:8080";
    fn from_value(value: &Value) -> Result<Self, String> {
        String::from_value(value)?.trim().parse().map_err(|_| found(value))
    }
}
single!(SocketAddr);

impl Kind for Secret {
    const WHAT: &'static str = "text";
    fn from_value(value: &Value) -> Result<Self, String> {
        String::from_value(value).map(Self::new)
    }
}

impl Kind for Vec<String> {
    const WHAT: &'static str = "a list of texts";
    fn from_value(value: &Value) -> Result<Self, String> {
        match value {
            Value::List(items) => items.iter().map(String::from_value).collect(),
            Value::Text(text) if text.trim_start().starts_with('[') => {
                list_of_text(text.trim()).map_or_else(|| Err(found(value)), |list| Self::from_value(&list))
            }
            Value::Text(text) => Ok(text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(str::to_owned)
                .collect()),
            _ => Err(found(value)),
        }
    }
}
single!(Vec<String>);

/// Empty text means "not set", so that every key can stand in the default file.
impl<T: Kind> Kind for Option<T> {
    const WHAT: &'static str = T::WHAT;
    fn from_value(value: &Value) -> Result<Self, String> {
        match value {
            Value::String(text) | Value::Text(text) if text.is_empty() => Ok(None),
            _ => T::from_value(value).map(Some),
        }
    }
}

impl<T: Kind> Slot for Option<T> {
    fn fill(&mut self, path: &[String], reader: &mut Reader) {
        reader.read(path, self);
    }
}

/// A text for people: one, or one for each language.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Texts(BTreeMap<String, String>);

impl Texts {
    /// What stands for the language where only one text is given.
    pub const ANY: &'static str = "*";

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each text with its language's tag.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(language, text)| (language.as_str(), text.as_str()))
    }
}

/// As one text, or as a section with one for each language.
impl Slot for Texts {
    fn fill(&mut self, path: &[String], reader: &mut Reader) {
        let languages = reader.names_below(path);
        let mut one = self.0.get(Self::ANY).cloned();
        if languages.is_empty() || reader.leaves.0.contains_key(path) {
            reader.read(path, &mut one);
            self.0 = one.into_iter().map(|text| (Self::ANY.to_owned(), text)).collect();
        }
        for language in languages {
            let mut inner = path.to_vec();
            inner.push(language.clone());
            reader.read(&inner, self.0.entry(language).or_default());
        }
    }
}

/// Makes an enum of names a [`Kind`].
macro_rules! names {
    ($(#[$meta:meta])* $name:ident ($what:literal) {
        $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)*
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_meta])* $variant,)* }
        impl crate::slot::Kind for $name {
            const WHAT: &'static str = $what;
            fn from_value(value: &crate::layer::Value) -> Result<Self, String> {
                match <String as crate::slot::Kind>::from_value(value)?.trim() {
                    $($text => Ok(Self::$variant),)*
                    _ => Err("other text".to_owned()),
                }
            }
        }
        impl $name {
            /// The name as configured.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
        impl crate::slot::Slot for $name {
            fn fill(&mut self, path: &[String], reader: &mut crate::slot::Reader) {
                reader.read(path, self);
            }
        }
    };
}
pub(crate) use names;

/// Declares a section: its keys with their kinds and defaults.
macro_rules! options {
    ($(#[$meta:meta])* $name:ident { $($(#[$key_meta:meta])* $key:ident: $kind:ty = $default:expr,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name { $($(#[$key_meta])* pub $key: $kind,)* }
        impl Default for $name {
            fn default() -> Self {
                Self { $($key: $default,)* }
            }
        }
        impl crate::slot::Slot for $name {
            fn fill(&mut self, path: &[String], reader: &mut crate::slot::Reader) {
                let mut inner = path.to_vec();
                $(
                    inner.push(stringify!($key).to_owned());
                    crate::slot::Slot::fill(&mut self.$key, &inner, reader);
                    inner.pop();
                )*
            }
        }
    };
}
pub(crate) use options;
