//! cargo, run on a crate.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Instant, SystemTime};

use benches::Result;
use tempfile::TempDir;

use crate::generated::Crate;

/// cargo and a folder for what it makes.
#[derive(Debug)]
pub(crate) struct Toolchain {
    folder: TempDir,
}

impl Toolchain {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self { folder: tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))? })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Milliseconds of `cargo check` after a change of the crate's source.
    pub(crate) fn check(&self, one: &Crate) -> Result<f64> {
        // Once for the dependencies, and for what the first run of all writes.
        run(self.cargo(one).arg("check"))?;
        File::options().append(true).open(one.source())?.set_modified(SystemTime::now())?;
        let started = Instant::now();
        run(self.cargo(one).arg("check"))?;
        Ok(started.elapsed().as_secs_f64() * 1e3)
    }

    /// The lines of the crate after all macros: what `cargo expand` shows.
    pub(crate) fn expanded_lines(&self, one: &Crate) -> Result<usize> {
        let mut command = self.cargo(one);
        command.args(["rustc", "--lib", "--profile", "check", "--", "-Zunpretty=expanded"]);
        // The flag is for people who look at code, and only nightly has it without this.
        let output = run(command.env("RUSTC_BOOTSTRAP", "1"))?;
        Ok(String::from_utf8_lossy(&output.stdout).lines().count())
    }

    fn cargo(&self, one: &Crate) -> Command {
        let mut command = Command::new(env!("CARGO"));
        command
            .current_dir(one.folder())
            .env("CARGO_TARGET_DIR", self.folder.path().join("target"))
            // Whoever changes an entity has it compiled anew.
            .env("CARGO_INCREMENTAL", "0")
            .env("CARGO_NET_OFFLINE", "true");
        command
    }
}

fn run(command: &mut Command) -> Result<Output> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(output);
    }
    Err(format!("cargo failed: {}", String::from_utf8_lossy(&output.stderr)).into())
}
