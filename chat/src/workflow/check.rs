//! What can be wrong with a workflow although each step is well said: where its steps lead.

use super::{Fault, Program, StepNo};
use std::collections::BTreeSet;

/// Every fault, with the line of its step.
pub(super) fn check(program: &Program, lines: &[usize]) -> Vec<Fault> {
    let line = |number: StepNo| lines.get(usize::from(number)).copied().unwrap_or(1);
    let mut faults = Vec::new();
    let online = reached(program, Some(program.start));
    let post = reached(program, program.post);
    for (number, step) in (0..).zip(&program.steps) {
        let name = &step.name;
        if !online.contains(&number) && !post.contains(&number) {
            faults.push(Fault { line: line(number), reason: format!("step {name} can't be reached") });
        }
        if post.contains(&number) && step.does.needs_chat() {
            let reason = format!("step {name} is reached from post, but after the end nobody is in the chat");
            faults.push(Fault { line: line(number), reason });
        }
        if circles(program, number) {
            let reason = format!("step {name} comes back to itself without waiting for anything");
            faults.push(Fault { line: line(number), reason });
        }
    }
    faults
}

fn reached(program: &Program, from: Option<StepNo>) -> BTreeSet<StepNo> {
    walk(program, from.into_iter().collect(), |_| true)
}

/// Whether a way leads from a step back to it on which nothing waits.
fn circles(program: &Program, number: StepNo) -> bool {
    let goes_on = |number: StepNo| program.step(number).is_some_and(|step| !step.does.waits());
    let after = |number: StepNo| program.step(number).map(super::Step::ways).unwrap_or_default();
    goes_on(number)
        && walk(program, after(number).into_iter().map(|(_, next)| next).collect(), goes_on).contains(&number)
}

/// All steps on the ways from some, which end where `goes_on` says no.
fn walk(program: &Program, from: Vec<StepNo>, goes_on: impl Fn(StepNo) -> bool) -> BTreeSet<StepNo> {
    let mut seen = BTreeSet::new();
    let mut open = from;
    while let Some(number) = open.pop() {
        if seen.insert(number) && goes_on(number) {
            let ways = program.step(number).map(super::Step::ways).unwrap_or_default();
            open.extend(ways.into_iter().map(|(_, next)| next));
        }
    }
    seen
}
