//! Files in a bucket of S3, or of a store that speaks like it.

use super::{FileError, FileKey, FileStore, FileStream};
use async_trait::async_trait;
use futures_util::StreamExt;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::buffered::BufWriter;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt, path};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;

/// Which bucket, and how to get there.
#[derive(Clone)]
pub struct S3Options {
    /// The bucket, which must exist.
    pub bucket: String,
    /// The bucket's region; requests are signed for it.
    pub region: String,
    /// Where the store is, when it is not Amazon's: `http://` or `https://`, host and port.
    pub endpoint: Option<String>,
    /// Who may write there.
    pub access_key_id: String,
    /// The secret that signs requests.
    pub secret_access_key: String,
    /// What all names begin with; may be empty.
    pub prefix: String,
}

/// One object for each upload.
pub struct S3Files {
    store: Arc<AmazonS3>,
    prefix: String,
}

impl S3Files {
    /// Makes a client; the bucket is asked for nothing yet.
    ///
    /// # Errors
    /// What is wrong with the options.
    pub fn new(options: S3Options) -> Result<Self, FileError> {
        crate::tls::choose_provider();
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(options.bucket)
            .with_region(options.region)
            .with_access_key_id(options.access_key_id)
            .with_secret_access_key(options.secret_access_key);
        if let Some(endpoint) = options.endpoint {
            builder = builder.with_allow_http(endpoint.starts_with("http://")).with_endpoint(endpoint);
        }
        let store = builder.build().map_err(FileError::store)?;
        Ok(Self { store: Arc::new(store), prefix: options.prefix })
    }

    fn place(&self, key: &FileKey) -> path::Path {
        path::Path::from(format!("{}/{key}", self.prefix))
    }
}

impl From<object_store::Error> for FileError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::Missing,
            other => Self::store(other),
        }
    }
}

#[async_trait]
impl FileStore for S3Files {
    /// In parts of 10 MB, of which one at a time is in memory.
    async fn put(&self, key: &FileKey, from: &Path) -> Result<(), FileError> {
        let mut file = tokio::fs::File::open(from).await.map_err(FileError::store)?;
        let store: Arc<dyn ObjectStore> = self.store.clone();
        let mut writer = BufWriter::new(store, self.place(key)).with_max_concurrency(1);
        tokio::io::copy(&mut file, &mut writer).await.map_err(FileError::store)?;
        writer.shutdown().await.map_err(FileError::store)
    }

    async fn open(&self, key: &FileKey, bytes: Range<u64>) -> Result<FileStream, FileError> {
        // An empty range is none to S3.
        let range = (bytes != key.whole()).then_some(GetRange::Bounded(bytes));
        let options = GetOptions { range, ..GetOptions::default() };
        let found = self.store.get_opts(&self.place(key), options).await?;
        Ok(found.into_stream().map(|piece| piece.map_err(FileError::from)).boxed())
    }

    async fn remove(&self, key: &FileKey) -> Result<(), FileError> {
        match self.store.delete(&self.place(key)).await {
            Err(object_store::Error::NotFound { .. }) | Ok(()) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
