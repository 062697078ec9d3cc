//! What the gateway counts.

use super::support::{Trouble, site};
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

#[actix_web::test]
async fn calls_are_counted_by_operation_and_outcome_and_timed() {
    let site = site();
    let mut registry = Registry::default();
    site.metrics.register(&mut registry);
    let chat = site.start().await;
    site.done(&chat, "startTyping", &[]).await;
    site.sessions.troubles(&[Trouble::Again, Trouble::LostBefore]);
    site.call(&chat, "refresh", &[]).await;
    site.call(&chat, "send", &[("message", "m")]).await;
    site.call(&chat, "send", &[]).await;
    site.post(&format!("default/{}/disconnect", chat.id), &[]).await;
    site.post("nowhere", &[]).await;
    let mut shown = String::new();
    encode(&mut shown, &registry).unwrap();
    for line in [
        r#"handoff_gateway_requests_total{operation="start",outcome="ok"} 1"#,
        r#"handoff_gateway_requests_total{operation="start_typing",outcome="ok"} 1"#,
        r#"handoff_gateway_requests_total{operation="refresh",outcome="again"} 1"#,
        r#"handoff_gateway_requests_total{operation="send",outcome="unknown"} 1"#,
        r#"handoff_gateway_requests_total{operation="send",outcome="refused"} 1"#,
        r#"handoff_gateway_requests_total{operation="disconnect",outcome="dead"} 1"#,
        r#"handoff_gateway_requests_total{operation="start",outcome="refused"} 1"#,
        r#"handoff_gateway_request_duration_seconds_count{operation="send"} 2"#,
    ] {
        assert!(shown.contains(line), "{line} is missing in\n{shown}");
    }
}
