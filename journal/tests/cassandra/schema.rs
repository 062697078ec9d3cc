//! Making and checking the schema.

use futures_util::future::join_all;
use handoff_journal::cassandra::{
    Cassandra, Finding, SCHEMA_VERSION, Settings, Severity, drop_keyspace_for_tests,
};
use handoff_journal::{Chunks, Journal, Row, Swap, Table, Tables};

use super::{DATABASE, contact_points, settings, shared};
use crate::support::World;

#[tokio::test]
async fn three_nodes_that_start_together_make_one_schema() {
    let Some(points) = contact_points() else { return };
    let _database = DATABASE.read().await;
    let settings = settings(&points, "together");
    let starts = (0..3).map(|node| {
        // Each node names the database nodes in another order.
        let mut points = points.clone();
        let by = node % points.len();
        points.rotate_left(by);
        let settings = Settings { contact_points: points, ..settings.clone() };
        tokio::spawn(async move {
            let cassandra = Cassandra::connect(settings).await.expect("connect");
            let applied = cassandra.apply_schema().await.expect("apply");
            assert_eq!(
                (applied.now, applied.data_centre.as_str()),
                (SCHEMA_VERSION, cassandra.data_centre())
            );
            let store = cassandra.open().await.expect("open");
            (cassandra, store)
        })
    });
    let nodes: Vec<_> = join_all(starts).await.into_iter().map(|node| node.expect("start")).collect();
    // One schema: what one writes the others read.
    for (turn, (_, writer)) in nodes.iter().enumerate() {
        let key = format!("key {turn}");
        writer.put_if_version(Table::Member, &key, 0, "body".into()).await.expect("put");
        for (_, reader) in &nodes {
            let found = reader.get_versioned(Table::Member, &key).await.expect("get");
            assert_eq!(found, Some((1, "body".into())));
        }
    }
    let owner = "1-0000000000000001".parse().expect("owner");
    nodes[0].1.claim(handoff_journal::ShardId(0), owner).await.expect("claim");
    let again = nodes[1].0.apply_schema().await.expect("again");
    assert_eq!((again.before, again.now), (Some(SCHEMA_VERSION), SCHEMA_VERSION));
    drop_keyspace_for_tests(&nodes[0].0).await.expect("drop");
}

#[tokio::test]
async fn the_check_refuses_a_missing_schema_and_lets_a_sound_database_in() {
    let Some(points) = contact_points() else { return };
    let Some(world) = shared().await else { return };
    let cassandra = Cassandra::connect(settings(&points, "check")).await.expect("connect");
    let findings = cassandra.check().await.expect("check");
    let refusals = findings.iter().filter(|finding| finding.severity == Severity::Refuse).count();
    assert_eq!(refusals, 1, "{findings:?}");
    assert!(findings[0].change.contains("schema apply"), "{findings:?}");
    assert!(cassandra.open().await.is_err(), "nothing opens without a schema");
    let findings = world.connect().await.check().await.expect("check");
    let refusals: Vec<_> = findings.iter().filter(|finding| finding.severity == Severity::Refuse).collect();
    assert!(refusals.is_empty(), "{refusals:?}");
    if points.len() >= 3 {
        // `scripts/cassandra` leaves the commit log as it is by default.
        let late = |finding: &Finding| finding.change.contains("commitlog_sync: group");
        assert!(findings.iter().all(late), "three nodes, three copies, paxos v2: {findings:?}");
    }
}

#[tokio::test]
async fn a_data_centre_that_is_not_there_is_named() {
    let Some(points) = contact_points() else { return };
    let _database = DATABASE.read().await;
    let settings = Settings { data_centre: Some("atlantis".to_owned()), ..settings(&points, "dc") };
    let Err(error) = Cassandra::connect(settings).await else { panic!("connected") };
    assert!(error.to_string().contains("atlantis"), "{error}");
}

#[tokio::test]
async fn a_database_that_is_not_there_is_an_error_within_seconds() {
    let settings = Settings { contact_points: vec!["127.0.0.99:9".to_owned()], ..Settings::default() };
    let connected = tokio::time::timeout(std::time::Duration::from_secs(30), Cassandra::connect(settings));
    assert!(connected.await.expect("an answer in time").is_err());
}

#[tokio::test]
async fn a_schema_of_an_older_version_is_brought_to_this_one() {
    let Some(points) = contact_points() else { return };
    let _database = DATABASE.read().await;
    let cassandra = Cassandra::connect(settings(&points, "older")).await.expect("connect");
    cassandra.apply_schema().await.expect("apply");
    let store = cassandra.open().await.expect("open");
    let older = store.put_if_version(Table::Setting, "cassandra.schema_version", 1, "1".into()).await;
    assert_eq!(older, Ok(Swap::Won));
    let findings = cassandra.check().await.expect("check");
    let refused = findings.iter().any(|finding| finding.severity == Severity::Refuse);
    assert!(refused, "an older schema is not used: {findings:?}");
    let applied = cassandra.apply_schema().await.expect("again");
    assert_eq!((applied.before, applied.now), (Some(1), SCHEMA_VERSION));
    let findings = cassandra.check().await.expect("check");
    assert!(findings.iter().all(|finding| finding.severity != Severity::Refuse), "{findings:?}");
    drop_keyspace_for_tests(&cassandra).await.expect("drop");
}

#[tokio::test]
async fn a_file_s_chunks_are_read_by_every_node_until_it_is_forgotten() {
    let Some(world) = shared().await else { return };
    let (writer, reader) = (&world.nodes[0], &world.nodes[1]);
    let (a, b) = (world.key("chunks"), world.key("chunks"));
    let chunk = |key: &str, row, size| Row { key: key.to_owned(), row, body: vec![7; size].into() };
    for (key, row, size) in [(&*a, 0, 128 << 10), (&a, 1, 5), (&b, 0, 1)] {
        writer.put_once(Table::File, vec![chunk(key, row, size)]).await.expect("put");
    }
    let size =
        async |key: &str, row| reader.get(Table::File, key, row).await.expect("get").map(|body| body.len());
    assert_eq!((size(&a, 0).await, size(&a, 1).await), (Some(128 << 10), Some(5)));
    for _ in 0..2 {
        writer.forget_file(&a).await.expect("forget");
    }
    assert_eq!((size(&a, 0).await, size(&a, 1).await, size(&b, 0).await), (None, None, Some(1)));
}
