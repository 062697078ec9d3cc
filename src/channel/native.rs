//! The customers' native socket. Customers have a key, and follow their chat over the socket or come back with it.

mod command;
mod customer;
#[cfg(test)]
mod description;
mod waiting;

use super::{AtWork, ChannelsError, Metrics, pulled};
use crate::gateway::Guest;
use crate::gateway::options::Pulled;
use actix_web::web;
use handoff_config::Config;
use std::sync::Arc;

/// The channel's name.
const NAME: &str = "native";

/// The channel on this node.
#[derive(Clone)]
struct Native {
    channel: Pulled,
}

/// The one channel of this kind.
pub(super) fn of(config: &Config, _metrics: &Metrics) -> Result<Vec<Arc<dyn AtWork>>, ChannelsError> {
    let channel = pulled(NAME, config, config.channels.native.disconnect_timeout_ms);
    Ok(vec![Arc::new(Native { channel })])
}

impl Guest for Native {
    fn mount(&self, config: &mut web::ServiceConfig) {
        config.app_data(web::Data::new(self.clone()));
        config.route("/v1/customer", web::get().to(customer::connect));
        config.service(web::resource("/v1/customer/poll").default_service(web::to(customer::poll)));
    }
}

impl AtWork for Native {
    fn name(&self) -> &str {
        NAME
    }
}

/// The customers' commands as they are counted.
#[cfg(test)]
pub(crate) fn counted_commands() -> impl Iterator<Item = &'static str> {
    use crate::gateway::native::socket::{Client, OTHER};
    customer::Customer::COMMANDS.iter().copied().chain([OTHER])
}
