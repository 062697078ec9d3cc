//! How patient a node is.

/// All times of the machine, in milliseconds.
#[derive(Debug, Clone)]
pub struct Timing {
    /// Between two beats to each peer.
    pub beat_ms: u64,
    /// Silence after which a peer is suspected.
    pub silence_ms: u64,
    /// Between two echoes through a peer's actors.
    pub echo_ms: u64,
    /// A peer that beats but has not echoed for this long hangs, and is suspected.
    pub echo_limit_ms: u64,
    /// How long nodes wait for each other before the first placement.
    pub gather_ms: u64,
    /// How long a joining node waits to be linked with all members before it goes up without.
    pub join_patience_ms: u64,
    /// How long a new assignee waits for the release of an owner that lives.
    pub release_wait_ms: u64,
    /// The same while that owner is heard and gives its shards away, a few at a time.
    pub moving_wait_ms: u64,
    /// How long a node that released a shard waits to see the claim before it gives the shard to the next in rank.
    pub claim_seen_ms: u64,
    /// An own stall longer than this ...
    pub stall_ms: u64,
    /// ... mutes own accusations for this long.
    pub mute_ms: u64,
    /// How long a drain may take.
    pub drain_ms: u64,
    /// Between two `alive_until` writes.
    pub alive_ms: u64,
    /// `alive_until` of a silent member unchanged for this long counts as a second accuser.
    pub alive_stale_ms: u64,
    /// Between two reads of the list when nothing else asks for one.
    pub read_ms: u64,
    /// Being put down again within this time costs a pause.
    pub flap_ms: u64,
    /// The pauses without shards: second time down, third, every further.
    pub pauses_ms: [u64; 3],
    /// The longest wait between two tries of a claim or a list call.
    pub backoff_max_ms: u64,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            beat_ms: 100,
            silence_ms: 600,
            echo_ms: 500,
            echo_limit_ms: 2_500,
            gather_ms: 500,
            join_patience_ms: 3_000,
            release_wait_ms: 1_000,
            moving_wait_ms: 10_000,
            claim_seen_ms: 300,
            stall_ms: 100,
            mute_ms: 600,
            drain_ms: 30_000,
            alive_ms: 5_000,
            alive_stale_ms: 12_000,
            read_ms: 5_000,
            flap_ms: 60_000,
            pauses_ms: [5_000, 10_000, 20_000],
            backoff_max_ms: 1_000,
        }
    }
}
