//! Nodes and shards: who is a member, which node has which shard, who is dead, and the links between nodes.
//!
//! Nothing here knows of chats. The truth is one [`MemberList`] in the store, changed only by a conditional
//! write on its version; it holds the placement too, so that every node computes from the same stored
//! words. Safety does not hang on anything in this crate: the journal's epoch fences whoever is wrong. This
//! crate decides how soon the right node claims.
//!
//! * [`members`]: the list and its transitions, which keep every shard placed;
//! * [`supervisor`]: the ClusterSupervisor as a machine without clock or I/O, with its failure detector;
//! * [`peer`]: one TCP link per pair of nodes, and the same in memory for simulations.

mod beat;
mod detector;
pub mod members;
pub mod peer;
mod placement;
mod random;
pub mod supervisor;
mod timing;

pub use beat::Beat;
pub use members::{Member, MemberList, MemberState, MembersError};
pub use peer::{PeerError, PeerEvent, PeerService, Peers};
pub use placement::Assignment;
pub use supervisor::{Action, Config, Input, Note, StoreState, Supervisor, SwapAnswer};
pub use timing::Timing;
