//! Request bodies, within limits of size and time; and forms, urlencoded and multipart, into fields. Strict about UTF-8
//! and limits, lenient about everything that the field's clients are known to send: unknown, blank, repeated and
//! mis-cased parameters.

use super::GatewayOptions;
use actix_multipart::{Field, Multipart};
use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, ExtendedValue, HeaderMap};
use actix_web::{HttpRequest, web};
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use handoff_chat::text::is_blank;
use std::collections::BTreeMap;
use thiserror::Error;

/// How much of a body over the limit is still read, so that its sender comes to read the answer.
const EXCESS_BYTES_MAX: usize = 1024 * 1024;
/// Longest name of a field, in bytes.
pub const NAME_BYTES_MAX: usize = 256;

/// How much of a form is read.
#[derive(Debug, Clone, Copy)]
pub struct FormLimits {
    /// Most fields.
    pub fields_max: usize,
    /// Longest field name, in bytes.
    pub name_bytes_max: usize,
}

impl FormLimits {
    /// The number of fields is the configuration's, the length of names is fixed.
    #[must_use]
    pub fn of(options: &GatewayOptions) -> Self {
        Self { fields_max: options.fields_max, name_bytes_max: NAME_BYTES_MAX }
    }
}

/// Why a request's body can't be taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BodyError {
    /// HTTP 408.
    #[error("the request body did not arrive in time")]
    Slow,
    /// HTTP 413.
    #[error("the request body is larger than {0} bytes")]
    Large(usize),
    /// HTTP 415.
    #[error("use Content-Type application/x-www-form-urlencoded or multipart/form-data, in UTF-8")]
    ContentType,
    /// HTTP 400: not UTF-8.
    #[error("the form is not valid UTF-8")]
    Utf8,
    /// HTTP 400: the connection broke inside the body.
    #[error("the request body is incomplete")]
    Incomplete,
    /// HTTP 400: more fields than these.
    #[error("the form has more than {0} fields")]
    Fields(usize),
    /// HTTP 400: fields beside a file that are longer than a body without one may be.
    #[error("the fields are too large")]
    FieldBytes,
    /// HTTP 400: a name that is longer than this.
    #[error("a parameter's name is longer than {0} bytes")]
    Name(usize),
    /// HTTP 400: not what its type says, or not what is wanted.
    #[error("{0}")]
    Malformed(&'static str),
}

impl BodyError {
    pub(crate) fn malformed() -> Self {
        Self::Malformed("the multipart body is malformed")
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Large(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Utf8
            | Self::Incomplete
            | Self::Fields(_)
            | Self::FieldBytes
            | Self::Name(_)
            | Self::Malformed(_) => StatusCode::BAD_REQUEST,
        }
    }
}

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// `application/x-www-form-urlencoded`.
    Urlencoded,
    /// `multipart/form-data`.
    Multipart,
}

impl Encoding {
    /// Reads it from the `Content-Type`.
    ///
    /// # Errors
    /// 415 for anything else, and for a charset other than UTF-8.
    pub fn of(headers: &HeaderMap) -> Result<Self, BodyError> {
        let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut parts = given.split(';').map(str::trim);
        let encoding = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "application/x-www-form-urlencoded" => Self::Urlencoded,
            "multipart/form-data" => Self::Multipart,
            _ => return Err(BodyError::ContentType),
        };
        let utf8 =
            |value: &str| matches!(value.trim_matches('"').to_ascii_lowercase().as_str(), "utf-8" | "utf8");
        let charsets = parts
            .filter_map(|part| part.split_once('='))
            .filter(|(name, _)| name.eq_ignore_ascii_case("charset"));
        if charsets.into_iter().all(|(_, value)| utf8(value)) {
            Ok(encoding)
        } else {
            Err(BodyError::ContentType)
        }
    }
}

/// The fields of a body in the order given.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Form {
    fields: Vec<(String, String)>,
}

impl std::fmt::Debug for Form {
    /// Forms hold keys, texts and names of people: only their size is shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Form({} fields)", self.fields.len())
    }
}

impl Form {
    /// Reads a urlencoded body.
    ///
    /// # Errors
    /// [`BodyError`]. Malformed escapes are taken literally, as browsers do.
    pub fn urlencoded(body: &[u8], limits: FormLimits) -> Result<Self, BodyError> {
        let mut form = Self::default();
        for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let (name, value) = match pair.iter().position(|byte| *byte == b'=') {
                Some(at) => (&pair[..at], &pair[at + 1..]),
                None => (pair, &b""[..]),
            };
            form.push(unescape(name)?, unescape(value)?, limits)?;
        }
        Ok(form)
    }

    /// Reads a multipart body that has arrived whole. Parts that carry a file are skipped.
    ///
    /// # Errors
    /// [`BodyError`].
    pub async fn multipart(headers: &HeaderMap, body: Bytes, limits: FormLimits) -> Result<Self, BodyError> {
        let malformed = || BodyError::malformed();
        let whole = body.len();
        // In slices: the parser refuses a single chunk larger than its buffer.
        let slices: Vec<Result<Bytes, PayloadError>> = (0..whole)
            .step_by(SLICE_BYTES)
            .map(|at| Ok(body.slice(at..whole.min(at + SLICE_BYTES))))
            .collect();
        let mut parts = Multipart::new(headers, stream::iter(slices));
        let mut form = Self::default();
        while let Some(part) = parts.next().await {
            let mut part = part.map_err(|_| malformed())?;
            let name = part.name().map(str::to_owned);
            let file = file_name(&part)?.is_some();
            let value = part.bytes(whole).await.map_err(|_| malformed())?.map_err(|_| malformed())?;
            if let Some(name) = name.filter(|_| !file) {
                form.push(name, String::from_utf8(value.to_vec()).map_err(|_| BodyError::Utf8)?, limits)?;
            }
        }
        Ok(form)
    }

    /// A form of fields that came otherwise.
    ///
    /// # Errors
    /// [`BodyError`] over a limit.
    pub fn of(
        fields: impl IntoIterator<Item = (String, String)>,
        limits: FormLimits,
    ) -> Result<Self, BodyError> {
        let mut form = Self::default();
        for (name, value) in fields {
            form.push(name, value, limits)?;
        }
        Ok(form)
    }

    pub(crate) fn push(&mut self, name: String, value: String, limits: FormLimits) -> Result<(), BodyError> {
        if self.fields.len() >= limits.fields_max {
            return Err(BodyError::Fields(limits.fields_max));
        }
        if name.len() > limits.name_bytes_max {
            return Err(BodyError::Name(limits.name_bytes_max));
        }
        self.fields.push((name, value));
        Ok(())
    }

    /// A field's value as given, unless it is missing or blank. Of several the first counts; a name that
    /// differs only in case is taken where the right one is missing.
    pub fn value(&self, name: &str) -> Option<&str> {
        #[cfg(test)]
        asked::note(name);
        let exact = self.fields.iter().find(|(given, _)| given == name);
        let found = exact.or_else(|| self.fields.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)));
        found.map(|(_, value)| value.as_str()).filter(|value| !is_blank(value))
    }

    /// All `userData[KEY]`; of several values of a key the first counts. Names that only resemble that are
    /// ignored.
    pub fn user_data(&self) -> BTreeMap<String, String> {
        #[cfg(test)]
        asked::note("userData");
        let mut data = BTreeMap::new();
        for (name, value) in &self.fields {
            if let Some(key) = user_data_key(name) {
                data.entry(key.to_owned()).or_insert_with(|| value.clone());
            }
        }
        data
    }
}

/// A request's body, within the limits of size and time.
pub(crate) async fn read_whole(
    request: &HttpRequest,
    body: web::Payload,
    options: &GatewayOptions,
) -> Result<Bytes, BodyError> {
    let declared =
        request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|bytes| bytes > options.body_bytes_max.saturating_add(EXCESS_BYTES_MAX)) {
        return Err(BodyError::Large(options.body_bytes_max));
    }
    let body = tokio::time::timeout(options.body_timeout, read_body(body, options.body_bytes_max));
    Ok(body.await.map_err(|_| BodyError::Slow)??.freeze())
}

async fn read_body(mut body: web::Payload, bytes_max: usize) -> Result<BytesMut, BodyError> {
    let (mut read, mut excess) = (BytesMut::new(), 0);
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|_| BodyError::Incomplete)?;
        if excess > 0 || read.len() + chunk.len() > bytes_max {
            excess += chunk.len();
            if excess > EXCESS_BYTES_MAX {
                break;
            }
        } else {
            read.extend_from_slice(&chunk);
        }
    }
    if excess > 0 { Err(BodyError::Large(bytes_max)) } else { Ok(read) }
}

const SLICE_BYTES: usize = 8 * 1024;

/// The name of the file that a part carries; none: it is a field. Some clients write a name that is not ASCII in the
/// extended form alone (`filename*`, RFC 5987); where both are there it counts.
pub(crate) fn file_name(part: &Field) -> Result<Option<String>, BodyError> {
    let Some(given) = part.content_disposition() else { return Ok(None) };
    let plain = given.get_filename().map(str::to_owned);
    let is_utf8 = |name: &ExtendedValue| name.charset.to_string().eq_ignore_ascii_case("utf-8");
    match (given.get_filename_ext(), plain) {
        (Some(name), _) if is_utf8(name) => {
            String::from_utf8(name.value.clone()).map(Some).map_err(|_| BodyError::Utf8)
        }
        (Some(_), None) => Err(BodyError::Malformed("a file's name must be in UTF-8")),
        (_, plain) => Ok(plain),
    }
}

/// The `KEY` of `userData[KEY]`.
pub fn user_data_key(name: &str) -> Option<&str> {
    let (head, rest) = name.split_at_checked("userData".len())?;
    let key = rest.strip_prefix('[')?.strip_suffix(']')?;
    (head.eq_ignore_ascii_case("userData") && !key.is_empty()).then_some(key)
}

fn unescape(escaped: &[u8]) -> Result<String, BodyError> {
    let mut bytes = Vec::with_capacity(escaped.len());
    let mut rest = escaped;
    while let Some((&byte, after)) = rest.split_first() {
        let escape = if byte == b'%' { after.split_at_checked(2) } else { None };
        let hex = escape.and_then(|(digits, after)| Some((hex_byte(digits)?, after)));
        let (plain, after) = hex.unwrap_or((if byte == b'+' { b' ' } else { byte }, after));
        bytes.push(plain);
        rest = after;
    }
    String::from_utf8(bytes).map_err(|_| BodyError::Utf8)
}

fn hex_byte(digits: &[u8]) -> Option<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|value| u8::try_from(value).ok());
    Some(digit(digits.first()?)? * 16 + digit(digits.get(1)?)?)
}

/// Which fields were asked for, on this thread.
#[cfg(test)]
pub(crate) mod asked {
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    thread_local! {
        static NAMES: RefCell<BTreeSet<String>> = const { RefCell::new(BTreeSet::new()) };
    }

    pub(super) fn note(name: &str) {
        NAMES.with_borrow_mut(|names| names.insert(name.to_owned()));
    }

    /// Those since the last time.
    pub(crate) fn take() -> BTreeSet<String> {
        NAMES.take()
    }
}
