//! The GMS Chat API v2 as its clients need it.

mod acceptance;
mod moving;
