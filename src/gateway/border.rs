//! Browsers at the door: whose pages may open sockets and read replies, and what they may send with a call (CORS).
//!
//! No cookie or HTTP login identifies anybody here, so an origin by itself gains nothing: a chat's key or an agent's
//! token alone does.

#[cfg(test)]
mod tests;

use super::GatewayOptions;
use super::admission::is_trusted;
use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use ipnet::IpNet;

/// What the field's clients are known to send.
const HEADERS: [&str; 11] = [
    "apikey",
    "x-api-key",
    "gms_user",
    "content-type",
    "authorization",
    "authentication",
    "contactcenterid",
    "x-requested-with",
    "accept",
    "cache-control",
    "pragma",
];
/// What pages may read of a reply's head beside what they always may.
const EXPOSED: &str =
    "Retry-After, Preference-Applied, Content-Disposition, Content-Range, Accept-Ranges, ETag";
/// Most bytes of a preflight's list that are looked at.
const ASKED_BYTES_MAX: usize = 4096;
const MAX_AGE_SECONDS: &str = "600";

/// Looks at the `Origin` of a request and adds what browsers want to its reply.
pub(crate) struct Border {
    /// Where this cluster's own pages come from, whatever host a proxy asks its nodes for.
    own: Vec<Site>,
    /// The sites that are listed; none: any may come.
    listed: Option<Vec<Site>>,
    trusted: Vec<IpNet>,
    /// Whether browsers come over TLS, where no trusted proxy says.
    https: bool,
}

/// An origin as browsers write it: lower case, without a port that goes without saying.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Site {
    scheme: String,
    host: String,
}

impl Site {
    /// The origin of a URL, or an origin.
    fn parse(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let host = rest.split(['/', '?', '#']).next().filter(|host| !host.is_empty())?;
        Some(Self::new(scheme, host))
    }

    fn new(scheme: &str, host: &str) -> Self {
        let (scheme, host) = (scheme.to_ascii_lowercase(), host.to_ascii_lowercase());
        let port = match scheme.as_str() {
            "https" => ":443",
            "http" => ":80",
            _ => "",
        };
        let host = host.strip_suffix(port).map(str::to_owned).unwrap_or(host);
        Self { scheme, host }
    }
}

/// What a reply is to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reply {
    /// A call itself, whether it was carried out or refused.
    Call,
    /// A browser's question before a call, answered with the methods there are.
    Preflight(&'static str),
}

/// Whether a page may ask with cookies and logins that the browser has for this address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Credentials {
    /// Only the pages of sites that are named.
    Named,
    /// All that may ask at all: the official CometD client always asks so, and can't be told not to.
    Always,
}

impl Border {
    pub(crate) fn new(options: &GatewayOptions) -> Self {
        let sites = |urls: &[String]| urls.iter().filter_map(|url| Site::parse(url)).collect::<Vec<_>>();
        let public: Vec<Site> = options.public_url.as_deref().and_then(Site::parse).into_iter().collect();
        let https = public.iter().any(|site| site.scheme == "https");
        Self {
            own: [public, sites(&options.customer_nodes)].concat(),
            listed: (!options.origins.is_empty()).then(|| sites(&options.origins)),
            trusted: options.admission.trusted_proxies.clone(),
            https,
        }
    }

    /// Whether the page that a request comes from may open a socket: one of a listed site, or of this server's own.
    /// Programs have no origin.
    pub(crate) fn opens(&self, request: &HttpRequest) -> bool {
        let Some(origin) = request.headers().get(header::ORIGIN) else { return true };
        let site = origin.to_str().ok().and_then(Site::parse);
        self.listed.is_none()
            || site.is_some_and(|site| self.names(&site) || self.asked_for(request).any(|own| own.is(&site)))
    }

    /// Whether the browser that a request comes from speaks TLS.
    pub(crate) fn is_https(&self, request: &HttpRequest) -> bool {
        let said = self.said(request, "x-forwarded-proto", "proto");
        said.first().map_or(self.https, |scheme| scheme.eq_ignore_ascii_case("https"))
    }

    /// Adds to a reply what the request's origin needs to read it, and before a call, what it may send.
    pub(crate) fn allow(
        &self,
        request: &HttpRequest,
        (to, credentials): (Reply, Credentials),
        reply: &mut HeaderMap,
    ) {
        reply.append(header::VARY, HeaderValue::from_static("Origin"));
        let Some(origin) = request.headers().get(header::ORIGIN) else { return };
        let named = origin.to_str().ok().and_then(Site::parse).is_some_and(|site| self.names(&site));
        if !named && self.listed.is_some() {
            return;
        }
        reply.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        if named || credentials == Credentials::Always {
            reply.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        let Reply::Preflight(methods) = to else {
            reply.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
            return;
        };
        reply.append(header::VARY, HeaderValue::from_static("Access-Control-Request-Headers"));
        reply.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods));
        reply.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE_SECONDS));
        let asked = request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS);
        let asked = asked.and_then(|asked| asked.to_str().ok()).unwrap_or_default();
        if let Ok(value) = HeaderValue::from_str(&headers(asked)) {
            reply.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, value);
        }
    }

    /// Whether the configuration says that this site's pages may come.
    fn names(&self, site: &Site) -> bool {
        self.own.contains(site) || self.listed.iter().flatten().any(|listed| listed == site)
    }

    /// The hosts that the browser may have asked for: the request's own, and what a trusted proxy says that it was.
    fn asked_for<'a>(&self, request: &'a HttpRequest) -> impl Iterator<Item = Asked<'a>> + use<'a> {
        let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
        host.into_iter().chain(self.said(request, "x-forwarded-host", "host")).map(Asked)
    }

    /// What the proxy next to us says of the browser's request, when it is one whose word counts.
    fn said<'a>(&self, request: &'a HttpRequest, name: &str, pair: &str) -> Vec<&'a str> {
        let near = request.peer_addr().is_some_and(|peer| is_trusted(&self.trusted, peer.ip()));
        if !near {
            return Vec::new();
        }
        let of_name = last(request.headers(), name);
        let of_pair = last(request.headers(), "forwarded").and_then(|hop| {
            let mut pairs = hop.split(';').filter_map(|pair| pair.split_once('='));
            pairs.find_map(|(key, value)| key.trim().eq_ignore_ascii_case(pair).then_some(value))
        });
        let said = of_name.into_iter().chain(of_pair);
        said.map(|value| value.trim().trim_matches('"')).filter(|value| !value.is_empty()).collect()
    }
}

/// A host that was asked for, over a scheme that is not known here.
struct Asked<'a>(&'a str);

impl Asked<'_> {
    fn is(&self, site: &Site) -> bool {
        Site::new(&site.scheme, self.0) == *site
    }
}

/// What the nearest proxy wrote of a list: its end.
fn last<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get_all(name).last()?.to_str().ok()?.rsplit(',').next()
}

/// The known headers and all others that are asked for: monitoring scripts add their own to every call of a page, and
/// nobody is believed for a header here.
fn headers(asked: &str) -> String {
    let asked = if asked.len() <= ASKED_BYTES_MAX { asked } else { "" };
    let mut list = HEADERS.join(", ");
    let others = asked.split(',').map(str::trim).filter(|name| is_token(name));
    for name in others.filter(|name| !HEADERS.iter().any(|known| known.eq_ignore_ascii_case(name))) {
        list.push_str(", ");
        list.push_str(name);
    }
    list
}

/// A header's name by RFC 9110.
fn is_token(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(fits)
}
