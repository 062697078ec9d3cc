//! What is built of `web/`, as the build's manifest lists it.

/// A built file, with its forms for a browser that takes them smaller.
pub(super) struct Built {
    /// Below the node's address.
    pub(super) path: &'static str,
    /// Its content type.
    pub(super) kind: &'static str,
    /// What the server knows it by; empty for most.
    pub(super) entry: &'static str,
    /// Its path has its content's hash: it never changes.
    pub(super) immutable: bool,
    pub(super) plain: &'static [u8],
    pub(super) gzip: &'static [u8],
    pub(super) brotli: &'static [u8],
}

/// All that was built; nothing where the pages were not built before the binary was.
pub(super) const BUILT: &[Built] = include!(concat!(env!("OUT_DIR"), "/built.rs"));

/// The one that the server knows by this name.
pub(super) fn entry(name: &str) -> Option<&'static Built> {
    BUILT.iter().find(|built| built.entry == name)
}
