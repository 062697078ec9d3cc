//! Mutual TLS on the links between nodes: chats work over it, and whoever has no certificate of the cluster's own
//! authority stays outside, and is told why.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};

use serde_json::Value;

use crate::support::client::Customer;
use crate::support::cluster::Cluster;
use crate::support::crowd::Crowd;
use crate::support::node::{Node, handoff};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Gives a node a certificate; answers the folder it lies in.
fn certify(
    node: &mut Node,
    signer: &Authority,
    trusted: &str,
    change: impl Fn(&mut CertificateParams),
) -> PathBuf {
    let mut params = CertificateParams::new(vec![format!("node{}", node.id)]).unwrap();
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let files = [
        ("CERTIFICATE", params.signed_by(&key, signer).unwrap().pem()),
        ("KEY", key.serialize_pem()),
        ("AUTHORITIES", trusted.to_owned()),
    ];
    for (name, text) in files {
        let path = node.dir.join(name);
        std::fs::write(&path, text).unwrap();
        node.env.push((format!("HANDOFF_PEER__TLS__{name}"), path.to_str().unwrap().to_owned()));
    }
    node.dir.clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chats_work_over_mutual_tls_and_strangers_are_not_let_in() {
    let mut cluster = Cluster::prepare(5, "");
    let (ours, theirs) = (authority("ours"), authority("theirs"));
    let (mut plain, mut stranger) = (cluster.nodes.pop().unwrap(), cluster.nodes.pop().unwrap());
    for node in &mut cluster.nodes {
        certify(node, &ours, &ours.pem(), |_| {});
    }
    // The stranger trusts our nodes, but none of them trusts it.
    certify(&mut stranger, &theirs, &(theirs.pem() + &ours.pem()), |_| {});
    cluster.start_all().await;
    let crowd = Crowd::gather(&cluster.urls(), 30).await;
    for node in &cluster.nodes {
        let log = node.log();
        let links = log.lines().filter(|line| line.contains("peer link up"));
        assert!(links.clone().count() > 0 && links.clone().all(|line| line.contains("tls=true")), "{log}");
    }

    for (outsider, because) in [
        (&mut stranger, "the other end does not accept this node's certificate"),
        (&mut plain, "set peer.tls on all nodes"),
    ] {
        outsider.start();
        assert_eq!(outsider.ends().await.code(), Some(1), "{}", outsider.log());
        assert!(outsider.log().contains(because), "{}", outsider.log());
    }
    let refusals: String = cluster.nodes.iter().map(Node::log).collect();
    assert!(refusals.contains("signed by none of peer.tls.authorities"), "{refusals}");
    assert!(refusals.contains("this node uses TLS"), "{refusals}");

    cluster.nodes[0].kill();
    crowd.talks(60).await;
    cluster.restart(0).await;
    crowd.talks(30).await;
    crowd.stop().await.are_kept(&[0, 1, 2]).await;
}

/// What `handoff check` says of a node.
fn check(node: &Node) -> (bool, String) {
    let mut command = handoff();
    command.arg("check").arg("--config").arg(node.config_path()).envs(node.env.iter().cloned());
    let output = command.current_dir(&node.dir).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn check_says_what_is_wrong_with_a_certificate() {
    let (ours, theirs) = (authority("ours"), authority("theirs"));
    let folder = tempfile::tempdir().unwrap();
    let with = |trusted: &Authority, change: &dyn Fn(&mut CertificateParams), then: &dyn Fn(&Path)| {
        let mut node = Cluster::prepare(1, "").nodes.remove(0);
        node.dir = folder.path().to_owned();
        std::fs::write(node.config_path(), format!("[bots]\ndir = {:?}\n", bots())).unwrap();
        then(&certify(&mut node, &ours, &trusted.pem(), change));
        check(&node)
    };
    let (good, problems) = with(&ours, &|_| {}, &|_| {});
    assert!(good, "{problems}");
    let other_key = KeyPair::generate().unwrap().serialize_pem();
    for ((good, problems), what) in [
        (with(&theirs, &|_| {}, &|_| {}), "CERTIFICATE is signed by none of the authorities"),
        (
            with(&ours, &|params| params.not_after = date_time_ymd(2001, 1, 1), &|_| {}),
            "CERTIFICATE has expired",
        ),
        (with(&ours, &|_| {}, &|dir| std::fs::remove_file(dir.join("KEY")).unwrap()), "KEY: "),
        (
            with(&ours, &|_| {}, &|dir| std::fs::write(dir.join("KEY"), &other_key).unwrap()),
            "KEY is not the key of",
        ),
    ] {
        assert!(!good && problems.contains("peer.tls: ") && problems.contains(what), "{what}: {problems}");
    }
}

fn bots() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config/bots")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chat_that_is_larger_than_a_frame_between_nodes_is_read_whole_at_any_node() {
    let cluster = Cluster::start(2).await;
    let mut customer = Customer::request(&cluster.urls(), 0, "talker").await;
    let said: Vec<String> = (0..300).map(|n| format!("{n} {}", "x".repeat(16_000))).collect();
    for (text, n) in said.iter().zip(0_u32..) {
        customer.send(text, &n.to_string()).await;
    }
    for node in 0..2 {
        let mut reader = customer.only_at(node);
        let (mut position, mut read, mut answers) = (1, Vec::new(), 0);
        loop {
            let answer = reader.refresh(position).await;
            answers += 1;
            let own = |event: &&Value| event["type"] == "Message" && event["from"]["nickname"] == "talker";
            let events = answer["messages"].as_array().unwrap();
            read.extend(events.iter().filter(own).map(|event| event["text"].as_str().unwrap().to_owned()));
            if answer["nextPosition"].as_i64() == Some(position) {
                break;
            }
            position = answer["nextPosition"].as_i64().unwrap();
        }
        assert!(read == said, "{} of {} messages at node {node}", read.len(), said.len());
        assert!(answers > 4, "{answers} answers at node {node}");
    }
}
