//! Rates (closed loop) and latencies (open loop).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::Error;
use crate::cluster::Cluster;
use crate::drive::{self, Control, Harvest, Pace, Plan};
use crate::http::Connection;
use crate::procfs;
use crate::report::Measured;
use crate::spread::Spread;

/// How long to run.
#[derive(Debug, Clone, Copy)]
pub struct Spans {
    /// Before anything counts.
    pub warm_up: Duration,
    /// What is acknowledged in this time counts.
    pub measure: Duration,
}

/// What to read beside the customers' own clock.
#[derive(Debug, Clone, Default)]
pub struct Gauges {
    /// The nodes' metrics listeners.
    pub metrics: Vec<SocketAddr>,
    /// Counters to read there, by the start of their names.
    pub counters: Vec<String>,
    /// The script, to find the nodes' processes.
    pub cluster: Option<Cluster>,
}

#[derive(Debug, Default)]
struct Reading {
    driver_seconds: f64,
    nodes_seconds: Option<f64>,
    counters: BTreeMap<String, f64>,
}

impl Gauges {
    fn read(&self, pids: &[u32]) -> Result<Reading, Error> {
        let cpu: Vec<f64> = pids.iter().filter_map(|pid| procfs::cpu_seconds(*pid)).collect();
        let nodes_seconds = (!cpu.is_empty()).then(|| cpu.iter().sum());
        let mut counters = BTreeMap::new();
        for address in self.metrics.iter().filter(|_| !self.counters.is_empty()) {
            let text = fetch(*address)?;
            for name in &self.counters {
                *counters.entry(name.clone()).or_default() += sum_of(&text, name);
            }
        }
        Ok(Reading { driver_seconds: procfs::cpu_seconds(0).unwrap_or(0.0), nodes_seconds, counters })
    }

    fn pids(&self) -> Result<Vec<u32>, Error> {
        let nodes = self.cluster.as_ref().map(Cluster::status).transpose()?.unwrap_or_default();
        Ok(nodes.iter().filter_map(|n| n.pid).collect())
    }
}

/// Closed loop, one message in flight per session.
///
/// # Errors
/// [`Error`].
pub fn rate(plan: &Plan, spans: Spans, gauges: &Gauges) -> Result<(Measured, Harvest), Error> {
    let plan = Plan { pace: Pace::Closed, ..plan.clone() };
    let pids = gauges.pids()?;
    let ((window, before, after), harvest) = drive::run(&plan, |control| {
        std::thread::sleep(spans.warm_up);
        let before = gauges.read(&pids)?;
        let window = measure(control, spans.measure);
        Ok((window, before, gauges.read(&pids)?))
    })?;
    let acked = harvest.tally.acked;
    let per_message = |total: f64| total / acked.max(1) as f64;
    let rise = |name: &String, until: f64| until - before.counters.get(name).unwrap_or(&0.0);
    let nodes = after.nodes_seconds.zip(before.nodes_seconds).map(|(b, a)| per_message((b - a) * 1e6));
    let measured = Measured::Rate {
        seconds: window.as_secs_f64(),
        acked,
        acked_per_second: acked as f64 / window.as_secs_f64(),
        latency_ms: Spread::of(&harvest.tally.latency),
        per_second: harvest.tally.per_second.clone(),
        driver_us_per_message: per_message((after.driver_seconds - before.driver_seconds) * 1e6),
        nodes_us_per_message: nodes,
        counters_per_message: after
            .counters
            .iter()
            .map(|(name, until)| (name.clone(), per_message(rise(name, *until))))
            .collect(),
    };
    Ok((measured, harvest))
}

/// Open loop at `per_second` over all sessions, latencies from the intended send time.
///
/// # Errors
/// [`Error`].
pub fn latency(plan: &Plan, spans: Spans, per_second: f64) -> Result<(Measured, Harvest), Error> {
    let interval = Duration::from_secs_f64(f64::from(plan.sessions) / per_second);
    let plan = Plan { pace: Pace::Open { interval }, ..plan.clone() };
    let (window, harvest) = drive::run(&plan, |control| {
        std::thread::sleep(spans.warm_up);
        Ok(measure(control, spans.measure))
    })?;
    let measured = Measured::Latency {
        intended_per_second: per_second,
        acked_per_second: harvest.tally.acked as f64 / window.as_secs_f64(),
        latency_ms: Spread::of(&harvest.tally.latency),
        driver_lateness_ms: Spread::of(&harvest.tally.lateness),
    };
    Ok((measured, harvest))
}

fn measure(control: &Control, span: Duration) -> Duration {
    let until = Instant::now() + span;
    control.open_window();
    std::thread::sleep(until.saturating_duration_since(Instant::now()));
    control.close_window()
}

fn fetch(address: SocketAddr) -> Result<String, Error> {
    let what = || format!("reading http://{address}/metrics");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|e| Error::io(what(), e))?.block_on(async {
        let mut connection = Connection::open(address).await.map_err(|e| Error::io(what(), e))?;
        let got = connection.exchange(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
        match got {
            Ok(200) => Ok(String::from_utf8_lossy(connection.body()).into_owned()),
            Ok(status) => Err(Error::io(what(), std::io::Error::other(format!("HTTP {status}")))),
            Err(e) => Err(Error::io(what(), std::io::Error::other(e))),
        }
    })
}

/// The sum over all labels of the metric `name` in a Prometheus text.
fn sum_of(text: &str, name: &str) -> f64 {
    let of_metric = text.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        if !rest.starts_with([' ', '{']) {
            return None;
        }
        rest.rsplit('}').next()?.split_whitespace().next()?.parse::<f64>().ok()
    });
    of_metric.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_summed_over_its_labels_and_no_longer_name_counts() {
        let text = "# HELP a_total x\na_total{shard=\"1\"} 3\na_total{shard=\"2\"} 4 1700000000\n\
                    a_total 5\na_total_bytes 9\n";
        assert_eq!(sum_of(text, "a_total"), 12.0);
        assert_eq!(sum_of(text, "b_total"), 0.0);
    }
}
