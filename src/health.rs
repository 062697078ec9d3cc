//! Whether the process lives, and whether it should be sent customers. On both listeners: load balancers ask the
//! public one, supervisors of the process the other.

use crate::ports::Sessions;
use actix_web::{HttpResponse, web};
use serde_json::json;
use std::sync::Arc;

/// Adds `/health/live` and `/health/ready`.
///
/// Live is 200 while the process answers at all. Ready is 200 when this node can take customers, else 503 with the
/// reason, as while draining or while the store does not answer or is full.
pub fn routes(sessions: &Arc<dyn Sessions>) -> impl Fn(&mut web::ServiceConfig) + Clone + Send + use<> {
    let sessions = sessions.clone();
    move |config| {
        let sessions = sessions.clone();
        let ready = move || {
            let sessions = sessions.clone();
            async move { ready(&*sessions) }
        };
        config.route("/health/live", web::get().to(live)).route("/health/ready", web::get().to(ready));
    }
}

async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "live"}))
}

fn ready(sessions: &dyn Sessions) -> HttpResponse {
    match sessions.ready() {
        Ok(()) => HttpResponse::Ok().json(json!({"status": "ready"})),
        Err(reason) => HttpResponse::ServiceUnavailable()
            .json(json!({"status": "not ready", "reason": reason.to_string()})),
    }
}
