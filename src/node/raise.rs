//! Raises the protocol version that stored bytes keep to, on an operator's word: the one step of an upgrade that can't
//! be taken back.
//!
//! It is a conditional write of the member list like any other, so it is in order with every join: a node that can't
//! read the new version either is a member and holds it back, or comes later and is refused.

use crate::ports::{RaiseError, Raised};
use bytes::Bytes;
use handoff_cluster::members::MEMBERS_KEY;
use handoff_cluster::{MemberList, MembersError};
use handoff_journal::{Swap, Table, Tables};

/// How often a write that another one has overtaken is tried again.
const TRIES: usize = 20;

pub(super) async fn raise(tables: &dyn Tables) -> Result<Raised, RaiseError> {
    for _ in 0..TRIES {
        let Some((version, body)) = tables.get_versioned(Table::Member, MEMBERS_KEY).await? else {
            return Err(RaiseError::NoList);
        };
        let mut list = MemberList::decode(version, &body).map_err(unusable)?;
        let from = list.protocol;
        let more = list.raise();
        let to = list.protocol;
        let newest = list.live().map(|member| member.protocol_max).max().unwrap_or(to);
        let slow = list.live().filter(|member| newest > to && member.protocol_max == to);
        let raised = Raised { from, to, held_back_by: slow.map(|member| member.owner.node.0).collect() };
        if !more {
            return Ok(raised);
        }
        list.version = version + 1;
        let body = Bytes::from(list.encode().map_err(unusable)?);
        if let Swap::Won = tables.put_if_version(Table::Member, MEMBERS_KEY, version, body).await? {
            return Ok(raised);
        }
    }
    Err(RaiseError::Busy)
}

fn unusable(error: MembersError) -> RaiseError {
    RaiseError::List(error.to_string())
}
