//! Files: kept places, limits, what others see, and what is looked through first.

use super::routing::kate;
use super::*;
use crate::command::FilesView;
use crate::event::{Body, Role, Visibility};
use crate::file::{File, FileId, FileLimits, FileReject};
use crate::opening::{Limits, Opening, Terms};
use crate::text::Text;

pub(super) fn limits() -> FileLimits {
    FileLimits {
        files_max: 2,
        file_bytes_max: 100,
        total_bytes_max: 150,
        types: "png".to_owned(),
        need_agent: false,
        downloads_max: 0,
    }
}

fn with(files: FileLimits) -> Opening {
    let limits = Limits { files: Some(files), ..opening().terms.limits };
    Opening { terms: Terms { limits, ..opening().terms }, bot: None, ..opening() }
}

/// The usual opening, where files may be sent and longer rows of x are private.
pub(super) fn with_files() -> Opening {
    let privacy = super::privacy::privacy(crate::privacy::Area::HistoryAll, "xxx+");
    Opening {
        terms: Terms { privacy: Some(Box::new(privacy)), ..with(limits()).terms },
        bot: opening().bot,
        ..with(limits())
    }
}

fn file(id: u64, bytes: u64) -> File {
    let (name, description) = (Text::clear("a.png"), Text::clear(""));
    File { id: FileId(id), name, bytes, media_type: "image/png".to_owned(), description }
}

pub(super) fn reserve(id: u64, bytes: u64) -> Act {
    Act::ReserveFile { file: FileId(id), bytes }
}

pub(super) fn add(id: u64, bytes: u64, held: bool) -> Act {
    Act::AddFile { file: Box::new(file(id, bytes)), held }
}

pub(super) fn delete(id: u64) -> Act {
    Act::DeleteFile { file: FileId(id) }
}

impl World {
    fn files(&self, caller: &Caller) -> FilesView {
        match self.session.read(caller, &Read::Files) {
            Ok(Reading::Files(view)) => *view,
            other => panic!("no files but {other:?}"),
        }
    }

    fn shares(&mut self, caller: Caller, id: u64, bytes: u64) {
        self.asks(caller.clone(), reserve(id, bytes)).unwrap();
        self.asks(caller, add(id, bytes, false)).unwrap();
    }

    fn drops(&self) -> Vec<FileId> {
        let dropped = |(_, effect)| match effect {
            Effect::DropFile { file, .. } => Some(file),
            _ => None,
        };
        self.owed().into_iter().filter_map(dropped).collect()
    }

    fn scans(&self) -> Vec<EffectId> {
        let scan =
            |(id, effect): &(EffectId, Effect)| matches!(effect, Effect::ScanFile { .. }).then_some(*id);
        self.owed().iter().filter_map(scan).collect()
    }
}

fn refused(asked: Result<Decision, Reject>) -> FileReject {
    match asked {
        Err(Reject::File(reject)) => reject,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_file_is_shown_once_its_bytes_are_stored_and_a_repeat_shows_it_once() {
    let mut world = World::open(with(limits()));
    world.kate_joins();
    world.asks(CUSTOMER, reserve(1, 60)).unwrap();
    assert_eq!((world.files(&CUSTOMER).used_files, world.files(&kate()).files.len()), (1, 0));
    let first = world.asks(CUSTOMER, add(1, 60, false)).unwrap().said();
    for again in [reserve(1, 60), add(1, 60, false)] {
        assert!(world.asks(CUSTOMER, again).unwrap().entries.is_empty());
    }
    for taken_over in [false, true] {
        if taken_over {
            world.taken_over();
        }
        let (mine, theirs) = (world.files(&CUSTOMER), world.files(&kate()));
        assert_eq!((mine.used_files, mine.used_bytes, theirs.used_files), (1, 60, 0));
        assert_eq!((mine.files, theirs.files), (vec![file(1, 60)], vec![file(1, 60)]));
    }
    let Some(Body::FileUploaded(shown)) = world.bodies().pop() else { panic!("not shown") };
    assert_eq!((*shown, first.seq), (file(1, 60), world.session.last_seq()));
}

#[test]
fn what_is_over_a_limit_or_was_not_announced_is_refused_and_changes_nothing() {
    let mut world = World::open(with(limits()));
    assert_eq!(refused(world.asks(CUSTOMER, reserve(1, 101))), FileReject::TooLarge { bytes_max: 100 });
    assert_eq!(refused(world.asks(CUSTOMER, add(1, 5, false))), FileReject::Unknown, "not announced");
    world.asks(CUSTOMER, reserve(1, 100)).unwrap();
    assert_eq!(refused(world.asks(CUSTOMER, reserve(2, 51))), FileReject::TooLarge { bytes_max: 150 });
    world.asks(CUSTOMER, reserve(2, 50)).unwrap();
    assert_eq!(refused(world.asks(CUSTOMER, reserve(3, 0))), FileReject::TooMany { files_max: 2 });
    assert_eq!(refused(world.asks(CUSTOMER, add(2, 51, false))), FileReject::Unknown, "another size");
    let mut off = World::open(opening());
    assert_eq!(refused(off.asks(CUSTOMER, reserve(1, 1))), FileReject::Off);
    assert_eq!(off.files(&CUSTOMER).limits, None);
    let mut alone = World::open(with(FileLimits { need_agent: true, ..limits() }));
    assert_eq!(refused(alone.asks(CUSTOMER, reserve(1, 1))), FileReject::NeedsAgent);
    alone.kate_joins();
    alone.asks(CUSTOMER, reserve(1, 1)).unwrap();
}

#[test]
fn places_that_nobody_filled_are_given_up_and_their_bytes_go() {
    let mut world = World::open(with(limits()));
    world.asks(CUSTOMER, reserve(1, 50)).unwrap();
    world.asks(CUSTOMER, Act::ReleaseFile { file: FileId(1) }).unwrap();
    assert_eq!((world.files(&CUSTOMER).used_files, world.drops()), (0, vec![FileId(1)]));
    world.asks(CUSTOMER, reserve(2, 50)).unwrap();
    world.clock += 16 * 60_000;
    world.asks(CUSTOMER, reserve(3, 50)).unwrap();
    assert_eq!((world.files(&CUSTOMER).used_files, world.drops()), (1, vec![FileId(1), FileId(2)]));
    world.asks(CUSTOMER, Act::Disconnect).unwrap();
    assert_eq!(world.drops(), [1, 2, 3].map(FileId), "with the session too");
    assert_eq!(world.asks(CUSTOMER, add(3, 50, false)), Err(Reject::Ended));
}

#[test]
fn what_is_held_is_shown_when_it_is_clean_and_gone_when_it_is_not() {
    let mut world = World::open(with(limits()));
    for (id, clean) in [(1, true), (2, false)] {
        world.asks(CUSTOMER, reserve(id, 10)).unwrap();
        assert_eq!(world.asks(CUSTOMER, add(id, 10, true)).unwrap().said().seq, 0, "nobody sees it yet");
        world.taken_over();
        let scan = world.scans();
        assert_eq!(scan.len(), 1);
        for _ in 0..2 {
            world.asks(Caller::System, Act::FileScanned { effect: scan[0], clean }).unwrap();
        }
    }
    let ids: Vec<_> = world.files(&CUSTOMER).files.into_iter().map(|file| file.id).collect();
    assert_eq!((ids, world.drops()), (vec![FileId(1)], vec![FileId(2)]));
    let deleted = world.bodies().into_iter().filter(|body| matches!(body, Body::FileDeleted { .. }));
    assert_eq!(deleted.count(), 1, "its uploader is told");
    world.asks(CUSTOMER, reserve(3, 10)).unwrap();
    world.asks(CUSTOMER, add(3, 10, true)).unwrap();
    world.asks(CUSTOMER, Act::Disconnect).unwrap();
    let scan = world.scans();
    world.asks(Caller::System, Act::FileScanned { effect: scan[0], clean: true }).unwrap();
    assert_eq!(world.drops(), [2, 3].map(FileId), "nobody is there any more to see it");
}

#[test]
fn the_customer_deletes_their_own_an_agent_what_they_see_and_who_left_sees_nothing_later() {
    let mut world = World::open(with(limits()));
    world.drafts(|draft| {
        draft.join(agent(), Visibility::All, "Kate");
        draft.join(Role::Agent(AgentName("lea".to_owned())), Visibility::All, "Lea");
    });
    world.shares(CUSTOMER, 1, 10);
    world.shares(kate(), 2, 10);
    assert_eq!(world.asks(CUSTOMER, delete(2)), Err(Reject::NotAllowed));
    assert_eq!(refused(world.asks(CUSTOMER, delete(9))), FileReject::Unknown);
    world.asks(kate(), Act::Leave { how: crate::command::Leaving::KeepAlive }).unwrap();
    world.shares(CUSTOMER, 3, 10);
    let ids: Vec<_> = world.files(&kate()).files.into_iter().map(|file| file.id).collect();
    assert_eq!(ids, [1, 2].map(FileId));
    world.asks(CUSTOMER, delete(1)).unwrap();
    let lea = Caller::Agent(AgentName("lea".to_owned()));
    world.asks(lea, delete(3)).unwrap();
    assert_eq!((world.files(&CUSTOMER).files.len(), world.drops()), (1, [1, 3].map(FileId).to_vec()));
}

#[test]
fn downloads_of_the_customer_are_counted_where_they_are_limited() {
    let mut world = World::open(with(FileLimits { downloads_max: 1, ..limits() }));
    world.shares(CUSTOMER, 1, 10);
    let download = || Act::DownloadFile { file: FileId(1) };
    world.asks(CUSTOMER, download()).unwrap();
    world.taken_over();
    let over = refused(world.asks(CUSTOMER, download()));
    assert_eq!(over, FileReject::NoMoreDownloads { downloads_max: 1 });
    assert_eq!(world.files(&CUSTOMER).downloads, 1);
    let mut free = World::open(with(limits()));
    free.shares(CUSTOMER, 1, 10);
    assert!(free.asks(CUSTOMER, download()).unwrap().entries.is_empty());
    assert_eq!(refused(free.asks(CUSTOMER, Act::DownloadFile { file: FileId(2) })), FileReject::Unknown);
}

#[test]
fn an_id_from_outside_is_16_hex_digits() {
    let id = FileId::from_random(u64::MAX);
    assert_eq!(FileId::parse(&id.to_string()), Some(id));
    assert_eq!(FileId::from_client_id("a", "bc"), FileId::from_client_id("a", "bc"));
    assert_ne!(FileId::from_client_id("a", "bc"), FileId::from_client_id("ab", "c"));
    for wrong in ["", "7", "FFFFFFFFFFFFFFFF", "000000000000000G", "+000000000000007"] {
        assert_eq!(FileId::parse(wrong), None, "{wrong}");
    }
}
