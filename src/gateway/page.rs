//! The customer page at `/`: one file, compiled in, with headers under which nothing but its own script runs.

use super::Gateway;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::{HttpResponse, Resource, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

const PAGE: &str = include_str!("../../web/customer.html");
const NODES_PLACE: &str = r#"<meta name="handoff-nodes" content="">"#;

/// The page as this node serves it.
pub(crate) struct CustomerPage {
    html: String,
    policy: String,
}

impl CustomerPage {
    /// With the base URLs of the nodes that it may turn to beside its own origin. Those that aren't plain
    /// http(s) origins are left out.
    pub(crate) fn new(nodes: &[String]) -> Self {
        let nodes: Vec<&str> =
            nodes.iter().map(|node| node.trim_end_matches('/')).filter(|node| is_origin(node)).collect();
        let listed = format!(r#"<meta name="handoff-nodes" content="{}">"#, nodes.join(","));
        Self { html: PAGE.replacen(NODES_PLACE, &listed, 1), policy: policy(&nodes) }
    }
}

/// `GET /`.
pub(crate) fn resource() -> Resource {
    web::resource("/").route(web::get().to(serve)).route(web::head().to(serve))
}

async fn serve(gateway: web::Data<Gateway>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, gateway.page.policy.as_str()))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header(("Cross-Origin-Opener-Policy", "same-origin"))
        .insert_header(("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()"))
        .insert_header(("X-Frame-Options", "DENY"))
        .body(gateway.page.html.clone())
}

/// Only the page's own script and style, by their hashes; connections only to the nodes. A link with a
/// `?nodes=` of its own can therefore not lead a customer's chat to somebody else's server.
fn policy(nodes: &[&str]) -> String {
    let hash = |tag: &str| {
        let inner =
            PAGE.split_once(&format!("<{tag}>")).and_then(|(_, rest)| rest.split_once(&format!("</{tag}>")));
        inner.map_or_else(String::new, |(inner, _)| {
            format!("'sha256-{}'", STANDARD.encode(Sha256::digest(inner)))
        })
    };
    format!(
        "default-src 'none'; script-src {}; style-src {}; connect-src 'self'{}{}; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash("script"),
        hash("style"),
        if nodes.is_empty() { "" } else { " " },
        nodes.join(" ")
    )
}

/// `http://host[:port]` or `https://host[:port]`, of characters that mean nothing in HTML or in a policy.
fn is_origin(node: &str) -> bool {
    let host = node.strip_prefix("https://").or_else(|| node.strip_prefix("http://"));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']');
    host.is_some_and(|host| !host.is_empty() && host.bytes().all(plain))
}
