//! Whole conversations on three real nodes: two hundred customers and twenty agents over the native sockets, while
//! nodes are killed, stopped and drained at random.
//!
//! The driver is the bench's: it checks that nothing acknowledged is lost, doubled or reordered, that nobody waits for
//! ever, that no agent has more chats than allowed, and that no chat has two agents.

use crate::support::script::Script;
use handoff_bench::cluster::Cluster;
use handoff_bench::conversation::{ConversationPlan, Login, run};
use handoff_bench::gap::Fault;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

const AGENTS: usize = 20;
const PASSWORD: &str = "a password of the test";

/// Twenty agents who take ten chats each.
fn hire(script: &mut Script, folder: &Path) -> Vec<Login> {
    let file = folder.join("password");
    std::fs::write(&file, PASSWORD).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let names = (1..=AGENTS).map(|number| format!("agent{number}"));
    names
        .map(|name| {
            let key = format!("HANDOFF_AGENTS__{}__", name.to_uppercase());
            script.environment.push((format!("{key}PASSWORD_FILE"), file.display().to_string()));
            script.environment.push((format!("{key}CAPACITY"), "10".to_owned()));
            Login { name, password: PASSWORD.to_owned() }
        })
        .collect()
}

#[test]
fn two_hundred_customers_and_twenty_agents_talk_through_kills_stops_and_drains() {
    let folder = tempfile::tempdir().unwrap();
    let mut script = Script::new();
    let agents = hire(&mut script, folder.path());
    let cassandra = std::env::var("HANDOFF_TEST_STORE").is_ok_and(|store| store == "cassandra");
    let store = if cassandra { "cassandra" } else { "sqlite" };
    script.does(&["up", "3", "--store", store]);
    let plan = ConversationPlan {
        nodes: (1..=3).map(|node| script.url(node).replace("http://", "")).collect(),
        service: "default".to_owned(),
        asks_for_person: "I want to talk to a person".to_owned(),
        customers: 200,
        conversations: 500,
        questions: 4,
        pause: Duration::from_secs(4),
        agents,
        stranded_after: Duration::from_secs(150),
        faults: vec![Fault::Kill, Fault::Pause, Fault::Drain, Fault::Kill],
        calm: Duration::from_secs(2),
        cluster: Some(Cluster { program: script.program(folder.path()) }),
    };
    let report = run(&plan).unwrap();
    println!("{}", report.table());
    assert!(report.kept(), "{}", report.table());
    assert_eq!((report.conversations, report.faults), (500, 4));
}
