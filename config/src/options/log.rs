//! The section of logging.

use crate::slot::{names, options};

names! {
    /// How log lines look.
    LogFormat ("text or json") {
        /// For people.
        Text = "text",
        /// One JSON object per line.
        Json = "json",
    }
}

options! {
    /// Logging.
    Log {
        /// How lines look.
        format: LogFormat = LogFormat::Text,
        /// Which lines: a level, or levels by module, as in `info,handoff=debug`.
        filter: String = "info".to_owned(),
    }
}
