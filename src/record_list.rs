//! The list of closed records, newest first.
//!
//! A record is listed under the hour of its end, by the moment and its session's id; the hours that have records are a
//! list of their own. So a reader goes from one such hour to the next, however many empty ones lie between. There is a
//! budget: where it ends before the page is full, the page says from where to go on.

use handoff_chat::record::{HOUR_MS, HOURS_LIST, RecordListed};
use handoff_chat::{Millis, SessionId};
use handoff_journal::{Entry, Place, Tables, TablesError};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::time::Instant;

/// Entries in one read.
const ENTRIES_PER_READ: usize = 512;

/// Hours in one read: two days of a busy center.
const HOURS_PER_READ: usize = 48;

/// Adds to the list. Clones share which hour they noted last.
#[derive(Clone)]
pub struct RecordList {
    tables: Arc<dyn Tables>,
    /// The start of the hour that was noted last; `u64::MAX`: none yet.
    noted: Arc<AtomicU64>,
}

impl RecordList {
    /// A list that has noted no hour yet.
    #[must_use]
    pub fn new(tables: Arc<dyn Tables>) -> Self {
        Self { tables, noted: Arc::new(AtomicU64::new(u64::MAX)) }
    }

    /// The entry of a record.
    ///
    /// # Errors
    /// When it is larger than one envelope may be.
    pub fn entry(listed: &RecordListed) -> Result<Entry, handoff_codec::Error> {
        let place = place_of(listed.ended_at, &listed.session);
        Ok(Entry { list: list_of(hour_of(place.number)), place, body: listed.encode()?.into() })
    }

    /// Adds an entry. Harmless to repeat.
    ///
    /// # Errors
    /// As [`Tables::enlist`]; repeat.
    pub async fn add(&self, entry: Entry) -> Result<(), TablesError> {
        let hour = hour_of(entry.place.number);
        // The hour first: a record in an hour that is not noted would never be found.
        if self.noted.load(Ordering::Relaxed) != hour {
            let place = Place { number: hour, name: String::new() };
            let noted = Entry { list: HOURS_LIST.to_owned(), place, body: Vec::new().into() };
            self.tables.enlist(noted).await?;
            self.noted.store(hour, Ordering::Relaxed);
        }
        self.tables.enlist(entry).await
    }
}

/// Where something that happened to a session at a moment stands in a list by time.
pub(crate) fn place_of(at: Millis, session: &SessionId) -> Place {
    Place { number: u64::try_from(at.0).unwrap_or(0), name: session.0.clone() }
}

/// The start of the hour of a moment.
fn hour_of(ms: u64) -> u64 {
    ms - ms % HOUR_MS.unsigned_abs()
}

fn list_of(hour: u64) -> String {
    RecordListed::hour_list(Millis(i64::try_from(hour).unwrap_or(i64::MAX)))
}

/// How much a reader may do for one page. At least one read is always done, so every page comes further.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// Entries that the reader may look at, whether they are wanted or not; one read more at most.
    pub entries: usize,
    /// No read begins later.
    pub until: Instant,
}

/// A page of the list.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ListPage {
    /// Newest first.
    pub records: Vec<RecordListed>,
    /// Below which place the next page goes on; `None`: there is nothing more.
    pub next: Option<Place>,
}

/// Closed records that ended at or after `from_ms` (milliseconds since 1970), newest first, below a place where one is
/// given, at most `limit`.
///
/// # Errors
/// As [`Tables::list_back`]; `Refused` for an entry that can't be read.
pub async fn list_records(
    tables: &dyn Tables,
    from_ms: u64,
    below: Option<Place>,
    wanted: impl Fn(&RecordListed) -> bool,
    limit: usize,
    budget: Budget,
) -> Result<ListPage, TablesError> {
    let page = ListPage { records: Vec::new(), next: below };
    let mut walk = Walk { tables, from_ms, wanted, limit, budget, looked_at: 0, page };
    loop {
        let hours = tables.list_back(HOURS_LIST, walk.page.next.as_ref(), HOURS_PER_READ).await?;
        let more = hours.len() == HOURS_PER_READ;
        for (Place { number: hour, .. }, _) in hours {
            match walk.through(hour).await? {
                Step::On => {}
                Step::Stop => return Ok(walk.page),
                Step::End => return Ok(ListPage { next: None, ..walk.page }),
            }
        }
        if !more {
            return Ok(ListPage { next: None, ..walk.page });
        }
    }
}

/// A reader on the way; `page.next` is the place reached.
struct Walk<'a, F> {
    tables: &'a dyn Tables,
    from_ms: u64,
    wanted: F,
    limit: usize,
    budget: Budget,
    looked_at: usize,
    page: ListPage,
}

enum Step {
    /// To the next hour.
    On,
    /// The page is full or the budget spent.
    Stop,
    /// What follows is too old.
    End,
}

impl<F: Fn(&RecordListed) -> bool> Walk<'_, F> {
    async fn through(&mut self, hour: u64) -> Result<Step, TablesError> {
        if hour < hour_of(self.from_ms) {
            return Ok(Step::End);
        }
        loop {
            let below = self.page.next.as_ref();
            let read = self.tables.list_back(&list_of(hour), below, ENTRIES_PER_READ).await?;
            let more = read.len() == ENTRIES_PER_READ;
            self.looked_at += read.len();
            for (place, body) in read {
                if place.number < self.from_ms {
                    return Ok(Step::End);
                }
                let listed = RecordListed::decode(&body);
                let listed = listed.map_err(|error| TablesError::Refused(error.to_string()))?;
                self.page.next = Some(place);
                if (self.wanted)(&listed) {
                    self.page.records.push(listed);
                }
                if self.page.records.len() >= self.limit {
                    return Ok(Step::Stop);
                }
            }
            if !more {
                self.page.next = Some(Place { number: hour, name: String::new() });
            }
            if self.looked_at >= self.budget.entries || Instant::now() >= self.budget.until {
                return Ok(Step::Stop);
            }
            if !more {
                return Ok(Step::On);
            }
        }
    }
}

#[cfg(test)]
mod tests;
