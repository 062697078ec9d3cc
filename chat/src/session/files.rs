//! The files of a session: which are on their way, looked through, shown.

use super::draft::Asker;
use super::state::Session;
use crate::command::FilesView;
use crate::entry::FileChange;
use crate::event::PerView;
use crate::event::{Body, Event, ViewKind};
use crate::file::{File, FileId};
use crate::id::Served;
use bincode::{Decode, Encode};
use std::collections::BTreeMap;

/// What a session remembers of its files. A stored shape.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub(super) struct Files {
    places: BTreeMap<FileId, Place>,
    /// How often the customer has downloaded.
    pub(super) downloads: u32,
}

/// How far a file has come. A stored shape.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub(super) enum Place {
    /// Its bytes are being stored.
    Reserved {
        /// The number of the participant who stores it.
        by: u32,
        /// Its size as it was announced; it counts at once.
        bytes: u64,
        /// When it no longer counts, in served time.
        lapses_at: Served,
    },
    /// It waits to be looked through.
    Held {
        /// The number of the participant who brought it.
        by: u32,
        /// What is known of it; shown once it has been looked through.
        file: Box<File>,
    },
    /// It is shown to those whose view has this event.
    Shared {
        /// The number of the participant who brought it.
        by: u32,
        /// The number of the event that shows it.
        seq: u64,
        /// The event's index in each view.
        index: PerView<Option<u64>>,
        /// What is known of it, as its readers see it.
        file: Box<File>,
    },
}

impl Place {
    pub(super) fn by(&self) -> u32 {
        match self {
            Self::Reserved { by, .. } | Self::Held { by, .. } | Self::Shared { by, .. } => *by,
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Reserved { bytes, .. } => *bytes,
            Self::Held { file, .. } | Self::Shared { file, .. } => file.bytes,
        }
    }
}

impl Files {
    pub(super) fn apply(&mut self, change: &FileChange) {
        match change {
            FileChange::Reserved { id, by, bytes, lapses_at } => {
                self.places.insert(*id, Place::Reserved { by: *by, bytes: *bytes, lapses_at: *lapses_at });
            }
            FileChange::Held { by, file } => {
                self.places.insert(file.id, Place::Held { by: *by, file: file.clone() });
            }
            FileChange::Released(id) => {
                self.places.remove(id);
            }
            FileChange::Downloaded => self.downloads = self.downloads.saturating_add(1),
        }
    }

    pub(super) fn happened(&mut self, event: &Event) {
        match &event.body {
            Body::FileUploaded(file) => {
                let (by, seq, index) = (event.by, event.seq, event.index);
                self.places.insert(file.id, Place::Shared { by, seq, index, file: file.clone() });
            }
            Body::FileDeleted { id, .. } => {
                self.places.remove(id);
            }
            _ => {}
        }
    }

    pub(super) fn get(&self, id: FileId) -> Option<&Place> {
        self.places.get(&id)
    }

    /// What is being stored and not shown yet.
    pub(super) fn reserved(&self) -> impl Iterator<Item = (FileId, u64, Served)> {
        self.places.iter().filter_map(|(id, place)| match place {
            Place::Reserved { bytes, lapses_at, .. } => Some((*id, *bytes, *lapses_at)),
            _ => None,
        })
    }

    /// How many files a participant has, and their bytes, but for one of them.
    pub(super) fn used(&self, number: u32, but: Option<FileId>) -> (u32, u64) {
        let own = self.places.iter().filter(|(id, place)| place.by() == number && Some(**id) != but);
        own.fold((0, 0), |(files, bytes), (_, place)| {
            (files.saturating_add(1), place.bytes().saturating_add(bytes))
        })
    }
}

impl Session {
    /// A file that an asker can see, and who brought it.
    pub(super) fn file_for(&self, asker: Asker, id: FileId) -> Option<(u32, &File)> {
        self.shared(asker).find(|(_, file)| file.id == id)
    }

    fn shared(&self, asker: Asker) -> impl Iterator<Item = (u32, &File)> {
        let until = self.seen_until(asker);
        self.state.files.places.values().filter_map(move |place| match place {
            Place::Shared { by, seq, index, file } => {
                let sees = asker.view.of(index).is_some() && *seq <= until;
                sees.then_some((*by, &**file))
            }
            Place::Reserved { .. } | Place::Held { .. } => None,
        })
    }

    /// The files for a reader.
    pub(super) fn files_view(&self, asker: Asker) -> FilesView {
        let state = &self.state;
        let (used_files, used_bytes) = state.files.used(asker.by, None);
        let view: ViewKind = asker.view;
        FilesView {
            limits: state.terms().and_then(|terms| terms.limits.files.clone()),
            used_files,
            used_bytes,
            downloads: state.files.downloads,
            files: self.shared(asker).map(|(_, file)| file.clone()).collect(),
            reader: state.parties.get(&asker.by).map(super::state::Party::shown),
            chat_ended: !state.is_in(asker.by),
            next_position: self.next_position(view),
        }
    }
}
