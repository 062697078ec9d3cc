//! Gaps from the acknowledgements that each session logged. Pure.
//!
//! For each session and fault, looking from the fault to the end of its window:
//! - **gap**: from the fault to the first acknowledgement whose answered attempt was sent at or after the
//!   fault. An attempt from before proves nothing: its answer may have been on the way. It includes the
//!   session's own pause until its next message, so a session that nothing happened to shows its interval;
//! - **wait**: the longest that one message took from its first attempt to its acknowledgement, whatever
//!   was tried in between: what a customer sees as a slow message;
//! - **silence**: the longest time between two acknowledgements in a row, the last before the fault included.

use serde::{Deserialize, Serialize};

use crate::drive::{Ack, SessionEnd, histogram};
use crate::spread::Spread;

/// One fault and what was known when it struck; microseconds since the run's origin.
#[derive(Debug, Clone)]
pub struct FaultWindow {
    /// When the fault struck: for a kill or stop, the last look at which the node still ran.
    pub fault_us: u64,
    /// The end of its window: just before the node was brought back.
    pub until_us: u64,
    /// When the cluster was whole and calm again.
    pub whole_us: u64,
    /// The victim, an index into the node list.
    pub victim_node: u16,
    /// Whether the victim owned each session; `None`: unknown.
    pub owner_hit: Vec<Option<bool>>,
    /// How long the command took.
    pub command_ms: u64,
}

/// What one session saw of one fault, microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionGap {
    /// Fault to acknowledgement; `None`: none came.
    pub gap_us: Option<u64>,
    /// Longest time to acknowledge one message.
    pub wait_us: u64,
    /// Longest time without any acknowledgement.
    pub silence_us: u64,
    /// The node that served the session last before the fault.
    pub gateway: Option<u16>,
}

/// The gaps of one class of sessions.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ClassGaps {
    /// What the fault hit: `gateway`, `owner`, `both`, `neither`, or `all` sessions.
    pub class: String,
    /// Sessions times faults.
    pub count: u64,
    /// Of them without any acknowledgement in the window; they are in no other column but silence.
    pub unanswered: u64,
    /// Fault to acknowledged reply, milliseconds.
    pub gap_ms: Spread,
    /// Longest message, milliseconds.
    pub wait_ms: Spread,
    /// Longest silence, milliseconds.
    pub silence_ms: Spread,
}

/// What a session saw between `fault_us` and `until_us`; `acks` in the order in which they came.
pub fn session_gap(acks: &[Ack], fault_us: u64, until_us: u64) -> SessionGap {
    let from = acks.partition_point(|a| a.acked_us < fault_us);
    let to = acks.partition_point(|a| a.acked_us < until_us);
    let within = &acks[from..to];
    let before = from.checked_sub(1).map(|i| acks[i]);
    let answered = within.iter().find(|a| a.attempt_us >= fault_us);
    let mut silence_us = 0;
    let mut last = before.map_or(fault_us, |a| a.acked_us);
    for ack_us in within.iter().map(|a| a.acked_us).chain([until_us]) {
        silence_us = silence_us.max(ack_us - last);
        last = ack_us;
    }
    SessionGap {
        gap_us: answered.map(|a| a.acked_us - fault_us),
        wait_us: longest_wait_us(within),
        silence_us,
        gateway: before.map(|a| a.node),
    }
}

fn longest_wait_us(acks: &[Ack]) -> u64 {
    acks.iter().map(|a| a.acked_us - a.first_us).max().unwrap_or(0)
}

/// All sessions and faults, by what was hit.
pub fn classes(windows: &[FaultWindow], sessions: &[SessionEnd]) -> Vec<ClassGaps> {
    let mut seen = Vec::new();
    for window in windows {
        for session in sessions {
            let gap = session_gap(&session.acks, window.fault_us, window.until_us);
            let gateway_hit = gap.gateway == Some(window.victim_node);
            let owner_hit = window.owner_hit.get(session.number as usize).copied().flatten();
            let class = match (gateway_hit, owner_hit) {
                (true, Some(true)) => "both",
                (true, Some(false)) => "gateway",
                (true, None) => "gateway, owner unknown",
                (false, Some(true)) => "owner",
                (false, Some(false)) => "neither",
                (false, None) => "not gateway, owner unknown",
            };
            seen.push((class, gap));
        }
    }
    let known = ["gateway", "owner", "both", "neither"];
    let unknown = ["gateway, owner unknown", "not gateway, owner unknown"];
    let names = known.into_iter().chain(unknown).filter(|n| seen.iter().any(|(class, _)| class == n));
    let mut classes: Vec<ClassGaps> = names
        .map(|name| summary(name, &mut seen.iter().filter(|(class, _)| *class == name).map(|(_, g)| g)))
        .collect();
    classes.push(summary("all", &mut seen.iter().map(|(_, g)| g)));
    classes
}

fn summary(class: &str, gaps: &mut dyn Iterator<Item = &SessionGap>) -> ClassGaps {
    let (mut gap_us, mut wait_us, mut silence_us) = (histogram(), histogram(), histogram());
    let (mut count, mut unanswered) = (0, 0);
    for gap in gaps {
        count += 1;
        silence_us.saturating_record(gap.silence_us.max(1));
        match gap.gap_us {
            Some(us) => {
                gap_us.saturating_record(us.max(1));
                wait_us.saturating_record(gap.wait_us.max(1));
            }
            None => unanswered += 1,
        }
    }
    ClassGaps {
        class: class.into(),
        count,
        unanswered,
        gap_ms: Spread::of(&gap_us),
        wait_ms: Spread::of(&wait_us),
        silence_ms: Spread::of(&silence_us),
    }
}

/// The longest that any message waited while nodes came back, milliseconds.
pub fn return_wait_max_ms(windows: &[FaultWindow], sessions: &[SessionEnd]) -> f64 {
    let mut longest_us = 0;
    for window in windows {
        for SessionEnd { acks, .. } in sessions {
            let from = acks.partition_point(|a| a.acked_us < window.until_us);
            let to = acks.partition_point(|a| a.acked_us < window.whole_us);
            longest_us = longest_us.max(longest_wait_us(&acks[from..to]));
        }
    }
    longest_us as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ack(first_us: u64, attempt_us: u64, acked_us: u64, node: u16) -> Ack {
        Ack { first_us, attempt_us, acked_us, node }
    }

    #[test]
    fn an_answer_to_an_attempt_from_before_the_fault_does_not_end_the_gap() {
        let acks = [ack(10, 10, 20, 0), ack(95, 95, 101, 0), ack(150, 650, 700, 1), ack(710, 710, 720, 1)];
        let gap = session_gap(&acks, 100, 1000);
        assert_eq!(gap.gap_us, Some(600));
        assert_eq!(gap.wait_us, 550);
        assert_eq!(gap.silence_us, 599);
        assert_eq!(gap.gateway, Some(0));
    }

    #[test]
    fn a_retry_sent_after_the_fault_of_a_message_from_before_ends_it() {
        let acks = [ack(10, 10, 20, 0), ack(90, 590, 600, 1)];
        assert_eq!(session_gap(&acks, 100, 1000).gap_us, Some(500));
    }

    #[test]
    fn a_session_that_is_never_served_again_is_unanswered_and_silent_to_the_end() {
        let acks = [ack(10, 10, 20, 0), ack(2000, 2000, 2010, 1)];
        let gap = session_gap(&acks, 100, 1000);
        assert_eq!((gap.gap_us, gap.silence_us), (None, 980));
        let window = FaultWindow {
            fault_us: 100,
            until_us: 1000,
            whole_us: 3000,
            victim_node: 0,
            owner_hit: vec![Some(true)],
            command_ms: 1,
        };
        let sessions = [SessionEnd { number: 0, failed_sends: 0, acks: acks.to_vec() }];
        let classes = classes(&[window], &sessions);
        assert_eq!(classes.iter().map(|c| c.class.as_str()).collect::<Vec<_>>(), ["both", "all"]);
        assert_eq!((classes[0].count, classes[0].unanswered), (1, 1));
    }
}
