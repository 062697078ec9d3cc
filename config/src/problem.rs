//! What is wrong with a configuration, and where it stands.

use std::fmt;
use std::path::PathBuf;

/// Where a value or a key stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Nowhere: a default.
    Default,
    /// A file as a whole.
    File(PathBuf),
    /// A line of a file, from 1.
    Line(PathBuf, usize),
    /// An environment variable.
    Env(String),
    /// The n-th `--set`, from 1, with its key.
    Set(usize, String),
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::File(path) => write!(formatter, "{}", path.display()),
            Self::Line(path, line) => write!(formatter, "{}:{line}", path.display()),
            Self::Env(name) => write!(formatter, "environment {name}"),
            Self::Set(_, key) => write!(formatter, "--set {key}"),
        }
    }
}

/// One thing that is wrong. Never holds a value that could be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands: a line, a variable, an argument.
    pub origin: Origin,
    /// What, in a sentence.
    pub text: String,
}

/// All that is wrong, one line each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// Adds one; all are reported together.
    pub fn add(&mut self, origin: Origin, text: impl Into<String>) {
        self.0.push(Problem { origin, text: text.into() });
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let end = if index + 1 < self.0.len() { "\n" } else { "" };
            write!(formatter, "{}: {}{end}", problem.origin, problem.text)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
