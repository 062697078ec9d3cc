//! Runs the tests' server, to see what the driver alone can do: `fake_gms [FIRST_PORT [NODES]]`.

#[path = "../tests/driver/fake.rs"]
#[allow(clippy::unwrap_used, reason = "a tool for measurements by hand")]
mod fake;

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|a| a.parse().ok());
    let first_port: u16 = numbers.next().unwrap_or(18_101);
    let nodes = numbers.next().unwrap_or(3);
    let fake = fake::start(usize::from(nodes), fake::Flaw::None, first_port);
    println!("listening on {:?} until killed", fake.nodes);
    loop {
        std::thread::park();
    }
}
