//! A Postgres server of one test's own, to stop, kill and start again.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Removed when it is dropped.
pub(crate) struct Server {
    folder: String,
    pub(crate) url: String,
}

impl Server {
    pub(crate) fn start() -> Self {
        let folder = script(&["create"]);
        // Removed from here on, also when it does not start.
        let mut server = Self { folder, url: String::new() };
        server.start_again();
        server.url = script(&["url", &server.folder]);
        server
    }

    pub(crate) fn start_again(&self) {
        script(&["start", &self.folder]);
    }

    /// Breaks all connections; the clients are told.
    pub(crate) fn stop(&self) {
        script(&["stop", &self.folder]);
    }

    /// Ends it at once, as a crash would.
    pub(crate) fn kill(&self) {
        script(&["kill", &self.folder]);
    }

    /// A program that came with it, such as `pg_dump`.
    #[expect(clippy::unused_self, reason = "of this server's version")]
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        Path::new(&script(&["bin"])).join(name)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        script(&["remove", &self.folder]);
    }
}

fn script(arguments: &[&str]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/postgres");
    let output = Command::new(path)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .expect("`scripts/postgres` runs");
    assert!(output.status.success(), "`scripts/postgres {}` failed", arguments.join(" "));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
