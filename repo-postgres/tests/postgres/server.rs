//! A server of one test's own, to stop and start, with a password.

use std::path::PathBuf;
use std::process::Command;

/// A server on the local machine; stopped and removed when dropped.
pub(crate) struct Server {
    folder: String,
    /// With the user and the password.
    pub(crate) url: String,
}

impl Server {
    /// `None` where no server is to be tested with.
    pub(crate) fn start() -> Option<Self> {
        crate::scratch::server()?;
        let folder = script(&["create"]);
        let mut server = Self { folder, url: String::new() };
        server.start_again();
        server.url = script(&["url", &server.folder]);
        Some(server)
    }

    pub(crate) fn start_again(&self) {
        script(&["start", &self.folder]);
    }

    /// Shuts down: what is connected is told so.
    pub(crate) fn stop(&self) {
        script(&["stop", &self.folder]);
    }

    /// Ends at once, as in a crash.
    pub(crate) fn crash(&self) {
        script(&["kill", &self.folder]);
    }

    /// Kills one process of the server without a chance to say anything.
    pub(crate) fn kill(&self, pid: i64) {
        let killed = Command::new("kill").arg("-KILL").arg(pid.to_string()).status().unwrap();
        assert!(killed.success());
    }

    pub(crate) fn password(&self) -> &str {
        self.url.split([':', '@']).nth(2).unwrap()
    }

    pub(crate) fn port(&self) -> u16 {
        self.url.split([':', '@', '/']).nth(6).unwrap().parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        script(&["remove", &self.folder]);
    }
}

/// Runs `scripts/postgres`, and returns what it prints.
fn script(arguments: &[&str]) -> String {
    let script = std::env::var_os("REPO_TEST_POSTGRES_SERVER").map(PathBuf::from);
    let script = script
        .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../scripts/postgres"));
    let output = Command::new(script).args(arguments).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "scripts/postgres {arguments:?}: {error}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
