//! cargo, run on a crate.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Instant, SystemTime};

use peers::Result;
use tempfile::TempDir;

use crate::generated::Crate;

/// cargo, and a folder for what it makes.
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

    /// Milliseconds of an incremental `cargo check` after the source was touched.
    pub(crate) fn check(&self, one: &Crate) -> Result<f64> {
        // Once for the dependencies, and for what the first run of all writes.
        run(self.cargo(one, "check"))?;
        File::options().append(true).open(one.source())?.set_modified(SystemTime::now())?;
        let started = Instant::now();
        run(self.cargo(one, "check"))?;
        Ok(started.elapsed().as_secs_f64() * 1e3)
    }

    /// The lines of the crate after all macros: what `cargo expand` shows.
    pub(crate) fn expanded_lines(&self, one: &Crate) -> Result<usize> {
        let mut command = self.cargo(one, "rustc");
        command.args(["--lib", "--profile", "check", "--", "-Zunpretty=expanded"]);
        // The flag is for people who look at code, and only nightly has it without this.
        let output = run({
            command.env("RUSTC_BOOTSTRAP", "1");
            command
        })?;
        Ok(String::from_utf8_lossy(&output.stdout).lines().count())
    }

    /// Seconds of a release build with nothing built before, and the bytes of the program.
    pub(crate) fn release(&self, one: &Crate) -> Result<(f64, u64)> {
        // Downloads are no part of it.
        let mut fetch = self.cargo(one, "fetch");
        fetch.args(["--quiet"]);
        run(fetch)?;
        // The rest of what was compiled is not needed any more.
        let target = self.target(one);
        if target.exists() {
            fs::remove_dir_all(&target)?;
        }
        let started = Instant::now();
        let mut build = self.cargo(one, "build");
        build.arg("--release");
        run(build)?;
        let seconds = started.elapsed().as_secs_f64();
        let bytes = fs::metadata(target.join("release").join(&one.name))?.len();
        fs::remove_dir_all(&target)?;
        Ok((seconds, bytes))
    }

    /// Crates of one library share what they depend on.
    fn target(&self, one: &Crate) -> PathBuf {
        self.folder.path().join(format!("target-{}", one.library.family()))
    }

    fn cargo(&self, one: &Crate, verb: &str) -> Command {
        let mut command = Command::new(env!("CARGO"));
        command
            .arg(verb)
            .current_dir(one.folder())
            .env("CARGO_TARGET_DIR", self.target(one))
            .env("CARGO_INCREMENTAL", "1")
            // Some peers ask for a newer compiler than they need.
            .env("CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS", "allow");
        if verb != "fetch" {
            command.arg("--ignore-rust-version");
        }
        command
    }
}

fn run(mut command: Command) -> Result<Output> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(output);
    }
    Err(format!("cargo failed: {}", String::from_utf8_lossy(&output.stderr)).into())
}
