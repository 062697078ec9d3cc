//! All actors: the only module that knows actix.
//!
//! | actor | how many | what |
//! | --- | --- | --- |
//! | [`shard::ShardActor`] | one per shard owned | decides every call of its entities; the only writer of its log |
//! | [`entity::EntityActor`] | one per session, queue or agent that owed something since it is awake | does what it owes the world |
//! | [`bot::BotActor`] | one per bot in a session | answers for the bot, beside its session |
//! | [`supervisor::SupervisorActor`] | one per node | members, claims, takeover, drain |
//!
//! A shard, its entities and their bots live on one arbiter. A call is decided in the shard's own actor, at once; what
//! takes time is done by the entity's, which comes back with a command. Actors are shells; rules are in `shard/`,
//! `chat/` and `cluster/`.

pub mod arbiter;
pub mod bot;
pub mod entity;
pub mod handle;
pub mod journal;
pub mod shard;
pub mod supervisor;

#[cfg(test)]
mod tests;
