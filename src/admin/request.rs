//! What an operator's request brings, read and bounded.

use super::problem::Problem;
use handoff_chat::{CommandId, SessionId};
use rand::TryRng;
use rand::rngs::SysRng;
use std::time::Duration;

/// How long an operator's command is tried.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn session_id(text: &str) -> Result<SessionId, Problem> {
    SessionId::parse(text).ok_or_else(|| Problem::bad_request("a session id has 16 letters and digits"))
}

pub(super) fn mint_command_id() -> Result<CommandId, Problem> {
    let mut random = [0; 16];
    SysRng
        .try_fill_bytes(&mut random)
        .map_err(|_| Problem::failed("the operating system gives no random bytes"))?;
    Ok(CommandId(format!("operator-{:032x}", u128::from_be_bytes(random))))
}
