//! A real `clamd` on a port of its own, which knows one virus: the EICAR test file.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::support::node::free_port;
use crate::support::until_true;

/// The harmless file that every scanner takes for a virus.
pub(crate) const EICAR: &str = r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*";

/// Its process and its folder; both go when this is dropped.
pub(crate) struct Clamd {
    /// Host and port.
    pub(crate) address: String,
    folder: TempDir,
    child: Option<Child>,
}

impl Clamd {
    /// Not started yet; nothing where ClamAV is not installed.
    pub(crate) fn prepare() -> Option<Self> {
        if !PathBuf::from(PROGRAM).exists() {
            println!("skipped: {PROGRAM} is not there (apt-get install clamav-daemon)");
            return None;
        }
        let folder = tempfile::Builder::new().prefix("handoff-clamd").tempdir().unwrap();
        let signature: String = EICAR.bytes().map(|byte| format!("{byte:02x}")).collect();
        fs::create_dir(folder.path().join("db")).unwrap();
        fs::write(folder.path().join("db/eicar.ndb"), format!("Eicar-Test-Signature:0:0:{signature}\n"))
            .unwrap();
        let port = free_port();
        let config = format!(
            "Foreground yes\nTCPSocket {port}\nTCPAddr 127.0.0.1\nDatabaseDirectory {}\n",
            folder.path().join("db").display()
        );
        fs::write(folder.path().join("clamd.conf"), config).unwrap();
        Some(Self { address: format!("127.0.0.1:{port}"), folder, child: None })
    }

    /// Starts it and waits until it answers.
    pub(crate) async fn start(&mut self) {
        let log = fs::File::create(self.folder.path().join("log")).unwrap();
        let mut command = Command::new(PROGRAM);
        command.arg("--config-file").arg(self.folder.path().join("clamd.conf"));
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        self.child = Some(command.spawn().unwrap());
        until_true("clamd listens", async || TcpStream::connect(&self.address).await.is_ok()).await;
    }

    /// SIGKILL, and it is gone when this returns.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

impl Drop for Clamd {
    fn drop(&mut self) {
        self.kill();
    }
}

const PROGRAM: &str = "/usr/sbin/clamd";
