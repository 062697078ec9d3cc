//! The bearer token. Compared by hash and in constant time, so that neither its bytes nor its length show in the time
//! an answer takes.

use super::problem::Problem;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use handoff_config::Secret;
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;

/// The token's hash; the token itself is not kept.
#[derive(Clone)]
pub(super) struct Token([u8; 32]);

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(redacted)")
    }
}

impl Token {
    pub(super) fn new(secret: &Secret) -> Self {
        Self(Sha256::digest(secret.expose()).into())
    }

    fn fits(&self, given: &[u8]) -> bool {
        let given: [u8; 32] = Sha256::digest(given).into();
        self.0.ct_eq(&given).into()
    }

    fn admits(&self, request: &ServiceRequest) -> bool {
        let value = request.headers().get(header::AUTHORIZATION).map(header::HeaderValue::as_bytes);
        let Some((scheme, given)) = value.and_then(|value| value.split_at_checked("Bearer ".len())) else {
            return false;
        };
        scheme.eq_ignore_ascii_case(b"Bearer ") && self.fits(given.trim_ascii())
    }
}

/// Lets a request through that carries the token.
pub(super) async fn admit<B: MessageBody + 'static>(
    token: Token,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    if token.admits(&request) { next.call(request).await } else { Err(Problem::unauthorized().into()) }
}
