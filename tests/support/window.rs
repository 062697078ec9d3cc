//! An agent's window that goes on: the demo agent's, at one address.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::Deadline;
use crate::support::talker::Talker;

/// Opens its next socket by itself when one is lost, and signs in again.
pub(crate) struct Window {
    url: String,
    sign_in: Value,
    talker: Option<Talker>,
    /// How those of its sockets ended that did so without a word.
    pub(crate) broken: Vec<String>,
    /// Sockets that were not to be had, and commands that were refused.
    pub(crate) refused: Vec<String>,
    /// Names its commands beside those of the agent's other windows.
    run: String,
    commands: usize,
}

impl Window {
    /// Opens one and signs in.
    pub(crate) async fn open(url: &str, password: &str) -> Self {
        let sign_in = json!({"id": "s", "do": "sign_in", "name": "demo", "password": password});
        let run = format!("{:032x}", rand::random::<u128>());
        let (broken, refused) = (Vec::new(), Vec::new());
        let mut window =
            Self { url: url.to_owned(), sign_in, talker: None, broken, refused, run, commands: 0 };
        window.still_works().await;
        window
    }

    /// The agent is signed in and can say that they are ready, on this socket or on the next.
    pub(crate) async fn still_works(&mut self) {
        let deadline = Deadline::new();
        loop {
            deadline.check(|| "the agent's window comes back".to_owned());
            if self.does(json!({"do": "ready"})).await.is_some() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Gives one command; nothing where the socket ends before it is answered, or it is refused.
    pub(crate) async fn does(&mut self, mut command: Value) -> Option<Value> {
        if self.talker.is_none() {
            let mut talker = match Talker::try_window(&self.url).await {
                Ok(talker) => talker,
                Err(why) => {
                    self.refused.push(why);
                    return None;
                }
            };
            let signed = talker.once(&self.sign_in).await;
            self.broken.append(&mut talker.broken);
            let signed = self.carried_out(signed)?;
            self.sign_in = json!({"id": "s", "do": "sign_in", "name": "demo", "token": signed["token"]});
            self.talker = Some(talker);
        }
        self.commands += 1;
        command["id"] = format!("{}-{}", self.run, self.commands).into();
        let talker = self.talker.as_mut()?;
        let answer = talker.once(&command).await;
        if answer.is_none() {
            self.broken.append(&mut talker.broken);
            self.talker = None;
        }
        self.carried_out(answer)
    }

    /// The answer of a command that was carried out.
    fn carried_out(&mut self, answer: Option<Value>) -> Option<Value> {
        let answer = answer?;
        if answer["ok"] != true {
            self.refused.push(answer.to_string());
            return None;
        }
        Some(answer)
    }

    /// The work on the desk, as it was last shown.
    pub(crate) fn work(&self) -> Vec<Value> {
        let desk = self.talker.as_ref().map(|talker| &talker.desk);
        desk.and_then(|desk| desk["work"].as_array()).cloned().unwrap_or_default()
    }
}
