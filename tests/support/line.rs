//! WebSockets as clients open them: with an upgrade of HTTP/1.1, or in a stream of HTTP/2 (RFC 8441), as browsers do
//! where a proxy speaks it.

use std::error::Error;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use h2::ext::Protocol;
use h2::{Ping, RecvStream, SendStream, client};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::{WebSocketStream, client_async};

/// What a WebSocket runs on.
pub(crate) trait Line: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Line for T {}

/// An open WebSocket, over either.
pub(crate) type Socket = WebSocketStream<Box<dyn Line>>;

/// Opens a WebSocket at a path of `http://HOST:PORT` or, in HTTP/2, `h2://HOST:PORT`; else why there is none.
pub(crate) async fn open(url: &str, path: &str) -> Result<Socket, Box<dyn Error + Send + Sync>> {
    if let Some(address) = url.strip_prefix("h2://") {
        return in_http_2(address, path).await;
    }
    let address = url.trim_start_matches("http://");
    let stream: Box<dyn Line> = Box::new(TcpStream::connect(address).await?);
    let (socket, _) = client_async(format!("ws://{address}{path}"), stream).await?;
    Ok(socket)
}

async fn in_http_2(address: &str, path: &str) -> Result<Socket, Box<dyn Error + Send + Sync>> {
    let stream = TcpStream::connect(address).await?;
    let (requests, mut connection) = client::handshake(stream).await?;
    let mut pings = connection.ping_pong().ok_or("no pings")?;
    tokio::spawn(connection);
    // The server says in its settings whether it takes them, which come before any answer.
    pings.ping(Ping::opaque()).await?;
    let mut requests = requests.ready().await?;
    assert!(requests.is_extended_connect_protocol_enabled(), "the proxy takes no WebSocket in HTTP/2");
    let request = http::Request::builder()
        .method(http::Method::CONNECT)
        .uri(format!("http://{address}{path}"))
        .header("sec-websocket-version", "13")
        .extension(Protocol::from_static("websocket"))
        .body(())?;
    let (answer, sending) = requests.send_request(request, false)?;
    let answer = answer.await?;
    if answer.status() != 200 {
        return Err(answer.status().to_string().into());
    }
    let stream: Box<dyn Line> =
        Box::new(Stream { receiving: answer.into_body(), sending, rest: Bytes::new() });
    Ok(WebSocketStream::from_raw_socket(stream, Role::Client, None).await)
}

/// A stream of an HTTP/2 connection.
struct Stream {
    receiving: RecvStream,
    sending: SendStream<Bytes>,
    rest: Bytes,
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.rest.is_empty() {
            match ready!(self.receiving.poll_data(cx)) {
                None => return Poll::Ready(Ok(())),
                Some(Err(error)) => return Poll::Ready(Err(io::Error::other(error))),
                Some(Ok(data)) => self.rest = data,
            }
        }
        let count = self.rest.len().min(buf.remaining());
        buf.put_slice(&self.rest[..count]);
        self.rest.advance(count);
        Poll::Ready(self.receiving.flow_control().release_capacity(count).map_err(io::Error::other))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.sending.reserve_capacity(data.len());
        match ready!(self.sending.poll_capacity(cx)) {
            None => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            Some(Err(error)) => Poll::Ready(Err(io::Error::other(error))),
            Some(Ok(granted)) => {
                let count = granted.min(data.len());
                let sent = self.sending.send_data(Bytes::copy_from_slice(&data[..count]), false);
                Poll::Ready(sent.map(|()| count).map_err(io::Error::other))
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.sending.send_data(Bytes::new(), true).map_err(io::Error::other))
    }
}
