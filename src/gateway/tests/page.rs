//! The customer page as served, and the demo bot's rules.

use super::support::{Memory, demo_bot, options, site, site_of};
use base64::Engine as _;
use sha2::{Digest, Sha256};

#[actix_web::test]
async fn the_page_is_served_under_a_policy_that_lets_only_its_own_script_run() {
    let site = site();
    let response = site.http.get(&site.url).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let headers = response.headers().clone();
    let header =
        |name: &str| headers.get(name).unwrap_or_else(|| panic!("{name}")).to_str().unwrap().to_owned();
    let policy = header("content-security-policy");
    for part in [
        "default-src 'none'",
        "connect-src 'self';",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe"));
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("referrer-policy"), "no-referrer");
    let page = response.text().await.unwrap();
    for tag in ["script", "style"] {
        assert_eq!(page.matches(&format!("<{tag}")).count(), 1);
        let inner =
            page.split(&format!("<{tag}>")).nth(1).unwrap().split(&format!("</{tag}>")).next().unwrap();
        let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(inner));
        assert!(policy.contains(&format!("{tag}-src 'sha256-{hash}'")));
    }
    assert!(!page.contains("src=\"http") && !page.contains("@import") && !page.contains("innerHTML"));
}

#[actix_web::test]
async fn the_page_may_turn_to_the_listed_nodes_only() {
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
    let response = site.http.get(&site.url).send().await.unwrap();
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("connect-src 'self' http://127.0.0.1:8101 https://chat.example;"), "{policy}");
    let page = response.text().await.unwrap();
    assert!(
        page.contains(r#"<meta name="handoff-nodes" content="http://127.0.0.1:8101,https://chat.example">"#)
    );
    assert!(!page.contains("alert(1)"));
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
