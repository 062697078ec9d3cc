//! Agents' passwords as argon2id hashes in PHC form.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use thiserror::Error;

/// Why a password can't be hashed.
#[derive(Debug, Error)]
#[error("the password can't be hashed: {0}")]
pub struct HashError(String);

/// Hashes a password with a fresh salt and the recommended cost. Takes tens of milliseconds and 19 MB.
///
/// # Errors
/// [`HashError`].
pub fn hash(password: &str) -> Result<String, HashError> {
    let hashed = Argon2::default().hash_password(password.as_bytes());
    hashed.map(|hash| hash.to_string()).map_err(|error| HashError(error.to_string()))
}

/// Whether a text is a hash that [`fits`] can work with.
#[must_use]
pub fn is_hash(text: &str) -> bool {
    PasswordHash::new(text).is_ok_and(|hash| hash.algorithm.as_str() == "argon2id" && hash.hash.is_some())
}

/// Whether the password is the one that was hashed. As slow as [`hash`], with the cost that the hash names.
#[must_use]
pub fn fits(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_fits_its_hash_and_no_two_hashes_are_alike() {
        let hashed = hash("correct horse").unwrap();
        assert!(is_hash(&hashed) && hashed.starts_with("$argon2id$"));
        assert!(fits("correct horse", &hashed));
        assert!(!fits("correct horse ", &hashed) && !fits("", &hashed) && !fits("correct horse", "x"));
        assert_ne!(hash("correct horse").unwrap(), hashed);
        assert!(!is_hash("correct horse") && !is_hash("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ"));
    }
}
