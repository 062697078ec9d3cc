//! The small words of ownership: which shard, which term, who.

use std::fmt;

/// A shard's number, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, bincode::Encode, bincode::Decode)]
pub struct ShardId(pub u16);

/// The ownership term of a shard: the fencing token. 0: never owned.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, bincode::Encode, bincode::Decode,
)]
pub struct Epoch(pub u64);

/// A node's number in the cluster, from 1; stays the same through restarts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, bincode::Encode, bincode::Decode)]
pub struct NodeId(pub u16);

/// One life of a node: 64 random bits, new at each start and each time it joins again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, bincode::Encode, bincode::Decode)]
pub struct Incarnation(pub u64);

/// A frame's id: 128 random bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FrameId(pub u128);

/// Who owns a shard: a node in one of its lives. Written `3-00ab34…` (node, dash, 16 hex digits).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, bincode::Encode, bincode::Decode)]
pub struct Owner {
    /// The node.
    pub node: NodeId,
    /// Its life.
    pub incarnation: Incarnation,
}

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:016x}", self.node.0, self.incarnation.0)
    }
}

impl std::str::FromStr for Owner {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("not an owner: {text:?}");
        let (node, incarnation) = text.split_once('-').ok_or_else(wrong)?;
        Ok(Self {
            node: NodeId(node.parse().map_err(|_| wrong())?),
            incarnation: Incarnation(u64::from_str_radix(incarnation, 16).map_err(|_| wrong())?),
        })
    }
}

/// Refuses rows that no implementation can store, before any of them is written.
pub(crate) fn check_rows(rows: &[crate::Row]) -> Result<(), crate::TablesError> {
    match rows.iter().find(|row| row.row > crate::CLOSING_ROW) {
        Some(row) => Err(crate::TablesError::Refused(format!("row number {} is too large", row.row))),
        None => Ok(()),
    }
}

/// Refuses an entry that no implementation can store.
pub(crate) fn check_entry(entry: &crate::Entry) -> Result<(), crate::TablesError> {
    let number = entry.place.number;
    if number > crate::CLOSING_ROW {
        return Err(crate::TablesError::Refused(format!("a list's number {number} is too large")));
    }
    Ok(())
}
