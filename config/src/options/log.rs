//! The section of logging.

use crate::slot::{names, options};

names! {
    /// How log lines look.
    LogFormat ("text or json") {
        /// A line for people to read.
        Text = "text",
        /// One JSON object per line.
        Json = "json",
    }
}

options! {
    /// What the node logs, and in which form.
    Log {
        /// How lines look: for people or for programs.
        format: LogFormat = LogFormat::Text,
        /// Which lines: a level, or levels by module, as in `info,handoff=debug`.
        filter: String = "info".to_owned(),
    }
}
