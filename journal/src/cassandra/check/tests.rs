//! The judgement on hand-made facts: each rule with what it lets pass and what it refuses.

use super::*;

fn node(version: &str, paxos: Option<&str>) -> ServerNode {
    ServerNode {
        address: "10.0.0.1".to_owned(),
        data_centre: "dc1".to_owned(),
        version: version.to_owned(),
        paxos_variant: paxos.map(str::to_owned),
        commitlog_sync: Some("group".to_owned()),
    }
}

fn facts(nodes: Vec<ServerNode>, factor: u32) -> ServerFacts {
    ServerFacts {
        kind: ServerKind::Cassandra,
        nodes,
        replication: Some(Replication {
            class: "NetworkTopologyStrategy".to_owned(),
            factors: BTreeMap::from([("dc1".to_owned(), factor)]),
        }),
        schema_version: Some(SCHEMA_VERSION),
        stored_data_centre: Some("dc1".to_owned()),
    }
}

fn good() -> ServerFacts {
    facts(vec![node("5.0.5", Some("v2")); 3], 3)
}

fn judged(facts: &ServerFacts) -> Vec<Finding> {
    let wanted =
        Wanted { keyspace: "handoff".to_owned(), data_centre: "dc1".to_owned(), replication_factor: 3 };
    judge(facts, &wanted)
}

fn worst(facts: &ServerFacts) -> Option<Severity> {
    judged(facts).first().map(|finding| finding.severity)
}

#[test]
fn a_sound_database_has_no_finding() {
    assert_eq!(judged(&good()), []);
}

#[test]
fn h7_servers_whose_linearizable_reads_miss_writes_are_refused() {
    for bad in ["3.0.23", "3.11.9", "3.1.0", "2.2.19", "unreadable"] {
        assert_eq!(worst(&facts(vec![node(bad, None); 3], 3)), Some(Severity::Refuse), "{bad}");
    }
    for old in ["3.0.24", "3.0.30", "3.11.10", "3.11.19", "4.0.0", "4.0-rc1"] {
        assert_eq!(worst(&facts(vec![node(old, None); 3], 3)), Some(Severity::Warn), "{old}");
    }
    let one_old = facts(vec![node("5.0.5", Some("v2")), node("3.11.9", None), node("5.0.5", Some("v2"))], 3);
    assert_eq!(worst(&one_old), Some(Severity::Refuse));
}

#[test]
fn h6_the_old_paxos_is_refused_with_the_line_to_change() {
    for version in ["4.1.0", "5.0.5", "5.1-alpha1"] {
        let findings = judged(&facts(vec![node(version, Some("v1")); 3], 3));
        assert_eq!(findings[0].severity, Severity::Refuse);
        assert!(findings[0].change.contains("paxos_variant: v2"), "{findings:?}");
        assert_eq!(judged(&facts(vec![node(version, Some("v2")); 3], 3)), []);
    }
    assert_eq!(worst(&facts(vec![node("5.0.5", None); 3], 3)), Some(Severity::Warn));
}

#[test]
fn h8_a_commit_log_that_is_synced_after_the_answer_is_warned_of_with_the_line_to_change() {
    let with = |sync: &[Option<&str>]| {
        let node = |sync: &Option<&str>| ServerNode {
            address: format!("at-{}", sync.unwrap_or("unreadable")),
            commitlog_sync: sync.map(str::to_owned),
            ..node("5.0.5", Some("v2"))
        };
        judged(&facts(sync.iter().map(node).collect(), 3))
    };
    assert_eq!(with(&[Some("group"), Some("batch"), Some("group")]), []);
    for late in [Some("periodic"), None] {
        let findings = with(&[Some("group"), late, Some("batch")]);
        assert_eq!((findings.len(), findings[0].severity), (1, Severity::Warn), "{findings:?}");
        assert!(findings[0].change.contains("commitlog_sync: group"), "{findings:?}");
        let named = |sync: &str| findings[0].problem.contains(&format!("at-{sync}"));
        assert!(named(late.unwrap_or("unreadable")) && !named("group") && !named("batch"), "{findings:?}");
    }
    let mut scylla = facts(vec![node("3.0.8", None); 3], 3);
    scylla.kind = ServerKind::Scylla;
    scylla.nodes.iter_mut().for_each(|node| node.commitlog_sync = Some("periodic".to_owned()));
    assert_eq!(judged(&scylla).len(), 1, "it syncs every conditional write");
}

#[test]
fn replication_without_a_quorum_is_refused_and_a_thin_one_warned_of() {
    let v2 = || node("5.0.5", Some("v2"));
    assert_eq!(worst(&facts(vec![v2()], 3)), Some(Severity::Refuse));
    assert_eq!(worst(&facts(vec![v2(); 2], 3)), Some(Severity::Warn));
    assert_eq!(worst(&facts(vec![v2(); 3], 1)), Some(Severity::Warn));
    let mut elsewhere = good();
    elsewhere.replication = Some(Replication {
        class: "NetworkTopologyStrategy".to_owned(),
        factors: BTreeMap::from([("dc2".to_owned(), 3)]),
    });
    let findings = judged(&elsewhere);
    assert_eq!(findings[0].severity, Severity::Refuse);
    assert!(findings[0].change.starts_with("ALTER KEYSPACE handoff WITH replication"), "{findings:?}");
    let mut simple = good();
    simple.replication = Some(Replication { class: "SimpleStrategy".to_owned(), factors: BTreeMap::new() });
    assert_eq!(worst(&simple), Some(Severity::Refuse));
}

#[test]
fn another_data_centre_than_the_stored_one_is_refused() {
    let mut moved = good();
    moved.stored_data_centre = Some("dc2".to_owned());
    let findings = judged(&moved);
    assert_eq!(findings[0].severity, Severity::Refuse);
    assert!(findings[0].change.contains("\"dc2\""));
}

#[test]
fn a_schema_of_another_version_is_refused() {
    for version in [None, Some(SCHEMA_VERSION - 1), Some(SCHEMA_VERSION + 1)] {
        let facts = ServerFacts { schema_version: version, ..good() };
        assert_eq!(worst(&facts), Some(Severity::Refuse), "{version:?}");
    }
}

#[test]
fn scylla_is_let_in_with_a_warning_and_needs_no_paxos_variant() {
    let facts = ServerFacts { kind: ServerKind::Scylla, ..facts(vec![node("3.0.8", None); 3], 3) };
    let findings = judged(&facts);
    assert_eq!((findings.len(), findings[0].severity), (1, Severity::Warn));
}
