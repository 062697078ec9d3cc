//! Where shard actors live: a few threads of their own, or, in a simulation, the thread that asks.

use actix::{Actor, Addr, Arbiter, Context};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

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

    /// Starts a shard's actor where it belongs.
    pub fn start<A>(&self, shard: usize, make: impl FnOnce() -> A + Send + 'static) -> Addr<A>
    where
        A: Actor<Context = Context<A>>,
    {
        match self {
            Self::Threads(arbiters) if !arbiters.is_empty() => {
                A::start_in_arbiter(&arbiters[shard % arbiters.len()].handle(), |_| make())
            }
            _ => make().start(),
        }
    }

    /// Sends something through every thread's queue and calls back when it came through all: a thread that hangs
    /// never lets it through.
    pub fn echo(&self, back: impl FnOnce() + Send + 'static) {
        let Self::Threads(arbiters) = self else { return back() };
        let left = Arc::new(AtomicUsize::new(arbiters.len()));
        let back = Arc::new(std::sync::Mutex::new(Some(back)));
        for arbiter in arbiters {
            let (left, back) = (Arc::clone(&left), Arc::clone(&back));
            arbiter.spawn_fn(move || {
                if left.fetch_sub(1, Ordering::AcqRel) == 1
                    && let Some(back) = back.lock().ok().and_then(|mut back| back.take())
                {
                    back();
                }
            });
        }
    }

    /// Ends the threads.
    pub fn stop(&self) {
        if let Self::Threads(arbiters) = self {
            for arbiter in arbiters {
                arbiter.stop();
            }
        }
    }
}
