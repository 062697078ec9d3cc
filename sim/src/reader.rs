//! What a reader has seen, which nothing that is read later may contradict.

use handoff_chat::command::View;
use handoff_chat::event::Body;
use std::collections::BTreeMap;

/// One reader's knowledge of one chat, from the views that were read.
#[derive(Debug, Default)]
pub struct Reader {
    seen: BTreeMap<u64, Shown>,
    next_position: u64,
}

#[derive(Debug, PartialEq)]
struct Shown {
    what: String,
    /// Typing comes and goes, and keeps its index.
    typing: bool,
}

impl Reader {
    /// Takes in a view that was read from `position` on: an index means one thing for ever, what was there is there
    /// again, and positions never go back.
    ///
    /// # Errors
    /// What contradicts an earlier read.
    pub fn take(&mut self, position: u64, view: &View) -> Result<(), String> {
        let shown: BTreeMap<u64, Shown> = shown(view).collect();
        if view.next_position < self.next_position {
            return Err(format!(
                "the next position was {} and is {} now",
                self.next_position, view.next_position
            ));
        }
        self.next_position = view.next_position;
        // Position 0 asks for no events.
        if position > 0 {
            let mut known = self.seen.range(position..).filter(|(_, before)| !before.typing);
            if let Some((index, before)) = known.find(|(index, _)| !shown.contains_key(index)) {
                return Err(format!("index {index} was {:?} and is nothing now", before.what));
            }
        }
        for (index, now) in shown {
            match self.seen.get(&index) {
                Some(before) if *before != now => {
                    return Err(format!("index {index} was {before:?} and is {now:?} now"));
                }
                _ => drop(self.seen.insert(index, now)),
            }
        }
        Ok(())
    }

    /// The position from which on nothing was seen.
    pub fn next(&self) -> u64 {
        self.seen.last_key_value().map_or(1, |(index, _)| index + 1)
    }

    /// How many of the things seen are texts with these words.
    pub fn count(&self, words: &str) -> usize {
        self.seen.values().filter(|shown| shown.what.contains(words)).count()
    }
}

fn shown(view: &View) -> impl Iterator<Item = (u64, Shown)> {
    let events = view.events.iter().filter_map(|event| {
        let what = match &event.body {
            Body::Message { text, .. } => format!("{} {}", event.by, text.show()),
            other => format!("{:?}", std::mem::discriminant(other)),
        };
        view.kind.of(&event.index).map(|index| (index, Shown { what, typing: false }))
    });
    let typing = view.typing.iter().filter_map(|typing| {
        let what = format!("typing {} {}", typing.by, typing.started);
        view.kind.of(&typing.index).map(|index| (index, Shown { what, typing: true }))
    });
    events.chain(typing)
}
