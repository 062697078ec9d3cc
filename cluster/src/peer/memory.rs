//! The links in memory, for simulations.
