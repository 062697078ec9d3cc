//! `handoff-bench`: see `docs/benchmarks.md`. Exits 1 when a promise was broken, 2 when it could not run.

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use handoff_bench::args::{Cli, Command, Common, LatencyArgs, open_rate};
use handoff_bench::drive::{Harvest, Plan};
use handoff_bench::report::{Measured, Report};
use handoff_bench::{Error, compare, conversation, gap, idle, load};

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("handoff-bench: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> Result<bool, Error> {
    match command {
        Command::Rate(args) => {
            let (plan, spans, gauges) = args.plans()?;
            finish(&args.common, &plan, load::rate(&plan, spans, &gauges)?)
        }
        Command::Latency(args) => {
            let (plan, spans) = args.plans()?;
            finish(&args.common, &plan, load::latency(&plan, spans, rate_of(&args)?)?)
        }
        Command::Gap(args) => {
            let plan = args.plan()?;
            let (report, harvest) = gap::run(&plan)?;
            finish(&args.common, &plan.plan, (Measured::Gap(report), harvest))
        }
        Command::Idle(args) => {
            let (plan, settle, cluster) = args.plans()?;
            finish(&args.common, &plan, idle::run(&plan, settle, &cluster)?)
        }
        Command::Conversation(args) => {
            let report = conversation::run(&args.plan()?)?;
            print!("{}", report.table());
            if let Some(path) = &args.json {
                let text = serde_json::to_string_pretty(&report)
                    .map_err(|error| Error::json("the report", error))?;
                std::fs::write(path, text).map_err(|error| Error::io(path.display().to_string(), error))?;
            }
            Ok(report.kept())
        }
        Command::Compare { reports } => {
            let reports = reports.iter().map(|path| Report::read(path));
            let reports = reports.collect::<Result<Vec<_>, _>>()?;
            print!("{}", compare::table(&reports));
            Ok(reports.iter().all(Report::kept))
        }
    }
}

fn finish(common: &Common, plan: &Plan, (measured, harvest): (Measured, Harvest)) -> Result<bool, Error> {
    let report = Report::new(&common.label, plan, measured, harvest);
    print!("{}", report.table());
    if let Some(path) = &common.json {
        report.write(path)?;
    }
    Ok(report.kept())
}

fn rate_of(args: &LatencyArgs) -> Result<f64, Error> {
    let measured = |path: &Path| match Report::read(path)?.measured {
        Measured::Rate { acked_per_second, .. } => Ok(acked_per_second / 2.0),
        _ => Err(Error::BadAddress(format!("{} is no report of a rate", path.display()))),
    };
    open_rate(match (&args.rate, &args.half_of) {
        (Some(rate), _) => *rate,
        (None, Some(path)) => measured(path)?,
        (None, None) => 0.0,
    })
}
