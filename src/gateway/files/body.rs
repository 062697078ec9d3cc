//! A request's body with a file in it: fields into a form, the file to the disk, nothing whole in memory.

use super::{Asker, FileFault};
use crate::files::Spooled;
use crate::gateway::Gateway;
use crate::gateway::form::{BodyError, Form, FormLimits, file_name};
use actix_multipart::{Field, Multipart};
use actix_web::error::PayloadError;
use actix_web::{HttpRequest, web};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};

/// The parser refuses a single piece larger than its buffer.
const SLICE_BYTES: usize = 8 * 1024;

/// A multipart body, read to its end.
#[derive(Default)]
pub(crate) struct Body {
    /// All fields but the file.
    pub(crate) form: Form,
    /// The file, with its name.
    pub(crate) file: Option<(String, Spooled)>,
}

/// Why it did not come.
#[derive(Debug)]
pub(crate) enum BodyFault {
    /// As a form.
    Form(BodyError),
    /// As a file.
    File(FileFault),
}

impl From<BodyError> for BodyFault {
    fn from(error: BodyError) -> Self {
        Self::Form(error)
    }
}

impl<T: Into<FileFault>> From<T> for BodyFault {
    fn from(fault: T) -> Self {
        Self::File(fault.into())
    }
}

/// Reads a multipart body. `asker` says who brings the file, as soon as what came so far tells; then it is asked first
/// whether they may. A form whose file stands before its key is believed so far as to be kept on the disk until then.
pub(crate) async fn read(
    request: &HttpRequest,
    payload: web::Payload,
    gateway: &Gateway,
    asker: impl Fn(&Form) -> Option<Asker>,
) -> Result<Body, BodyFault> {
    let _place = gateway.intake.place()?;
    let limits = FormLimits::of(&gateway.options);
    let mut parts = Multipart::new(request.headers(), sliced(payload));
    let mut body = Body::default();
    let mut room = gateway.options.body_bytes_max;
    loop {
        let part = tokio::time::timeout(gateway.intake.pause_max, parts.next()).await;
        let Some(part) = part.map_err(|_| BodyError::Slow)? else { return Ok(body) };
        let part = part.map_err(|_| BodyError::malformed())?;
        match (file_name(&part)?, part.name().map(str::to_owned)) {
            (Some(_), _) if body.file.is_some() => {
                return Err(BodyError::Malformed("one file at a time").into());
            }
            (Some(file_name), _) => {
                let bytes_max = match asker(&body.form) {
                    Some(asker) => gateway.room(&asker).await?,
                    None => gateway.intake.bytes_max,
                };
                let spooled = gateway.intake.spool.take(part, bytes_max, gateway.intake.pause_max).await?;
                body.file = Some((file_name, spooled));
            }
            (None, name) => {
                let value = field(part, &mut room).await?;
                if let Some(name) = name {
                    body.form.push(name, String::from_utf8(value).map_err(|_| BodyError::Utf8)?, limits)?;
                }
            }
        }
    }
}

/// A field's value, within what is left for all of them.
async fn field(mut part: Field, room: &mut usize) -> Result<Vec<u8>, BodyError> {
    let mut value = Vec::new();
    while let Some(piece) = part.next().await {
        let piece = piece.map_err(|_| BodyError::malformed())?;
        *room = room.checked_sub(piece.len()).ok_or(BodyError::FieldBytes)?;
        value.extend_from_slice(&piece);
    }
    Ok(value)
}

fn sliced(payload: web::Payload) -> impl Stream<Item = Result<Bytes, PayloadError>> {
    payload.flat_map(|piece| {
        let (whole, broken) = match piece {
            Ok(whole) => (whole, None),
            Err(error) => (Bytes::new(), Some(Err(error))),
        };
        let slices = (0..whole.len()).step_by(SLICE_BYTES).map(move |at| {
            let end = whole.len().min(at + SLICE_BYTES);
            Ok(whole.slice(at..end))
        });
        stream::iter(slices.chain(broken))
    })
}
