//! The PROXY protocol, versions 1 and 2: a proxy that passes bytes on says first whose they are.
//! Source: <https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt>.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::io::{AsyncRead, AsyncReadExt};

const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
const LINE_START: &[u8] = b"PROXY ";
/// The longest line of version 1, its end included.
const LINE_BYTES_MAX: usize = 107;
/// The longest body of version 2 that is read: addresses, and additions that nobody looks at.
const BODY_BYTES_MAX: usize = 4096;

/// Reads the header, and not a byte more. `None`: the proxy itself speaks, or for somebody of whom it does not say.
///
/// # Errors
/// The connection's own, and `InvalidData` for what is no such header.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<SocketAddr>> {
    // No header of either version is shorter than this.
    let mut start = [0; SIGNATURE.len()];
    stream.read_exact(&mut start).await?;
    if start == SIGNATURE {
        return read_binary(stream).await;
    }
    if !start.starts_with(LINE_START) {
        return Err(wrong("neither version's beginning"));
    }
    let mut line = start.to_vec();
    while !line.ends_with(b"\r\n") {
        if line.len() >= LINE_BYTES_MAX {
            return Err(wrong("a line that is too long"));
        }
        line.push(stream.read_u8().await?);
    }
    of_line(&line).ok_or_else(|| wrong("a malformed line"))
}

async fn read_binary(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<SocketAddr>> {
    let version_and_command = stream.read_u8().await?;
    let family = stream.read_u8().await?;
    let length = usize::from(stream.read_u16().await?);
    if length > BODY_BYTES_MAX {
        return Err(wrong("too long"));
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    match version_and_command {
        // The proxy's own, as for a health check.
        0x20 => Ok(None),
        0x21 => of_body(family, &body).ok_or_else(|| wrong("malformed addresses")),
        _ => Err(wrong("an unknown version or command")),
    }
}

/// The outer `None`: malformed.
fn of_line(line: &[u8]) -> Option<Option<SocketAddr>> {
    let text = std::str::from_utf8(line.strip_suffix(b"\r\n")?).ok()?;
    let mut words = text.split(' ').skip(1);
    let family = words.next()?;
    if family == "UNKNOWN" {
        return Some(None);
    }
    let (source, _destination) = (words.next()?, words.next()?);
    let (port, _to) = (words.next()?.parse().ok()?, words.next()?);
    let source: IpAddr = source.parse().ok()?;
    let fits = match family {
        "TCP4" => source.is_ipv4(),
        "TCP6" => source.is_ipv6(),
        _ => false,
    };
    fits.then(|| Some(SocketAddr::new(source, port)))
}

fn of_body(family: u8, body: &[u8]) -> Option<Option<SocketAddr>> {
    let port = |at: usize| Some(u16::from_be_bytes(body.get(at..)?.first_chunk().copied()?));
    Some(Some(match family {
        0x11 => SocketAddr::new(Ipv4Addr::from(*body.first_chunk::<4>()?).into(), port(8)?),
        0x21 => SocketAddr::new(Ipv6Addr::from(*body.first_chunk::<16>()?).into(), port(32)?),
        // Unix sockets, datagrams, and what it does not say.
        _ => return Some(None),
    }))
}

fn wrong(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("no PROXY header: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read, and what is left for HTTP.
    async fn reading(bytes: &[u8]) -> (Result<Option<String>, io::ErrorKind>, Vec<u8>) {
        let mut rest = bytes;
        let read = read(&mut rest).await;
        let read = read.map(|from| from.map(|from| from.to_string())).map_err(|error| error.kind());
        (read, rest.to_vec())
    }

    fn binary(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend([command, family]);
        bytes.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
        bytes.extend(body);
        bytes
    }

    #[actix_web::test]
    async fn both_versions_are_read_to_their_end_and_no_further() {
        let four = [192, 0, 2, 7, 10, 0, 0, 1, 0x30, 0x39, 0, 80, 3, 0, 1, 9];
        let mut six = [0; 36];
        six[..4].copy_from_slice(&[0x20, 1, 0x0d, 0xb8]);
        six[15] = 7;
        six[32..34].copy_from_slice(&[0x30, 0x39]);
        let cases: [(Vec<u8>, Option<&str>); 8] = [
            (b"PROXY TCP4 192.0.2.7 10.0.0.1 12345 80\r\n".to_vec(), Some("192.0.2.7:12345")),
            (b"PROXY TCP6 2001:db8::7 fd00::1 12345 80\r\n".to_vec(), Some("[2001:db8::7]:12345")),
            (b"PROXY UNKNOWN\r\n".to_vec(), None),
            (b"PROXY UNKNOWN some words\r\n".to_vec(), None),
            (binary(0x21, 0x11, &four), Some("192.0.2.7:12345")),
            (binary(0x21, 0x21, &six), Some("[2001:db8::7]:12345")),
            (binary(0x20, 0, &[]), None),
            (binary(0x21, 0x31, &[1; 216]), None),
        ];
        for (mut bytes, from) in cases {
            bytes.extend(b"GET / HTTP/1.1\r\n");
            let (read, rest) = reading(&bytes).await;
            assert_eq!((read, rest), (Ok(from.map(str::to_owned)), b"GET / HTTP/1.1\r\n".to_vec()));
        }
    }

    #[actix_web::test]
    async fn anything_else_is_refused() {
        let long = [&b"PROXY TCP4 "[..], &[b'1'; 200], b"\r\n"].concat();
        let cases: [&[u8]; 8] = [
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"PROXY TCP4 192.0.2.7 10.0.0.1 12345\r\n",
            b"PROXY TCP4 2001:db8::7 fd00::1 12345 80\r\n",
            b"PROXY TCP4 192.0.2.7 10.0.0.1 99999 80\r\n",
            b"PROXY UDP4 192.0.2.7 10.0.0.1 12345 80\r\n",
            &long,
            &binary(0x31, 0x11, &[0; 12]),
            &binary(0x21, 0x11, &[0; 9]),
        ];
        for bytes in cases {
            assert_eq!(reading(bytes).await.0, Err(io::ErrorKind::InvalidData), "{bytes:?}");
        }
        assert_eq!(reading(b"PROXY TCP4 192").await.0, Err(io::ErrorKind::UnexpectedEof));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_header_or_an_error_and_no_more_than_a_header_is_read(
            start in proptest::sample::select(vec![&b"PROXY "[..], b"PROXY TCP4 ", b"PROXY UNKNOWN", &SIGNATURE, b""]),
            kinds in proptest::array::uniform4(proptest::sample::select(vec![0x20, 0x21, 0x11, 0x12, 0x31, 0, 255u8])),
            rest in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300),
            end in proptest::sample::select(vec![&b"\r\n"[..], b"\n", b""]),
        ) {
            let kinds = if start == SIGNATURE { &kinds[..] } else { &[] };
            let bytes = [start, kinds, &rest, end].concat();
            let mut left = bytes.as_slice();
            let found = futures_util::FutureExt::now_or_never(read(&mut left)).expect("bytes are there or at an end");
            proptest::prop_assert!(bytes.len() - left.len() <= 16 + BODY_BYTES_MAX);
            if let Err(error) = found {
                let kind = error.kind();
                proptest::prop_assert!(
                    matches!(kind, io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof), "{}", error
                );
            }
        }
    }
}
