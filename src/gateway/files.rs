//! Files of a chat, by whatever interface: taken in, looked at, stored, and only then shown; given out to those who see
//! them.

pub(crate) mod body;
pub mod http;
mod range;

use super::Gateway;
use super::admission::Limited;
use super::starting::minted;
use crate::files::{
    FileError, FileKey, FileStream, Files, ScanError, Spool, SpoolError, Spooled, Verdict, WhenDown,
    WrongKind, media_type, shown_name,
};
use crate::ports::CallError;
use actix_web::HttpResponse;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, ContentDisposition, DispositionParam,
    DispositionType, ExtendedValue, X_CONTENT_TYPE_OPTIONS,
};
use handoff_chat::command::{Act, Caller, Command, FilesView, Read, Reading, Reject};
use handoff_chat::file::{File, FileLimits, FileReject};
use handoff_chat::text::Text;
use handoff_chat::{EntityId, FileId, SessionId};
use handoff_shard::{Call, Done};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Longest description of a file, in bytes.
const DESCRIPTION_BYTES_MAX: usize = 1024;

/// What takes files in and gives them out.
pub struct Intake {
    /// Their bytes.
    pub files: Files,
    /// Where they lie on their way in.
    pub spool: Spool,
    /// How long an upload may send nothing.
    pub pause_max: Duration,
    /// The largest file of any service, in bytes.
    pub bytes_max: u64,
    places: Arc<Semaphore>,
}

impl Intake {
    /// Takes in so many at the same time.
    #[must_use]
    pub fn new(files: Files, spool: Spool, pause_max: Duration, bytes_max: u64, uploads_max: usize) -> Self {
        Self { files, spool, pause_max, bytes_max, places: Arc::new(Semaphore::new(uploads_max)) }
    }

    /// A place for one upload, for as long as it is kept.
    pub(crate) fn place(&self) -> Result<OwnedSemaphorePermit, FileFault> {
        Arc::clone(&self.places).try_acquire_owned().map_err(|_| FileFault::Call(CallError::Busy))
    }
}

/// Who asks, and for which chat.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    pub(crate) chat: SessionId,
    pub(crate) caller: Caller,
}

/// A file that came in, with what its uploader says of it.
pub(crate) struct Brought {
    pub(crate) file: Spooled,
    pub(crate) name: String,
    pub(crate) description: String,
    /// Makes a repeat the same file.
    pub(crate) client_id: Option<String>,
}

/// Why nothing came of it.
#[derive(Debug, Error)]
pub(crate) enum FileFault {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error(transparent)]
    Limited(#[from] Limited),
    #[error(transparent)]
    Kind(#[from] WrongKind),
    #[error("a file is larger than {0} bytes")]
    TooLarge(u64),
    #[error("the file did not arrive")]
    Broken,
    #[error("the virus scanner has found something in the file")]
    Infected,
    #[error("the virus scanner can't look through the file")]
    Unfit,
    #[error("no file can be looked through for viruses at the moment, try again")]
    ScannerDown,
    #[error("files can't be stored or read at the moment, try again")]
    Store,
    #[error("the file has {0} bytes, and none where you ask")]
    Range(u64),
}

impl FileFault {
    fn reject(reject: impl Into<Reject>) -> Self {
        Self::Call(CallError::Rejected(reject.into()))
    }
}

impl From<FileError> for FileFault {
    fn from(error: FileError) -> Self {
        tracing::warn!(%error, "files");
        match error {
            FileError::Missing => Self::reject(FileReject::Unknown),
            FileError::Store(_) => Self::Store,
        }
    }
}

impl From<SpoolError> for FileFault {
    fn from(error: SpoolError) -> Self {
        match error {
            SpoolError::TooLarge(bytes_max) => Self::TooLarge(bytes_max),
            SpoolError::Broken => Self::Broken,
            SpoolError::Disk(error) => {
                tracing::error!(%error, "a file can't be taken in");
                Self::Store
            }
        }
    }
}

/// What became of an upload.
pub(crate) struct Uploaded {
    pub(crate) file: File,
    /// It is shown when it has been looked through.
    pub(crate) held: bool,
}

/// A file that is given out.
pub(crate) struct Given {
    pub(crate) file: File,
    /// Which of its bytes.
    pub(crate) bytes: Range<u64>,
    pub(crate) stream: FileStream,
}

impl Gateway {
    /// The files that somebody can see, and what they may do.
    pub(crate) async fn files_of(&self, asker: &Asker) -> Result<FilesView, FileFault> {
        match self.call_session(asker, None).await?.reading {
            Some(Reading::Files(view)) => Ok(*view),
            _ => Err(FileFault::Call(CallError::Again)),
        }
    }

    /// Whether they may upload now, and how much, before anything of it is taken in: in bytes.
    pub(crate) async fn room(&self, asker: &Asker) -> Result<u64, FileFault> {
        let view = self.files_of(asker).await?;
        if view.chat_ended {
            return Err(FileFault::reject(Reject::Ended));
        }
        let limits = view.limits.ok_or_else(|| FileFault::reject(FileReject::Off))?;
        Ok(limits.file_bytes_max)
    }

    /// Looks at what came in, stores it, and has it shown to the others.
    pub(crate) async fn upload(&self, asker: &Asker, brought: Brought) -> Result<Uploaded, FileFault> {
        self.admission.command(&asker.chat)?;
        let view = self.files_of(asker).await?;
        let limits = view.limits.ok_or_else(|| FileFault::reject(FileReject::Off))?;
        let file = describe(asker, &brought, &limits)?;
        // A repeat, whatever it brings: what others see already stays what it is.
        if let Some(file) = view.files.into_iter().find(|one| one.id == file.id) {
            return Ok(Uploaded { file, held: false });
        }
        let key = FileKey { session: asker.chat.clone(), file: file.id, bytes: file.bytes };
        self.act(asker, Act::ReserveFile { file: file.id, bytes: file.bytes }).await?;
        match self.keep(asker, &brought, file, &key).await {
            // What is not known may have been done: it stays, and goes when its place is given up.
            Err(fault) if !matches!(fault, FileFault::Call(CallError::Unknown)) => {
                let released = self.act(asker, Act::ReleaseFile { file: key.file }).await;
                if let Err(error) = released {
                    tracing::debug!(%error, "a place that was kept for a file is given up later");
                }
                Err(fault)
            }
            kept => kept,
        }
    }

    async fn keep(
        &self,
        asker: &Asker,
        brought: &Brought,
        file: File,
        key: &FileKey,
    ) -> Result<Uploaded, FileFault> {
        let held = !self.looked_through(&brought.file).await?;
        self.intake.files.store.put(key, brought.file.path()).await?;
        self.act(asker, Act::AddFile { file: Box::new(file.clone()), held }).await?;
        Ok(Uploaded { file, held })
    }

    /// Whether it is clean; not yet, where it is to be looked through later.
    async fn looked_through(&self, file: &Spooled) -> Result<bool, FileFault> {
        let Some(scanner) = &self.intake.files.scanner else { return Ok(true) };
        match scanner.scan_file(file.path()).await {
            Ok(Verdict::Clean) => Ok(true),
            Ok(Verdict::Infected) => Err(FileFault::Infected),
            Err(ScanError::Unfit(why)) => {
                tracing::warn!(why, "a file can't be looked through");
                Err(FileFault::Unfit)
            }
            Err(ScanError::Down(why)) => {
                tracing::warn!(why, "a file was not looked through");
                match scanner.when_down {
                    WhenDown::Hold => Ok(false),
                    WhenDown::Refuse => Err(FileFault::ScannerDown),
                }
            }
        }
    }

    /// Opens a file for somebody who can see it: the bytes of it that are `wanted`.
    pub(crate) async fn download(
        &self,
        asker: &Asker,
        id: FileId,
        wanted: impl FnOnce(&File) -> Result<Range<u64>, FileFault>,
    ) -> Result<Given, FileFault> {
        let view = self.files_of(asker).await?;
        let file = view.files.into_iter().find(|file| file.id == id);
        let file = file.ok_or_else(|| FileFault::reject(FileReject::Unknown))?;
        let key = FileKey { session: asker.chat.clone(), file: id, bytes: file.bytes };
        let bytes = wanted(&file)?;
        let stream = self.intake.files.store.open(&key, bytes.clone()).await?;
        if view.limits.is_some_and(|limits| limits.downloads_max > 0) {
            self.act(asker, Act::DownloadFile { file: id }).await?;
        }
        Ok(Given { file, bytes, stream })
    }

    /// Deletes a file.
    pub(crate) async fn delete(&self, asker: &Asker, file: FileId) -> Result<(), FileFault> {
        self.admission.command(&asker.chat)?;
        self.act(asker, Act::DeleteFile { file }).await.map(drop)
    }

    async fn act(&self, asker: &Asker, act: Act) -> Result<Done, FileFault> {
        self.call_session(asker, Some(Command { id: minted(), caller: asker.caller.clone(), act })).await
    }

    async fn call_session(&self, asker: &Asker, command: Option<Command>) -> Result<Done, FileFault> {
        let read = command.is_none().then(|| (asker.caller.clone(), Read::Files));
        // A place that is kept twice is kept once; so it is with all of these.
        let patience = if command.is_none() { self.options.patience } else { self.options.deadline };
        let entity = EntityId::from(&asker.chat);
        let call = Call { client_id: command.is_none(), command, read, patience, ..Call::of(entity) };
        Ok(self.sessions.call(call).await?)
    }
}

fn describe(asker: &Asker, brought: &Brought, limits: &FileLimits) -> Result<File, FileFault> {
    let name = shown_name(&brought.name);
    let media_type = media_type(&name, &brought.file.head, &limits.types)?;
    let id = match &brought.client_id {
        Some(client_id) => FileId::from_client_id(&uploader(&asker.caller), client_id),
        None => FileId::from_random(rand::random()),
    };
    let mut end = brought.description.len().min(DESCRIPTION_BYTES_MAX);
    while !brought.description.is_char_boundary(end) {
        end -= 1;
    }
    Ok(File {
        id,
        name: Text::clear(&name),
        bytes: brought.file.bytes,
        media_type,
        description: Text::clear(&brought.description[..end]),
    })
}

/// Among whose uploads an upload's id is unique: each agent's own; the customer has the empty name.
fn uploader(caller: &Caller) -> String {
    match caller {
        Caller::Agent(name) => EntityId::from(name).to_string(),
        _ => String::new(),
    }
}

/// A file as it is given out: to be kept, never shown by the browser as a page of this site.
pub(crate) fn response(given: Given) -> HttpResponse {
    let Given { file, bytes, stream } = given;
    let name = file.name.show();
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_graphic() && !matches!(c, '"' | '\\') || c == ' ' { c } else { '_' })
        .collect();
    let extended = ExtendedValue {
        charset: actix_web::http::header::Charset::Ext("UTF-8".to_owned()),
        language_tag: None,
        value: name.as_bytes().to_vec(),
    };
    let disposition = ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::Filename(plain), DispositionParam::FilenameExt(extended)],
    };
    let mut response = range::begun(&file, &bytes);
    response
        .insert_header((CONTENT_DISPOSITION, disposition))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .content_type(file.media_type.as_str())
        .no_chunking(bytes.end - bytes.start)
        .streaming(stream)
}
