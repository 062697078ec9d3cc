//! Rules of the supervisor one by one, and many supervisors together.

mod rules;
mod sim;
mod world;
