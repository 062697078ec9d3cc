//! The customers' API on a real server over loopback, with real session machines in memory behind it.

mod body;
mod form;
mod log;
mod memory;
mod metrics;
mod native;
mod operation;
mod page;
mod start;
mod support;
mod talk;
