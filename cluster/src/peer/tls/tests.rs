//! Certificates good and bad, and links over them.

use std::fs;

use handoff_journal::{Incarnation, NodeId, Owner};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    date_time_ymd,
};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::super::handshake::{HandshakeError, accept, dial};
use super::super::{LinksConfig, Secret, Seed, greet};
use super::*;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn for_nodes() -> CertificateParams {
    let mut params = CertificateParams::new(vec!["node".to_owned()]).unwrap();
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params
}

/// A folder with a node's three files.
struct Files(TempDir);

impl Files {
    fn new(params: CertificateParams, signer: &Authority, trusted: &Authority) -> Self {
        let key = KeyPair::generate().unwrap();
        let files = Self(tempfile::tempdir().unwrap());
        files.write("certificate", &params.signed_by(&key, signer).unwrap().pem());
        files.write("key", &key.serialize_pem());
        files.write("authorities", &trusted.pem());
        files
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    fn read(&self) -> Result<Tls, TlsError> {
        let path = |name| self.0.path().join(name);
        let (certificate, key, authorities) = (path("certificate"), path("key"), path("authorities"));
        Tls::read(TlsFiles { certificate: &certificate, key: &key, authorities: &authorities })
    }

    fn problem(&self) -> String {
        self.read().unwrap_err().to_string()
    }
}

fn tls(signer: &Authority, trusted: &Authority) -> Option<Tls> {
    let files = Files::new(for_nodes(), signer, trusted);
    // What is wrong with its own is looked at elsewhere: here it is its peers who must see it.
    files.write("authorities", &(signer.pem() + &trusted.pem()));
    Some(files.read().unwrap())
}

fn config(tls: Option<Tls>) -> LinksConfig {
    LinksConfig { tls, ..LinksConfig::new("test", Secret::new("a secret"), 24, "build") }
}

fn owner(node: u16) -> Owner {
    Owner { node: NodeId(node), incarnation: Incarnation(7) }
}

/// Node 1 calls node 2; what each of them makes of it.
async fn meet(
    dialer: &LinksConfig,
    acceptor: &LinksConfig,
) -> (Result<u16, HandshakeError>, Result<u16, HandshakeError>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (accepted, _) = listener.accept().await.unwrap();
    let (dialed, accepted) =
        tokio::join!(dial(dialer, owner(1), NodeId(2), stream), accept(acceptor, owner(2), accepted));
    (dialed.map(|opened| opened.protocol), accepted.map(|opened| opened.protocol))
}

#[tokio::test]
async fn nodes_of_one_authority_meet_in_tls() {
    let ours = authority();
    let (dialed, accepted) = meet(&config(tls(&ours, &ours)), &config(tls(&ours, &ours))).await;
    assert_eq!((dialed.unwrap(), accepted.unwrap()), (1, 1));
}

#[tokio::test]
async fn the_secret_is_asked_for_inside_of_tls_too() {
    let ours = authority();
    let guess = LinksConfig { secret: Secret::new("a guess"), ..config(tls(&ours, &ours)) };
    let (dialed, accepted) = meet(&guess, &config(tls(&ours, &ours))).await;
    assert!(matches!(dialed, Err(HandshakeError::Refuse(why)) if why.contains("secrets differ")));
    assert!(matches!(accepted, Err(HandshakeError::Refused(_))));
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused_by_either_end_and_both_know_why() {
    let (ours, theirs) = (authority(), authority());
    let (home, stranger) = (config(tls(&ours, &ours)), config(tls(&theirs, &ours)));
    let (dialed, accepted) = meet(&stranger, &home).await;
    let (dialed, accepted) = (dialed.unwrap_err().to_string(), accepted.unwrap_err().to_string());
    assert!(dialed.contains("does not accept this node's certificate"), "{dialed}");
    assert!(accepted.contains("signed by none of peer.tls.authorities"), "{accepted}");
    let (dialed, accepted) = meet(&home, &stranger).await;
    let (dialed, accepted) = (dialed.unwrap_err().to_string(), accepted.unwrap_err().to_string());
    assert!(dialed.contains("signed by none of peer.tls.authorities"), "{dialed}");
    assert!(accepted.contains("does not accept this node's certificate"), "{accepted}");
}

#[tokio::test]
async fn a_plain_node_and_one_with_tls_tell_each_other_so() {
    let ours = authority();
    for (dialer, acceptor) in [(None, tls(&ours, &ours)), (tls(&ours, &ours), None)] {
        let (dialed, accepted) = meet(&config(dialer), &config(acceptor)).await;
        for error in [dialed.unwrap_err().to_string(), accepted.unwrap_err().to_string()] {
            assert!(error.contains("set peer.tls on all nodes"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_seed_of_another_authority_is_unfit_and_not_merely_absent() {
    let (ours, theirs) = (authority(), authority());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let home = config(tls(&ours, &ours));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            drop(accept(&home, owner(2), stream).await);
        }
    });
    for stranger in [config(tls(&theirs, &ours)), config(None)] {
        assert!(matches!(greet(&stranger, owner(1), &address).await, Seed::Unfit(_)));
    }
    let friend = config(tls(&ours, &ours));
    assert_eq!(greet(&friend, owner(1), &address).await, Seed::Fits(owner(2)));
}

#[test]
fn what_is_wrong_with_the_files_is_said_with_the_file() {
    let (ours, theirs) = (authority(), authority());
    let good = || Files::new(for_nodes(), &ours, &ours);
    assert!(good().read().is_ok());
    let broken = |name: &str, text: &str| {
        let files = good();
        files.write(name, text);
        files.problem()
    };
    let other_key = KeyPair::generate().unwrap().serialize_pem();
    let with = |change: &dyn Fn(&mut CertificateParams)| {
        let mut params = for_nodes();
        change(&mut params);
        Files::new(params, &ours, &ours).problem()
    };
    for (problem, file, what) in [
        (broken("certificate", "no PEM"), "certificate", "holds no certificate"),
        (broken("key", "no PEM"), "key", "no items found"),
        (broken("authorities", ""), "authorities", "holds no certificate"),
        (broken("key", &other_key), "key", "is not the key of"),
        (broken("authorities", &theirs.pem()), "certificate", "signed by none of the authorities"),
        (with(&|params| params.not_after = date_time_ymd(2001, 1, 1)), "certificate", "has expired"),
        (with(&|params| params.not_before = date_time_ymd(2999, 1, 1)), "certificate", "is not valid yet"),
        (with(&|params| drop(params.extended_key_usages.pop())), "certificate", "both ends of a link"),
    ] {
        assert!(problem.contains(&format!("/{file}")) && problem.contains(what), "{problem}");
    }
    let missing = good();
    fs::remove_file(missing.0.path().join("key")).unwrap();
    assert!(missing.problem().contains("No such file"), "{}", missing.problem());
}
