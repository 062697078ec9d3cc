//! The small words of ownership: which shard, which term, who.

use std::fmt;
use xxhash_rust::xxh3::xxh3_64;

/// A shard's number, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, bincode::Encode, bincode::Decode)]
pub struct ShardId(pub u16);

impl ShardId {
    /// The shard of an entity: xxh3 (seed 0) of its id, modulo the number of shards (0 counts as 1).
    #[must_use]
    pub fn of(entity_id: &str, shards: u16) -> Self {
        let number = xxh3_64(entity_id.as_bytes()) % u64::from(shards.max(1));
        Self(u16::try_from(number).unwrap_or(0))
    }
}

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
    /// The node, which stays the same through its restarts.
    pub node: NodeId,
    /// Which of the node's lives; a later one is another owner.
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
        let owner = Self {
            node: NodeId(node.parse().map_err(|_| wrong())?),
            incarnation: Incarnation(u64::from_str_radix(incarnation, 16).map_err(|_| wrong())?),
        };
        // Also refuses what parses and was never written so: signs, capitals, zeros that are missing or too many.
        if owner.to_string() == text { Ok(owner) } else { Err(wrong()) }
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

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};

    #[test]
    fn any_text_is_an_owner_as_it_is_written_or_none() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let letters = b"0123456789abcdefABCDEF+-. x";
        let mut found = 0;
        for _ in 0..20_000 {
            let owner = Owner {
                node: NodeId((rng.next_u32() >> 16).try_into().expect("16 bits")),
                incarnation: Incarnation(rng.next_u64()),
            };
            let mut text = owner.to_string().into_bytes();
            assert_eq!(owner.to_string().parse(), Ok(owner));
            let mut next = |below: usize| (rng.next_u64() % below as u64) as usize;
            for _ in 0..next(3) {
                let (at, letter) = (next(text.len()), letters[next(letters.len())]);
                match next(3) {
                    0 => text[at] = letter,
                    1 => text.insert(at, letter),
                    _ => drop(text.remove(at)),
                }
            }
            let text = String::from_utf8(text).expect("ASCII");
            if let Ok(read) = text.parse::<Owner>() {
                assert_eq!(read.to_string(), text);
                found += 1;
            }
        }
        assert!(found > 5_000, "only {found} were owners");
    }
}
