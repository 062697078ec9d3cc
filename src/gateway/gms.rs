//! GMS Chat API v2 over REST, as its shipped clients speak it: wire only, no rule about chats.

pub mod fault;
mod files;
pub mod form;
pub mod operation;
pub(crate) mod perform;
pub mod reply;
pub(crate) mod routes;
