//! Runs the simulation for a range of seeds and says what each came to.

use clap::Parser;
use handoff_sim::steps::every_step;
use handoff_sim::{Plan, run};
use std::process::ExitCode;

/// The whole cluster in one thread, seeded.
#[derive(Parser)]
struct Arguments {
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seeds, one after the other.
    #[arg(long, default_value_t = 1)]
    count: u64,
    /// Faults in each run.
    #[arg(long, default_value_t = 6)]
    faults: u32,
    /// Customers in each run.
    #[arg(long, default_value_t = 12)]
    customers: u32,
    /// Agents in each run; with some, every second customer is routed to them.
    #[arg(long, default_value_t = 3)]
    agents: u32,
    /// Instead of faults by chance: for each seed a small run per step, whose owner is killed right then.
    #[arg(long)]
    steps: bool,
    /// Shows the nodes' logs, as in `RUST_LOG`.
    #[arg(long)]
    log: Option<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(filter) = &arguments.log {
        tracing_subscriber::fmt().with_env_filter(filter).without_time().init();
    }
    let mut failed = 0;
    for seed in arguments.seed..arguments.seed.saturating_add(arguments.count) {
        match try_seed(&arguments, seed) {
            Ok(came_to) => println!("seed {seed}: {came_to}"),
            Err(error) => {
                failed += 1;
                println!("seed {seed}: FAILED: {error}");
            }
        }
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn try_seed(arguments: &Arguments, seed: u64) -> Result<String, String> {
    if arguments.steps {
        return every_step(seed).map(|runs| format!("{runs} kills, at every step"));
    }
    let plan = Plan {
        faults: arguments.faults,
        customers: arguments.customers,
        agents: arguments.agents,
        ..Plan::of_seed(seed)
    };
    run(&plan).map(|report| format!("{report:?}"))
}
