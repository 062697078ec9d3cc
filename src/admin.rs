//! The operators' listener: health, metrics and the admin API.
//!
//! It listens on loopback by default. `/health` and `/metrics` need no token, so that probes and scrapers work;
//! everything under `/admin/v1` needs the bearer token that the node made at its first start. What an operator may ask
//! goes through [`Operations`] and [`Sessions`], so that the listener can be tested without a cluster.

mod api;
mod auth;
mod bulk;
mod description;
#[cfg(test)]
pub(crate) mod fake;
mod lists;
mod problem;
mod record;
mod refusals;
mod request;
mod summary;
#[cfg(test)]
mod tests;

use crate::metrics::{CONTENT_TYPE, Metrics};
use crate::ports::{Operations, Sessions};
use actix_web::dev::Server;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use handoff_config::Secret;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

pub use bulk::BulkEnd;
pub use description::Description;
pub use problem::Problem;
pub use summary::{LeftBecause, PartySummary, SeenBy, SessionState, SessionSummary};

/// Operators are few and patient: one thread, and few connections.
const CONNECTIONS_MAX: usize = 64;
const REQUEST_BYTES_MAX: usize = 4_096;
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// What the listener hands its requests to.
#[derive(Clone)]
pub struct Admin {
    operations: Arc<dyn Operations>,
    sessions: Arc<dyn Sessions>,
    metrics: Metrics,
    token: auth::Token,
}

impl Admin {
    /// Puts it together. The token comes from [`crate::secret_file::ensure_secret`].
    #[must_use]
    pub fn new(
        operations: Arc<dyn Operations>,
        sessions: Arc<dyn Sessions>,
        metrics: Metrics,
        token: &Secret,
    ) -> Self {
        Self { operations, sessions, metrics, token: auth::Token::new(token) }
    }

    /// All routes, for an application of its own.
    pub fn routes(&self, config: &mut web::ServiceConfig) {
        crate::health::routes(&self.sessions)(config);
        config
            .app_data(web::Data::new(self.clone()))
            .app_data(web::PayloadConfig::new(REQUEST_BYTES_MAX))
            .app_data(
                web::QueryConfig::default()
                    .error_handler(|error, _| Problem::bad_request(error.to_string()).into()),
            )
            .route("/metrics", web::get().to(metrics))
            .service(api::scope(self.token.clone()))
            .default_service(web::to(nothing_here));
    }

    /// Serves on a listener until the returned server is stopped; to be spawned inside an actix system. Leaves signals
    /// to the caller.
    ///
    /// # Errors
    /// When the listener can't be used.
    pub fn serve(&self, listener: TcpListener) -> std::io::Result<Server> {
        let admin = self.clone();
        let server = HttpServer::new(move || App::new().configure(|config| admin.routes(config)))
            .workers(1)
            // What is done for a caller ends when the caller hangs up; a drain is on a task of its own.
            .h1_allow_half_closed(false)
            .max_connections(CONNECTIONS_MAX)
            .client_request_timeout(HEAD_TIMEOUT)
            .disable_signals()
            .shutdown_timeout(1)
            .listen(listener)?;
        Ok(server.run())
    }
}

async fn metrics(admin: web::Data<Admin>) -> HttpResponse {
    admin.metrics.ready(admin.sessions.ready().is_ok());
    HttpResponse::Ok().content_type(CONTENT_TYPE).body(admin.metrics.encode())
}

async fn nothing_here(request: HttpRequest) -> Problem {
    Problem::not_found(format!("nothing at {}", request.path()))
}
