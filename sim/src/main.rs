//! Runs the simulation for a range of seeds and says what each came to.

use clap::Parser;
use handoff_sim::steps::{Course, MOVES, Move};
use handoff_sim::{Plan, run};
use std::collections::BTreeSet;
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
    /// Instead of faults by chance: so many seeds, for each a small run per step, whose owner is killed right then; and
    /// of further ones the steps of moves that were not there yet, until each move of an interaction was.
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
    if arguments.steps {
        return match every_move(&arguments) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                println!("FAILED: {error}");
                ExitCode::FAILURE
            }
        };
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
    let plan = Plan {
        faults: arguments.faults,
        customers: arguments.customers,
        agents: arguments.agents,
        ..Plan::of_seed(seed)
    };
    run(&plan).map(|report| format!("{report:?}"))
}

/// Seeds that are looked at before a move counts as one that never comes.
const SEEDS_MAX: u64 = 400;

fn every_move(arguments: &Arguments) -> Result<(), String> {
    let mut seen: BTreeSet<Move> = BTreeSet::new();
    let mut seeds = 0;
    for seed in arguments.seed..arguments.seed.saturating_add(SEEDS_MAX) {
        let failed = |error: String| format!("seed {seed}: {error}");
        let course = Course::of_seed(seed).map_err(failed)?;
        let new: Vec<Move> = course.moves.keys().filter(|one| !seen.contains(*one)).copied().collect();
        if new.is_empty() {
            continue;
        }
        let every = seeds < arguments.count;
        let runs = course.kill_at(&if every { course.all() } else { course.around(&new) }).map_err(failed)?;
        println!(
            "seed {seed}: {runs} kills, at {} of {new:?}",
            if every { "every step, those" } else { "steps" }
        );
        seen.extend(new);
        seeds += 1;
        if seeds >= arguments.count && MOVES.iter().all(|wanted| seen.contains(wanted)) {
            return Ok(());
        }
    }
    Err(format!("of {MOVES:?} only {seen:?} came in {SEEDS_MAX} seeds"))
}
