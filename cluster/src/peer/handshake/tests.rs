//! The handshake over real sockets: who is let in and who is told why not.

use handoff_journal::Incarnation;
use proptest::prelude::*;

use super::*;

fn config() -> LinksConfig {
    LinksConfig::new("test", Secret::new("a secret"), 24, "build")
}

fn owner(node: u16) -> Owner {
    Owner { node: NodeId(node), incarnation: Incarnation(7) }
}

proptest! {
    #[test]
    fn any_bytes_are_a_hello_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(check_hello(&config(), &bytes).is_err());
        let _ = codec::decode_bare::<Message>(&bytes);
    }

    #[test]
    fn a_damaged_hello_is_an_error_or_fails_the_proof(place in 0..60usize, bit in 0..8u8) {
        let mine = hello_bytes(&config(), owner(1), NodeId(2)).unwrap();
        let theirs = hello_bytes(&config(), owner(2), NodeId(1)).unwrap();
        let given = proof(&config().secret, "dialer", &mine, &theirs).unwrap();
        let mut damaged = mine.clone();
        let place = place % damaged.len();
        damaged[place] ^= 1 << bit;
        let _ = check_hello(&config(), &damaged);
        prop_assert!(check_proof(&config().secret, "dialer", &damaged, &theirs, &given).is_err());
        prop_assert!(check_proof(&config().secret, "dialer", &mine, &theirs, &given).is_ok());
    }
}

#[test]
fn a_proof_holds_for_one_role_and_one_pair_of_hellos_only() {
    let (config, one, two) = (config(), owner(1), owner(2));
    let mine = hello_bytes(&config, one, two.node).unwrap();
    let theirs = hello_bytes(&config, two, one.node).unwrap();
    let given = proof(&config.secret, "acceptor", &mine, &theirs).unwrap();
    assert!(check_proof(&config.secret, "dialer", &mine, &theirs, &given).is_err(), "reflected");
    let later = hello_bytes(&config, one, two.node).unwrap();
    assert!(check_proof(&config.secret, "acceptor", &later, &theirs, &given).is_err(), "replayed");
}

#[test]
fn the_secret_is_not_printed() {
    assert!(!format!("{:?}", config()).contains("a secret"));
}

#[tokio::test]
async fn bytes_in_any_cut_never_break_the_acceptor() {
    use tokio::io::AsyncWriteExt;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let mut state = 99;
    for _ in 0..200 {
        let mut rubbish = vec![0; usize::try_from(crate::random::between(&mut state, 0, 300)).unwrap()];
        rubbish.fill_with(|| u8::try_from(crate::random::next(&mut state) % 256).unwrap());
        if rubbish.len() > 4 && state % 2 == 0 {
            let length = u32::try_from(rubbish.len() - 4).unwrap();
            rubbish[..4].copy_from_slice(&length.to_be_bytes());
        }
        let mut dialer = TcpStream::connect(addr).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        dialer.write_all(&rubbish).await.unwrap();
        drop(dialer);
        assert!(accept(&config(), owner(2), stream).await.is_err());
    }
}

#[tokio::test]
async fn a_dialer_proves_nothing_to_an_acceptor_that_has_not_proved_itself() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (accepted, _) = listener.accept().await.unwrap();
    let impostor = LinksConfig { secret: Secret::new("a guess"), ..config() };
    let mine = config();
    let (dialed, accepted) =
        tokio::join!(dial(&mine, owner(1), NodeId(2), stream), accept(&impostor, owner(2), accepted));
    assert!(matches!(dialed, Err(HandshakeError::Refuse(why)) if why.contains("secrets differ")));
    assert!(matches!(accepted, Err(HandshakeError::Refused(_))));
}
