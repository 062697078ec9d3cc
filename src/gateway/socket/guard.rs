//! Stands between the connection and the frame decoder, which collects a frame whole before it looks at its length:
//! a frame over the limit is thrown away here, whatever length it claims.

use actix_web::error::PayloadError;
use bytes::Bytes;
use futures_util::Stream;
use std::pin::Pin;
use std::task::{Context, Poll};

/// How much of a frame over the limit is still read, so that its sender comes to read why the socket closes.
const EXCESS_BYTES_MAX: u64 = 1024 * 1024;
/// Two bytes, eight of length, four of mask.
const HEAD_BYTES_MAX: usize = 14;

/// Follows the frames in a stream of bytes.
#[derive(Debug, Default)]
struct Meter {
    head: Vec<u8>,
    /// Bytes of the present frame that are still to come.
    left: u64,
    /// The present frame is over the limit.
    over: bool,
}

/// What the next bytes are.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Fine,
    /// A frame over the limit, or its end.
    TooLarge,
    /// The rest of a frame over the limit is to come.
    Skipping,
}

impl Meter {
    /// Goes through all of a chunk.
    fn measure(&mut self, mut chunk: &[u8], bytes_max: u64) -> Found {
        while !chunk.is_empty() {
            if self.left > 0 {
                let here = self.left.min(chunk.len() as u64);
                self.left -= here;
                chunk = chunk.split_at(usize::try_from(here).unwrap_or(chunk.len())).1;
                if self.over {
                    return if self.left == 0 { Found::TooLarge } else { Found::Skipping };
                }
                continue;
            }
            let (first, rest) = chunk.split_at(1);
            self.head.extend_from_slice(first);
            chunk = rest;
            if let Some(length) = length_of(&self.head) {
                self.head.clear();
                self.left = length;
                self.over = length > bytes_max;
                if self.over && length > bytes_max.saturating_add(EXCESS_BYTES_MAX) {
                    return Found::TooLarge;
                }
            }
        }
        if self.over { Found::Skipping } else { Found::Fine }
    }
}

/// The payload's length, once the head is whole.
fn length_of(head: &[u8]) -> Option<u64> {
    let (first, rest) = head.split_at_checked(2)?;
    let second = first.last()?;
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    let (length, extended) = match second & 0x7f {
        126 => (u64::from(u16::from_be_bytes(rest.first_chunk().copied()?)), 2),
        127 => (u64::from_be_bytes(rest.first_chunk().copied()?), 8),
        short => (u64::from(short), 0),
    };
    debug_assert!(head.len() <= HEAD_BYTES_MAX);
    (rest.len() >= extended + mask).then_some(length)
}

/// A request's payload without frames over the limit; one of them ends it with [`PayloadError::Overflow`].
pub(super) struct Guard<S> {
    inner: S,
    meter: Meter,
    bytes_max: u64,
    ended: bool,
}

impl<S> Guard<S> {
    pub(super) fn new(inner: S, bytes_max: usize) -> Self {
        let bytes_max = u64::try_from(bytes_max).unwrap_or(u64::MAX);
        Self { inner, meter: Meter::default(), bytes_max, ended: false }
    }
}

impl<S: Stream<Item = Result<Bytes, PayloadError>> + Unpin> Stream for Guard<S> {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if this.ended {
                return Poll::Ready(None);
            }
            let chunk = match Pin::new(&mut this.inner).poll_next(cx) {
                Poll::Ready(Some(Ok(chunk))) => chunk,
                other => return other,
            };
            match this.meter.measure(&chunk, this.bytes_max) {
                Found::Fine => return Poll::Ready(Some(Ok(chunk))),
                Found::Skipping => {}
                Found::TooLarge => {
                    this.ended = true;
                    return Poll::Ready(Some(Err(PayloadError::Overflow)));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(length: usize) -> Vec<u8> {
        let mut bytes = vec![0x81];
        match length {
            0..126 => bytes.push(0x80 | u8::try_from(length).unwrap()),
            126..65536 => {
                bytes.push(0x80 | 126);
                bytes.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
            _ => {
                bytes.push(0x80 | 127);
                bytes.extend((length as u64).to_be_bytes());
            }
        }
        bytes.extend([1, 2, 3, 4]);
        bytes.resize(bytes.len() + length, 0xff);
        bytes
    }

    /// What is found in the end when the bytes come in pieces of this size.
    fn found(bytes: &[u8], piece: usize, bytes_max: u64) -> Found {
        let mut meter = Meter::default();
        let mut last = Found::Fine;
        for chunk in bytes.chunks(piece) {
            last = meter.measure(chunk, bytes_max);
            if last == Found::TooLarge {
                break;
            }
        }
        last
    }

    #[test]
    fn frames_within_the_limit_pass_however_they_are_cut() {
        let bytes: Vec<u8> = [0, 1, 125, 126, 300, 70_000, 5].into_iter().flat_map(frame).collect();
        for piece in [1, 2, 3, 7, 1000, bytes.len()] {
            assert_eq!(found(&bytes, piece, 70_000), Found::Fine);
        }
    }

    #[test]
    fn a_frame_over_the_limit_is_found_at_its_end_and_a_huge_one_at_its_head() {
        let mut bytes = frame(10);
        bytes.extend(frame(301));
        for piece in [1, 5, bytes.len()] {
            assert_eq!(found(&bytes, piece, 300), Found::TooLarge);
            assert_eq!(found(&bytes[..bytes.len() - 1], piece, 300), Found::Skipping);
        }
        let huge = [0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4];
        assert_eq!(found(&huge, 1, 300), Found::TooLarge);
    }
}
