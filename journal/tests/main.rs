//! One contract for every journal: the same tests run over the memory model, SQLite and Cassandra.
//!
//! Cassandra runs when `HANDOFF_CASSANDRA=127.0.0.1:9042,...` is set, else its tests print that they were skipped.
//! `HANDOFF_TORTURE_SECONDS` makes the torture longer.
//!
//! The hazards of a fenced log on such a store, and where each is tested:
//!
//! | hazard | what goes wrong | test |
//! | --- | --- | --- |
//! | H1 | clock skew lets an older plain write win | `h1_a_row_once_put_keeps_its_first_body_or_refuses` (all), Cassandra's own |
//! | H2 | plain writes mixed with conditional ones vanish | Cassandra's own |
//! | H3 | a paused owner writes on when it wakes | `h3_a_resumed_old_owner_commits_nothing` (all), `processes` (SIGSTOP) |
//! | H4 | an old attempt arrives late | `h4_a_late_attempt_after_a_takeover_is_void` (memory) |
//! | H5 | the outcome is unknown | `h5_an_unknown_append_is_resolved_by_the_same_call` (memory), `commit_error_*` (SQLite) |
//! | H6 | topology changes during a conditional write | Cassandra's own: server version and `paxos_variant` |
//! | H7 | serial reads of old servers | Cassandra's own: version gate |
//! | H8 | power loss | SQLite: `synchronous=FULL`; Cassandra's own: commit log settings |
//! | H9 | appends slow down over deleted rows | Cassandra's own: the header row |
//! | H10 | answers differ in shape | Cassandra's own |
//! | H11 | leases by expiry | `h11_time_alone_takes_no_ownership_away` (memory): nothing expires |
//! | H12 | a trimmed segment opens again for a resumed owner | `h12_trim_holds_against_a_resumed_old_owner` (all), `h12_late_*`, `h12_a_*` (memory) |
//! | H13 | two nodes aim at the same epoch | `h13_racing_claims_have_one_winner_per_epoch` (all) |
//! | H14 | a restored backup lowers epochs | Cassandra's own; `log` and `claims` are copied together for SQLite |

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
