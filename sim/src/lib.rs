//! The whole cluster in one thread, seeded: the real shards, supervisors, routers and bots over a model of the
//! database and of the network, through crashes, pauses, partitions and lost answers, in virtual time.
//!
//! Each node runs in a task set of its own: a crash drops it, a pause leaves it unpolled, as SIGKILL and SIGSTOP do.
//! Only the database outlives a crash. The same seed gives the same run.

pub mod agent;
pub mod checker;
pub mod client;
pub mod customer;
pub mod faults;
pub mod kill;
pub mod node;
pub mod reader;
pub mod rest;
pub mod run;
pub mod steps;

pub use run::{Plan, Report, run};

#[cfg(test)]
mod tests;
