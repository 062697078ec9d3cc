//! The pages as served, and the demo bot's rules.

use super::support::{Memory, demo_bot, options, site, site_of};
use base64::Engine as _;
use reqwest::header::HeaderMap;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

async fn page(site: &super::support::Site, path: &str) -> (HeaderMap, String) {
    let response = site.http.get(format!("{}{path}", site.url)).send().await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    (response.headers().clone(), response.text().await.unwrap())
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).unwrap_or_else(|| panic!("{name}")).to_str().unwrap()
}

#[actix_web::test]
async fn the_pages_are_served_under_a_policy_that_lets_only_their_own_scripts_run() {
    let site = site();
    for path in ["/", "/agent", "/examples/gms"] {
        let (headers, page) = page(&site, path).await;
        let policy = header(&headers, "content-security-policy");
        for part in [
            "default-src 'none'",
            "connect-src 'self';",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"));
        assert_eq!(header(&headers, "x-content-type-options"), "nosniff");
        assert_eq!(header(&headers, "referrer-policy"), "no-referrer");
        assert!(!page.contains("src=\"http") && !page.contains("@import") && !page.contains("innerHTML"));
    }
}

#[actix_web::test]
async fn the_example_is_one_file_whose_script_and_style_the_policy_knows_by_their_hashes() {
    let (headers, page) = page(&site(), "/examples/gms").await;
    for tag in ["script", "style"] {
        assert_eq!(page.matches(&format!("<{tag}")).count(), 1);
        let inner =
            page.split(&format!("<{tag}>")).nth(1).unwrap().split(&format!("</{tag}>")).next().unwrap();
        let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(inner));
        assert!(header(&headers, "content-security-policy").contains(&format!("{tag}-src 'sha256-{hash}'")));
    }
}

#[actix_web::test]
async fn everything_a_page_or_its_scripts_name_is_served_and_holds_nothing_from_elsewhere() {
    let site = site();
    let mut waiting = vec!["/".to_owned(), "/agent".to_owned()];
    let mut seen = BTreeSet::new();
    while let Some(path) = waiting.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let (headers, text) = page(&site, &path).await;
        assert_eq!(header(&headers, "x-content-type-options"), "nosniff");
        assert!(!text.contains("innerHTML") && !text.contains("eval(") && !text.contains("url("), "{path}");
        let folder = path.rsplit_once('/').unwrap().0;
        let above = folder.rsplit_once('/').map_or("", |(above, _)| above);
        for (start, from) in [("\"/web/", "/web"), ("from \"./", folder), ("from \"../", above)] {
            for found in text.split(start).skip(1) {
                waiting.push(format!("{from}/{}", found.split('"').next().unwrap()));
            }
        }
    }
    assert!(seen.len() >= 20, "{seen:?}");
    for kind in ["js", "css", "svg"] {
        assert!(seen.iter().any(|path| path.ends_with(kind)), "{seen:?}");
    }
}

#[actix_web::test]
async fn a_browser_that_has_a_file_already_is_not_sent_it_again() {
    let site = site();
    let (headers, _) = page(&site, "/web/link.js").await;
    let url = format!("{}/web/link.js", site.url);
    let response =
        site.http.get(&url).header("If-None-Match", header(&headers, "etag")).send().await.unwrap();
    assert_eq!(response.status(), 304);
    let response = site.http.get(&url).header("If-None-Match", "\"another\"").send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(site.http.get(format!("{}/web/none.js", site.url)).send().await.unwrap().status(), 404);
}

#[actix_web::test]
async fn what_is_built_for_other_sites_is_theirs_to_load_small_and_for_ever() {
    let site = site();
    let (headers, loader) = page(&site, "/widget.js").await;
    assert_eq!(header(&headers, "cache-control"), "no-cache", "this address stays, what is there changes");
    let app = loader.split("widget/app.").nth(1).expect("the pages are not built: scripts/web builds them");
    let app = format!("{}/widget/app.{}.js", site.url, app.split('.').next().unwrap());
    let plain = site.http.get(&app).send().await.unwrap();
    assert_eq!(header(plain.headers(), "access-control-allow-origin"), "*");
    assert_eq!(header(plain.headers(), "cross-origin-resource-policy"), "cross-origin");
    assert_eq!(header(plain.headers(), "cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(
        (header(plain.headers(), "vary"), header(plain.headers(), "x-content-type-options")),
        ("Accept-Encoding", "nosniff")
    );
    let (tag, whole) = (header(plain.headers(), "etag").to_owned(), plain.bytes().await.unwrap());
    for (accepted, encoding) in [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("br;q=0, gzip", "gzip")] {
        let packed = site.http.get(&app).header("Accept-Encoding", accepted).send().await.unwrap();
        assert_eq!(header(packed.headers(), "content-encoding"), encoding);
        assert_ne!(header(packed.headers(), "etag"), tag, "a copy of one form is none of another");
        assert!(packed.bytes().await.unwrap().len() * 2 < whole.len());
    }
    let known = site.http.get(&app).header("If-None-Match", &tag).send().await.unwrap();
    assert_eq!(known.status(), 304);
}

#[actix_web::test]
async fn the_pages_may_turn_to_the_listed_nodes_only() {
    let mut options = options();
    let nodes = [
        "http://127.0.0.1:8101/",
        "https://chat.example",
        "https://x\"><script>",
        "javascript:alert(1)",
        "https://a b",
    ];
    options.customer_nodes = nodes.map(str::to_owned).to_vec();
    let site = site_of(Memory::new(), options, 1);
    let both = "connect-src 'self' http://127.0.0.1:8101 ws://127.0.0.1:8101 https://chat.example wss://chat.example;";
    for (path, allowed) in [
        ("/", both),
        ("/agent", both),
        ("/examples/gms", "connect-src 'self' http://127.0.0.1:8101 https://chat.example;"),
    ] {
        let (headers, page) = page(&site, path).await;
        let policy = header(&headers, "content-security-policy");
        assert!(policy.contains(allowed), "{path}: {policy}");
        let listed = r#"<meta name="handoff-nodes" content="http://127.0.0.1:8101,https://chat.example" />"#;
        assert!(page.contains(listed), "{path}");
        assert!(!page.contains("alert(1)"));
    }
}

#[test]
fn the_demo_bot_answers_in_many_languages_and_says_good_bye() {
    let bot = demo_bot();
    for (said, part) in [
        ("How much is it?", "42 €"),
        ("WIEVIEL KOSTET DAS", "In dieser Demo"),
        ("Combien coûte-t-il ?", "tout coûte"),
        ("¿Cuánto cuesta?", "todo cuesta"),
        ("Πόσο κάνει;", "Σε αυτή"),
        ("كم سعر هذا؟", "42 يورو"),
        ("いくらですか", "42ユーロ"),
        ("这个多少钱", "42欧元"),
        ("wo ist mein Paket?", "Pakete gehen"),
        ("📦?", "Parcels"),
        ("שלום", "שלום!"),
        ("order AB-12345", "on its way"),
        ("👍🏽", ""),
    ] {
        let said_back = bot.answer(said, 4).texts;
        assert_eq!(said_back.len(), 1, "{said}");
        assert!(said_back[0].contains(part), "{said}: {said_back:?}");
        assert!(!bot.answer(said, 4).leave);
    }
    assert!(bot.answer("Bye!", 4).leave && bot.answer("Tschüss", 4).leave);
    assert_eq!(bot.greet(2).texts.len(), 1);
    assert!(bot.answer("qwertz", 6).texts[0].len() > 10);
}
