//! Parts of a file (RFC 9110, section 14), so that a download that broke goes on where it was.

use super::{FileFault, Given, response};
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCEPT_RANGES, ContentRange, ContentRangeSpec, ETAG, EntityTag, HeaderMap, HeaderValue, IF_RANGE, RANGE,
};
use actix_web::{HttpResponse, HttpResponseBuilder};
use handoff_chat::file::File;
use std::ops::Range;
use std::str::FromStr;

/// A file never changes: its id says which bytes they are.
fn tag(file: &File) -> EntityTag {
    EntityTag::new_strong(file.id.to_string())
}

/// Which bytes a request wants. What asks in another unit, for several parts or for parts of another file is given all.
///
/// # Errors
/// [`FileFault::Range`]: there are none where it asks.
pub(super) fn wanted(headers: &HeaderMap, file: &File) -> Result<Range<u64>, FileFault> {
    let whole = 0..file.bytes;
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if text(IF_RANGE).is_some_and(|of| of.trim() != tag(file).to_string()) {
        return Ok(whole);
    }
    let asked = text(RANGE).and_then(|asked| actix_web::http::header::Range::from_str(asked).ok());
    let Some(actix_web::http::header::Range::Bytes(parts)) = asked else { return Ok(whole) };
    let [part] = parts.as_slice() else { return Ok(whole) };
    let (first, last) = part.to_satisfiable_range(file.bytes).ok_or(FileFault::Range(file.bytes))?;
    Ok(first..last + 1)
}

/// The head of an answer with these bytes of it.
pub(super) fn begun(file: &File, bytes: &Range<u64>) -> HttpResponseBuilder {
    let whole = *bytes == (0..file.bytes);
    let mut response = HttpResponse::build(if whole { StatusCode::OK } else { StatusCode::PARTIAL_CONTENT });
    if !whole {
        let range = Some((bytes.start, bytes.end - 1));
        let length = Some(file.bytes);
        response.insert_header(ContentRange(ContentRangeSpec::Bytes { range, instance_length: length }));
    }
    response
}

/// A file whose parts may be asked for.
pub(super) fn offered(given: Given) -> HttpResponse {
    let tag = tag(&given.file).to_string();
    let mut response = response(given);
    response.headers_mut().insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

/// Says that a file of so many bytes has none where somebody asks.
pub(super) fn none_of(bytes: u64) -> HeaderValue {
    HeaderValue::from_str(&format!("bytes */{bytes}"))
        .unwrap_or_else(|_| HeaderValue::from_static("bytes */*"))
}
