//! Rules of the supervisor one by one, and many supervisors together.

mod moves;
mod notes;
mod rules;
mod sim;
mod store;
mod world;
