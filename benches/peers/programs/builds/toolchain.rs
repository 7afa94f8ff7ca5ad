//! cargo, run on a crate.
//!
//! What it makes stays in the target directory of this package: the dependencies of a library are compiled once,
//! not at each run. A clean build has a folder of its own, which is removed.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant, SystemTime};

use peers::Result;

use crate::generated::Crate;

/// What the compiler is called through to show a crate after all macros. The flag is for people who look at code, and
/// only nightly has it without the variable; set for the crate alone, it does not compile its dependencies anew.
const EXPAND: &str = "#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec \"$@\"\n";

/// cargo, and a folder for what it makes.
#[derive(Debug)]
pub(crate) struct Toolchain {
    folder: PathBuf,
    expand: PathBuf,
}

/// What a command took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    pub(crate) elapsed: Duration,
    /// Of all that it started, on all cores.
    pub(crate) processor: Duration,
}

impl Toolchain {
    pub(crate) fn new() -> Result<Self> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("builds");
        fs::create_dir_all(&folder)?;
        let expand = folder.join("expand.sh");
        fs::write(&expand, EXPAND)?;
        fs::set_permissions(&expand, Permissions::from_mode(0o755))?;
        Ok(Self { folder, expand })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Compiles what the crate depends on, and what its first check of all writes.
    pub(crate) fn prepare(&self, one: &Crate) -> Result<()> {
        run(self.cargo(one, "check")).map(drop)
    }

    /// An incremental `cargo check` after the source was touched.
    pub(crate) fn check(&self, one: &Crate) -> Result<Taken> {
        File::options().append(true).open(one.source())?.set_modified(SystemTime::now())?;
        let (started, before) = (Instant::now(), children()?);
        run(self.cargo(one, "check"))?;
        Ok(Taken { elapsed: started.elapsed(), processor: children()? - before })
    }

    /// The lines of the crate after all macros: what `cargo expand` shows.
    pub(crate) fn expanded_lines(&self, one: &Crate) -> Result<usize> {
        let mut command = self.cargo(one, "rustc");
        command.args(["--lib", "--profile", "check", "--", "-Zunpretty=expanded"]);
        command.env("RUSTC_WORKSPACE_WRAPPER", &self.expand);
        let text = String::from_utf8(run(command)?.stdout)?;
        fs::write(one.folder().join("expanded.rs"), &text)?;
        Ok(text.lines().count())
    }

    /// Seconds of a release build with nothing built before, and the bytes of the program.
    pub(crate) fn release(&self, one: &Crate) -> Result<(f64, u64)> {
        // Downloads are no part of it.
        run(self.cargo(one, "fetch"))?;
        let target = self.folder.join("clean");
        if target.exists() {
            fs::remove_dir_all(&target)?;
        }
        let mut build = self.cargo(one, "build");
        build.arg("--release").env("CARGO_TARGET_DIR", &target);
        let started = Instant::now();
        let built = run(build);
        let seconds = started.elapsed().as_secs_f64();
        let bytes = fs::metadata(target.join("release").join(&one.name)).map(|file| file.len());
        fs::remove_dir_all(&target)?;
        built?;
        Ok((seconds, bytes?))
    }

    fn cargo(&self, one: &Crate, verb: &str) -> Command {
        let mut command = Command::new(env!("CARGO"));
        command
            .args([verb, "--quiet"])
            .current_dir(one.folder())
            // Crates of one library share what they depend on.
            .env("CARGO_TARGET_DIR", self.folder.join(format!("target-{}", one.library.family())))
            .env("CARGO_INCREMENTAL", "1")
            // Some peers ask for a newer compiler than they need.
            .env("CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS", "allow");
        if verb != "fetch" {
            command.arg("--ignore-rust-version");
        }
        command
    }
}

/// What the processes that this one waited for have used of the processor.
fn children() -> Result<Duration> {
    let status = fs::read_to_string("/proc/self/stat")?;
    // The name of the program comes second, in parentheses, and may be anything.
    let (_, fields) = status.rsplit_once(')').ok_or("no process")?;
    let ticks = fields.split_whitespace().skip(13).take(2).map(str::parse::<u64>);
    let ticks: u64 = ticks.sum::<Result<u64, _>>()?;
    // Linux counts in hundredths of a second here.
    Ok(Duration::from_millis(ticks * 10))
}

fn run(mut command: Command) -> Result<Output> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(output);
    }
    Err(String::from_utf8_lossy(&output.stderr).into())
}
