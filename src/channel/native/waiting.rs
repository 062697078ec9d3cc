//! Tells a customer who waits for an agent their place in line and how long that may take. Nothing of it is kept
//! anywhere but here: the queue is asked again and again, whoever owns it, and says what holds now.

use crate::gateway::Gateway;
use crate::gateway::follow::{Pace, Show};
use crate::gateway::native::frames::Frames;
use crate::gateway::native::wire;
use crate::gateway::outlook::wait_s;
use crate::gateway::socket::Task;
use crate::gateway::socket::outbox::Outbox;
use actix_web::web;
use handoff_chat::command::View;
use handoff_chat::{QueueName, SessionId};
use schemars::JsonSchema;
use serde::Serialize;
use std::cell::Cell;
use std::rc::Rc;
use tokio::time::sleep;

/// What is sent of a chat that waits.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum WaitingFrame<'v> {
    /// The chat waits for an agent. Sent at first and when it changes noticeably, some seconds apart; anew after a
    /// `resume`. It holds until the next one.
    Queue {
        /// Its id.
        chat: &'v str,
        /// Its place in line, 1 being the next; null: it waits no longer.
        #[schemars(range(min = 1))]
        place: Option<u64>,
        /// How long it may take until an agent is there, in seconds, rounded; null: nothing is known.
        wait_s: Option<u64>,
    },
}

/// What was told.
#[derive(Clone, Copy, PartialEq)]
struct Told {
    place: u64,
    wait_s: Option<u64>,
}

/// A chat as its customer sees it through a socket, with their place in line.
pub(super) struct Waiting {
    frames: Frames,
    line: Line,
    /// The queue that is asked, by whom.
    asked: Option<(QueueName, Task)>,
}

/// Who is told, and what they were told last.
#[derive(Clone)]
struct Line {
    gateway: web::Data<Gateway>,
    outbox: Rc<Outbox>,
    chat: SessionId,
    told: Rc<Cell<Option<Told>>>,
}

impl Waiting {
    pub(super) fn new(
        gateway: &web::Data<Gateway>,
        outbox: &Rc<Outbox>,
        chat: SessionId,
        frames: Frames,
    ) -> Self {
        let (gateway, outbox) = (gateway.clone(), Rc::clone(outbox));
        Self { frames, line: Line { gateway, outbox, chat, told: Rc::default() }, asked: None }
    }

    fn waits(&mut self, queue: Option<QueueName>) {
        if self.asked.as_ref().map(|(asked, _)| asked) == queue.as_ref() {
            return;
        }
        self.asked = None;
        match queue {
            Some(queue) => {
                let asking = self.line.clone().ask(queue.clone());
                self.asked = Some((queue, Task::spawn(asking)));
            }
            None => self.line.over(),
        }
    }
}

impl Show for Waiting {
    async fn show(&mut self, view: View, position: &Cell<u64>) -> bool {
        let queue = view.waits.clone();
        let open = self.frames.show(view, position).await;
        self.waits(queue);
        open
    }

    fn gone(&mut self, next: u64) {
        self.waits(None);
        self.frames.gone(next);
    }

    fn closed(&self) -> bool {
        self.frames.closed()
    }
}

impl Line {
    /// Asks as long as the chat waits there. Who is offered to an agent has no place, and keeps what they were told.
    async fn ask(self, queue: QueueName) {
        let mut pace = Pace::new();
        loop {
            let outlook = self.gateway.outlook(&queue, Some(self.chat.clone())).await.ok();
            let told = outlook.and_then(|outlook| {
                let place = outlook.place?;
                Some(Told { place, wait_s: wait_s(&outlook) })
            });
            if told.is_some() && told != self.told.get() {
                if !self.outbox.room().await {
                    return;
                }
                self.told.set(told);
                self.push();
            }
            match told {
                Some(_) => sleep(self.gateway.options.place_pause).await,
                // Its coming is on its way to the queue, perhaps.
                None => pace.pause().await,
            }
        }
    }

    /// It waits no longer.
    fn over(&self) {
        if self.told.take().is_some() {
            self.push();
        }
    }

    fn push(&self) {
        let told = self.told.get();
        self.outbox.push(wire::text(&WaitingFrame::Queue {
            chat: &self.chat.0,
            place: told.map(|told| told.place),
            wait_s: told.and_then(|told| told.wait_s),
        }));
    }
}
