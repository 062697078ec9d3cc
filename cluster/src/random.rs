//! A seeded sequence (splitmix64): enough for jitter and simulated delays, the same on every machine.

/// The next number of the sequence that `state` stands in.
pub(crate) fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A number from `from` to `to`, both included.
pub(crate) fn between(state: &mut u64, from: u64, to: u64) -> u64 {
    let span = to.saturating_sub(from).saturating_add(1);
    from + next(state) % span.max(1)
}
