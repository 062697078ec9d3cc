use handoff_journal::cassandra::*;
use handoff_journal::*;
use std::sync::Arc;
use std::time::*;
#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let points: Vec<String> =
        std::env::var("HANDOFF_CASSANDRA").unwrap().split(',').map(str::to_owned).collect();
    let ks = format!("b{:08x}", rand::random::<u32>());
    let c = Cassandra::connect(Settings { contact_points: points, keyspace: ks, ..Settings::default() })
        .await
        .unwrap();
    let t = Instant::now();
    c.apply_schema().await.unwrap();
    println!("schema {:?}", t.elapsed());
    let t = Instant::now();
    println!("{:?}", c.check().await.unwrap());
    println!("check {:?}", t.elapsed());
    let t = Instant::now();
    let s = c.open().await.unwrap();
    println!("open {:?}", t.elapsed());
    let p = plain::PlainJournal::open(&c).await.unwrap();
    let owner = "1-0000000000000001".parse().unwrap();
    for (name, j, shards, events, secs) in [
        ("warm L", s.clone() as Arc<dyn Journal>, 24u16, 10u32, 10u64),
        ("warm plain", p.clone() as Arc<dyn Journal>, 24, 10, 10),
        ("L single", s.clone(), 1, 1, 3),
        ("plain single", p.clone(), 1, 1, 3),
        ("L 24x10", s.clone(), 24, 10, 6),
        ("plain 24x10", p.clone(), 24, 10, 6),
        ("L 24x42", s.clone(), 24, 42, 6),
        ("plain 24x42", p.clone(), 24, 42, 6),
        ("plain 256x1", p.clone(), 256, 1, 6),
        ("L 8x32", s.clone(), 8, 32, 6),
        ("L 8x64", s.clone(), 8, 64, 6),
    ] {
        let mut hs = vec![];
        let until = Instant::now() + Duration::from_secs(secs);
        let t = Instant::now();
        for sh in 0..shards {
            let j = j.clone();
            hs.push(tokio::spawn(async move {
                let c = j.claim(ShardId(sh), owner).await.unwrap();
                let mut at = c.next;
                let mut n = 0u64;
                let mut lat = vec![];
                while Instant::now() < until {
                    let f = Frame {
                        id: FrameId(rand::random()),
                        events,
                        body: vec![7u8; 300 * events as usize].into(),
                    };
                    let t = Instant::now();
                    loop {
                        match j.append(&c.tenure, at, &f).await {
                            Ok(()) => break,
                            Err(JournalError::Unknown(e)) => {
                                println!("unknown {e}");
                            }
                            Err(e) => panic!("{e}"),
                        }
                    }
                    lat.push(t.elapsed());
                    at.seq += 1;
                    n += 1;
                    if at.seq > 2000 {
                        at = j.roll(&c.tenure, at).await.unwrap();
                    }
                }
                (n, lat)
            }));
        }
        let mut n = 0;
        let mut lat = vec![];
        for h in hs {
            let (a, b) = h.await.unwrap();
            n += a;
            lat.extend(b);
        }
        lat.sort();
        let el = t.elapsed().as_secs_f64();
        println!(
            "{name}: {:.0} frames/s {:.0} events/s p50 {:?} p99 {:?}",
            n as f64 / el,
            n as f64 * events as f64 / el,
            lat[lat.len() / 2],
            lat[lat.len() * 99 / 100]
        );
    }
    drop_keyspace_for_tests(&c).await.unwrap();
}
