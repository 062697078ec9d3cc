//! All actors: the only module that knows actix.
//!
//! | actor | how many | what |
//! | --- | --- | --- |
//! | [`shard::ShardActor`] | one per shard owned | the only writer of its log; parent of its sessions |
//! | [`entity::EntityActor`] | one per session, queue or agent in memory | its inbox and what it owes |
//! | [`bot::BotActor`] | one per bot in a session | answers for the bot, beside its session |
//! | [`supervisor::SupervisorActor`] | one per node | members, claims, takeover, drain |
//!
//! A shard, its entities and their bots live on one arbiter and share the shard's core: a call is decided where it
//! arrives, without waiting. Actors are shells; rules are in `shard/`, `chat/` and `cluster/`.

pub mod arbiter;
pub mod bot;
pub mod entity;
pub mod handle;
pub mod journal;
pub mod shard;
pub mod supervisor;

#[cfg(test)]
mod tests;
