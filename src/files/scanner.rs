//! Looking through files for viruses: ClamAV's `clamd`, spoken to over TCP or a Unix socket.

use super::FileStream;
use bytes::Bytes;
use clamav_client::tokio::{Socket, Tcp, scan_stream};
use futures_util::{Stream, StreamExt};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use thiserror::Error;
use tokio_util::io::ReaderStream;

/// Where a `clamd` listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clamd {
    /// Host and port.
    Tcp(String),
    /// A Unix socket.
    Socket(PathBuf),
}

impl Clamd {
    /// Reads `host:port`, or `unix:` and a path.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.strip_prefix("unix:") {
            Some(path) => Self::Socket(PathBuf::from(path)),
            None => Self::Tcp(text.to_owned()),
        }
    }
}

/// What becomes of a file that nobody can look through at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenDown {
    /// It is kept, and shown once it has been looked through.
    Hold,
    /// It is refused, and the uploader may try again later.
    Refuse,
}

/// What the scanner says of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing was found in it.
    Clean,
    /// Something was found in it: the file is never shown.
    Infected,
}

/// Why a file was not looked through.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ScanError {
    /// The scanner does not answer; later it may.
    #[error("the scanner does not answer: {0}")]
    Down(String),
    /// The scanner can't do this one: it is larger than its `StreamMaxLength`, say.
    #[error("the scanner can't look through it: {0}")]
    Unfit(String),
}

/// Speaks to one `clamd` over a new connection for each file.
pub struct Scanner {
    /// Where `clamd` listens.
    pub clamd: Clamd,
    /// What happens while it does not answer.
    pub when_down: WhenDown,
    /// How long it may take for one file.
    pub timeout: Duration,
}

impl Scanner {
    /// Looks through a local file.
    ///
    /// # Errors
    /// [`ScanError`].
    pub async fn scan_file(&self, path: &Path) -> Result<Verdict, ScanError> {
        let file = tokio::fs::File::open(path).await.map_err(|error| ScanError::Down(error.to_string()))?;
        self.scan(ReaderStream::new(file)).await
    }

    /// Looks through a stored one.
    ///
    /// # Errors
    /// [`ScanError`]; also when it can't be read.
    pub async fn scan_stream(&self, bytes: FileStream) -> Result<Verdict, ScanError> {
        self.scan(bytes.map(|piece| piece.map_err(io::Error::other))).await
    }

    async fn scan(&self, bytes: impl Stream<Item = io::Result<Bytes>>) -> Result<Verdict, ScanError> {
        let scanning = async {
            match &self.clamd {
                Clamd::Tcp(address) => scan_stream(bytes, Tcp { host_address: address.as_str() }, None).await,
                Clamd::Socket(path) => scan_stream(bytes, Socket { socket_path: path }, None).await,
            }
        };
        let answer = tokio::time::timeout(self.timeout, scanning).await;
        let answer = answer.map_err(|_| ScanError::Down("no answer in time".to_owned()))?;
        judge(&answer.map_err(|error| ScanError::Down(error.to_string()))?)
    }
}

/// `stream: OK`, `stream: NAME FOUND`, or `... ERROR`.
fn judge(answer: &[u8]) -> Result<Verdict, ScanError> {
    let text = String::from_utf8_lossy(answer);
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    match text.rsplit(' ').next() {
        Some("OK") => Ok(Verdict::Clean),
        Some("FOUND") => Ok(Verdict::Infected),
        Some("ERROR") => Err(ScanError::Unfit(text.to_owned())),
        _ => Err(ScanError::Down(format!("it says {text:?}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn whatever_it_says_is_judged(answer in proptest::collection::vec(0..=255_u8, 0..80)) {
            let text = String::from_utf8_lossy(&answer);
            let ends_well = text.trim_end_matches(|c: char| c.is_whitespace() || c == '\0').ends_with("OK");
            proptest::prop_assert!(judge(&answer) != Ok(Verdict::Clean) || ends_well);
        }
    }

    #[test]
    fn what_clamd_says_is_understood_and_nothing_else_is_clean() {
        assert_eq!(judge(b"stream: OK\0"), Ok(Verdict::Clean));
        assert_eq!(judge(b"stream: Eicar-Test FOUND\0"), Ok(Verdict::Infected));
        assert_eq!(judge(b"stream: OK.Virus FOUND\n"), Ok(Verdict::Infected));
        assert!(matches!(judge(b"INSTREAM size limit exceeded. ERROR\0"), Err(ScanError::Unfit(_))));
        for odd in [&b""[..], b"\0", b"stream: OKAY", b"HTTP/1.1 200 O"] {
            assert!(matches!(judge(odd), Err(ScanError::Down(_))), "{odd:?}");
        }
    }
}
