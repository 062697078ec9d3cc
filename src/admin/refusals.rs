//! What a call that fails is answered, as the API's description has it.

use super::problem::{CONTENT_TYPE, Problem};
use std::collections::BTreeMap;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::{ContentBuilder, Object, Ref, RefOr, Response, ResponseBuilder, Type};
use utoipa::{IntoResponses, ToResponse, ToSchema};

macro_rules! refusals {
    ($($name:ident: $description:literal $(, $header:literal: $value:expr)?;)+) => {$(
        #[doc = $description]
        pub(super) struct $name;

        impl ToResponse<'static> for $name {
            fn response() -> (&'static str, RefOr<Response>) {
                let schema = Ref::from_schema_name(Problem::name());
                let response = ResponseBuilder::new()
                    .description($description)
                    $(.header($header, HeaderBuilder::new().schema(Object::with_type($value)).build()))?
                    .content(CONTENT_TYPE, ContentBuilder::new().schema(Some(schema)).build());
                (stringify!($name), response.build().into())
            }
        }
    )+};
}

refusals! {
    BadRequest: "The question makes no sense: a repeat does not help.";
    Unauthorized: "The token is missing or wrong.", "WWW-Authenticate": Type::String;
    NotFound: "There is no such session.";
    Conflict: "The session has ended already.";
    Failed: "It could not be done; `detail` says why.";
    Unavailable: "It can't be done now: a repeat may help.", "Retry-After": Type::Integer;
    Late: "No answer came in time, and it is not known whether it was done: a repeat does no harm.";
    Otherwise: "What is wrong.";
}

/// What any call may be answered.
pub(super) struct Always;

impl IntoResponses for Always {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let of = |status: &str, name: &str| (status.to_owned(), Ref::from_response_name(name).into());
        [of("401", Unauthorized::response().0), of("default", Otherwise::response().0)].into()
    }
}
