//! One keep-alive HTTP/1.1 connection, one exchange at a time.
//!
//! It exists because the driver shares two cores with the servers: a general client costs several times
//! more per request than the two system calls and one `httparse` pass here.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const FIRST_BUFFER_BYTES: usize = 4 << 10;
const REPLY_BYTES_MAX: usize = 32 << 20;
const HEADERS_MAX: usize = 32;

/// Why an exchange has no reply.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The connection ended before the whole reply had come.
    #[error("connection closed before the reply: {0}")]
    Closed(io::Error),
    /// A reply that is not HTTP as this client reads it.
    #[error("unreadable reply: {0}")]
    Unreadable(&'static str),
}

/// A connection with its input buffer.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    input: Vec<u8>,
    body: std::ops::Range<usize>,
    reusable: bool,
}

struct Head {
    status: u16,
    head_bytes: usize,
    body_bytes: usize,
    keep_alive: bool,
}

impl Connection {
    /// Connects without delay of small packets.
    ///
    /// # Errors
    /// What the socket says.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, input: vec![0; FIRST_BUFFER_BYTES], body: 0..0, reusable: true })
    }

    /// Whether another exchange may use this connection: the last reply allowed it and the peer has not
    /// closed it since. Costs no system call unless something has arrived.
    pub fn usable(&self) -> bool {
        let nothing_arrived =
            matches!(self.stream.try_read(&mut [0u8; 1]), Err(e) if e.kind() == io::ErrorKind::WouldBlock);
        self.reusable && nothing_arrived
    }

    /// Writes a request and reads its reply; returns the HTTP status, the body is in [`Self::body`].
    /// Not cancel-safe: after a dropped call the connection must be dropped too.
    ///
    /// # Errors
    /// [`Error`]; the connection is then of no more use.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<u16, Error> {
        self.stream.write_all(request).await.map_err(Error::Closed)?;
        let mut filled = 0;
        loop {
            if filled == self.input.len() {
                self.grow(filled + 1)?;
            }
            let n = self.stream.read(&mut self.input[filled..]).await.map_err(Error::Closed)?;
            if n == 0 {
                return Err(Error::Closed(io::ErrorKind::UnexpectedEof.into()));
            }
            filled += n;
            let Some(head) = parse_head(&self.input[..filled])? else { continue };
            return self.rest_of_body(head, filled).await;
        }
    }

    async fn rest_of_body(&mut self, head: Head, mut filled: usize) -> Result<u16, Error> {
        let end = head.head_bytes + head.body_bytes;
        if end > self.input.len() {
            self.grow(end)?;
        }
        while filled < end {
            let n = self.stream.read(&mut self.input[filled..]).await.map_err(Error::Closed)?;
            if n == 0 {
                return Err(Error::Closed(io::ErrorKind::UnexpectedEof.into()));
            }
            filled += n;
        }
        if filled > end {
            return Err(Error::Unreadable("more bytes than the reply has"));
        }
        self.body = head.head_bytes..end;
        self.reusable = head.keep_alive;
        Ok(head.status)
    }

    /// The body of the last reply.
    pub fn body(&self) -> &[u8] {
        &self.input[self.body.clone()]
    }

    fn grow(&mut self, at_least: usize) -> Result<(), Error> {
        if at_least > REPLY_BYTES_MAX {
            return Err(Error::Unreadable("longer than 32 MB"));
        }
        self.input.resize(at_least.next_power_of_two(), 0);
        Ok(())
    }
}

fn parse_head(input: &[u8]) -> Result<Option<Head>, Error> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut reply = httparse::Response::new(&mut headers);
    let parsed = reply.parse(input).map_err(|_| Error::Unreadable("not HTTP/1.1"))?;
    let httparse::Status::Complete(head_bytes) = parsed else { return Ok(None) };
    let status = reply.code.ok_or(Error::Unreadable("no status"))?;
    let mut body_bytes = None;
    let mut keep_alive = true;
    for header in reply.headers.iter() {
        if header.name.eq_ignore_ascii_case("content-length") {
            let text = std::str::from_utf8(header.value).unwrap_or_default();
            body_bytes = Some(text.trim().parse().map_err(|_| Error::Unreadable("bad content-length"))?);
        } else if header.name.eq_ignore_ascii_case("connection") {
            keep_alive = !header.value.eq_ignore_ascii_case(b"close");
        }
    }
    let body_bytes = body_bytes.ok_or(Error::Unreadable("no content-length"))?;
    if body_bytes > REPLY_BYTES_MAX {
        return Err(Error::Unreadable("longer than 32 MB"));
    }
    Ok(Some(Head { status, head_bytes, body_bytes, keep_alive }))
}
