//! Which cryptography TLS uses in this process, for libraries that ask.

/// Chooses ring, unless something was chosen before. Harmless to repeat; to be called before a client of HTTPS is made.
pub fn choose_provider() {
    drop(rustls::crypto::ring::default_provider().install_default());
}
