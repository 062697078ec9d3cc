//! Secrets that a node makes for itself at the first start: the operators' token and the cluster's secret. There is
//! no default anywhere.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use handoff_config::Secret;
use rand::TryRng;
use rand::rngs::SysRng;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The fewest bytes a secret may have.
pub const SECRET_BYTES_MIN: usize = 16;

const RANDOM_BYTES: usize = 32;

/// Why a secret is not to be had. Never shows anything of it.
#[derive(Debug, Error)]
pub enum Error {
    /// The file can't be read or made.
    #[error("secret file {path}: {source}", path = .path.display())]
    File {
        /// The file's path, as configured.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The file holds too little.
    #[error("secret file {path} holds fewer than {SECRET_BYTES_MIN} bytes", path = .0.display())]
    Short(PathBuf),
    /// The operating system gives no random bytes.
    #[error("the operating system gives no random bytes: {0}")]
    Random(String),
}

/// Reads the secret in a file; where there is none, makes one of 256 random bits first, readable for its owner alone.
///
/// The file appears whole and only once: nodes that start together all read the same secret.
///
/// # Errors
/// [`enum@Error`].
pub fn ensure_secret(path: &Path) -> Result<Secret, Error> {
    let in_file = |source| Error::File { path: path.to_owned(), source };
    match read_secret(path) {
        Err(Error::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
        other => return other,
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(in_file)?;
    let draft = folder.join(format!(".secret.{}.{}", std::process::id(), random_text(8)?));
    let made = write_draft(&draft, &random_text(RANDOM_BYTES)?).and_then(|()| {
        match std::fs::hard_link(&draft, path) {
            // Another node was quicker: its secret holds.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        }
    });
    let cleared = std::fs::remove_file(&draft);
    made.and(cleared).and_then(|()| File::open(folder)?.sync_all()).map_err(in_file)?;
    read_secret(path)
}

/// Reads the secret in a file that must exist, as a client does.
///
/// # Errors
/// [`enum@Error`].
pub fn read_secret(path: &Path) -> Result<Secret, Error> {
    let in_file = |source| Error::File { path: path.to_owned(), source };
    let text = std::fs::read_to_string(path).map_err(in_file)?;
    warn_if_open(path).map_err(in_file)?;
    let text = text.trim();
    if text.len() < SECRET_BYTES_MIN {
        return Err(Error::Short(path.to_owned()));
    }
    Ok(Secret::new(text))
}

/// Says so when anybody on this host may read a file that is a secret. Not refused: mounted secrets often have such a
/// mode, inside of a container where nobody else is.
pub(crate) fn warn_if_open(path: &Path) -> io::Result<()> {
    if std::fs::metadata(path)?.mode() & 0o007 != 0 {
        tracing::warn!(path = %path.display(), "anybody on this host may read the secret file: chmod 600");
    }
    Ok(())
}

fn random_text(bytes: usize) -> Result<String, Error> {
    let mut random = vec![0; bytes];
    SysRng.try_fill_bytes(&mut random).map_err(|error| Error::Random(error.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(random))
}

fn write_draft(draft: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn nodes_that_start_together_agree_on_one_secret() {
        let folder = tempfile::tempdir().unwrap();
        for round in 0..20 {
            let path = folder.path().join(format!("new/{round}/cluster.secret"));
            let secrets: BTreeSet<String> = std::thread::scope(|scope| {
                let nodes: Vec<_> = (0..8).map(|_| scope.spawn(|| ensure_secret(&path).unwrap())).collect();
                nodes.into_iter().map(|node| node.join().unwrap().expose().to_owned()).collect()
            });
            assert_eq!(secrets.len(), 1);
            assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "a draft was left");
        }
    }

    #[test]
    fn a_new_secret_has_256_bits_and_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.token");
        let secret = ensure_secret(&path).unwrap();
        assert_eq!(URL_SAFE_NO_PAD.decode(secret.expose()).unwrap().len(), 32);
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(ensure_secret(&path).unwrap(), secret, "the second start reads what the first made");
        assert_ne!(ensure_secret(&folder.path().join("other")).unwrap(), secret);
    }

    #[test]
    fn a_short_and_a_missing_file_are_refused_without_showing_anything() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "hunter2\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let short = ensure_secret(&path).unwrap_err();
        assert!(matches!(short, Error::Short(_)) && !format!("{short} {short:?}").contains("hunter2"));
        std::fs::write(&path, "hunter2hunter2hunter2\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(ensure_secret(&path).unwrap().expose(), "hunter2hunter2hunter2", "only warned of");
        assert!(read_secret(&folder.path().join("none")).is_err());
    }
}
