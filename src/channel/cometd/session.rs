//! One Bayeux session: what its client is to be told, what it was told and may not have, and what it follows.

use crate::gateway::socket::Task;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// A follower waits while so many bytes are to be told or confirmed.
const ROOM_BYTES: usize = 256 * 1024;
/// A connect is answered early once so many bytes that were pushed wait for its reply to confirm them.
const UNCONFIRMED_BYTES: usize = ROOM_BYTES / 2;
/// About as much goes with one reply: old WebSocket clients refuse messages over 64 KiB.
const REPLY_BYTES: usize = 32 * 1024;
/// Most chats of a session.
pub(super) const CHATS_MAX: usize = 16;

/// How a connect or a push reaches the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    /// An HTTP request.
    Http,
    /// The WebSocket of this number.
    Socket(u64),
}

/// Something told, until it is known to have arrived.
struct Unconfirmed {
    /// The connect reply that confirms it.
    reply: u64,
    link: Link,
    text: String,
}

struct Inner {
    /// To be told.
    waiting: VecDeque<String>,
    /// Told, and maybe not arrived.
    unconfirmed: VecDeque<Unconfirmed>,
    /// Bytes of both.
    bytes: usize,
    /// Connect replies so far.
    replies: u64,
    /// The newest connect; it ends the one before.
    connect: u64,
    /// A connect is held.
    held: bool,
    /// Where pushes go.
    socket: Option<u64>,
    /// By chat, each under a number of its own.
    chats: BTreeMap<String, (u64, Task)>,
    /// The number of the newest of them.
    follower: u64,
    seen: Instant,
    over: bool,
}

/// Shared by the requests and sockets of one client.
pub(super) struct Session {
    pub(super) id: String,
    /// With the acknowledgement extension all is told in connect replies, and confirmed by number.
    acks: bool,
    inner: Mutex<Inner>,
    /// Something is to be told, or the session is over, or another connect came.
    stirred: Notify,
    /// Something was confirmed.
    confirmed: Notify,
}

/// How a held connect ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum HeldEnd {
    /// With these messages before its reply, which has this number.
    Reply(Vec<String>, u64),
    /// Another connect has come.
    Replaced,
    /// The session is over.
    Over,
}

/// A connect that is held; dropped, the client is no longer there.
pub(super) struct Held<'a> {
    session: &'a Session,
    number: u64,
    link: Link,
}

impl Session {
    pub(super) fn new(id: String, acks: bool) -> Self {
        let inner = Inner {
            waiting: VecDeque::new(),
            unconfirmed: VecDeque::new(),
            bytes: 0,
            replies: 0,
            connect: 0,
            held: false,
            socket: None,
            chats: BTreeMap::new(),
            follower: 0,
            seen: Instant::now(),
            over: false,
        };
        Self { id, acks, inner: Mutex::new(inner), stirred: Notify::new(), confirmed: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Each change is whole before the lock is given back.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it has the acknowledgement extension.
    pub(super) fn acks(&self) -> bool {
        self.acks
    }

    /// The client is there.
    pub(super) fn touch(&self) {
        self.lock().seen = Instant::now();
    }

    /// Whether the client has stayed away for too long.
    pub(super) fn stale(&self, interval_max: Duration) -> bool {
        let inner = self.lock();
        !inner.held && inner.seen.elapsed() > interval_max
    }

    /// Ends it: nothing is followed any more, and a held connect is answered.
    pub(super) fn end(&self) {
        let mut inner = self.lock();
        inner.over = true;
        let chats = std::mem::take(&mut inner.chats);
        drop(inner);
        drop(chats);
        self.stirred.notify_waiters();
        self.confirmed.notify_waiters();
    }

    pub(super) fn over(&self) -> bool {
        self.lock().over
    }

    /// Follows a chat, instead of what followed it before; `start` is given the follower's number. False: there are
    /// too many, or the session is over.
    pub(super) fn follow(&self, chat: &str, start: impl FnOnce(u64) -> Task) -> bool {
        let mut inner = self.lock();
        if inner.over || (inner.chats.len() >= CHATS_MAX && !inner.chats.contains_key(chat)) {
            return false;
        }
        inner.follower += 1;
        let number = inner.follower;
        inner.chats.insert(chat.to_owned(), (number, start(number)));
        true
    }

    /// A follower comes to its end.
    pub(super) fn unfollow(&self, chat: &str, number: u64) {
        let mut inner = self.lock();
        if inner.chats.get(chat).is_some_and(|(newest, _)| *newest == number)
            && let Some((_, mut task)) = inner.chats.remove(chat)
        {
            // It is the follower itself that says so: it must not be cut off in it.
            task.release();
        }
    }

    /// Something to be told.
    pub(super) fn put(&self, text: String) {
        let mut inner = self.lock();
        if inner.over {
            return;
        }
        inner.bytes += text.len();
        inner.waiting.push_back(text);
        drop(inner);
        self.stirred.notify_waiters();
    }

    /// Waits until there is room for what can wait. False: the session is over.
    pub(super) async fn room(&self) -> bool {
        loop {
            let mut confirmed = std::pin::pin!(self.confirmed.notified());
            confirmed.as_mut().enable();
            {
                let inner = self.lock();
                if inner.over {
                    return false;
                }
                if inner.bytes < ROOM_BYTES {
                    return true;
                }
            }
            confirmed.await;
        }
    }

    /// A connect comes. `acknowledged` is what the extension says; without it a connect confirms all that was told
    /// before the last reply, unless it is one after a break (`at_once`) over another link.
    pub(super) fn arrive(&self, link: Link, acknowledged: Option<u64>, at_once: bool) -> Held<'_> {
        let mut inner = self.lock();
        inner.seen = Instant::now();
        inner.connect += 1;
        inner.held = true;
        if link == Link::Http {
            inner.socket = None;
        }
        let last = inner.replies;
        let mut again = VecDeque::new();
        for unconfirmed in std::mem::take(&mut inner.unconfirmed) {
            let same_socket = unconfirmed.link == link && link != Link::Http;
            let arrived = match acknowledged.filter(|_| self.acks) {
                Some(number) => unconfirmed.reply <= number,
                None => unconfirmed.reply <= last && (same_socket || !at_once),
            };
            if arrived {
                inner.bytes = inner.bytes.saturating_sub(unconfirmed.text.len());
            } else if same_socket && !self.acks {
                inner.unconfirmed.push_back(unconfirmed);
            } else {
                again.push_back(unconfirmed.text);
            }
        }
        again.append(&mut inner.waiting);
        inner.waiting = again;
        let number = inner.connect;
        drop(inner);
        self.confirmed.notify_waiters();
        self.stirred.notify_waiters();
        Held { session: self, number, link }
    }

    /// What is to be pushed over this socket now; waits for it. `None`: pushes go elsewhere for good.
    pub(super) async fn pushes(&self, socket: u64) -> Option<Vec<String>> {
        loop {
            let mut stirred = std::pin::pin!(self.stirred.notified());
            stirred.as_mut().enable();
            {
                let mut inner = self.lock();
                if inner.over || inner.socket != Some(socket) {
                    return None;
                }
                if !self.acks && !inner.waiting.is_empty() {
                    return Some(inner.tell(Link::Socket(socket)));
                }
            }
            stirred.await;
        }
    }

    /// The client is on this socket now: what is not told by connects is pushed there.
    pub(super) fn on(&self, socket: u64) {
        self.lock().socket = Some(socket);
        self.stirred.notify_waiters();
    }

    /// The client is no longer on this socket.
    pub(super) fn off(&self, socket: u64) {
        let mut inner = self.lock();
        if inner.socket == Some(socket) {
            inner.socket = None;
            inner.seen = Instant::now();
        }
        drop(inner);
        self.stirred.notify_waiters();
    }

    fn tells_by_connect(&self, link: Link) -> bool {
        self.acks || link == Link::Http
    }
}

impl Inner {
    /// Takes what goes with one reply or push, and keeps it until it is confirmed.
    fn tell(&mut self, link: Link) -> Vec<String> {
        let (mut texts, mut bytes) = (Vec::new(), 0);
        while bytes < REPLY_BYTES
            && let Some(text) = self.waiting.pop_front()
        {
            bytes += text.len();
            self.unconfirmed.push_back(Unconfirmed { reply: self.replies + 1, link, text: text.clone() });
            texts.push(text);
        }
        texts
    }
}

impl Held<'_> {
    /// Waits until the connect is to be answered: when there is something to tell, or at the deadline.
    pub(super) async fn ended(&self, deadline: Instant) -> HeldEnd {
        loop {
            let mut stirred = std::pin::pin!(self.session.stirred.notified());
            stirred.as_mut().enable();
            if let Some(end) = self.end(Instant::now() >= deadline) {
                return end;
            }
            // At the deadline it is answered, whatever there is.
            let _late = timeout_at(deadline, stirred).await;
        }
    }

    /// How it ends now, if it does; `due`: it has to.
    fn end(&self, due: bool) -> Option<HeldEnd> {
        let mut inner = self.session.lock();
        if inner.over {
            return Some(HeldEnd::Over);
        }
        if inner.connect != self.number {
            return Some(HeldEnd::Replaced);
        }
        let by_connect = self.session.tells_by_connect(self.link);
        let unconfirmed: usize = inner.unconfirmed.iter().map(|unconfirmed| unconfirmed.text.len()).sum();
        if !due && (!by_connect || inner.waiting.is_empty()) && unconfirmed < UNCONFIRMED_BYTES {
            return None;
        }
        let texts = if by_connect { inner.tell(self.link) } else { Vec::new() };
        inner.replies += 1;
        Some(HeldEnd::Reply(texts, inner.replies))
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let mut inner = self.session.lock();
        if inner.connect == self.number {
            inner.held = false;
            inner.seen = Instant::now();
        }
    }
}
