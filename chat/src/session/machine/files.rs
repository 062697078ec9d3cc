//! Files: a place is kept while the bytes are stored, then they are shown, or held until they were looked through.

use super::super::files::Place;
use super::super::state::Session;
use super::talking::room;
use super::{Case, Decision};
use crate::command::{Act, Reject};
use crate::entry::{Effect, Entry, FileChange};
use crate::event::{Body, Role};
use crate::file::{File, FileId, FileLimits, FileReject};
use crate::id::EffectId;

/// How long a place is kept for bytes that are being stored, in milliseconds of served time.
const RESERVED_MS: i64 = 15 * 60_000;

/// Whether this module decides it.
pub(super) fn is_one(act: &Act) -> bool {
    matches!(
        act,
        Act::ReserveFile { .. }
            | Act::AddFile { .. }
            | Act::ReleaseFile { .. }
            | Act::DeleteFile { .. }
            | Act::DownloadFile { .. }
    )
}

/// Decides one of them.
pub(super) fn file(case: Case<'_>, session: &Session, act: &Act) -> Result<Decision, Reject> {
    if let Act::DownloadFile { file } = act {
        return download(case, session, *file);
    }
    if let Act::ReleaseFile { file } = act {
        return release(case, *file);
    }
    if !case.draft.state.is_in(case.asker.by) {
        return Err(Reject::Ended);
    }
    match act {
        Act::ReserveFile { file, bytes } => reserve(case, *file, *bytes),
        Act::AddFile { file, held } => add(case, file, *held),
        Act::DeleteFile { file } => delete(case, session, *file),
        _ => Err(Reject::NotAllowed),
    }
}

/// Keeps a place, within the limits. For a file that is there already there is nothing to keep.
fn reserve(mut case: Case<'_>, id: FileId, bytes: u64) -> Result<Decision, Reject> {
    let (state, by) = (case.draft.state, case.asker.by);
    let limits = case.draft.limits.files.as_ref().ok_or(FileReject::Off)?;
    match state.files.get(id) {
        Some(Place::Held { .. } | Place::Shared { .. }) => return case.done(),
        Some(Place::Reserved { by: other, .. }) if *other != by => return Err(Reject::IdInUse),
        Some(Place::Reserved { .. }) | None => {}
    }
    within(&case, limits, id, bytes)?;
    case.may_show(bytes, None)?;
    case.may_answer(0, None)?;
    room(&mut case, 0)?;
    let now = case.draft.context.served;
    case.draft.release_files(|file, lapses_at| lapses_at < now && file != id);
    let lapses_at = now.after(RESERVED_MS);
    case.draft.push(Entry::File(FileChange::Reserved { id, by, bytes, lapses_at }));
    case.done()
}

fn within(case: &Case<'_>, limits: &FileLimits, id: FileId, bytes: u64) -> Result<(), FileReject> {
    let (state, by) = (case.draft.state, case.asker.by);
    let agent = case.draft.present().any(|party| matches!(party.who.role, Role::Agent(_)));
    if limits.need_agent && by == state.customer_number() && !agent {
        return Err(FileReject::NeedsAgent);
    }
    if bytes > limits.file_bytes_max {
        return Err(FileReject::TooLarge { bytes_max: limits.file_bytes_max });
    }
    let (files, total) = state.files.used(by, Some(id));
    if files >= limits.files_max {
        return Err(FileReject::TooMany { files_max: limits.files_max });
    }
    if total.saturating_add(bytes) > limits.total_bytes_max {
        return Err(FileReject::TooLarge { bytes_max: limits.total_bytes_max });
    }
    Ok(())
}

/// Shows a file that is stored, or has it looked through first. One that is there already is not shown again.
fn add(mut case: Case<'_>, file: &File, held: bool) -> Result<Decision, Reject> {
    let by = case.asker.by;
    case.may_show(file.bytes, Some(&file.media_type))?;
    match case.draft.state.files.get(file.id) {
        Some(Place::Reserved { by: owner, bytes, .. }) if *owner == by && *bytes == file.bytes => {}
        Some(Place::Held { by: owner, .. } | Place::Shared { by: owner, .. }) if *owner == by => {
            return case.done();
        }
        _ => return Err(FileReject::Unknown.into()),
    }
    if held {
        case.draft.push(Entry::File(FileChange::Held { by, file: Box::new(file.clone()) }));
        case.draft.owe(Effect::ScanFile { file: file.id, bytes: file.bytes });
    } else {
        case.draft.speak(by, Body::FileUploaded(Box::new(file.clone())));
    }
    case.done()
}

/// The bytes can't be stored, or may not be shown.
fn release(mut case: Case<'_>, id: FileId) -> Result<Decision, Reject> {
    let by = case.asker.by;
    if let Some(Place::Reserved { by: owner, .. }) = case.draft.state.files.get(id)
        && *owner == by
    {
        case.draft.release_files(|file, _| file == id);
    }
    case.done()
}

/// The customer may delete what they sent, an agent all that they see.
fn delete(mut case: Case<'_>, session: &Session, id: FileId) -> Result<Decision, Reject> {
    let by = case.asker.by;
    let (owner, file) = session.file_for(case.asker, id).ok_or(FileReject::Unknown)?;
    if owner != by && by == case.draft.state.customer_number() {
        return Err(Reject::NotAllowed);
    }
    // Whoever saw it is told that it is gone.
    case.draft.speak(by, Body::FileDeleted { id, name: file.name.clone() });
    case.draft.owe(Effect::DropFile { file: id, bytes: file.bytes });
    case.done()
}

/// Counts a download of the customer, where they are counted.
fn download(mut case: Case<'_>, session: &Session, id: FileId) -> Result<Decision, Reject> {
    session.file_for(case.asker, id).ok_or(FileReject::Unknown)?;
    let state = case.draft.state;
    let downloads_max = case.draft.limits.files.as_ref().map_or(0, |limits| limits.downloads_max);
    if downloads_max > 0 && case.asker.by == state.customer_number() {
        if state.files.downloads >= downloads_max {
            return Err(FileReject::NoMoreDownloads { downloads_max }.into());
        }
        case.draft.push(Entry::File(FileChange::Downloaded));
    }
    case.done()
}

/// A file that was held has been looked through: it is shown, or is gone before anybody saw it. Its uploader is told
/// either way.
pub(super) fn scanned(mut case: Case<'_>, effect: EffectId, clean: bool) -> Result<Decision, Reject> {
    let state = case.draft.state;
    let (id, bytes) = match state.ledger.effect(effect) {
        None => return case.done(),
        Some(Effect::ScanFile { file, bytes }) => (*file, *bytes),
        Some(_) => return Err(Reject::NotAllowed),
    };
    case.draft.settle(effect);
    if let Some(Place::Held { by, file }) = state.files.get(id) {
        if clean && state.ended_at.is_none() {
            case.draft.speak(*by, Body::FileUploaded(file.clone()));
            return case.done();
        }
        if state.ended_at.is_none() {
            case.draft.speak(*by, Body::FileDeleted { id, name: file.name.clone() });
        }
        case.draft.push(Entry::File(FileChange::Released(id)));
    }
    case.draft.owe(Effect::DropFile { file: id, bytes });
    case.done()
}
