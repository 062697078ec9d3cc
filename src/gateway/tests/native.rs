//! The native sockets on a real server over loopback, with real session machines in memory behind it.

pub(super) mod agent;
mod customer;
mod overview;
mod poll;
mod records;
mod rich;
mod sign_in;
mod verified;
pub(super) mod window;
mod wire;
