//! Origins and lists of headers as browsers and proxies write them.

use super::*;
use crate::gateway::admission::AdmissionOptions;
use actix_web::test::TestRequest;

fn border(origins: &[&str], public_url: Option<&str>, trusted: &[&str]) -> Border {
    Border::new(&GatewayOptions {
        origins: origins.iter().map(|origin| (*origin).to_owned()).collect(),
        public_url: public_url.map(str::to_owned),
        customer_nodes: vec!["http://node2.example:8080".to_owned()],
        admission: AdmissionOptions {
            trusted_proxies: trusted.iter().map(|network| network.parse().unwrap()).collect(),
            ..AdmissionOptions::default()
        },
        ..GatewayOptions::default()
    })
}

fn request(peer: &str, headers: &[(&str, &str)]) -> HttpRequest {
    let request = TestRequest::default().peer_addr(format!("{peer}:4711").parse().unwrap());
    headers.iter().fold(request, |request, header| request.append_header(*header)).to_http_request()
}

#[test]
fn a_page_is_the_server_s_own_by_the_host_that_was_asked_for_or_by_the_public_url() {
    let border = border(&["https://shop.example"], Some("https://Chat.example.com:443/"), &[]);
    for (origin, host, opens) in [
        ("http://127.0.0.1:8080", "127.0.0.1:8080", true),
        ("http://127.0.0.1:8080", "127.0.0.1:8081", false),
        ("https://node1.example", "NODE1.example:443", true),
        ("http://node1.example", "node1.example:443", false),
        ("http://[::1]:8080", "[::1]:8080", true),
        // A proxy asks its nodes for a name of its own.
        ("https://chat.example.com", "10.0.0.5:8080", true),
        ("http://chat.example.com", "10.0.0.5:8080", false),
        ("https://chat.example.com.evil.example", "10.0.0.5:8080", false),
        ("https://evil.example", "10.0.0.5:8080", false),
        ("http://node2.example:8080", "10.0.0.5:8080", true),
        ("https://shop.example", "10.0.0.5:8080", true),
        ("null", "null", false),
        ("", "", false),
    ] {
        let request = request("192.0.2.7", &[("origin", origin), ("host", host)]);
        assert_eq!(border.opens(&request), opens, "{origin} at {host}");
    }
    assert!(border.opens(&request("192.0.2.7", &[("host", "10.0.0.5:8080")])), "programs have no origin");
}

#[test]
fn what_a_request_was_is_believed_of_trusted_proxies_alone() {
    let border = border(&["https://shop.example"], None, &["10.0.0.0/8"]);
    let forms: [&[(&str, &str)]; 5] = [
        &[("x-forwarded-host", "chat.example.com")],
        &[("x-forwarded-host", "forged.example"), ("x-forwarded-host", "forged.example, chat.example.com")],
        &[("forwarded", "for=192.0.2.7;host=chat.example.com;proto=https")],
        &[("forwarded", "host=forged.example, for=\"[2001:db8::7]:1\"; Host=\"chat.example.com\"")],
        &[("forwarded", "for=192.0.2.7"), ("x-forwarded-host", "chat.example.com:443")],
    ];
    for form in forms {
        let own = [("origin", "https://chat.example.com"), ("host", "10.0.0.5:8080")];
        let headers = [&own[..], form].concat();
        assert!(border.opens(&request("10.0.0.1", &headers)), "{form:?}");
        assert!(border.opens(&request("[::ffff:10.0.0.1]", &headers)), "{form:?}");
        assert!(!border.opens(&request("192.0.2.7", &headers)), "anybody may write {form:?}");
        let forged = [&[("origin", "https://forged.example"), ("host", "10.0.0.5:8080")], form].concat();
        assert!(!border.opens(&request("10.0.0.1", &forged)), "written before the proxy's word: {form:?}");
    }
}

#[test]
fn a_browser_speaks_tls_as_the_public_url_or_a_trusted_proxy_says() {
    let plain = border(&[], None, &["10.0.0.0/8"]);
    let tls = border(&[], Some("https://chat.example.com"), &["10.0.0.0/8"]);
    for (peer, headers, of_plain, of_tls) in [
        ("192.0.2.7", &[][..], false, true),
        ("192.0.2.7", &[("x-forwarded-proto", "https")][..], false, true),
        ("192.0.2.7", &[("forwarded", "proto=http")][..], false, true),
        ("10.0.0.1", &[][..], false, true),
        ("10.0.0.1", &[("x-forwarded-proto", "https")][..], true, true),
        ("10.0.0.1", &[("x-forwarded-proto", "https, http")][..], false, false),
        ("10.0.0.1", &[("forwarded", "for=192.0.2.7;proto=HTTPS")][..], true, true),
    ] {
        let request = request(peer, headers);
        assert_eq!(
            (plain.is_https(&request), tls.is_https(&request)),
            (of_plain, of_tls),
            "{peer} {headers:?}"
        );
    }
}

#[test]
fn any_name_of_a_header_may_be_sent_and_nothing_that_is_none() {
    let known = HEADERS.join(", ");
    assert_eq!(headers(""), known);
    assert_eq!(headers("APIKEY , content-type"), known);
    // A beginning of a known one is another one.
    assert_eq!(headers("x-api,traceparent"), format!("{known}, x-api, traceparent"));
    assert_eq!(headers("evil\", ,a b,x:y,sentry-trace"), format!("{known}, sentry-trace"));
    assert_eq!(headers(&"x-a,".repeat(ASKED_BYTES_MAX)), known);
}
