//! The customers' API on a real server over loopback, with real session machines in memory behind it.

mod admission;
mod any_request;
mod bayeux;
mod body;
mod border;
mod described;
mod door;
mod files;
mod form;
mod gms;
mod language;
mod log;
mod memory;
mod metrics;
mod native;
mod notices;
mod operation;
mod page;
mod services;
mod start;
mod support;
mod talk;
