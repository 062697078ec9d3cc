//! What every journal and every table store must do. Each test gets a store without data.

pub mod fencing;
pub mod lists;
pub mod log;
pub mod tables;
