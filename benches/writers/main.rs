//! Creates of many tasks at once on one SQLite file, against rusqlite by hand with one commit each.
//!
//! ```text
//! cargo bench -p benches --bench writers -- [--quick] [--current] [WORD..]
//! ```
//!
//! By hand, one connection behind a mutex is used by the same tasks on the same runtime, and each create is
//! a statement that commits by itself. A word picks `normal` or `full`: whether a commit waits for the disk.
//! `--current` uses the runtime with one thread. What is told is the time of all creates over their number.

mod side;

use std::process::ExitCode;
use std::sync::Arc;

use benches::{Line, Report, Result, Samples, Selection};
use tokio::runtime::{Builder, Runtime};

use crate::side::{ByHand, Repository, Side, create_all};

const MODES: [&str; 2] = ["normal", "full"];
const TASKS: [usize; 4] = [1, 4, 16, 64];

fn main() -> ExitCode {
    let Some(selection) = Selection::from_args() else { return ExitCode::SUCCESS };
    match measure(&selection) {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(selection: &Selection) -> Result<Report> {
    let mut builder = if selection.has("current") {
        Builder::new_current_thread()
    } else {
        Builder::new_multi_thread()
    };
    let runtime = builder.worker_threads(2).enable_all().build()?;
    let rounds = if selection.has("quick") { 5 } else { 15 };
    let mut report = Report::default();
    for mode in MODES {
        if !selection.wants(mode, &MODES) {
            continue;
        }
        for tasks in TASKS {
            let samples = sample(&runtime, mode, tasks, rounds)?;
            report.push(Line {
                workload: format!("{tasks} tasks, {mode}"),
                ours: samples.median(0),
                rival: "rusqlite, one commit each".to_owned(),
                theirs: samples.median(1),
                ratio: samples.ratio(0, 1),
                target: (tasks == 64).then_some(if mode == "full" { 0.2 } else { 0.6 }),
            });
            eprintln!("measured: {tasks} tasks, {mode}");
        }
    }
    Ok(report)
}

/// One sample of each side a round, on new files.
fn sample(runtime: &Runtime, mode: &'static str, tasks: usize, rounds: usize) -> Result<Samples> {
    let each = if mode == "full" { 256 } else { 2_048 } / tasks;
    let mut samples = Samples::new(2);
    // One round more, which warms caches up and is not counted.
    for round in 0..=rounds {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let path = |name: &str| folder.path().join(name);
        let ours = runtime.block_on(Repository::open(&path("ours.db"), mode))?;
        let theirs = runtime.block_on(ByHand::open(&path("theirs.db"), mode))?;
        let sides: [Arc<dyn Side>; 2] = [Arc::new(ours), Arc::new(theirs)];
        for turn in 0..2 {
            let position = (round + turn) % 2;
            let elapsed = runtime.block_on(create_all(&sides[position], tasks, each))?;
            if round > 0 {
                samples.push(position, elapsed, tasks * each);
            }
        }
        let stored = [sides[0].subjects()?, sides[1].subjects()?];
        if stored[0] != stored[1] || stored[0].len() != tasks * each {
            return Err(format!("{tasks} tasks, {mode}: the sides stored other rows").into());
        }
    }
    Ok(samples)
}
