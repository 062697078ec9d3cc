//! One request to a node's admin API, over plain HTTP: the listener is on loopback or behind an operator's tunnel.

use super::Failure;
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, HOST, HeaderValue};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// The largest answer that is kept in memory; what may be larger is copied.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// One request of a command to a node's admin port.
pub(super) struct Call<'a> {
    pub(super) method: Method,
    /// The node's admin address, `http://host:port`.
    pub(super) base: &'a str,
    /// Path and query.
    pub(super) path: &'a str,
    /// The admin token.
    pub(super) token: &'a str,
    /// How long each part of the answer may take.
    pub(super) patience: Duration,
}

impl Call<'_> {
    /// Makes the call and answers the body of a success.
    ///
    /// # Errors
    /// A sentence for the operator; never holds the token.
    pub(super) fn run(&self) -> Result<Bytes, Failure> {
        let mut body = Vec::new();
        self.copy(&mut |part| {
            if body.len().saturating_add(part.len()) > ANSWER_BYTES_MAX {
                return Err(Failure::Told(format!("the answer has over {ANSWER_BYTES_MAX} bytes")));
            }
            body.extend_from_slice(part);
            Ok(())
        })?;
        Ok(body.into())
    }

    /// Makes the call and hands on the body of a success part by part, as it comes.
    ///
    /// # Errors
    /// A sentence for the operator, which never holds the token, or what `take` says.
    pub(super) fn copy(&self, take: &mut dyn FnMut(&[u8]) -> Result<(), Failure>) -> Result<(), Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(|error| format!("no runtime: {error}"))?.block_on(self.send(take))
    }

    async fn send(&self, take: &mut dyn FnMut(&[u8]) -> Result<(), Failure>) -> Result<(), Failure> {
        let host = host_and_port(self.base)?;
        let stream = timeout(CONNECT_PATIENCE, TcpStream::connect(&host)).await;
        let stream = stream.map_err(|_| format!("{host} does not answer"))?;
        let stream = stream.map_err(|error| format!("no node answers at {host}: {error}"))?;
        let broke = |error: hyper::Error| format!("the connection to {host} broke: {error}");
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broke)?;
        tokio::spawn(connection);
        let silent = |_| format!("{host} gave no answer within {} s", self.patience.as_secs());
        let response = timeout(self.patience, sender.send_request(self.request(&host)?)).await;
        let response = response.map_err(silent)?.map_err(broke)?;
        let (status, mut body) = (response.status(), response.into_body());
        let mut problem = Vec::new();
        while let Some(frame) = timeout(self.patience, body.frame()).await.map_err(silent)? {
            let frame = frame.map_err(|error| format!("the answer of {host} broke off: {error}"))?;
            let part = frame.into_data().unwrap_or_default();
            if status.is_success() {
                take(&part)?;
            } else if problem.len() < ANSWER_BYTES_MAX {
                problem.extend_from_slice(&part);
            }
        }
        if status.is_success() { Ok(()) } else { Err(refusal(status, &problem).into()) }
    }

    fn request(&self, host: &str) -> Result<Request<Empty<Bytes>>, String> {
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", self.token))
            .map_err(|_| "the admin token has bytes that no token has".to_owned())?;
        bearer.set_sensitive(true);
        Request::builder()
            .method(self.method.clone())
            .uri(self.path)
            .header(HOST, host)
            .header(ACCEPT, "*/*")
            .header(AUTHORIZATION, bearer)
            .body(Empty::new())
            .map_err(|_| format!("{} is no path", self.path))
    }
}

fn host_and_port(base: &str) -> Result<String, String> {
    let rest = base.strip_prefix("http://").ok_or_else(|| {
        format!("{base}: an admin address begins with http:// (there is no TLS on that listener)")
    })?;
    let host = rest.trim_end_matches('/');
    let clean =
        !host.is_empty() && !host.contains(['/', '@', '?', '#']) && !host.contains(char::is_whitespace);
    match host.rsplit_once(':') {
        Some((name, port)) if clean && !name.is_empty() && port.parse::<u16>().is_ok() => Ok(host.to_owned()),
        _ => Err(format!("{base}: an admin address is http://host:port")),
    }
}

fn refusal(status: StatusCode, body: &[u8]) -> String {
    match serde_json::from_slice::<crate::admin::Problem>(body) {
        Ok(problem) => problem.detail,
        Err(_) => format!("the node answered {status}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    #[test]
    fn only_a_plain_http_address_with_a_port_is_taken() {
        assert_eq!(host_and_port("http://127.0.0.1:9080/").unwrap(), "127.0.0.1:9080");
        assert_eq!(host_and_port("http://[::1]:9080").unwrap(), "[::1]:9080");
        for wrong in [
            "127.0.0.1:9080",
            "https://h:1",
            "http://h",
            "http://:1",
            "http://h:1/x",
            "http://u@h:1",
            "http://",
        ] {
            assert!(host_and_port(wrong).is_err(), "{wrong}");
        }
    }

    /// Answers one request with these bytes, and hangs up.
    fn answers(head: &str, body: Vec<u8>) -> String {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let head = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n");
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            let read = stream.read(&mut request).unwrap();
            assert!(read > 0);
            stream.write_all(head.as_bytes()).unwrap();
            // Who has had enough hangs up first.
            let _ = stream.write_all(&body);
        });
        base
    }

    fn call(base: &str) -> Call<'_> {
        Call { method: Method::GET, base, path: "/", token: "t", patience: Duration::from_secs(60) }
    }

    #[test]
    fn an_answer_of_any_size_is_copied_and_one_that_is_kept_has_a_most() {
        let body = vec![b'x'; ANSWER_BYTES_MAX + 1];
        let head = format!("content-length: {}", body.len());
        let mut copied = 0;
        let base = answers(&head, body.clone());
        let done = call(&base).copy(&mut |part| {
            copied += part.len();
            Ok(())
        });
        assert!(done.is_ok() && copied == body.len(), "{copied}");
        let base = answers(&head, body);
        let Err(Failure::Told(why)) = call(&base).run() else { panic!("it is kept") };
        assert_eq!(why, "the answer has over 16777216 bytes");
    }

    #[test]
    fn an_answer_that_breaks_off_is_a_failure_after_what_came() {
        let base = answers("transfer-encoding: chunked", b"5\r\nhello\r\n".to_vec());
        let mut copied = Vec::new();
        let done = call(&base).copy(&mut |part| {
            copied.extend_from_slice(part);
            Ok(())
        });
        let Err(Failure::Told(why)) = done else { panic!("it is whole") };
        assert!(why.contains("broke off") && copied == b"hello", "{why}");
    }
}
