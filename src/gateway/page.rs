//! What is built of `web/`, as its manifest says how: the customer's page at `/`, the desk at `/agent`, the website
//! that is an example, their scripts and styles, and the widget at `/widget.js`, for the sites that show it. Beside
//! it the GMS example at `/examples/gms`, and the descriptions of the interfaces. All compiled in, so that a node
//! and its pages are always of one version; served with headers under which nothing but these files runs.

mod built;

use super::Gateway;
use crate::rich;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, AcceptEncoding, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY,
    ContentEncoding, ETAG, Encoding, Header, IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use built::{BUILT, Built};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

const HTML: &str = "text/html; charset=utf-8";
const NODES_PLACE: &str = r#"<meta name="handoff-nodes" content="" />"#;
const GMS_NODES_PLACE: &str = r#"<meta name="handoff-nodes" content="">"#;

const JSON: &str = "application/schema+json";
const YAML: &str = "application/yaml";

/// What the interfaces are, for those who build on them.
const PUBLISHED: [(&str, &str, &str); 7] = [
    ("/schemas/rich-message.json", JSON, rich::MESSAGE_SCHEMA),
    ("/schemas/rich-reply.json", JSON, rich::REPLY_SCHEMA),
    ("/schemas/customer-socket.json", JSON, include_str!("../../docs/schema/customer-socket.json")),
    ("/schemas/agent-socket.json", JSON, include_str!("../../docs/schema/agent-socket.json")),
    ("/asyncapi/customer.yaml", YAML, include_str!("../../docs/asyncapi/customer.yaml")),
    ("/asyncapi/agent.yaml", YAML, include_str!("../../docs/asyncapi/agent.yaml")),
    ("/openapi/gms.yaml", YAML, include_str!("../../docs/openapi/gms.yaml")),
];

/// The files as this node serves them, by request path.
pub(crate) struct Pages {
    files: BTreeMap<String, File>,
}

struct File {
    content_type: &'static str,
    body: Bytes,
    /// The same, smaller, for browsers that take it so.
    packed: Vec<(ContentEncoding, Bytes)>,
    /// Says whether a browser's copy is still this one.
    tag: String,
    keeping: Keeping,
    readers: Readers,
}

/// How long a browser keeps a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keeping {
    /// It asks each time whether its copy is still the one.
    AskFirst,
    /// For ever: what is at this address never changes.
    ForEver,
}

/// Who may use a file.
enum Readers {
    /// This origin's own pages.
    Own,
    /// This origin alone shows it as a page, under this Content-Security-Policy.
    Page(String),
    /// Pages of any site: it is made to be used there, and is the same for everybody.
    AnySite,
}

impl Pages {
    /// With the base URLs of the nodes that the pages may turn to beside their own origin. Those that aren't
    /// plain http(s) origins are left out.
    pub(crate) fn new(nodes: &[String]) -> Self {
        let nodes: Vec<&str> =
            nodes.iter().map(|node| node.trim_end_matches('/')).filter(|node| is_origin(node)).collect();
        let mut files = BTreeMap::new();
        for built in BUILT {
            if !built.page.is_empty() {
                files.insert(built.page.to_owned(), File::page(built, &nodes));
                continue;
            }
            files.insert(format!("/{}", built.path), File::of(built));
            if !built.at.is_empty() {
                let file = File { keeping: Keeping::AskFirst, ..File::of(built) };
                files.insert(built.at.to_owned(), file);
            }
        }
        for (path, kind, text) in PUBLISHED {
            files.insert(path.to_owned(), File::new(kind, text, Readers::Own));
        }
        let gms = include_str!("../../web/examples/gms.html");
        let policy = example_policy(gms, &nodes);
        let text = gms.replacen(GMS_NODES_PLACE, &nodes_meta(&nodes), 1);
        files.insert("/examples/gms".to_owned(), File::new(HTML, text, Readers::Page(policy)));
        Self { files }
    }
}

impl File {
    fn new(content_type: &'static str, body: impl Into<Bytes>, readers: Readers) -> Self {
        let body = body.into();
        let tag = STANDARD.encode(&Sha256::digest(&body)[..12]);
        Self { content_type, body, packed: Vec::new(), tag, keeping: Keeping::AskFirst, readers }
    }

    fn of(built: &'static Built) -> Self {
        let packed = [(ContentEncoding::Brotli, built.brotli), (ContentEncoding::Gzip, built.gzip)];
        Self {
            packed: packed.map(|(encoding, bytes)| (encoding, Bytes::from_static(bytes))).to_vec(),
            keeping: if built.immutable { Keeping::ForEver } else { Keeping::AskFirst },
            ..Self::new(built.kind, built.plain, if built.public { Readers::AnySite } else { Readers::Own })
        }
    }

    /// A page, with the nodes that it may turn to written into it where there are any.
    fn page(built: &'static Built, nodes: &[&str]) -> Self {
        let readers = Readers::Page(page_policy(nodes, built));
        let text = str::from_utf8(built.plain).unwrap_or_default();
        if nodes.is_empty() || !text.contains(NODES_PLACE) {
            return Self { readers, ..Self::of(built) };
        }
        Self::new(built.kind, text.replacen(NODES_PLACE, &nodes_meta(nodes), 1), readers)
    }

    /// The form that this browser is sent.
    fn form(&self, request: &HttpRequest) -> (ContentEncoding, Bytes) {
        let accepted = AcceptEncoding::parse(request).unwrap_or_else(|_| AcceptEncoding(Vec::new()));
        let known = self.packed.iter().map(|(encoding, _)| Encoding::Known(*encoding)).collect::<Vec<_>>();
        let chosen = accepted.negotiate(known.iter().chain([&Encoding::identity()]));
        let packed = self.packed.iter().find(|(encoding, _)| chosen == Some(Encoding::Known(*encoding)));
        packed.cloned().unwrap_or((ContentEncoding::Identity, self.body.clone()))
    }
}

/// A route for each file, so that every other path stays the caller's.
pub(crate) fn configure(config: &mut web::ServiceConfig, pages: &Pages) {
    for path in pages.files.keys() {
        config.route(path, web::get().to(serve)).route(path, web::head().to(serve));
    }
}

async fn serve(request: HttpRequest, gateway: web::Data<Gateway>) -> HttpResponse {
    let Some(file) = gateway.pages.files.get(request.path()) else {
        return HttpResponse::NotFound().finish();
    };
    let (encoding, body) = file.form(&request);
    // Each form has a tag of its own: a copy of one is none of another.
    let tag = format!("\"{}-{}\"", file.tag, encoding.as_str());
    let known = request.headers().get(IF_NONE_MATCH).is_some_and(|given| given.as_bytes() == tag.as_bytes());
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    let keeping = match file.keeping {
        Keeping::AskFirst => "no-cache",
        Keeping::ForEver => "public, max-age=31536000, immutable",
    };
    response
        .content_type(file.content_type)
        .insert_header((CACHE_CONTROL, keeping))
        .insert_header((ETAG, tag))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"));
    if !file.packed.is_empty() {
        response.insert_header((VARY, "Accept-Encoding"));
    }
    if encoding != ContentEncoding::Identity {
        response.insert_header((CONTENT_ENCODING, encoding.as_str()));
    }
    file.readers.mark(&mut response);
    if known { response.finish() } else { response.body(body) }
}

impl Readers {
    fn mark(&self, response: &mut HttpResponseBuilder) {
        let policy = match self {
            Self::Own | Self::Page(_) => "same-origin",
            Self::AnySite => "cross-origin",
        };
        response.insert_header(("Cross-Origin-Resource-Policy", policy));
        match self {
            Self::Own => {}
            Self::AnySite => {
                response.insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"));
            }
            Self::Page(policy) => {
                response
                    .insert_header((CONTENT_SECURITY_POLICY, policy.as_str()))
                    .insert_header((REFERRER_POLICY, "no-referrer"))
                    .insert_header(("Cross-Origin-Opener-Policy", "same-origin"))
                    .insert_header((
                        "Permissions-Policy",
                        "camera=(), geolocation=(), microphone=(), payment=()",
                    ))
                    .insert_header(("X-Frame-Options", "DENY"));
            }
        }
    }
}

fn nodes_meta(nodes: &[&str]) -> String {
    format!(r#"<meta name="handoff-nodes" content="{}" />"#, nodes.join(","))
}

/// Only the files of this origin, no markup from strings, and sockets to the nodes alone: whatever somebody
/// writes into a chat can't become a script, and a link can't lead a chat to somebody else's server. Pictures may
/// be of the page's own making, as a file's preview is; a page that shows rich messages shows their pictures.
fn page_policy(nodes: &[&str], built: &Built) -> String {
    let sockets: String =
        nodes.iter().map(|node| format!(" {node} ws{}", node.trim_start_matches("http"))).collect();
    let trusts = if built.trusts.is_empty() { "'none'" } else { built.trusts };
    let pictures = if built.pictures { " https:" } else { "" };
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'{sockets}; \
         img-src 'self' blob:{pictures}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types {trusts}"
    )
}

/// The example is one file: its own script and style, by their hashes.
fn example_policy(page: &str, nodes: &[&str]) -> String {
    let hash = |tag: &str| {
        let inner =
            page.split_once(&format!("<{tag}>")).and_then(|(_, rest)| rest.split_once(&format!("</{tag}>")));
        inner.map_or_else(String::new, |(inner, _)| {
            format!("'sha256-{}'", STANDARD.encode(Sha256::digest(inner)))
        })
    };
    format!(
        "default-src 'none'; script-src {}; style-src {}; connect-src 'self'{}{}; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash("script"),
        hash("style"),
        if nodes.is_empty() { "" } else { " " },
        nodes.join(" ")
    )
}

/// `http://host[:port]` or `https://host[:port]`, of characters that mean nothing in HTML or in a policy.
fn is_origin(node: &str) -> bool {
    let host = node.strip_prefix("https://").or_else(|| node.strip_prefix("http://"));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']');
    host.is_some_and(|host| !host.is_empty() && host.bytes().all(plain))
}
