//! The section of files.

use crate::secret::Secret;
use crate::slot::{names, options};
use std::path::PathBuf;

names! {
    /// Where files' bytes lie.
    FileStore ("auto, folder, database or s3") {
        /// In a folder with the embedded store, in the database with Cassandra.
        Auto = "auto",
        /// In a folder that all nodes see.
        Folder = "folder",
        /// In chunks in the database; not in the embedded one.
        Database = "database",
        /// In a bucket of S3, or of a store that speaks like it.
        S3 = "s3",
    }
}

names! {
    /// What becomes of a file that nobody can look through at the moment.
    ScannerDown ("hold or refuse") {
        /// It is kept, and shown once it has been looked through.
        Hold = "hold",
        /// The upload is refused.
        Refuse = "refuse",
    }
}

options! {
    /// Files that participants share.
    Files {
        /// Whether there are any.
        enabled: bool = true,
        /// Where their bytes lie.
        store: FileStore = FileStore::Auto,
        /// The folder, for `folder`; not set: `files` beside the embedded store's.
        dir: Option<PathBuf> = None,
        /// Most files of one participant in a chat (upload-max-files).
        upload_files_max: u32 = 3,
        /// The largest file (upload-max-file-size).
        upload_file_bytes_max: u64 = 2_097_152,
        /// Most bytes of all files of one participant in a chat (upload-max-total-size).
        upload_total_bytes_max: u64 = 5_242_880,
        /// Endings of names that are taken (upload-file-types); a file's content must fit.
        upload_types: Vec<String> = [
            "jpg", "jpeg", "png", "gif", "webp", "heic", "pdf", "txt", "csv", "docx", "xlsx", "pptx", "mp3", "m4a",
            "mp4",
        ]
        .map(str::to_owned)
        .to_vec(),
        /// A customer must wait for an agent before they send one (upload-need-agent).
        upload_need_agent: bool = false,
        /// How often a customer may download in a chat (download-attempts); 0: any number of times.
        download_attempts: u32 = 0,
        /// Uploads that this node takes in at the same time; more are told to come again.
        uploads_max: usize = 32,
        /// How long an upload may send nothing.
        upload_pause_ms: u64 = 10_000,
        /// Who looks through them.
        scanner: FileScanner = FileScanner::default(),
        /// Used where `store` is `s3`.
        s3: S3 = S3::default(),
    }
}

options! {
    /// A virus scanner: ClamAV's `clamd`.
    FileScanner {
        /// `host:port`, or `unix:` and the path of its socket; not set: nobody looks.
        clamd: Option<String> = None,
        /// What becomes of a file while it does not answer.
        when_down: ScannerDown = ScannerDown::Hold,
        /// How long it may take for one file.
        timeout_ms: u64 = 30_000,
    }
}

options! {
    /// A bucket of S3.
    S3 {
        /// The bucket's name; the bucket must exist.
        bucket: String = String::new(),
        /// The region that requests are signed for.
        region: String = "us-east-1".to_owned(),
        /// The store's address when it is not Amazon's.
        endpoint: Option<String> = None,
        /// Who may write there.
        access_key_id: String = String::new(),
        /// The secret key that belongs to it.
        secret_access_key: Option<Secret> = None,
        /// A file with the secret key.
        secret_access_key_file: Option<PathBuf> = None,
        /// What all names begin with.
        prefix: String = "handoff".to_owned(),
    }
}
