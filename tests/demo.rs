//! `scripts/demo` as a newcomer runs it: started, used and stopped; and a cluster on Cassandra by its script.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Stdio};
use std::time::Duration;

use handoff_bench::conversation::{ConversationPlan, Login, run};

use crate::support::Deadline;
use crate::support::node::{binary, free_shift, signal};
use crate::support::script::{Script, script_command};

/// What customers say in whole conversations with the bot and a person, at nodes given by host and port.
fn conversations(nodes: Vec<String>, agent: Login) -> ConversationPlan {
    ConversationPlan {
        nodes,
        service: "default".to_owned(),
        asks_for_person: "I want to talk to a person".to_owned(),
        customers: 3,
        conversations: 6,
        questions: 2,
        pause: Duration::from_millis(50),
        agents: vec![agent],
        stranded_after: Duration::from_secs(150),
        faults: Vec::new(),
        calm: Duration::from_secs(1),
        cluster: None,
    }
}

fn are_kept(plan: &ConversationPlan) {
    let report = run(plan).unwrap();
    assert!(report.kept(), "{}", report.table());
    assert_eq!(report.conversations, plan.conversations, "{}", report.table());
}

/// A running `scripts/demo`.
struct Demo {
    child: Child,
    output: BufReader<ChildStdout>,
    /// All that it said until it was ready.
    said: String,
}

impl Demo {
    fn start(shift: u16, data: &str) -> Self {
        let mut command = script_command("demo");
        command.env("DEMO_PORT_SHIFT", shift.to_string()).env("DEMO_BINARY", binary());
        command.args(["--data", data]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut demo = Self { child, output, said: String::new() };
        while !demo.said.contains("Ctrl-C stops it.") && demo.output.read_line(&mut demo.said).unwrap() > 0 {}
        demo
    }

    /// The first word after these.
    fn word_after(&self, words: &str) -> &str {
        let (_, rest) =
            self.said.split_once(words).unwrap_or_else(|| panic!("no {words:?} in {}", self.said));
        rest.split_whitespace().next().unwrap()
    }

    /// What it says when it is told to stop, and its exit status. (SIGTERM is the same to it as Ctrl-C, which is
    /// ignored in whatever a shell started in the background.)
    fn stop(mut self) -> (String, Option<i32>) {
        signal(self.child.id(), "TERM");
        let mut said = String::new();
        self.output.read_to_string(&mut said).unwrap();
        (said, self.child.wait().unwrap().code())
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            signal(self.child.id(), "TERM");
            let _ = self.child.wait();
        }
    }
}

fn listens(port: u16) -> bool {
    std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
}

#[test]
fn the_demo_is_started_used_and_stopped_and_keeps_what_it_has() {
    let (shift, data) = (free_shift(), tempfile::tempdir().unwrap());
    let data = data.path().to_str().unwrap();
    let demo = Demo::start(shift, data);
    let address = format!("127.0.0.1:{}", 8_080 + shift);
    assert_eq!(demo.word_after("website"), format!("http://{address}/examples/site"));
    assert_eq!(demo.word_after("customer page"), format!("http://{address}/"));
    assert_eq!(demo.word_after("agent page"), format!("http://{address}/agent"));
    let password = demo.word_after("sign in as demo with the password").to_owned();
    let agent = || Login { name: "demo".to_owned(), password: password.clone() };
    are_kept(&conversations(vec![address.clone()], agent()));

    let mut second = Demo::start(shift, data);
    let mut why = String::new();
    second.child.stderr.take().unwrap().read_to_string(&mut why).unwrap();
    assert_eq!((second.child.wait().unwrap().code(), why.contains("is taken")), (Some(1), true), "{why}");

    let (said, status) = demo.stop();
    assert_eq!((said.trim(), status), ("stopping\nstopped", Some(0)));
    let deadline = Deadline::new();
    while [7_080, 8_080, 9_080].into_iter().any(|port| listens(port + shift)) {
        deadline.check(|| "nothing of the demo listens any more".to_owned());
        std::thread::sleep(Duration::from_millis(20));
    }

    // The same password opens what is there after a new start.
    let demo = Demo::start(shift, data);
    assert_eq!(demo.word_after("sign in as demo with the password"), password);
    are_kept(&conversations(vec![address], agent()));
    assert_eq!(demo.stop().1, Some(0));
}

#[test]
fn a_cluster_on_cassandra_is_started_used_and_stopped_by_its_script() {
    if std::env::var("HANDOFF_TEST_STORE").is_ok_and(|store| store == "cassandra") {
        let script = Script::new();
        script.does(&["up", "3", "--store", "cassandra"]);
        assert_eq!(script.states(), ["up", "up", "up"]);
        let sign_in = script.does(&["agent"]);
        let password = sign_in.lines().nth(1).and_then(|line| line.strip_prefix("password  ")).unwrap();
        let nodes = (1..=3).map(|node| script.url(node).replace("http://", "")).collect();
        let agent = Login { name: "demo".to_owned(), password: password.to_owned() };
        are_kept(&conversations(nodes, agent));
        script.does(&["drain", "2"]);
        assert_eq!(script.states(), ["up", "down", "up"]);
        script.does(&["down"]);
        assert_eq!(script.states(), ["down", "down", "down"]);
    } else {
        println!("skipped: HANDOFF_TEST_STORE is not cassandra");
    }
}
