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
//!
//! On a machine with other work, a thread that could run waits for a core. The column `held` is p99.9 of what
//! is not that: the lateness, but no more than the thread was running since the tick began, where the tick also
//! ended there.

mod work;

use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{fmt, thread};

use benches::{Result, Selection};
use rustix::time::{ClockId, clock_gettime};
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
    println!(
        "| runtime | work | ticks | p50, ms | p99 | p99.9 | max | held | operations | scans |"
    );
    println!("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|");
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
async fn beside_work(mode: &str, time: Duration) -> Result<(Vec<Tick>, (usize, usize))> {
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

/// How late a tick was, and how much of that its thread may have been held by tasks.
#[derive(Debug, Clone, Copy)]
struct Tick {
    late: Duration,
    held: Duration,
}

/// Ticks for so long, and returns how late each tick was.
async fn tick(time: Duration) -> Vec<Tick> {
    let end = Instant::now() + time;
    let mut ticks = Vec::with_capacity(1 << 15);
    while Instant::now() < end {
        let (thread, before) = (thread::current().id(), ran());
        let due = Instant::now() + TICK;
        sleep_until(due.into()).await;
        let late = Instant::now().saturating_duration_since(due);
        let is_same = thread == thread::current().id();
        let held = if is_same { late.min(ran().saturating_sub(before)) } else { late };
        ticks.push(Tick { late, held });
    }
    ticks
}

/// How long this thread has been running, in all.
fn ran() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// The columns of a line of the report.
struct Lateness(Vec<Tick>);

impl fmt::Display for Lateness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let late: Vec<_> = self.0.iter().map(|tick| tick.late).collect();
        let held = self.0.iter().map(|tick| tick.held).collect();
        write!(f, "{} |", late.len())?;
        for part in [0.5, 0.99, 0.999, 1.0] {
            write!(f, " {:.2} |", at(part, late.clone()))?;
        }
        write!(f, " {:.2}", at(0.999, held))
    }
}

/// The time that this part of them is below, in milliseconds.
fn at(part: f64, mut times: Vec<Duration>) -> f64 {
    times.sort();
    let position = (times.len() as f64 * part) as usize;
    let time = times.get(position.min(times.len().saturating_sub(1)));
    time.map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
}
