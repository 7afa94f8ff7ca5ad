//! How late a timer is on a runtime on which 64 tasks read and write one SQLite file.
//!
//! ```text
//! cargo bench -p benches --bench latency -- [--quick] [WORD..]
//! ```
//!
//! A task ticks each millisecond; how much later than asked it wakes is its lateness. Beside it four tasks
//! scan a tenant of many rows, over and over, and sixty get, create and patch tickets. A word picks
//! a runtime (`current`, `multi`) or how sure a commit is (`normal`, `full`). The lines `idle` have the timer
//! alone: what the machine itself is late by.

mod work;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use benches::{Result, Selection};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio::time::sleep_until;

use crate::work::Desk;

const RUNTIMES: [&str; 2] = ["current", "multi"];
const MODES: [&str; 2] = ["normal", "full"];
const TASKS: usize = 64;
const TICK: Duration = Duration::from_millis(1);

fn main() -> ExitCode {
    let Some(selection) = Selection::from_args() else { return ExitCode::SUCCESS };
    match measure(&selection) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(selection: &Selection) -> Result<()> {
    let time = Duration::from_secs(if selection.has("quick") { 3 } else { 15 });
    println!("| runtime | work | ticks | p50, ms | p99 | p99.9 | max | operations | scans |");
    println!("|---|---|--:|--:|--:|--:|--:|--:|--:|");
    for flavor in RUNTIMES {
        if !selection.wants(flavor, &RUNTIMES) {
            continue;
        }
        let runtime = runtime(flavor)?;
        let idle = runtime.block_on(async { tokio::spawn(tick(time / 3)).await })?;
        println!("| {flavor} | idle | {} | | |", Lateness(idle));
        for mode in MODES {
            if selection.wants(mode, &MODES) {
                let (late, done) = runtime.block_on(beside_work(mode, time))?;
                let (operations, scans) = done;
                println!("| {flavor} | {mode} | {} | {operations} | {scans} |", Lateness(late));
            }
        }
    }
    Ok(())
}

fn runtime(flavor: &str) -> Result<Runtime> {
    let mut builder = match flavor {
        "current" => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    Ok(builder.worker_threads(2).enable_all().build()?)
}

/// The lateness of each tick beside the tasks, and how many operations and scans they did.
async fn beside_work(mode: &str, time: Duration) -> Result<(Vec<Duration>, (usize, usize))> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let desk = Desk::open(&folder.path().join("desk.db"), mode).await?;
    let end = Instant::now() + time;
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let desk = desk.clone();
        tasks.spawn(async move { desk.work(task, end).await });
    }
    let late = tokio::spawn(tick(time)).await?;
    let mut done = (0, 0);
    for result in tasks.join_all().await {
        let (operations, scans) = result?;
        done = (done.0 + operations, done.1 + scans);
    }
    desk.check().await?;
    Ok((late, done))
}

/// Ticks for so long, and returns how late each tick was.
async fn tick(time: Duration) -> Vec<Duration> {
    let end = Instant::now() + time;
    let mut late = Vec::with_capacity(1 << 15);
    while Instant::now() < end {
        let due = Instant::now() + TICK;
        sleep_until(due.into()).await;
        late.push(Instant::now().saturating_duration_since(due));
    }
    late
}

/// The columns of a line of the report.
struct Lateness(Vec<Duration>);

impl std::fmt::Display for Lateness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut sorted = self.0.clone();
        sorted.sort();
        let at = |part: f64| {
            let position = (sorted.len() as f64 * part) as usize;
            let late = sorted.get(position.min(sorted.len().saturating_sub(1)));
            late.map_or(f64::NAN, |late| late.as_secs_f64() * 1e3)
        };
        write!(f, "{} | {:.2} | {:.2} | {:.2} | ", sorted.len(), at(0.5), at(0.99), at(0.999))?;
        write!(f, "{:.2}", at(1.0))
    }
}
