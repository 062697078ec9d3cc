//! The one place that turns values into stored or sent bytes and back.
//!
//! Everything that a node journals, snapshots or sends to a peer is a bincode value in an envelope:
//!
//! ```text
//! byte 0      format version (1)
//! byte 1..5   key id, little endian (0: the body is in clear)
//! byte 5..13  xxh3 of the body, little endian
//! byte 13..   body (bincode, standard configuration)
//! ```
//!
//! bincode is not self-describing, accepts trailing bytes and, without a limit, panics on a corrupt length;
//! hence the version, the exact-length check and the limit. Other crates derive `bincode::Encode` and
//! `bincode::Decode` on their shapes and call nothing else of bincode.

use bincode::{Decode, Encode};
use thiserror::Error;
use xxhash_rust::xxh3::xxh3_64;

/// The largest body that is decoded, in bytes. Larger ones are refused.
pub const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The format that this build writes.
pub const FORMAT_VERSION: u8 = 1;

const HEADER_BYTES: usize = 13;

/// Why bytes could not be read, or a value not written.
#[derive(Debug, Error, PartialEq, Eq, Clone)]
pub enum Error {
    /// The bytes end before the envelope does.
    #[error("envelope is cut short: {0} bytes")]
    Short(usize),
    /// A newer or unknown format: upgrade this node before it reads such data.
    #[error("envelope has format version {0}, this build reads 1")]
    Version(u8),
    /// The body is sealed with a key that this build can't apply.
    #[error("body is sealed with key {0}, and no such key is known here")]
    Sealed(u32),
    /// The checksum does not fit: the bytes were damaged.
    #[error("checksum mismatch: the stored bytes are damaged")]
    Checksum,
    /// The body does not decode as the expected shape.
    #[error("body does not decode: {0}")]
    Body(String),
    /// The value is larger than [`BODY_BYTES_MAX`].
    #[error("value of {0} bytes is over the limit")]
    TooLarge(usize),
}

fn config() -> impl bincode::config::Config {
    bincode::config::standard().with_limit::<BODY_BYTES_MAX>()
}

/// Writes a value in an envelope, in clear (key id 0).
///
/// # Errors
/// [`Error::TooLarge`] or [`Error::Body`] when the value can't be encoded.
pub fn encode<T: Encode>(value: &T) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![0; HEADER_BYTES];
    let body = encode_bare(value)?;
    bytes[0] = FORMAT_VERSION;
    bytes[5..HEADER_BYTES].copy_from_slice(&xxh3_64(&body).to_le_bytes());
    bytes.extend_from_slice(&body);
    Ok(bytes)
}

/// Reads a value from an envelope; every byte must belong to it.
///
/// # Errors
/// Any [`enum@Error`]; never panics, whatever the bytes.
pub fn decode<T: Decode<()>>(bytes: &[u8]) -> Result<T, Error> {
    let (header, body) = bytes.split_at_checked(HEADER_BYTES).ok_or(Error::Short(bytes.len()))?;
    if header[0] != FORMAT_VERSION {
        return Err(Error::Version(header[0]));
    }
    let mut word = [0; 4];
    word.copy_from_slice(&header[1..5]);
    let key = u32::from_le_bytes(word);
    if key != 0 {
        return Err(Error::Sealed(key));
    }
    let mut sum = [0; 8];
    sum.copy_from_slice(&header[5..HEADER_BYTES]);
    if xxh3_64(body) != u64::from_le_bytes(sum) {
        return Err(Error::Checksum);
    }
    decode_bare(body)
}

/// Writes a value without an envelope: for parts of something that has one, and for peer frames, whose
/// version is settled in the handshake.
///
/// # Errors
/// As [`encode`].
pub fn encode_bare<T: Encode>(value: &T) -> Result<Vec<u8>, Error> {
    let body = bincode::encode_to_vec(value, config()).map_err(|error| Error::Body(error.to_string()))?;
    if body.len() > BODY_BYTES_MAX {
        return Err(Error::TooLarge(body.len()));
    }
    Ok(body)
}

/// Reads what [`encode_bare`] wrote; every byte must belong to the value.
///
/// # Errors
/// [`Error::Body`].
pub fn decode_bare<T: Decode<()>>(body: &[u8]) -> Result<T, Error> {
    let (value, used) =
        bincode::decode_from_slice(body, config()).map_err(|error| Error::Body(error.to_string()))?;
    if used != body.len() {
        return Err(Error::Body(format!("{} bytes too many", body.len() - used)));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_value_comes_back_and_damage_is_seen() {
        let bytes = encode(&(7u64, "text".to_owned())).unwrap();
        assert_eq!(decode::<(u64, String)>(&bytes).unwrap(), (7, "text".to_owned()));
        for place in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[place] ^= 0x40;
            assert!(decode::<(u64, String)>(&damaged).is_err(), "damage at {place} went unseen");
        }
        let mut longer = bytes;
        longer.push(0);
        assert!(decode::<(u64, String)>(&longer).is_err());
    }

    #[test]
    fn a_corrupt_length_is_an_error_not_a_panic() {
        assert!(decode_bare::<Vec<u8>>(&[253, 255, 255, 255, 255, 255, 255, 255, 255]).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_decode_to_a_value_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = decode::<(u64, Vec<String>, Option<u8>)>(&bytes);
            let _ = decode_bare::<(u64, Vec<String>, Option<u8>)>(&bytes);
        }
    }
}
