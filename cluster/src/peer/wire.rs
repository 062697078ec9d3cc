//! What goes over a link once the handshake is done.

use bincode::{Decode, Encode};
use bytes::{Bytes, BytesMut};
use handoff_codec as codec;
use tokio_util::codec::{Encoder, LengthDelimitedCodec};

/// What is sent as one piece over a link.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(super) enum Frame {
    /// A request; its answer carries the same number.
    Call(u64, Vec<u8>),
    /// The answer to the request of the same number.
    Reply(u64, Vec<u8>),
    /// The request was not begun: too many are being served.
    Busy(u64),
    /// A notice: it has no number, as it needs no answer.
    Notice(Vec<u8>),
    /// A request that is served no longer than its caller waits. Since protocol 2.
    CallWithin {
        /// The number that its answer carries.
        id: u64,
        /// How long the caller waits, in milliseconds.
        within_ms: u32,
        /// The request's bytes, whatever they mean.
        request: Vec<u8>,
    },
}

/// From this protocol version on a call says how long its caller waits.
pub(super) const PROTOCOL_CALL_WITHIN: u16 = 2;

/// What a frame adds to its body at most.
pub(super) const FRAME_OVERHEAD: usize = 32;

/// The length-delimited framing with its limit.
pub(super) fn framing(frame_bytes_max: usize) -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().max_frame_length(frame_bytes_max).new_codec()
}

impl Frame {
    /// The first protocol version that knows it; a link of an older one takes it for rubbish, as an older build would.
    pub(super) fn since(&self) -> u16 {
        match self {
            Self::CallWithin { .. } => PROTOCOL_CALL_WITHIN,
            _ => 1,
        }
    }

    /// The frame's bytes without length; `None`: it can't be encoded.
    pub(super) fn bytes(&self) -> Option<Bytes> {
        codec::encode_bare(self).ok().map(Bytes::from)
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        codec::decode_bare(bytes).ok()
    }
}

/// Appends a frame with its length to what is to be written next; false: it is too large.
pub(super) fn append(framing: &mut LengthDelimitedCodec, frame: Bytes, buffer: &mut BytesMut) -> bool {
    framing.encode(frame, buffer).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_a_frame_or_nothing(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Some(frame) = Frame::read(&bytes) {
                prop_assert_eq!(Frame::read(&frame.bytes().unwrap()), Some(frame));
            }
        }
    }
}
