//! The failure detector, one signal at a time.
