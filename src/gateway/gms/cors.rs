//! CORS: which sites' pages may use the API from a browser, and with which headers.
//!
//! No cookie or HTTP login identifies anybody here, so credentials are never allowed and an origin by itself
//! gains nothing: the secure key alone does.

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap, HeaderValue};

/// What the field's clients are known to send.
const HEADERS: &str = "apikey, x-api-key, gms_user, content-type, authorization, authentication, \
                       contactcenterid, x-requested-with, accept, cache-control, pragma";
const ASKED_BYTES_MAX: usize = 512;
const MAX_AGE_SECONDS: &str = "600";

/// Adds to a reply what the request's origin needs to read it; with `preflight`, what it may send.
pub(crate) fn allow(request: &HttpRequest, origins: &[String], preflight: bool, reply: &mut HeaderMap) {
    reply.append(header::VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = request.headers().get(header::ORIGIN) else { return };
    let listed = |site: &String| origin.as_bytes() == site.as_bytes();
    if !origins.is_empty() && !origins.iter().any(listed) {
        return;
    }
    reply.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    if !preflight {
        return;
    }
    reply.append(header::VARY, HeaderValue::from_static("Access-Control-Request-Headers"));
    reply.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST, OPTIONS"));
    reply.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE_SECONDS));
    let asked =
        request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS).and_then(|value| value.to_str().ok());
    if let Ok(value) = HeaderValue::from_str(&allowed(asked.unwrap_or_default())) {
        reply.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, value);
    }
}

/// The known headers, and all others asked for that begin with `x-`.
fn allowed(asked: &str) -> String {
    let mut list = HEADERS.to_owned();
    if asked.len() <= ASKED_BYTES_MAX {
        let token = |name: &&str| {
            name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        };
        let own = asked.split(',').map(str::trim).filter(|name| name.to_ascii_lowercase().starts_with("x-"));
        for name in own.filter(token).filter(|name| !HEADERS.contains(&name.to_ascii_lowercase())) {
            list.push_str(", ");
            list.push_str(name);
        }
    }
    list
}
