//! One contract for every journal: the same tests run over the memory model, SQLite and Cassandra.
//!
//! Cassandra runs when `HANDOFF_CASSANDRA=127.0.0.1:9042,...` is set, else its tests print that they were skipped.
//! `HANDOFF_TORTURE_SECONDS` makes the torture longer.
//!
//! The hazards of a fenced log on such a store, and where each is tested:
//!
//! | hazard | what goes wrong | test |
//! | --- | --- | --- |
//! | H1 | clock skew lets an older plain write win | `h1_a_row_once_put_keeps_its_first_body_or_refuses` (all) |
//! | H2 | plain writes mixed with conditional ones vanish | `h2_nothing_that_changes_is_written_without_a_condition` (Cassandra's statements) |
//! | H3 | a paused owner writes on when it wakes | `h3_a_resumed_old_owner_commits_nothing` (all), `processes` (SIGSTOP) |
//! | H4 | an old attempt arrives late | `h4_a_late_attempt_after_a_takeover_is_void` (memory) |
//! | H5 | the outcome is unknown | `h5_an_unknown_append_is_resolved_by_the_same_call` (memory), `commit_error_*` (SQLite) |
//! | H6 | topology changes during a conditional write | `h6_the_old_paxos_is_refused_with_the_line_to_change` (Cassandra) |
//! | H7 | serial reads of old servers | `h7_servers_whose_linearizable_reads_miss_writes_are_refused` (Cassandra) |
//! | H8 | power loss | `h8_what_was_acknowledged_outlives_a_power_loss`, `h8_the_names_*` (SQLite), `h8_a_commit_log_*` (Cassandra) |
//! | H9 | appends slow down over deleted rows | `h9_the_first_live_row_of_every_segment_is_its_header` (Cassandra) |
//! | H10 | answers differ in shape | `h10_*` (Cassandra) |
//! | H11 | leases by expiry | `h11_time_alone_takes_no_ownership_away` (memory): nothing expires |
//! | H12 | a trimmed segment opens again for a resumed owner | `h12_trim_holds_against_a_resumed_old_owner` (all), `h12_late_*`, `h12_a_*` (memory) |
//! | H13 | two nodes aim at the same epoch | `h13_racing_claims_have_one_winner_per_epoch` (all) |
//! | H14 | a restored backup lowers epochs | `h14_after_a_bump_every_older_epoch_is_fenced` (Cassandra); SQLite: `log` and `claims` are copied together |

// A test binary has no interface to document, and fails by panic.
#![allow(unreachable_pub, missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[macro_use]
mod over;
mod cassandra;
mod contract;
mod embedded;
mod faults;
mod full;
mod processes;
mod support;
mod torture;
