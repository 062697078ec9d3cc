//! The queue before passwords are looked at: a few at a time, the sources in turn, each with few places. A source that
//! fills its places waits for itself alone.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use thiserror::Error;
use tokio::sync::oneshot;

/// Whose a try is, as it is counted; `None`: the connection has no address.
pub(super) type Source = Option<IpAddr>;

/// No place is left: try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("too many sign in at the moment, try again")]
pub(super) struct Busy;

/// How many there may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// At work at a time.
    pub(super) at_once: usize,
    /// Waiting, of one source.
    pub(super) per_source: usize,
    /// Waiting, of all. When all are taken, a source with fewer gets the newest place of the one with most.
    pub(super) waiting: usize,
}

/// One for each node.
pub(super) struct SignInQueue {
    room: Room,
    line: Mutex<Line>,
}

#[derive(Default)]
struct Line {
    working: usize,
    /// The source whose turn it is first.
    sources: VecDeque<(Source, VecDeque<oneshot::Sender<Permit>>)>,
}

/// Leave to work; the next in line gets it when this one ends.
pub(super) struct Permit(Arc<SignInQueue>);

impl Drop for Permit {
    fn drop(&mut self) {
        let next = {
            // Each change is whole before the lock is given back.
            let mut line = self.0.line.lock().unwrap_or_else(PoisonError::into_inner);
            let next = line.next();
            line.working -= usize::from(next.is_none());
            next
        };
        if let Some(next) = next {
            // Who waits no more gives it on at once: the turn that could not be sent ends here.
            let _gone = next.send(Permit(Arc::clone(&self.0)));
        }
    }
}

impl SignInQueue {
    pub(super) fn new(room: Room) -> Arc<Self> {
        Arc::new(Self { room, line: Mutex::default() })
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// [`Busy`].
    pub(super) async fn enter(self: &Arc<Self>, source: Source) -> Result<Permit, Busy> {
        let waiting = {
            let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
            if line.working < self.room.at_once {
                line.working += 1;
                return Ok(Permit(Arc::clone(self)));
            }
            line.line_up(source, self.room)?
        };
        waiting.await.map_err(|_| Busy)
    }
}

impl Line {
    fn next(&mut self) -> Option<oneshot::Sender<Permit>> {
        let (source, mut waiting) = self.sources.pop_front()?;
        let next = waiting.pop_front();
        if !waiting.is_empty() {
            self.sources.push_back((source, waiting));
        }
        next
    }

    fn line_up(&mut self, source: Source, room: Room) -> Result<oneshot::Receiver<Permit>, Busy> {
        // Those whose sockets are gone wait no more.
        for (_, waiting) in &mut self.sources {
            waiting.retain(|one| !one.is_closed());
        }
        self.sources.retain(|(_, waiting)| !waiting.is_empty());
        let own = self.sources.iter().find(|(of, _)| *of == source).map_or(0, |(_, waiting)| waiting.len());
        if own >= room.per_source {
            return Err(Busy);
        }
        if self.sources.iter().map(|(_, waiting)| waiting.len()).sum::<usize>() >= room.waiting {
            let longest = self.sources.iter_mut().map(|(_, waiting)| waiting).max_by_key(|one| one.len());
            let longest = longest.filter(|one| one.len() > own + 1).ok_or(Busy)?;
            // Its holder is answered busy.
            longest.pop_back();
        }
        let (place, waiting) = oneshot::channel();
        match self.sources.iter_mut().find(|(of, _)| *of == source) {
            Some((_, places)) => places.push_back(place),
            None => self.sources.push_back((source, [place].into())),
        }
        Ok(waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use futures_util::future::LocalBoxFuture;

    fn from(last: u8) -> Source {
        Some([192, 0, 2, last].into())
    }

    /// Somebody who asked for a turn and has to wait.
    fn asks(turns: &Arc<SignInQueue>, last: u8) -> LocalBoxFuture<'static, Result<Permit, Busy>> {
        let turns = Arc::clone(turns);
        let mut asked = async move { turns.enter(from(last)).await }.boxed_local();
        assert!((&mut asked).now_or_never().is_none(), "{last} waits");
        asked
    }

    fn room(at_once: usize, per_source: usize, waiting: usize) -> Arc<SignInQueue> {
        SignInQueue::new(Room { at_once, per_source, waiting })
    }

    #[test]
    fn sources_come_in_turn_whoever_has_lined_up_more() {
        let turns = room(1, 3, 10);
        let mut working = turns.enter(from(1)).now_or_never().unwrap().unwrap();
        let mut all =
            vec![asks(&turns, 1), asks(&turns, 1), asks(&turns, 1), asks(&turns, 2), asks(&turns, 3)];
        let mut order = Vec::new();
        let mut names = vec!["1a", "1b", "1c", "2", "3"];
        while !all.is_empty() {
            drop(working);
            let (at, turn) = (0..all.len())
                .find_map(|at| Some((at, (&mut all[at]).now_or_never()?)))
                .expect("somebody's turn");
            working = turn.unwrap();
            order.push(names.remove(at));
            drop(all.remove(at));
        }
        assert_eq!(order, ["1a", "2", "3", "1b", "1c"]);
        drop(working);
        assert!(turns.enter(from(9)).now_or_never().is_some(), "nobody is left");
    }

    #[test]
    fn a_source_has_so_many_places_and_gives_the_newest_up_to_one_with_fewer() {
        let turns = room(1, 3, 4);
        let working = turns.enter(from(1)).now_or_never().unwrap().unwrap();
        let mut one = vec![asks(&turns, 1), asks(&turns, 1), asks(&turns, 1)];
        assert!(turns.enter(from(1)).now_or_never().unwrap().is_err(), "its places are taken");
        let mut others = [asks(&turns, 2), asks(&turns, 3)];
        assert!((&mut one[2]).now_or_never().unwrap().is_err(), "the newest made room");
        assert!((&mut one[1]).now_or_never().is_none());
        assert!(
            turns.enter(from(1)).now_or_never().unwrap().is_err(),
            "who has most makes no room for themselves"
        );
        assert!(
            turns.enter(from(2)).now_or_never().unwrap().is_err(),
            "nor does who would have as many then"
        );
        drop((working, one));
        // Those who are gone are passed over.
        let second = (&mut others[0]).now_or_never().unwrap().unwrap();
        assert!((&mut others[1]).now_or_never().is_none());
        drop(second);
        assert!((&mut others[1]).now_or_never().unwrap().is_ok());
    }
}
