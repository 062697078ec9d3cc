//! Browsers of this and of other sites, on each interface: behind a proxy, with tracing headers, with credentials.

use super::native::window::open_with;
use super::support::{Memory, Site, options, site, site_of};
use crate::gateway::GatewayOptions;
use crate::gateway::admission::AdmissionOptions;
use reqwest::Method;

const SHOP: &str = "https://shop.example";
/// Where browsers open sockets.
const SOCKETS: [&str; 3] = ["/v1/customer", "/v1/agent", "/genesys/cometd"];
/// Where other sites' pages call.
const CALLS: [(&str, &str); 7] = [
    ("/genesys/2/chat/default", "POST"),
    ("/genesys/2/chat/default/0001/file", "POST"),
    ("/genesys/cometd", "POST"),
    ("/v1/chats/0001/files", "DELETE"),
    ("/v1/customer/poll", "POST"),
    ("/v1/agent/poll", "POST"),
    ("/v1/services/default", "GET"),
];

fn site_at(public_url: &str, trusted: &[&str]) -> Site {
    let trusted_proxies = trusted.iter().map(|network| network.parse().unwrap()).collect();
    let options = GatewayOptions {
        origins: vec![SHOP.to_owned()],
        public_url: Some(public_url.to_owned()),
        admission: AdmissionOptions { trusted_proxies, ..AdmissionOptions::default() },
        ..options()
    };
    site_of(Memory::new(), options, 7)
}

/// How a browser asks before a call: the headers of the answer.
async fn preflight(site: &Site, path: &str, origin: &str, asked: &str) -> reqwest::header::HeaderMap {
    let request = site.http.request(Method::OPTIONS, format!("{}{path}", site.url)).header("origin", origin);
    let request = request.header("access-control-request-method", "POST");
    let answer = request.header("access-control-request-headers", asked).send().await.unwrap();
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
    answer.headers().clone()
}

#[actix_web::test]
async fn behind_a_proxy_that_writes_another_host_the_node_s_own_pages_open_their_sockets() {
    let site = site_at("https://chat.example.com/", &[]);
    for path in SOCKETS {
        // The host is the node's inner address.
        for (origin, opens) in [
            ("https://chat.example.com", true),
            ("https://evil.example", false),
            ("http://chat.example.com", false),
        ] {
            let opened = open_with(&site, path, &[("origin", origin)]).await;
            assert_eq!(opened.err(), (!opens).then_some(403), "{path} from {origin}");
        }
    }
}

#[actix_web::test]
async fn a_forged_host_opens_no_socket_and_a_trusted_proxy_s_word_does() {
    let forged =
        [("x-forwarded-host", "evil.example"), ("forwarded", "for=192.0.2.7;host=evil.example;proto=https")];
    for (trusted, refusal) in [(&[][..], Some(403)), (&["127.0.0.0/8"][..], None)] {
        let site = site_at("https://chat.example.com", trusted);
        for path in SOCKETS {
            for header in forged {
                let opened = open_with(&site, path, &[("origin", "https://evil.example"), header]).await;
                assert_eq!(opened.err(), refusal, "{path} with {header:?}");
            }
        }
    }
}

#[actix_web::test]
async fn pages_of_allowed_sites_may_send_what_monitoring_scripts_add() {
    let traced = "traceparent,tracestate,baggage,sentry-trace,x-datadog-trace-id,x-datadog-origin,b3,x-b3-traceid,\
                  newrelic,elastic-apm-traceparent,x-request-id,request-id,uber-trace-id,apikey,content-type";
    for (path, method) in CALLS {
        for site in [site(), site_at("https://chat.example.com", &[])] {
            let answer = preflight(&site, path, SHOP, &format!("{traced},evil\"")).await;
            assert_eq!(answer["access-control-allow-origin"], SHOP);
            let allowed = answer["access-control-allow-headers"].to_str().unwrap();
            let has = |wanted: &str| allowed.split(", ").any(|name| name == wanted);
            for name in traced.split(',') {
                assert!(has(name), "{path}: {name} in {allowed}");
            }
            assert!(!allowed.contains("evil"), "{allowed}");
            assert!(answer["access-control-allow-methods"].to_str().unwrap().contains(method), "{path}");
        }
        let strict = site_at("https://chat.example.com", &[]);
        let answer = preflight(&strict, path, "https://evil.example", traced).await;
        let said = answer.keys().any(|name| name.as_str().starts_with("access-control-"));
        assert!(!said, "{path}: {answer:?}");
    }
}

#[actix_web::test]
async fn credentials_are_for_sites_that_are_named_and_never_for_all() {
    let strict = site_at("https://chat.example.com", &[]);
    let any = site();
    for (path, _) in CALLS {
        for (site, origin, expected) in [
            (&strict, SHOP, true),
            // The node's own page that a proxy served: it calls the node at another address.
            (&strict, "https://chat.example.com", true),
            (&strict, "https://evil.example", false),
            // The official CometD client asks so whatever it is told, and there is nothing to gain.
            (&any, SHOP, path == "/genesys/cometd"),
        ] {
            let before = preflight(site, path, origin, "content-type").await;
            let call = site.http.post(format!("{}{path}", site.url)).header("origin", origin);
            let reply = call.send().await.unwrap();
            for headers in [&before, reply.headers()] {
                let credentials =
                    headers.get("access-control-allow-credentials").is_some_and(|said| said == "true");
                assert_eq!(credentials, expected, "{path} from {origin}");
                assert!(headers.get("access-control-allow-origin").is_none_or(|said| said == origin));
                assert!(headers.get_all("vary").iter().any(|vary| vary == "Origin"), "{path}: {headers:?}");
            }
        }
    }
}
