//! GMS Chat API v2 over REST, as its shipped clients speak it: wire only, no rule about chats. Customers have a key and
//! poll.

#[cfg(test)]
mod description;
pub mod fault;
mod files;
#[cfg(test)]
mod forms;
pub mod operation;
pub(crate) mod passage;
pub(crate) mod perform;
pub mod reply;
pub(crate) mod routes;

#[cfg(test)]
pub(crate) use description::Description;

use super::{AtWork, ChannelsError, Metrics, pulled};
use crate::gateway::Guest;
use crate::gateway::options::Pulled;
use actix_web::web;
use handoff_config::Config;
use std::sync::Arc;

/// The channel's name.
const NAME: &str = "gms";

/// The channel on this node.
#[derive(Clone)]
pub(crate) struct Gms {
    channel: Pulled,
}

/// The one channel of this kind.
pub(super) fn of(config: &Config, _metrics: &Metrics) -> Result<Vec<Arc<dyn AtWork>>, ChannelsError> {
    let channel = pulled(NAME, config, config.channels.gms.disconnect_timeout_ms);
    Ok(vec![Arc::new(Gms { channel })])
}

impl Guest for Gms {
    fn mount(&self, config: &mut web::ServiceConfig) {
        config.app_data(web::Data::new(self.clone()));
        config.service(routes::scope());
    }
}

impl AtWork for Gms {
    fn name(&self) -> &str {
        NAME
    }
}
