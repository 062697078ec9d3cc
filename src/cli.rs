//! The command line of the one binary, `handoff`. Exit codes: 0 done, 1 failed, 2 wrong usage.
//!
//! `serve`, `check`, `config` and `schema` work with the configuration here; the other commands ask a running node's
//! admin API.

mod client;
mod operate;
#[cfg(test)]
mod tests;

use clap::{Args, Parser, Subcommand, ValueEnum};
use handoff_config::{Config, DEFAULT_TOML, Loaded, Log, Sources};
use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;

/// The exit status of a command that did what it was asked.
pub const DONE: u8 = 0;
/// Failed, and said why.
pub const FAILED: u8 = 1;
/// Wrong usage.
pub const USAGE: u8 = 2;

/// What the command line hands over to.
pub trait Process {
    /// Starts logging, for the whole process.
    ///
    /// # Errors
    /// Why not.
    fn start_logging(&self, log: &Log) -> Result<(), String> {
        crate::telemetry::start(log).map_err(|error| error.to_string())
    }

    /// One line of standard input.
    ///
    /// # Errors
    /// What the operating system says.
    fn read_line(&self) -> std::io::Result<String> {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|_| line)
    }

    /// Runs a node until it is told to end; logging has been started.
    ///
    /// # Errors
    /// Why it could not start, or did not end clean.
    fn serve(&self, config: Config) -> Result<(), String>;

    /// Makes or upgrades the store's tables; safe when several do it together. Answers what was done.
    ///
    /// # Errors
    /// Why not, with the line to change.
    fn apply_schema(&self, config: &Config) -> Result<String, String>;

    /// Raises every shard's epoch after a backup was restored, so that no node of the lost cluster can write. Answers
    /// what was done.
    ///
    /// # Errors
    /// Why not; a repeat does no harm.
    fn raise_epochs(&self, config: &Config) -> Result<String, String>;
}

#[derive(Parser)]
#[command(name = "handoff", version, about = "A highly available chat server for contact centers")]
struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Command,
}

#[derive(Args)]
struct Options {
    /// The configuration file; none: defaults, environment and --set alone
    #[arg(long, global = true, value_name = "FILE", env = "HANDOFF_CONFIG")]
    config: Option<PathBuf>,
    /// Sets one key, as in http.listen=127.0.0.1:8081; may be repeated
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// The node's admin address [default: http:// and admin.listen of the configuration]
    #[arg(long, global = true, value_name = "URL")]
    admin: Option<String>,
    /// The file with the admin token [default: as the configuration says]
    #[arg(long, global = true, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Runs a node
    Serve,
    /// Checks the configuration, the bots and the workflows, and prints every problem
    Check,
    /// Works with workflows
    #[command(subcommand)]
    Workflow(WorkflowCommand),
    /// Prints the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Works on the store's tables
    #[command(subcommand)]
    Schema(SchemaCommand),
    /// Asks a node about its cluster
    #[command(subcommand)]
    Cluster(ClusterCommand),
    /// Asks about a session
    #[command(subcommand)]
    Session(SessionCommand),
    /// Asks about queues
    #[command(subcommand)]
    Queue(QueueCommand),
    /// Works on records
    #[command(subcommand)]
    Record(RecordCommand),
    /// Works on agents of the configuration
    #[command(subcommand)]
    Agent(AgentCommand),
}

#[derive(Subcommand)]
enum AgentCommand {
    /// Reads a password from standard input and prints its hash, for agents.NAME.password_hash
    Hash,
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Prints every key with its default and what it means
    Default,
}

#[derive(Subcommand)]
enum WorkflowCommand {
    /// Prints a workflow as a Mermaid flowchart
    Draw {
        /// Its name, or its file
        workflow: String,
    },
}

#[derive(Subcommand)]
enum SchemaCommand {
    /// Makes or upgrades the tables; safe when several nodes do it together
    Apply,
    /// After a backup was restored, before the first node starts: shuts out whoever wrote after it
    RaiseEpochs,
}

#[derive(Subcommand)]
enum ClusterCommand {
    /// Shows the members
    Status {
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Shows the shards as the node asked sees them
    Shards {
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Gives the node's shards away; returns when the last has moved
    Drain {
        /// The admin address of the node to drain [default: --admin]
        #[arg(long, value_name = "URL")]
        node: Option<String>,
    },
    /// After an upgrade of all nodes: lets what is stored be of the newest protocol version that all of them read. From
    /// then on older builds can't join
    Raise,
}

#[derive(Subcommand)]
enum SessionCommand {
    /// Shows a session at a glance
    Show {
        /// Its id
        id: String,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Ends a session whatever holds it open
    End {
        /// Its id
        id: String,
    },
    /// Ends all sessions that fit, as after a flood; at least one of queue, service and age is needed
    EndMany(operate::Many),
}

#[derive(Subcommand)]
enum QueueCommand {
    /// Shows all queues, and which of them nobody will come for
    List {
        /// Prints JSON, a queue a line
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
enum RecordCommand {
    /// Prints the record of a session, up to the last committed event
    Export {
        /// The session's id
        id: String,
        /// How it is written
        #[arg(long, value_enum, default_value_t = Format::Xml)]
        format: Format,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Xml,
    Json,
}

/// Why a command failed: a text for standard error, or standard output that could not be written.
enum Failure {
    Told(String),
    Output(std::io::Error),
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Self::Told(text)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Output(error)
    }
}

/// Does what the arguments (the program's name first) say, and answers the exit code.
pub fn run(
    arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    process: &dyn Process,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let asked = !error.use_stderr();
            let text = error.render().to_string();
            // Nobody is left to be told when even this can't be written.
            let _ = if asked { out.write_all(text.as_bytes()) } else { err.write_all(text.as_bytes()) };
            return if asked { DONE } else { USAGE };
        }
    };
    match dispatch(&cli, process, out, err).and_then(|()| Ok(out.flush()?)) {
        Ok(()) => DONE,
        // The reader of our output went away, as `head` does.
        Err(Failure::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => DONE,
        Err(Failure::Output(error)) => tell(err, &format!("output can't be written: {error}")),
        Err(Failure::Told(text)) => tell(err, &text),
    }
}

fn tell(err: &mut dyn Write, text: &str) -> u8 {
    let _ = writeln!(err, "handoff: {text}");
    FAILED
}

fn dispatch(
    cli: &Cli,
    process: &dyn Process,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<(), Failure> {
    let options = &cli.options;
    match &cli.command {
        Command::Serve => serve(options, process),
        Command::Check => check(options, out, err),
        Command::Workflow(WorkflowCommand::Draw { workflow }) => draw(options, workflow, out),
        Command::Config(ConfigCommand::Default) => Ok(out.write_all(DEFAULT_TOML.as_bytes())?),
        Command::Schema(SchemaCommand::Apply) => {
            let done = process.apply_schema(&options.load()?.config)?;
            Ok(writeln!(out, "{done}")?)
        }
        Command::Schema(SchemaCommand::RaiseEpochs) => {
            let done = process.raise_epochs(&options.load()?.config)?;
            Ok(writeln!(out, "{done}")?)
        }
        Command::Cluster(ClusterCommand::Status { json }) => operate::status(options, *json, out),
        Command::Cluster(ClusterCommand::Shards { json }) => operate::shards(options, *json, out),
        Command::Cluster(ClusterCommand::Drain { node }) => operate::drain(options, node.as_deref(), out),
        Command::Cluster(ClusterCommand::Raise) => operate::raise(options, out),
        Command::Session(SessionCommand::Show { id, json }) => operate::show(options, id, *json, out),
        Command::Session(SessionCommand::End { id }) => operate::end(options, id, out),
        Command::Session(SessionCommand::EndMany(many)) => operate::end_many(options, many, out),
        Command::Queue(QueueCommand::List { json }) => operate::queues(options, *json, out),
        Command::Agent(AgentCommand::Hash) => hash(process, out),
        Command::Record(RecordCommand::Export { id, format }) => operate::export(options, id, *format, out),
    }
}

impl Options {
    fn load(&self) -> Result<Loaded, String> {
        let sources = Sources::of_process(self.config.clone(), self.set.clone());
        sources.load().map_err(|problems| format!("the configuration can't be used:\n{problems}"))
    }
}

fn hash(process: &dyn Process, out: &mut dyn Write) -> Result<(), Failure> {
    let given = process.read_line().map_err(|error| format!("the password can't be read: {error}"))?;
    let password = given.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(Failure::Told("there is no password on standard input".to_owned()));
    }
    let hash = crate::password::hash(password).map_err(|error| error.to_string())?;
    Ok(writeln!(out, "{hash}")?)
}

fn serve(options: &Options, process: &dyn Process) -> Result<(), Failure> {
    let Loaded { config, warnings } = options.load()?;
    process.start_logging(&config.log)?;
    for warning in &warnings {
        tracing::warn!("{warning}");
    }
    Ok(process.serve(config)?)
}

fn check(options: &Options, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), Failure> {
    let Loaded { config, mut warnings } = options.load()?;
    let mut problems = match crate::bots::load_bots(&config) {
        Ok(bots) => match crate::workflows::load_workflows(&config, &bots) {
            Ok(workflows) => {
                warnings.extend(crate::node::queue_warnings(&config, &workflows));
                Vec::new()
            }
            Err(error) => error.0,
        },
        Err(error) => error.0,
    };
    if let Err(error) = crate::node::check_peering(&config) {
        problems.push(error.to_string());
    }
    if let Err(error) = crate::node::check_privacy(&config) {
        problems.push(error.to_string());
    }
    if let Err(error) = crate::telemetry::filter(&config.log) {
        problems.push(error.to_string());
    }
    for warning in warnings {
        writeln!(err, "warning: {warning}")?;
    }
    if !problems.is_empty() {
        return Err(Failure::Told(format!("the configuration can't be used:\n{}", problems.join("\n"))));
    }
    Ok(writeln!(out, "the configuration is good")?)
}

fn draw(options: &Options, workflow: &str, out: &mut dyn Write) -> Result<(), Failure> {
    let Loaded { config, .. } = options.load()?;
    let bots = crate::bots::load_bots(&config).map_err(|error| error.to_string())?;
    let program = crate::workflows::load_workflow(&config, &bots, workflow);
    let program = program.map_err(|error| format!("the workflow can't be used:\n{error}"))?;
    Ok(write!(out, "{}", handoff_chat::workflow::draw(&program))?)
}
