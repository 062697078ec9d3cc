//! The chat session: connects participants and carries their events.

mod actions;
mod clear;
mod draft;
mod files;
mod idle;
mod machine;
mod pushes;
mod read;
mod rich;
mod saying;
mod snapshot;
mod state;
#[cfg(test)]
mod tests;
mod turns;
mod typing;
mod view;

pub use machine::too_long;
pub use pushes::Push;
pub use state::Session;
pub use view::VIEW_BYTES_MAX;
