//! The order of one socket's commands: those of one chat one after the other, those of different chats beside each
//! other. So many wait and no more; then the socket is not read until one is done.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Most commands of a socket that wait.
pub(crate) const COMMANDS_MAX: usize = 32;

/// A command to be carried out and answered.
pub(crate) type Job = Pin<Box<dyn Future<Output = ()>>>;

/// The right to have one command wait.
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
}

/// A lane is a name: commands of one lane keep their order.
pub(crate) struct Lanes {
    places: Arc<Semaphore>,
    /// A lane is here while it has a task that works on it.
    waiting: RefCell<BTreeMap<String, VecDeque<(Place, Job)>>>,
}

impl Lanes {
    pub(crate) fn new() -> Rc<Self> {
        Rc::new(Self { places: Arc::new(Semaphore::new(COMMANDS_MAX)), waiting: RefCell::default() })
    }

    /// Waits until one more command may wait; `None` never comes, for the places are never closed.
    pub(crate) async fn place(&self) -> Option<Place> {
        Arc::clone(&self.places).acquire_owned().await.ok().map(|_permit| Place { _permit })
    }

    /// Waits until no command waits or is under way.
    pub(crate) async fn idle(&self) {
        let all = u32::try_from(COMMANDS_MAX).unwrap_or(u32::MAX);
        let _all = self.places.acquire_many(all).await;
    }

    /// Lines a command up. It is carried out even if the socket closes meanwhile: a client that leaves and closes its
    /// window has left.
    pub(crate) fn put(self: &Rc<Self>, lane: &str, place: Place, job: Job) {
        let mut waiting = self.waiting.borrow_mut();
        if let Some(queue) = waiting.get_mut(lane) {
            queue.push_back((place, job));
            return;
        }
        waiting.insert(lane.to_owned(), VecDeque::from([(place, job)]));
        drop(waiting);
        let (lanes, lane) = (Rc::clone(self), lane.to_owned());
        actix_web::rt::spawn(async move {
            while let Some((_place, job)) = lanes.next(&lane) {
                job.await;
            }
        });
    }

    fn next(&self, lane: &str) -> Option<(Place, Job)> {
        let mut waiting = self.waiting.borrow_mut();
        let next = waiting.get_mut(lane).and_then(VecDeque::pop_front);
        if next.is_none() {
            waiting.remove(lane);
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn one_chat_s_commands_are_in_order_and_another_s_do_not_wait_for_them() {
        let lanes = Lanes::new();
        let done = Rc::new(RefCell::new(Vec::new()));
        let (open, gate) = tokio::sync::oneshot::channel::<()>();
        let mut gate = Some(gate);
        for (lane, number) in [("a", 1), ("a", 2), ("b", 3)] {
            let (done, gate) = (Rc::clone(&done), gate.take());
            let job = async move {
                if let Some(gate) = gate {
                    gate.await.unwrap();
                }
                done.borrow_mut().push(number);
            };
            lanes.put(lane, lanes.place().await.unwrap(), Box::pin(job));
        }
        while done.borrow().is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(*done.borrow(), [3]);
        open.send(()).unwrap();
        while done.borrow().len() < 3 {
            tokio::task::yield_now().await;
        }
        assert_eq!(*done.borrow(), [3, 1, 2]);
        while !lanes.waiting.borrow().is_empty() {
            tokio::task::yield_now().await;
        }
    }

    #[actix_web::test]
    async fn they_are_idle_when_all_is_done() {
        let lanes = Lanes::new();
        let (open, gate) = tokio::sync::oneshot::channel::<()>();
        let place = lanes.place().await.unwrap();
        lanes.put("a", place, Box::pin(async move { gate.await.unwrap() }));
        tokio::select! {
            biased;
            () = lanes.idle() => panic!("a command is under way"),
            () = tokio::task::yield_now() => {}
        }
        open.send(()).unwrap();
        lanes.idle().await;
        lanes.place().await.unwrap();
    }

    #[actix_web::test]
    async fn no_more_wait_than_there_are_places() {
        let lanes = Lanes::new();
        for _ in 0..COMMANDS_MAX {
            let place = lanes.place().await.unwrap();
            lanes.put("a", place, Box::pin(std::future::pending()));
        }
        tokio::select! {
            biased;
            _ = lanes.place() => panic!("a place too many"),
            () = tokio::task::yield_now() => {}
        }
    }
}
