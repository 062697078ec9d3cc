//! What an operator's request brings, read and bounded.

use super::problem::Problem;
use handoff_chat::{CommandId, SessionId};
use rand::TryRng;
use rand::rngs::SysRng;
use serde::Deserialize;
use std::time::Duration;
use utoipa::IntoParams;

/// How long an operator's command is tried.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// The part of a path that names a session.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct SessionPath {
    /// The session's id.
    #[param(pattern = "^[0-9A-Za-z]{16}$")]
    id: String,
}

impl SessionPath {
    /// The id, when it can be one.
    pub(super) fn id(&self) -> Result<SessionId, Problem> {
        let id = SessionId::parse(&self.id);
        id.ok_or_else(|| Problem::bad_request("a session id has 16 letters and digits"))
    }
}

pub(super) fn mint_command_id() -> Result<CommandId, Problem> {
    let mut random = [0; 16];
    SysRng
        .try_fill_bytes(&mut random)
        .map_err(|_| Problem::failed("the operating system gives no random bytes"))?;
    Ok(CommandId(format!("operator-{:032x}", u128::from_be_bytes(random))))
}
