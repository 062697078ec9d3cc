//! The `handoff` binary: hands its arguments to the command line, and the command line's wishes to the node.

use handoff::cli::{self, Process};
use handoff_config::Config;
use std::process::ExitCode;

/// This process.
struct Handoff;

impl Process for Handoff {
    fn serve(&self, _config: Config) -> Result<(), String> {
        Err("serve is not part of this build".to_owned())
    }

    fn apply_schema(&self, _config: &Config) -> Result<String, String> {
        Err("schema apply is not part of this build".to_owned())
    }
}

fn main() -> ExitCode {
    let (mut out, mut err) = (std::io::stdout(), std::io::stderr());
    ExitCode::from(cli::run(std::env::args_os(), &Handoff, &mut out, &mut err))
}
