//! How measured values are spread.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// Percentiles in milliseconds.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Spread {
    /// How many values.
    pub count: u64,
    /// Half are below.
    pub p50: f64,
    /// Nine of ten are below.
    pub p90: f64,
    /// 99 of 100 are below.
    pub p99: f64,
    /// 999 of 1,000 are below.
    pub p999: f64,
    /// The highest of all values.
    pub max: f64,
}

impl Spread {
    /// Of a histogram in microseconds.
    pub fn of(histogram: &Histogram<u64>) -> Self {
        if histogram.is_empty() {
            return Self::default();
        }
        let ms = |quantile: f64| histogram.value_at_quantile(quantile) as f64 / 1000.0;
        let max = histogram.max() as f64 / 1000.0;
        Self { count: histogram.len(), p50: ms(0.5), p90: ms(0.9), p99: ms(0.99), p999: ms(0.999), max }
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Spread { p50, p90, p99, p999, max, .. } = self;
        write!(f, "| {p50:.1} | {p90:.1} | {p99:.1} | {p999:.1} | {max:.1} |")
    }
}
