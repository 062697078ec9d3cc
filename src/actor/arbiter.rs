//! Where shard actors live: a few threads of their own, or, in a simulation, the thread that asks.

use actix::Arbiter;

/// A place to start shard actors.
pub enum ArbiterPool {
    /// Threads; a shard always goes to the same one.
    Threads(Vec<Arbiter>),
    /// The thread that asks.
    Here,
}

impl ArbiterPool {
    /// So many threads.
    #[must_use]
    pub fn threads(count: usize) -> Self {
        Self::Threads((0..count.max(1)).map(|_| Arbiter::new()).collect())
    }

    /// Runs `start` where the shard with this number belongs.
    pub fn run(&self, shard: usize, start: impl FnOnce() + Send + 'static) {
        match self {
            Self::Here => start(),
            Self::Threads(arbiters) => {
                if let Some(arbiter) = arbiters.get(shard % arbiters.len().max(1)) {
                    if !arbiter.spawn_fn(start) {
                        tracing::error!(shard, "the thread of a shard has ended");
                    }
                }
            }
        }
    }

    /// Ends the threads.
    pub fn stop(&self) {
        if let Self::Threads(arbiters) = self {
            for arbiter in arbiters {
                let _already_ended = arbiter.stop();
            }
        }
    }
}
