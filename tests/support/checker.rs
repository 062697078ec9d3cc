//! Holds what one customer was told, and complains when the server takes anything of it back.

use std::collections::BTreeMap;

use serde_json::Value;

/// What customers know of their chat: their acknowledged messages, and every event that they were ever shown.
#[derive(Default)]
pub(crate) struct Checker {
    /// The nickname, which marks the customer's own events.
    nickname: String,
    acknowledged: Vec<String>,
    /// By index: an index names one event for ever.
    seen: BTreeMap<i64, String>,
    next_position: i64,
}

impl Checker {
    pub(crate) fn new(nickname: &str) -> Self {
        Self { nickname: nickname.to_owned(), ..Self::default() }
    }

    /// The server said that this message is safe.
    pub(crate) fn acknowledge(&mut self, text: &str) {
        self.acknowledged.push(text.to_owned());
    }

    pub(crate) fn acknowledged(&self) -> usize {
        self.acknowledged.len()
    }

    /// An answer with the whole transcript, read after all that is acknowledged so far.
    ///
    /// # Errors
    /// What is lost, doubled, out of order or changed.
    pub(crate) fn read_all(&mut self, answer: &Value) -> Result<(), String> {
        self.look(answer)?;
        let durable = self.durable(answer)?;
        for (index, event) in &self.seen {
            if durable.get(index) != Some(event) {
                return Err(format!("event {index} was shown before and is gone now: {event}"));
            }
        }
        let texts = self.own_texts(answer);
        if texts != self.acknowledged {
            return Err(format!(
                "own messages differ from the acknowledged ones\nread:  {texts:?}\nacked: {:?}",
                self.acknowledged
            ));
        }
        let (answers, expected) = (bot_answers(answer), self.acknowledged.len() + 1);
        if answers > expected {
            return Err(format!(
                "the bot repeats itself: {answers} messages where a greeting and answers are {expected}"
            ));
        }
        self.seen = durable;
        Ok(())
    }

    /// Whether the bot has greeted and answered each message.
    pub(crate) fn all_answered(&self, answer: &Value) -> bool {
        bot_answers(answer) == self.acknowledged.len() + 1
    }

    /// Any answer with events: indexes grow, never name two events, and the position never goes back.
    pub(crate) fn look(&mut self, answer: &Value) -> Result<(), String> {
        let next = answer["nextPosition"].as_i64().ok_or_else(|| format!("no nextPosition in {answer}"))?;
        if next < self.next_position {
            return Err(format!("nextPosition went back from {} to {next}", self.next_position));
        }
        self.next_position = next;
        let mut last = 0;
        for event in answer["messages"].as_array().ok_or_else(|| format!("no messages in {answer}"))? {
            let index = event["index"].as_i64().ok_or_else(|| format!("no index in {event}"))?;
            if index <= last {
                return Err(format!("index {index} after {last} in {answer}"));
            }
            last = index;
        }
        for (index, event) in self.durable(answer)? {
            let known = self.seen.entry(index).or_insert_with(|| event.clone());
            if *known != event {
                return Err(format!("index {index} was used twice: {known} and {event}"));
            }
        }
        Ok(())
    }

    /// The events that stay; typing does not.
    fn durable(&self, answer: &Value) -> Result<BTreeMap<i64, String>, String> {
        let messages = answer["messages"].as_array().ok_or("no messages")?;
        let stays = |event: &&Value| !event["type"].as_str().unwrap_or("").starts_with("Typing");
        Ok(messages
            .iter()
            .filter(stays)
            .filter_map(|event| Some((event["index"].as_i64()?, event.to_string())))
            .collect())
    }

    fn own_texts(&self, answer: &Value) -> Vec<String> {
        let messages = answer["messages"].as_array().into_iter().flatten();
        let own = messages.filter(|event| {
            event["type"] == "Message" && event["from"]["nickname"] == self.nickname.as_str()
        });
        own.map(|event| event["text"].as_str().unwrap_or("").to_owned()).collect()
    }
}

fn bot_answers(answer: &Value) -> usize {
    let said = |event: &&Value| event["type"] == "Message" && event["from"]["type"] == "Agent";
    answer["messages"].as_array().into_iter().flatten().filter(said).count()
}

/// A transcript as the server would show it, of (index, text) pairs.
#[cfg(test)]
fn transcript(next: i64, messages: &[(i64, &str)]) -> Value {
    let event = |(index, text): &(i64, &str)| {
        let from = serde_json::json!({"nickname": "ann"});
        serde_json::json!({"index": index, "type": "Message", "text": text, "from": from})
    };
    serde_json::json!({"nextPosition": next, "messages": messages.iter().map(event).collect::<Vec<_>>()})
}

#[test]
fn the_checker_sees_every_kind_of_broken_promise() {
    let after = |answer: Value| {
        let mut checker = Checker::new("ann");
        checker.acknowledge("a");
        checker.acknowledge("b");
        checker.read_all(&transcript(4, &[(1, "a"), (3, "b")])).unwrap();
        checker.read_all(&answer)
    };
    after(transcript(4, &[(1, "a"), (3, "b")])).unwrap();
    let broken = [
        ("lost", transcript(4, &[(1, "a")])),
        ("doubled", transcript(5, &[(1, "a"), (3, "b"), (4, "b")])),
        ("reordered", transcript(4, &[(1, "b"), (3, "a")])),
        ("moved to another index", transcript(5, &[(1, "a"), (4, "b")])),
        ("out of index order", transcript(4, &[(3, "b"), (1, "a")])),
        ("position goes back", transcript(3, &[(1, "a"), (3, "b")])),
    ];
    for (what, answer) in broken {
        assert!(after(answer).is_err(), "not seen: {what}");
    }
    let robin = serde_json::json!({"index": 9, "type": "Message", "text": "hi", "from": {"type": "Agent"}});
    let mut chatty = transcript(10, &[(1, "a"), (3, "b")]);
    chatty["messages"].as_array_mut().unwrap().extend((4..8).map(|index| {
        let mut said = robin.clone();
        said["index"] = index.into();
        said
    }));
    assert!(after(chatty).is_err(), "not seen: a bot that repeats itself");
    let mut checker = Checker::new("ann");
    checker.look(&transcript(8, &[(7, "a")])).unwrap();
    assert!(checker.look(&transcript(8, &[(7, "b")])).is_err(), "not seen: an index used twice");
}
