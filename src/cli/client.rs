//! One request to a node's admin API, over plain HTTP: the listener is on loopback or behind an operator's tunnel.

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, HOST, HeaderValue};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// The largest answer: a record of a very long chat.
const ANSWER_BYTES_MAX: usize = 256 << 20;

/// One request.
pub(super) struct Call<'a> {
    pub(super) method: Method,
    /// The node's admin address, `http://host:port`.
    pub(super) base: &'a str,
    /// Path and query.
    pub(super) path: &'a str,
    /// The admin token.
    pub(super) token: &'a str,
    /// How long the answer may take.
    pub(super) patience: Duration,
}

impl Call<'_> {
    /// Makes the call and answers the body of a success.
    ///
    /// # Errors
    /// A sentence for the operator; never holds the token.
    pub(super) fn run(&self) -> Result<Bytes, String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(|error| format!("no runtime: {error}"))?.block_on(self.send())
    }

    async fn send(&self) -> Result<Bytes, String> {
        let host = host_and_port(self.base)?;
        let stream = timeout(CONNECT_PATIENCE, TcpStream::connect(&host)).await;
        let stream = stream.map_err(|_| format!("{host} does not answer"))?;
        let stream = stream.map_err(|error| format!("no node answers at {host}: {error}"))?;
        let broke = |error: hyper::Error| format!("the connection to {host} broke: {error}");
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broke)?;
        tokio::spawn(connection);
        let exchange = async {
            let response = sender.send_request(self.request(&host)?).await.map_err(broke)?;
            let status = response.status();
            let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
            let body = body.map_err(|error| format!("the answer of {host} broke off: {error}"))?.to_bytes();
            if status.is_success() { Ok(body) } else { Err(refusal(status, &body)) }
        };
        let waited = timeout(self.patience, exchange).await;
        waited.map_err(|_| format!("{host} gave no answer within {} s", self.patience.as_secs()))?
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
}
