//! The native sockets on a real server over loopback, with real session machines in memory behind it.

mod agent;
mod customer;
mod rich;
pub(super) mod window;
mod wire;
