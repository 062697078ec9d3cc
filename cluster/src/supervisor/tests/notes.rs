//! What peers say, as it comes over a link: any bytes are a note or an error, and no note does harm.

use handoff_journal::{Epoch, ShardId};
use proptest::prelude::*;

use super::rules::{Bench, owner};
use super::world::SHARDS;
use crate::beat::Beat;
use crate::supervisor::{Input, Note};

/// Any note, with numbers at their ends and nodes and shards that there are not.
fn note() -> impl Strategy<Value = Note> {
    let number = || prop_oneof![0..10u64, any::<u64>(), Just(u64::MAX)];
    let shard = || prop_oneof![0..SHARDS, any::<u16>()].prop_map(ShardId);
    let held = prop::collection::vec((shard(), number().prop_map(Epoch)), 0..20);
    let suspects = prop::collection::vec(any::<u16>().prop_map(owner), 0..6);
    let beat = (number(), suspects, held, any::<bool>(), any::<bool>());
    prop_oneof![
        4 => beat.prop_map(|(list_version, suspects, held, ready, store_failing)| {
            Note::Beat(Beat { list_version, suspects, held, ready, store_failing })
        }),
        1 => number().prop_map(Note::Echo),
        1 => number().prop_map(Note::EchoBack),
        1 => (shard(), number()).prop_map(|(shard, epoch)| Note::Released { shard, epoch: Epoch(epoch) }),
    ]
}

/// A note's bytes, whole or spoilt, or any bytes.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let whole = note().prop_map(|note| handoff_codec::encode_bare(&note).unwrap()).boxed();
    let spoilt = (whole.clone(), any::<prop::sample::Index>(), any::<u8>(), any::<bool>());
    prop_oneof![
        3 => whole,
        2 => spoilt.prop_map(|(mut bytes, at, value, cut)| {
            let at = at.index(bytes.len());
            bytes[at] = value;
            bytes.truncate(if cut { at } else { bytes.len() });
            bytes
        }),
        1 => prop::collection::vec(any::<u8>(), 0..100),
    ]
}

proptest! {
    #[test]
    fn any_bytes_are_a_note_or_an_error_and_whatever_peers_say_the_machine_goes_on(
        said in prop::collection::vec((1..5u16, bytes(), 0..2_000u64), 1..20),
    ) {
        let mut bench = Bench::up(&[1, 2, 3]);
        for (from, bytes, ms) in said {
            if let Ok(note) = handoff_codec::decode_bare::<Note>(&bytes) {
                bench.give(Input::Heard { from: owner(from), note });
            }
            bench.run(ms);
        }
        bench.out.clear();
        bench.run(300);
        let beats = |action: &crate::supervisor::Action| {
            matches!(action, crate::supervisor::Action::Tell { note: Note::Beat(_), .. })
        };
        prop_assert!(bench.out.iter().any(beats), "it still lives");
    }
}
