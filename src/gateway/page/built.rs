//! What is built of `web/`, as the build's manifest lists it.

/// A built file, with its forms for a browser that takes them smaller.
pub(super) struct Built {
    /// Below the node's address.
    pub(super) path: &'static str,
    /// Its content type.
    pub(super) kind: &'static str,
    /// An address that stays and gives this file as well; empty for most.
    pub(super) at: &'static str,
    /// Where it is shown as a page; empty for what is none.
    pub(super) page: &'static str,
    /// The trusted types policies that a page's scripts may make, as its own policy names them; empty: none.
    pub(super) trusts: &'static str,
    /// A page shows pictures of other hosts.
    pub(super) pictures: bool,
    /// Pages of any site may use it, not those of this origin alone.
    pub(super) public: bool,
    /// Its path has its content's hash: it never changes.
    pub(super) immutable: bool,
    pub(super) plain: &'static [u8],
    pub(super) gzip: &'static [u8],
    pub(super) brotli: &'static [u8],
}

/// All that was built; nothing where the pages were not built before the binary was.
pub(super) const BUILT: &[Built] = include!(concat!(env!("OUT_DIR"), "/built.rs"));
