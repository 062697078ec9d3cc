//! From the configuration to where files lie and who looks through them.

use crate::files::{
    ChunkFiles, Clamd, FileError, FileStore, Files, FolderFiles, S3Files, S3Options, Scanner, Spool, WhenDown,
};
use crate::gateway::files::Intake;
use handoff_chat::file::FileLimits;
use handoff_config::{Config, FileStore as Kind, ScannerDown};
use handoff_journal::Chunks;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;

/// Why files can't be taken.
#[derive(Debug, Error)]
pub enum FilesError {
    /// The store's options are wrong.
    #[error("files.store: {0}")]
    Store(#[from] FileError),
    /// The folder for files on their way in.
    #[error("the folder for uploads can't be used: {0}")]
    Spool(#[from] std::io::Error),
}

/// Where files lie, and who looks through them.
pub(super) fn files(config: &Config, chunks: Option<Arc<dyn Chunks>>) -> Result<Files, FilesError> {
    let store: Arc<dyn FileStore> = match (config.file_store(), chunks) {
        (Kind::S3, _) => Arc::new(s3(config)?),
        (Kind::Database, Some(chunks)) => Arc::new(ChunkFiles::new(chunks)),
        // A database that takes no files is refused before.
        _ => Arc::new(FolderFiles::new(config.files_dir())),
    };
    let scanner = &config.files.scanner;
    let scanner = scanner.clamd.as_ref().map(|clamd| {
        Arc::new(Scanner {
            clamd: Clamd::parse(clamd),
            when_down: match scanner.when_down {
                ScannerDown::Hold => WhenDown::Hold,
                ScannerDown::Refuse => WhenDown::Refuse,
            },
            timeout: Duration::from_millis(scanner.timeout_ms),
        })
    });
    Ok(Files { store, scanner })
}

fn s3(config: &Config) -> Result<S3Files, FileError> {
    let s3 = &config.files.s3;
    let secret = s3.secret_access_key.as_ref().map(|secret| secret.expose().to_owned());
    S3Files::new(S3Options {
        bucket: s3.bucket.clone(),
        region: s3.region.clone(),
        endpoint: s3.endpoint.clone(),
        access_key_id: s3.access_key_id.clone(),
        secret_access_key: secret.unwrap_or_default(),
        prefix: s3.prefix.clone(),
    })
}

/// What takes files in.
pub(super) fn intake(config: &Config, files: Files) -> Result<Intake, FilesError> {
    let spool = Spool::open(config.node.data_dir.join("uploads"))?;
    let pause_max = Duration::from_millis(config.files.upload_pause_ms);
    let bytes_max = config.files.upload_file_bytes_max;
    Ok(Intake::new(files, spool, pause_max, bytes_max, config.files.uploads_max))
}

/// What sessions allow.
pub(super) fn limits(config: &Config) -> Option<FileLimits> {
    let files = &config.files;
    files.enabled.then(|| FileLimits {
        files_max: files.upload_files_max,
        file_bytes_max: files.upload_file_bytes_max,
        total_bytes_max: files.upload_total_bytes_max,
        types: files.upload_types.join(":"),
        need_agent: files.upload_need_agent,
        downloads_max: files.download_attempts,
    })
}
