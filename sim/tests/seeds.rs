//! Seeds that every change must live through. `HANDOFF_SIM_SEEDS=FROM..TO` runs others.

// A test binary has no interface to document, and fails by panic.
#![allow(missing_docs, clippy::expect_used)]

use handoff_sim::{Plan, run};

fn seeds() -> std::ops::Range<u64> {
    let asked = std::env::var("HANDOFF_SIM_SEEDS").unwrap_or_else(|_| "1..41".to_owned());
    let (from, to) = asked.split_once("..").expect("HANDOFF_SIM_SEEDS is FROM..TO");
    from.parse().expect("a seed")..to.parse().expect("a seed")
}

#[test]
fn nothing_acknowledged_is_lost_doubled_or_reordered_whatever_happens() {
    let failures: Vec<String> = seeds()
        .filter_map(|seed| {
            let error = run(&Plan::of_seed(seed)).err()?;
            Some(format!(
                "seed {seed}: {error}\n  again: cargo run --release -p handoff-sim -- --seed {seed}"
            ))
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let plan = Plan::of_seed(7);
    assert_eq!(run(&plan).unwrap(), run(&plan).unwrap());
}
