//! What the section of files must keep.

use super::{Checker, host_of, is_url, read_secret};
use crate::options::{Config, FileStore, StoreKind};

impl Checker<'_> {
    pub(super) fn files(&mut self, config: &mut Config) {
        let files = &config.files;
        self.range("files.upload_files_max", files.upload_files_max, 0, 1_000);
        self.range("files.upload_file_bytes_max", files.upload_file_bytes_max, 1, 1 << 30);
        self.range("files.upload_total_bytes_max", files.upload_total_bytes_max, 1, 1 << 36);
        self.range("files.download_attempts", files.download_attempts, 0, 1_000_000);
        self.range("files.uploads_max", files.uploads_max, 1, 10_000);
        self.range("files.upload_pause_ms", files.upload_pause_ms, 100, 600_000);
        self.range("files.scanner.timeout_ms", files.scanner.timeout_ms, 100, 600_000);
        let ending = |text: &String| {
            (1..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        if files.enabled && files.upload_types.is_empty() || !files.upload_types.iter().all(ending) {
            self.refuse("files.upload_types", "must be endings of names, such as [\"jpg\", \"pdf\"]");
        }
        if let Some(clamd) = &files.scanner.clamd
            && !clamd.starts_with("unix:/")
            && host_of(clamd).is_none()
        {
            self.refuse("files.scanner.clamd", "must be host:port, or unix: and an absolute path");
        }
        if files.enabled && files.store == FileStore::Database && config.store.kind == StoreKind::Sqlite {
            self.refuse(
                "files.store",
                "must not be \"database\" with the embedded store, whose nodes share a folder",
            );
        }
        if files.enabled
            && files.store == FileStore::Folder
            && files.dir.is_none()
            && config.store.kind == StoreKind::Cassandra
        {
            self.refuse("files.dir", "must name the folder, which all nodes see");
        }
        self.s3(config);
    }

    fn s3(&mut self, config: &mut Config) {
        let used = config.files.enabled && config.files.store == FileStore::S3;
        let s3 = &mut config.files.s3;
        let key = "files.s3.secret_access_key";
        let wrong = read_secret(key, &mut s3.secret_access_key, s3.secret_access_key_file.as_deref()).err();
        let lacks = [
            ("files.s3.bucket", s3.bucket.is_empty()),
            ("files.s3.access_key_id", s3.access_key_id.is_empty()),
            (key, s3.secret_access_key.is_none() && wrong.is_none()),
        ];
        let url = s3.endpoint.as_ref().is_none_or(|url| is_url(url));
        if let Some(text) = wrong {
            self.refuse("files.s3.secret_access_key_file", &text);
        }
        for (key, _) in lacks.iter().filter(|(_, lacks)| used && *lacks) {
            self.refuse(key, "must be set, as files.store is \"s3\"");
        }
        if !url {
            self.refuse("files.s3.endpoint", "must begin with http:// or https:// and a host");
        }
    }
}
