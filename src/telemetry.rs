//! Log lines, as text for people or as JSON for machines, on standard error.
//!
//! What may stand in them is decided where they are written: ids, numbers and states, never a key, a password, a
//! message or what customers said of themselves.

use handoff_config::{Log, LogFormat};
use std::io::IsTerminal;
use thiserror::Error;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// Why logging could not start.
#[derive(Debug, Error)]
pub enum Error {
    /// `log.filter` is not a filter.
    #[error("log.filter is not a level, or levels by module")]
    Filter(#[from] ParseError),
    /// Logging was started before in this process.
    #[error("logging was started before")]
    Started(#[from] TryInitError),
}

/// The database driver has up to ten lines for each try while the store does not answer; the node says so itself, once.
/// Whoever wants the driver's names it in the filter, which stands behind this and so counts.
const DRIVER: &str = "scylla=off";

/// Reads a filter, without starting anything.
///
/// # Errors
/// [`Error::Filter`].
pub fn filter(log: &Log) -> Result<EnvFilter, Error> {
    Ok(EnvFilter::builder().parse(format!("{DRIVER},{}", log.filter))?)
}

/// Starts logging for the whole process.
///
/// # Errors
/// [`enum@Error`].
pub fn start(log: &Log) -> Result<(), Error> {
    let lines = tracing_subscriber::fmt().with_env_filter(filter(log)?).with_writer(std::io::stderr);
    match log.format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).finish().try_init()?,
        LogFormat::Json => lines.json().flatten_event(true).finish().try_init()?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_filter_is_an_error() {
        let with = |text: &str| filter(&Log { filter: text.to_owned(), ..Log::default() });
        assert!(with("info").is_ok() && with("warn,handoff=debug").is_ok());
        assert!(with("handoff=loud").is_err());
    }

    #[test]
    fn the_driver_is_silent_unless_it_is_named() {
        let with =
            |text: &str| filter(&Log { filter: text.to_owned(), ..Log::default() }).unwrap().to_string();
        let has = |text: &str, directive: &str| with(text).split(',').any(|one| one == directive);
        for text in ["info", "debug", "", "info,handoff=debug"] {
            assert!(has(text, "scylla=off"), "{}", with(text));
        }
        assert!(has("info,scylla=warn", "scylla=warn") && !has("info,scylla=warn", "scylla=off"));
    }
}
