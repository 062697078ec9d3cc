//! Reports side by side, and the ratio of each rate to the first.

use std::fmt::Write;

use crate::gap::Fault;
use crate::gap::analysis::ClassGaps;
use crate::report::{Measured, Report};

/// A Markdown table of all rates, the first being the yardstick, then one of all latencies and of all gaps.
pub fn table(reports: &[Report]) -> String {
    let mut out = String::new();
    // Writing to a String can't fail.
    let _ = rates(reports, &mut out);
    let _ = latencies(reports, &mut out);
    let _ = gaps(reports, &mut out);
    let _ = idle(reports, &mut out);
    out
}

fn whole(report: &Report) -> &'static str {
    if report.kept() { "yes" } else { "NO" }
}

fn rates(reports: &[Report], out: &mut String) -> std::fmt::Result {
    let mut first = None;
    for report in reports {
        let Measured::Rate { acked_per_second, latency_ms, counters_per_message, .. } = &report.measured
        else {
            continue;
        };
        if first.is_none() {
            writeln!(
                out,
                "| rate | sessions | acked/s | ratio | p50 ms | p99 ms | counters/message | whole |"
            )?;
            writeln!(out, "|---|---:|---:|---:|---:|---:|---|---|")?;
        }
        let ratio = acked_per_second / *first.get_or_insert(*acked_per_second);
        let counters: Vec<String> = counters_per_message.iter().map(|(n, v)| format!("{n} {v:.3}")).collect();
        let Report { label, sessions, .. } = report;
        let (p50, p99, counters) = (latency_ms.p50, latency_ms.p99, counters.join(", "));
        let whole = whole(report);
        writeln!(
            out,
            "| {label} | {sessions} | {acked_per_second:.0} | {ratio:.2} | {p50:.1} | {p99:.1} | \
             {counters} | {whole} |"
        )?;
    }
    Ok(())
}

fn latencies(reports: &[Report], out: &mut String) -> std::fmt::Result {
    let mut head = "\n| latency | sessions | intended/s | p50 | p90 | p99 | p99.9 | max ms | whole |\n\
                    |---|---:|---:|---:|---:|---:|---:|---:|---|\n";
    for report in reports {
        let Measured::Latency { intended_per_second, latency_ms, .. } = &report.measured else { continue };
        let Report { label, sessions, .. } = report;
        out.push_str(std::mem::take(&mut head));
        writeln!(out, "| {label} | {sessions} | {intended_per_second:.0} {latency_ms} {} |", whole(report))?;
    }
    Ok(())
}

fn gaps(reports: &[Report], out: &mut String) -> std::fmt::Result {
    let mut head = "\n| gap | hit | samples | unanswered | gap p50 | gap p99 | gap max | message p99 | \
                    message max | silence max ms | failed sends / attempts | whole |\n\
                    |---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|\n";
    for report in reports {
        let Measured::Gap(gap) = &report.measured else { continue };
        out.push_str(std::mem::take(&mut head));
        let failed = format!("{} / {}", report.failed_sends, report.failures.attempts());
        for ClassGaps { class, count, unanswered, gap_ms, wait_ms, silence_ms } in &gap.classes {
            write!(out, "| {} | {class} | {count} | {unanswered} ", report.label)?;
            match gap.fault {
                // A drain has no moment to count from.
                Fault::Drain => write!(out, "| - | - | - ")?,
                _ => write!(out, "| {:.0} | {:.0} | {:.0} ", gap_ms.p50, gap_ms.p99, gap_ms.max)?,
            }
            let (p99, max, silence) = (wait_ms.p99, wait_ms.max, silence_ms.max);
            writeln!(out, "| {p99:.0} | {max:.0} | {silence:.0} | {failed} | {} |", whole(report))?;
        }
    }
    Ok(())
}

fn idle(reports: &[Report], out: &mut String) -> std::fmt::Result {
    for report in reports {
        if let Measured::Idle { bytes_per_session, .. } = &report.measured {
            let Report { label, sessions, .. } = report;
            writeln!(out, "\n{label}: {bytes_per_session:.0} bytes per idle session ({sessions} sessions)")?;
        }
    }
    Ok(())
}
