//! The `handoff` binary: hands its arguments to the command line, and the command line's wishes to the node.

use handoff::cli::{self, Process};
use handoff::node::{self, ExitReason};
use handoff_config::Config;
use std::process::ExitCode;

/// Runs the node in this very process, with real clocks, sockets and signals.
struct Handoff;

/// A runtime with threads of its own: database connections and peer links live on them, not on the actors' threads.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

impl Process for Handoff {
    fn serve(&self, config: Config) -> Result<(), String> {
        let runtime = runtime().map_err(|error| format!("can't start threads: {error}"))?;
        let system = actix_web::rt::System::with_tokio_rt(|| runtime);
        match system.block_on(node::run(config)) {
            Ok(ExitReason::Drained) => Ok(()),
            Ok(ExitReason::Failed(why)) => Err(why),
            Err(error) => Err(error.to_string()),
        }
    }

    fn raise_epochs(&self, config: &Config) -> Result<String, String> {
        let runtime = runtime().map_err(|error| format!("can't start threads: {error}"))?;
        runtime.block_on(node::raise_epochs(config)).map_err(|error| error.to_string())
    }

    fn apply_schema(&self, config: &Config) -> Result<String, String> {
        let runtime = runtime().map_err(|error| format!("can't start threads: {error}"))?;
        runtime.block_on(node::apply_schema(config)).map_err(|error| error.to_string())
    }
}

fn main() -> ExitCode {
    let (mut out, mut err) = (std::io::stdout(), std::io::stderr());
    ExitCode::from(cli::run(std::env::args_os(), &Handoff, &mut out, &mut err))
}
