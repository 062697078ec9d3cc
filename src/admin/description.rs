//! The admin API's description: what its handlers and shapes say of themselves, put together.

use super::problem::Problem;
use super::refusals::{BadRequest, Conflict, Failed, Late, NotFound, Otherwise, Unauthorized, Unavailable};
use super::{api, bulk, lists, record};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

const ABOUT: &str = "The operators' side of a node, on a listener of its own, loopback by default. Every call needs \
                     the bearer token that the node made at its first start. Errors are problem documents (RFC 9457).";

/// The admin API as OpenAPI 3.1: what `docs/openapi/admin.yaml` is written from.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Handoff admin API",
        version = "1",
        description = ABOUT,
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    servers((url = "http://127.0.0.1:9080/admin/v1", description = "A node, by default.")),
    security(("token" = [])),
    tags(
        (name = "cluster", description = "Members and shards."),
        (name = "conversations", description = "Live sessions, interactions, queues and agents; records."),
    ),
    paths(
        api::cluster,
        api::shards,
        api::drain,
        api::raise,
        lists::sessions,
        lists::interactions,
        lists::queues,
        lists::agents,
        bulk::end,
        api::session,
        api::end,
        lists::records,
        record::record,
        api::openapi,
    ),
    components(
        schemas(Problem),
        responses(BadRequest, Unauthorized, NotFound, Conflict, Failed, Unavailable, Late, Otherwise)
    ),
    modifiers(&Token)
)]
pub struct Description;

/// How a caller shows who they are.
struct Token;

impl Modify for Token {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let components = description.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(token));
    }
}
