//! Where the driver connects: this machine alone.

use crate::Error;
use std::net::SocketAddr;

/// An address such as `127.0.0.1:8101` or `http://localhost:8101/`.
///
/// # Errors
/// Unreadable, or not of this machine.
pub fn address(text: &str) -> Result<SocketAddr, Error> {
    let bare = text.trim().trim_start_matches("http://").trim_end_matches('/');
    let bare = bare.replace("localhost", "127.0.0.1");
    let address: SocketAddr = bare.parse().map_err(|_| Error::BadAddress(text.into()))?;
    if address.ip().is_loopback() { Ok(address) } else { Err(Error::NotLoopback(text.into())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_machine_are_taken() {
        for good in ["127.0.0.1:8101", "http://127.0.0.1:8101", "http://localhost:8101/", "[::1]:80"] {
            assert!(address(good).is_ok(), "{good}");
        }
        for bad in ["10.0.0.1:80", "http://192.0.2.7:8101", "0.0.0.0:80"] {
            assert!(matches!(address(bad), Err(Error::NotLoopback(_))), "{bad}");
        }
        for bad in ["example.com:80", "127.0.0.1", "", "https://127.0.0.1:1"] {
            assert!(matches!(address(bad), Err(Error::BadAddress(_))), "{bad}");
        }
    }
}
