//! Names, kinds, the way in, and the stores that need nobody else.

use super::*;
use crate::files::kind::HEAD_BYTES;
use futures_util::{Stream, TryStreamExt, stream};
use handoff_journal::memory::MemoryStore;
use handoff_journal::{Chunks, NodeId};

const TYPES: &str = "jpg:jpeg:png:pdf:txt:docx:doc";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
const PDF: &[u8] = b"%PDF-1.7\n";

#[test]
fn a_name_is_shown_without_folders_and_tricks_and_keeps_its_ending() {
    for (given, shown) in [
        ("photo.png", "photo.png"),
        ("C:\\Users\\zoe\\photo.png", "photo.png"),
        ("../../etc/passwd", "passwd"),
        ("a\u{202e}gpj.exe", "agpj.exe"),
        ("line\r\nbreak\0.txt", "linebreak.txt"),
        ("照片 🙂.png", "照片 🙂.png"),
        (".htaccess", "htaccess"),
        ("a\u{2028}b\u{2029}c\u{61c}.txt", "abc.txt"),
        ("\u{200b}\u{feff}", "file"),
        (" ", "file"),
        ("..", "file"),
        ("", "file"),
    ] {
        assert_eq!(shown_name(given), shown);
    }
    let long = shown_name(&format!("{}.png", "é".repeat(500)));
    assert!(long.len() <= 200 && long.ends_with("é.png"), "{long}");
    assert!(shown_name(&"x".repeat(500)).len() <= 200);
}

#[test]
fn a_file_is_what_both_its_ending_and_its_content_say_or_is_not_taken() {
    let kind = |name: &str, head: &[u8]| media_type(name, head, TYPES);
    assert_eq!(kind("a.PNG", PNG).as_deref(), Ok("image/png"));
    assert_eq!(kind("a.pdf", PDF).as_deref(), Ok("application/pdf"));
    assert_eq!(kind("a.txt", "grüße\n".as_bytes()).as_deref(), Ok("text/plain; charset=utf-8"));
    assert_eq!(kind("a.txt", b""), Ok("text/plain; charset=utf-8".to_owned()));
    assert_eq!(kind("a.jpeg", b"\xff\xd8\xff\xe0\0\x10JFIF").as_deref(), Ok("image/jpeg"));
    assert_eq!(kind("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest").as_deref(), Ok("application/msword"));
    for (name, head) in [("a", PNG), ("a.exe", b"MZ"), ("png", PNG), ("a.gif", b"GIF89a"), ("a.", PNG)] {
        assert_eq!(kind(name, head), Err(WrongKind::Ending), "{name}");
    }
    for (name, head) in [
        ("a.png", PDF),
        ("a.png", b"MZ\x90\0"),
        ("a.png", b"no picture"),
        ("a.txt", PNG),
        ("a.txt", b"te\0xt"),
        ("a.txt", b"<html><script>alert(1)</script>"),
        ("a.doc", PDF),
        ("a.docx", b"PK\x03\x04 some other archive"),
    ] {
        assert_eq!(kind(name, head), Err(WrongKind::Content), "{name} {head:?}");
    }
}

fn pieces(count: usize, bytes: usize) -> impl Stream<Item = Result<Bytes, std::io::Error>> + Unpin {
    stream::iter((0..count).map(move |at| Ok(Bytes::from(vec![at as u8; bytes]))))
}

fn left(dir: &Path) -> usize {
    std::fs::read_dir(dir).unwrap().count()
}

#[tokio::test]
async fn the_spool_takes_a_file_to_the_disk_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("left by another process"), "x").unwrap();
    let spool = Spool::open(folder.path().to_owned()).unwrap();
    assert_eq!(left(folder.path()), 0);
    let pause = Duration::from_secs(5);
    let taken = spool.take(pieces(40, 4096), 40 * 4096, pause).await.unwrap();
    assert_eq!((taken.bytes, taken.head.len()), (40 * 4096, HEAD_BYTES));
    assert_eq!(std::fs::read(taken.path()).unwrap().len(), 40 * 4096);
    assert_eq!(left(folder.path()), 1);
    drop(taken);
    let over = spool.take(pieces(41, 4096), 40 * 4096, pause).await;
    assert!(matches!(over, Err(SpoolError::TooLarge(bytes)) if bytes == 40 * 4096));
    let broken = stream::iter([Ok(Bytes::from_static(b"x")), Err(std::io::Error::other("gone"))]);
    assert!(matches!(spool.take(broken, 10, pause).await, Err(SpoolError::Broken)));
    let silent = stream::pending::<Result<Bytes, std::io::Error>>();
    let silent = spool.take(silent, 10, Duration::from_millis(20)).await;
    assert!(matches!(silent, Err(SpoolError::Broken)));
    assert_eq!(left(folder.path()), 0);
}

/// What any store does.
async fn keeps_files(store: &dyn FileStore, bytes: usize) {
    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join("from");
    let content: Vec<u8> = (0..bytes).map(|at| (at % 251) as u8).collect();
    std::fs::write(&from, &content).unwrap();
    let key =
        |file| FileKey { session: SessionId::from_random(&[7; 16]), file: FileId(file), bytes: bytes as u64 };
    let open = async |key: FileKey| store.open(&key, key.whole()).await;
    assert!(matches!(open(key(1)).await, Err(FileError::Missing)) || bytes == 0);
    for _ in 0..2 {
        store.put(&key(1), &from).await.unwrap();
    }
    store.put(&key(2), &from).await.unwrap();
    let end = bytes as u64;
    for part in [0..end, 0..end.min(1), 1..end, end.div_ceil(2)..end, end.saturating_sub(1)..end, 3..end / 2]
    {
        if part.start > part.end || part.is_empty() && bytes > 0 {
            continue;
        }
        let read: Vec<Bytes> = store.open(&key(1), part.clone()).await.unwrap().try_collect().await.unwrap();
        let expected = &content[part.start as usize..part.end as usize];
        assert!(read.concat() == expected, "{part:?} of {bytes} bytes come back as they were");
    }
    for _ in 0..2 {
        store.remove(&key(1)).await.unwrap();
    }
    assert!(matches!(open(key(1)).await, Err(FileError::Missing)) || bytes == 0);
    assert!(open(key(2)).await.is_ok(), "another file stays");
    store.remove(&key(2)).await.unwrap();
}

/// None, a few, a chunk of the database, one more, several keys of the database.
const SIZES: [usize; 5] = [0, 5, 128 * 1024, 128 * 1024 + 1, 9 * 1024 * 1024];

#[tokio::test]
async fn the_folder_keeps_files_and_leaves_nothing_of_a_session_without_any() {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderFiles::new(folder.path().join("files"));
    for bytes in SIZES {
        keeps_files(&store, bytes).await;
    }
    assert_eq!(left(&folder.path().join("files")), 0);
}

#[tokio::test]
async fn the_database_keeps_files_in_chunks() {
    let database: Arc<dyn Chunks> = Arc::new(MemoryStore::new(1).node(NodeId(1)));
    for bytes in SIZES {
        keeps_files(&ChunkFiles::new(Arc::clone(&database)), bytes).await;
    }
}

/// A real server that speaks S3, where one is set up: `scripts/test` does that.
#[tokio::test]
async fn a_bucket_keeps_files() {
    let Ok(endpoint) = std::env::var("HANDOFF_TEST_S3") else {
        println!("skipped: HANDOFF_TEST_S3 names no server");
        return;
    };
    let options = S3Options {
        bucket: "handoff".to_owned(),
        region: "us-east-1".to_owned(),
        endpoint: Some(endpoint),
        access_key_id: "handoff".to_owned(),
        secret_access_key: "a secret for this test alone".to_owned(),
        prefix: "chats".to_owned(),
    };
    let store = S3Files::new(options.clone()).unwrap();
    // Several parts of 10 MB too.
    for bytes in SIZES.into_iter().chain([25 * 1024 * 1024]) {
        keeps_files(&store, bytes).await;
    }
    let wrong = S3Files::new(S3Options { secret_access_key: "wrong".to_owned(), ..options }).unwrap();
    let key = FileKey { session: SessionId::from_random(&[7; 16]), file: FileId(1), bytes: 1 };
    assert!(matches!(wrong.open(&key, key.whole()).await, Err(FileError::Store(_))));
}
