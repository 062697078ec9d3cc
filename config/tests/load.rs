//! What operators give, and what they are told about it.

#![allow(clippy::unwrap_used, clippy::expect_used)] // The helpers of these tests may stop them too.

use handoff_config::{Config, DEFAULT_TOML, Durability, FieldKind, Loaded, Problems, Sources, StoreKind};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn from(toml: &str, env: &[(&str, &str)], set: &[&str]) -> Result<Loaded, Problems> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("node.toml");
    std::fs::write(&file, toml).unwrap();
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Sources { file: Some(file), env, set: set.iter().map(|&text| text.to_owned()).collect() }.load()
}

fn report(toml: &str, env: &[(&str, &str)], set: &[&str]) -> String {
    from(toml, env, set).expect_err("was accepted").to_string()
}

/// The dotted keys of a TOML text, by the text alone.
fn keys_of(text: &str) -> BTreeSet<String> {
    fn walk(table: &toml::Table, path: &str, keys: &mut BTreeSet<String>) {
        for (key, value) in table {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            match value {
                toml::Value::Table(inner) => walk(inner, &path, keys),
                _ => drop(keys.insert(path)),
            }
        }
    }
    let mut keys = BTreeSet::new();
    walk(&text.parse().unwrap(), "", &mut keys);
    keys
}

#[test]
fn the_default_file_holds_exactly_the_defaults() {
    let loaded = Config::from_toml(DEFAULT_TOML).unwrap();
    assert_eq!(loaded.config, Config::default());
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
}

#[test]
fn the_default_file_names_every_key_and_no_other() {
    assert_eq!(keys_of(DEFAULT_TOML), Config::keys().into_iter().collect());
}

#[test]
fn every_key_of_the_default_file_has_a_comment() {
    let mut commented = false;
    for line in DEFAULT_TOML.lines() {
        let key = !line.starts_with(['#', '[']) && line.contains(" = ");
        // The password keys share the user's comment.
        assert!(!key || commented || line.starts_with("password"), "no comment above: {line}");
        commented = line.starts_with('#');
    }
}

#[test]
fn the_cluster_example_is_refused_only_for_the_file_it_names() {
    let example = include_str!("../cassandra-cluster.toml");
    let env = [("HANDOFF_PEER__LISTEN", "10.0.0.1:7080"), ("HANDOFF_HTTP__LISTEN", "10.0.0.1:8080")];
    let problems = from(example, &env, &[]).expect_err("the password file does not exist");
    assert_eq!(problems.0.len(), 1, "{problems}");
    assert!(problems.to_string().contains("/etc/handoff/cassandra.password"), "{problems}");
    let example = example.replace("password_file = \"/etc/handoff/cassandra.password\"", "password = \"pw\"");
    let loaded = from(&example, &env, &[]).unwrap();
    assert_eq!(loaded.config.store.kind, StoreKind::Cassandra);
    assert!(loaded.warnings.iter().any(|text| text.contains("peer.insecure")));
}

#[test]
fn later_layers_win() {
    let toml = "[http]\nlisten = \"127.0.0.1:1\"\nworkers = 1\nbody_bytes_max = 2048\n\
                [session]\nmessage_bytes_max=1000";
    let env = [("HANDOFF_HTTP__LISTEN", "127.0.0.1:2"), ("HANDOFF_HTTP__WORKERS", "2"), ("PATH", "/bin")];
    let config = from(toml, &env, &["http.listen=127.0.0.1:3"]).unwrap().config;
    assert_eq!(config.http.listen.port(), 3);
    assert_eq!(config.http.workers, 2);
    assert_eq!(config.http.body_bytes_max, 2048);
    assert_eq!(config.http.keep_alive_ms, Config::default().http.keep_alive_ms);
}

#[test]
fn values_of_the_environment_take_the_kind_of_their_key() {
    let env = [
        ("HANDOFF_PEER__SEEDS", "127.0.0.1:7101, 127.0.0.1:7102"),
        ("HANDOFF_PEER__CLUSTER", "12"),
        ("HANDOFF_STORE__SQLITE__DURABILITY", "relaxed"),
        ("HANDOFF_JOURNAL__SEGMENT_BYTES_MAX", "1_000_000"),
        ("HANDOFF_SERVICES__SALES__BOT", "seller"),
        ("HANDOFF_CONFIG", "elsewhere.toml"),
    ];
    let config = from("", &env, &["store.cassandra.contact_points=[\"a:1\", \"b:2\"]"]).unwrap().config;
    assert_eq!(config.peer.seeds, ["127.0.0.1:7101", "127.0.0.1:7102"]);
    assert_eq!(config.peer.cluster, "12");
    assert_eq!(config.store.sqlite.durability, Durability::Relaxed);
    assert_eq!(config.journal.segment_bytes_max, 1_000_000);
    assert_eq!(config.services["sales"].bot.as_deref(), Some("seller"));
    assert_eq!(config.services["default"].workflow.as_deref(), Some("demo"));
    assert_eq!(config.store.cassandra.contact_points, ["a:1", "b:2"]);
}

#[test]
fn an_unknown_key_is_refused_with_its_place_and_the_nearest_name() {
    let text = report(
        "[http]\nlisten = \"127.0.0.1:1\"\nlissten = \"x\"\n\n[htp]\nworkers = 1\n[services.sales]\nbott = \"x\"\n",
        &[("HANDOFF_CLUSTER__BEATMS", "100"), ("HANDOFF_ADMIN_LISTEN", "127.0.0.1:1")],
        &["session.lingr_ms=5", "nonsense"],
    );
    for expected in [
        "node.toml:3: unknown key http.lissten, did you mean http.listen?",
        "node.toml:6: unknown key htp.workers, did you mean http.workers?",
        "node.toml:8: unknown key services.sales.bott, did you mean services.sales.bot?",
        "environment HANDOFF_CLUSTER__BEATMS: unknown key cluster.beatms, did you mean HANDOFF_CLUSTER__BEAT_MS?",
        "environment HANDOFF_ADMIN_LISTEN: unknown name, did you mean HANDOFF_ADMIN__LISTEN?",
        "--set session.lingr_ms: unknown key session.lingr_ms, did you mean session.linger_ms?",
        "--set number 2: expected section.key=value",
    ] {
        assert!(text.contains(expected), "missing: {expected}\nin:\n{text}");
    }
    assert_eq!(text.lines().count(), 7, "{text}");
}

#[test]
fn all_problems_come_in_one_report() {
    let text = report(
        "http = 5\n[node]\nid = 0\n[journal]\nshards = \"many\"\n[cluster]\nlimit_ms = 150\nbeat_ms = 1.5\n",
        &[("HANDOFF_LOG__FORMAT", "xml")],
        &["peer.insecure=perhaps"],
    );
    for expected in [
        "node.toml:1: http is a section, not a value",
        "node.toml:3: node.id must be from 1 to 65535, is 0",
        "node.toml:5: journal.shards: expected a whole number from 0 to 65535, found other text",
        "node.toml:7: cluster.limit_ms must be from 200 to 60000, is 150",
        "node.toml:8: cluster.beat_ms: expected a whole number from 0 on, found a fraction",
        "environment HANDOFF_LOG__FORMAT: log.format: expected text or json, found other text",
        "--set peer.insecure: peer.insecure: expected true or false, found other text",
    ] {
        assert!(text.contains(expected), "missing: {expected}\nin:\n{text}");
    }
}

#[test]
fn what_is_not_toml_is_reported_by_line_without_quoting_it() {
    let text = report("[peer]\nsecret = \"hunter2hunter2hunter2\n", &[], &[]);
    assert!(text.contains("node.toml:2: not TOML"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn a_peer_listener_beyond_loopback_needs_insecure_and_then_warns() {
    let listen = "[store]\nkind = \"cassandra\"\n[peer]\nlisten = \"10.0.0.1:7080\"\n";
    assert!(report(listen, &[], &[]).contains("peer.insecure = true"));
    let loaded = from(listen, &[], &["peer.insecure=true"]).unwrap();
    assert!(loaded.warnings.iter().any(|text| text.contains("not encrypted")));
}

#[test]
fn the_embedded_store_refuses_other_hosts() {
    for key in
        ["peer.seeds=127.0.0.1:7101,10.0.0.2:7080", "peer.advertise=node2:7080", "peer.listen=10.0.0.1:7080"]
    {
        let text = report("[peer]\ninsecure = true\n", &[], &[key]);
        assert!(text.contains("embedded store works on one host only"), "{key}: {text}");
        from("[peer]\ninsecure = true\nsame_host = true\n", &[], &[key]).unwrap();
    }
    from("", &[], &["peer.seeds=127.0.0.1:7101,[::1]:7102,localhost:7103"]).unwrap();
}

#[test]
fn files_need_a_place_that_every_node_sees() {
    assert!(report("", &[], &["files.store=database"]).contains("files.store must not be"));
    let cassandra = "[store]\nkind = \"cassandra\"\n";
    assert!(report(cassandra, &[], &["files.store=folder"]).contains("files.dir must name the folder"));
    for (of, store) in
        [("", handoff_config::FileStore::Folder), (cassandra, handoff_config::FileStore::Database)]
    {
        assert_eq!(from(of, &[], &[]).unwrap().config.file_store(), store);
    }
    let text = report("", &[], &["files.store=s3", "files.s3.endpoint=minio:9000"]);
    for key in ["bucket", "access_key_id", "secret_access_key", "endpoint"] {
        assert!(text.contains(&format!("files.s3.{key} must")), "{text}");
    }
    assert!(report("", &[], &["files.upload_types=jpg,.exe"]).contains("files.upload_types must be endings"));
    assert!(report("", &[], &["files.scanner.clamd=clamd"]).contains("files.scanner.clamd must be"));
    from("", &[], &["files.scanner.clamd=unix:/run/clamav/clamd.ctl"]).unwrap();
}

#[test]
fn the_password_file_is_read_and_a_missing_one_is_a_problem() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, "p\u{e4}ss word\n").unwrap();
    let toml = format!("[store.cassandra]\nusername = \"u\"\npassword_file = {:?}\n", file.to_str().unwrap());
    let config = from(&toml, &[], &[]).unwrap().config;
    assert_eq!(config.store.cassandra.password.unwrap().expose(), "p\u{e4}ss word");
    std::fs::remove_file(&file).unwrap();
    assert!(report(&toml, &[], &[]).contains("store.cassandra.password_file can't be read"));
}

#[test]
fn a_missing_file_is_one_problem_with_its_path() {
    let sources = Sources { file: Some("/nonexistent/node.toml".into()), ..Sources::default() };
    assert!(sources.load().unwrap_err().to_string().starts_with("/nonexistent/node.toml: can't be read"));
}

#[test]
fn no_secret_shows_in_debug_or_in_a_report() {
    let set = [
        "peer.secret=hunter2hunter2hunter2",
        "store.cassandra.username=u",
        "store.cassandra.password=hunter2",
    ];
    let loaded = from("", &[], &set).unwrap();
    assert!(!format!("{loaded:?}").contains("hunter2"));
    let env = [
        ("HANDOFF_PEER__SECRET", "hunter2"),
        ("HANDOFF_PEER__SECRT", "hunter2"),
        ("HANDOFF_NODE__ID", "hunter2"),
    ];
    let text = report("[store.cassandra]\npassword = [\"hunter2\"]\n", &env, &["peer.secret:hunter2"]);
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn paths_and_addresses_follow_from_what_is_set() {
    let config = Config::default();
    assert_eq!(config.sqlite_dir(), std::path::Path::new("data/store"));
    assert_eq!(config.peer_secret_file(), std::path::Path::new("data/store/cluster.secret"));
    assert_eq!(config.admin_token_file(), std::path::Path::new("data/admin.token"));
    assert_eq!(config.public_url(), "http://127.0.0.1:8080");
    assert_eq!(config.peer_address(), "127.0.0.1:7080");
}

/// Texts near to configuration: random bytes rarely reach beyond the parser's first line.
fn near_toml() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        any::<String>(),
        prop::sample::select(vec![
            "[http]",
            "[store.",
            "]",
            "[[services]]",
            "\n",
            "=",
            "\"",
            "listen",
            "services",
            ".",
            "{",
            "}",
            "''",
            "0x",
            "1979-05-27",
            "[",
            ",",
            "-9223372036854775808",
            "99999999999999999999",
            "true",
            "\u{0}",
            "\r\n",
            "#",
            "peer.seeds=",
            "node.id=",
            "'''",
            "\\u",
            "1e400",
            "nan",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn any_text_is_a_configuration_or_a_report(text in near_toml()) {
        let _ = Config::from_toml(&text).map_err(|problems| problems.to_string());
    }

    #[test]
    fn any_environment_and_command_line_is_a_configuration_or_a_report(
        key in prop::sample::select(Config::keys()),
        name in "[A-Z_]{0,20}",
        value in near_toml(),
        set in near_toml(),
    ) {
        let env_key = format!("HANDOFF_{}", key.replace('.', "__").to_uppercase());
        let env = vec![(env_key, value.clone()), (format!("HANDOFF_{name}"), value.clone())];
        let set = vec![set, format!("{key}={value}")];
        let _ = Sources { file: None, env, set }.load().map_err(|problems| problems.to_string());
    }
}

#[test]
fn with_tls_the_links_may_leave_the_host_without_a_warning() {
    let store = "[store]\nkind = \"cassandra\"\n";
    let tls =
        format!("{store}[peer.tls]\ncertificate = \"c.pem\"\nkey = \"k.pem\"\nauthorities = \"a.pem\"\n");
    let beyond = [("HANDOFF_PEER__LISTEN", "10.0.0.1:7080")];
    let loaded = from(&tls, &beyond, &["peer.insecure=true"]).unwrap();
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    assert!(from(&tls, &beyond, &[]).unwrap().config.peer_tls().is_some());
    assert!(report(store, &beyond, &[]).contains("set peer.tls"));
    let half = report(&tls, &beyond, &["peer.tls.key="]);
    assert!(half.contains("peer.tls needs all of certificate, key and authorities"), "{half}");
}

#[test]
fn a_text_for_people_is_one_or_one_for_each_language() {
    let toml = "[services.default]\ntitle = \"Help\"\n\
                consent = { en = \"I agree\", pt-BR = \"Concordo\" }\nconsent_url = \"https://a.example/privacy\"\n\
                form = [\"nickname\", \"topic\"]\n\
                [services.default.fields.topic]\nkind = \"choice\"\nrequired = true\nchoices = [\"sales\", \"help\"]\n\
                choice_labels = { sales = { en = \"Sales\", de = \"Verkauf\" } }\nlabel.de = \"Thema\"";
    let config = from(toml, &[], &["services.default.closed_text=Nobody is here"]).unwrap().config;
    let service = &config.services["default"];
    let texts = |texts: &handoff_config::Texts| {
        texts.iter().map(|(tag, text)| format!("{tag}:{text}")).collect::<Vec<_>>()
    };
    assert_eq!(texts(&service.title), ["*:Help"]);
    assert_eq!(texts(&service.consent), ["en:I agree", "pt-BR:Concordo"]);
    assert_eq!(texts(&service.closed_text), ["*:Nobody is here"]);
    assert_eq!(texts(&service.privacy_text), [""; 0]);
    let topic = service.field("topic");
    assert_eq!((topic.kind, topic.required), (Some(FieldKind::Choice), Some(true)));
    assert_eq!(texts(&topic.choice_labels["sales"]), ["de:Verkauf", "en:Sales"]);
}

#[test]
fn a_field_that_is_not_described_is_as_suits_its_key() {
    let service = Config::default().services["default"].clone();
    let (nickname, email) = (service.field("nickname"), service.field("email"));
    assert_eq!((nickname.required, nickname.autocomplete.as_deref()), (Some(true), Some("name")));
    assert_eq!((email.kind, email.required), (Some(FieldKind::Email), Some(false)));
    let toml = "[services.default.fields.nickname]\nlabel = \"Your name\"";
    let service = from(toml, &[], &[]).unwrap().config.services["default"].clone();
    assert_eq!(service.field("nickname").required, Some(true), "what is not said stays");
}

#[test]
fn a_form_that_cannot_work_is_refused_by_what_is_wrong_with_it() {
    let service = |lines: &str| report(&format!("[services.default]\n{lines}"), &[], &[]);
    for (lines, complaint) in [
        ("form = [\"email\"]", "form must have a required nickname, or first_name and last_name"),
        ("fields.nickname.required = false", "form must have a required nickname"),
        ("form = [\"nickname\", \"nickname\"]", "form names a field twice"),
        ("form = [\"nickname\", \"a b\"]", "form must be at most 20 keys of"),
        ("fields.order.required = true", "fields.order is not in services.default.form"),
        ("fields.subject.kind = \"choice\"", "fields.subject.choices must be there"),
        ("fields.subject.choices = [\"a\"]", "fields.subject.choices must be there"),
        (
            "fields.subject = { kind = \"choice\", choices = [\"a\", \"a\"] }",
            "must be at most 100 different texts",
        ),
        (
            "fields.subject = { kind = \"choice\", choices = [\"a\"], choice_labels = { b = \"B\" } }",
            "fields.subject.choice_labels.b is none of the choices",
        ),
        ("fields.subject.label = { german = \"x\", \"d e\" = \"x\" }", "\"d e\", which is no language tag"),
        ("fields.subject.label = 5", "label: expected text, found"),
        ("fields.subject.kind = \"number\"", "expected text, email, phone, choice or long_text"),
        ("fields.subject.autocomplete = \"on<\"", "autocomplete must be as in HTML"),
        ("title = { de = \"\" }", "title must have 1 to 2000 bytes in each language"),
        ("consent = \"x\"\nconsent_url = \"a.example\"", "consent_url must begin with http"),
        ("consent_url = \"https://a.example\"", "consent_url needs services.default.consent"),
        ("consents = \"x\"", "unknown key services.default.consents, did you mean services.default.consent"),
    ] {
        let report = service(lines);
        assert!(report.contains(complaint), "{lines}: {report}");
    }
}
