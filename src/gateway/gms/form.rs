//! Form bodies, urlencoded and multipart, into fields. Strict about UTF-8 and limits, lenient about
//! everything that the field's clients are known to send: unknown, blank, repeated and mis-cased parameters.

use super::fault::Fault;
use crate::gateway::GatewayOptions;
use crate::gateway::blank::is_blank;
use actix_multipart::Multipart;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap};
use actix_web::web::Bytes;
use futures_util::{StreamExt, stream};
use std::collections::BTreeMap;

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
    pub fn of(headers: &HeaderMap) -> Result<Self, Fault> {
        let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut parts = given.split(';').map(str::trim);
        let encoding = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "application/x-www-form-urlencoded" => Self::Urlencoded,
            "multipart/form-data" => Self::Multipart,
            _ => return Err(Fault::ContentType),
        };
        let utf8 =
            |value: &str| matches!(value.trim_matches('"').to_ascii_lowercase().as_str(), "utf-8" | "utf8");
        let charsets = parts
            .filter_map(|part| part.split_once('='))
            .filter(|(name, _)| name.eq_ignore_ascii_case("charset"));
        if charsets.into_iter().all(|(_, value)| utf8(value)) {
            Ok(encoding)
        } else {
            Err(Fault::ContentType)
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
    /// [`Fault::Utf8`], and [`Fault::Refused`] over a limit. Malformed escapes are taken literally, as browsers
    /// do.
    pub fn urlencoded(body: &[u8], limits: FormLimits) -> Result<Self, Fault> {
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
    /// [`Fault::Utf8`], and [`Fault::Refused`] over a limit or for a body that isn't multipart.
    pub async fn multipart(headers: &HeaderMap, body: Bytes, limits: FormLimits) -> Result<Self, Fault> {
        let malformed = || Fault::refused(400, "the multipart body is malformed");
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
            let file = part.content_disposition().is_some_and(|given| given.get_filename().is_some());
            let value = part.bytes(whole).await.map_err(|_| malformed())?.map_err(|_| malformed())?;
            if let Some(name) = name.filter(|_| !file) {
                form.push(name, String::from_utf8(value.to_vec()).map_err(|_| Fault::Utf8)?, limits)?;
            }
        }
        Ok(form)
    }

    /// A form of fields that came otherwise.
    ///
    /// # Errors
    /// [`Fault::Refused`] over a limit.
    pub fn of(fields: impl IntoIterator<Item = (String, String)>, limits: FormLimits) -> Result<Self, Fault> {
        let mut form = Self::default();
        for (name, value) in fields {
            form.push(name, value, limits)?;
        }
        Ok(form)
    }

    pub(crate) fn push(&mut self, name: String, value: String, limits: FormLimits) -> Result<(), Fault> {
        if self.fields.len() >= limits.fields_max {
            return Err(Fault::refused(400, format!("the form has more than {} fields", limits.fields_max)));
        }
        if name.len() > limits.name_bytes_max {
            return Err(Fault::refused(
                400,
                format!("a parameter's name is longer than {} bytes", limits.name_bytes_max),
            ));
        }
        self.fields.push((name, value));
        Ok(())
    }

    /// A field's value as given, unless it is missing or blank. Of several the first counts; a name that
    /// differs only in case is taken where the right one is missing.
    pub fn value(&self, name: &str) -> Option<&str> {
        let exact = self.fields.iter().find(|(given, _)| given == name);
        let found = exact.or_else(|| self.fields.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)));
        found.map(|(_, value)| value.as_str()).filter(|value| !is_blank(value))
    }

    /// All `userData[KEY]`; of several values of a key the first counts. Names that only resemble that are
    /// ignored.
    pub fn user_data(&self) -> BTreeMap<String, String> {
        let mut data = BTreeMap::new();
        for (name, value) in &self.fields {
            if let Some(key) = user_data_key(name) {
                data.entry(key.to_owned()).or_insert_with(|| value.clone());
            }
        }
        data
    }
}

const SLICE_BYTES: usize = 8 * 1024;

/// The `KEY` of `userData[KEY]`.
pub fn user_data_key(name: &str) -> Option<&str> {
    let (head, rest) = name.split_at_checked("userData".len())?;
    let key = rest.strip_prefix('[')?.strip_suffix(']')?;
    (head.eq_ignore_ascii_case("userData") && !key.is_empty()).then_some(key)
}

fn unescape(escaped: &[u8]) -> Result<String, Fault> {
    let mut bytes = Vec::with_capacity(escaped.len());
    let mut rest = escaped;
    while let Some((&byte, after)) = rest.split_first() {
        let escape = if byte == b'%' { after.split_at_checked(2) } else { None };
        let hex = escape.and_then(|(digits, after)| Some((hex_byte(digits)?, after)));
        let (plain, after) = hex.unwrap_or((if byte == b'+' { b' ' } else { byte }, after));
        bytes.push(plain);
        rest = after;
    }
    String::from_utf8(bytes).map_err(|_| Fault::Utf8)
}

fn hex_byte(digits: &[u8]) -> Option<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|value| u8::try_from(value).ok());
    Some(digit(digits.first()?)? * 16 + digit(digits.get(1)?)?)
}
