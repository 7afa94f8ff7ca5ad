//! What row-level security costs on Postgres: operations with it, without it, and without it in a
//! transaction each.
//!
//! ```text
//! scripts/with-postgres cargo bench -p benches --bench row_security -- [--quick] [WORD..]
//! ```
//!
//! A word picks operations by a part of their name (`get`, `list`, `create`, `patch`, `transaction`). An
//! operation by itself is one round trip without policies and three with them, so the third column tells
//! how much of the cost is round trips and how much policies. Rounds alternate.

mod server;
mod work;

use std::process::ExitCode;
use std::time::Instant;

use benches::{Line, Report, Result, Samples, Selection};
use tokio::runtime::Builder;

use crate::server::Server;
use crate::work::{Side, Work};

fn main() -> ExitCode {
    let Some(selection) = Selection::from_args() else { return ExitCode::SUCCESS };
    let Ok(url) = std::env::var("REPO_TEST_POSTGRES_URL") else {
        println!(
            "nothing is measured: REPO_TEST_POSTGRES_URL names no server (scripts/with-postgres does)."
        );
        return ExitCode::SUCCESS;
    };
    let runtime = Builder::new_current_thread().enable_all().build();
    let measured = runtime.map_err(Into::into).and_then(|runtime| {
        runtime.block_on(async {
            let server = Server::prepare(&url).await?;
            let measured = measure(&selection, &server).await;
            server.remove().await.and(measured)
        })
    });
    match measured {
        Ok(report) => {
            println!("### Row-level security on Postgres, synchronous_commit = off\n\n{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(selection: &Selection, server: &Server) -> Result<Report> {
    let sides = server.sides().await?;
    let rounds = if selection.has("quick") { 5 } else { 25 };
    let names = Work::ALL.map(Work::name);
    let mut report = Report::default();
    for work in Work::ALL.into_iter().filter(|work| selection.wants(work.name(), &names)) {
        let samples = sample(work, &sides, rounds).await?;
        for (position, side) in sides.iter().enumerate().skip(1) {
            report.push(Line {
                workload: work.name().to_owned(),
                ours: samples.median(0),
                rival: side.name.to_owned(),
                theirs: samples.median(position),
                ratio: samples.ratio(0, position),
                target: None,
            });
        }
        eprintln!("measured: {}", work.name());
    }
    Ok(report)
}

/// One sample of each side a round, after one to warm up; who begins changes from round to round.
async fn sample(work: Work, sides: &[Side], rounds: usize) -> Result<Samples> {
    let mut samples = Samples::new(sides.len());
    for round in 0..=rounds {
        for turn in 0..sides.len() {
            let position = (round + turn) % sides.len();
            let side = &sides[position];
            let started = Instant::now();
            for n in 0..work.operations() {
                side.run(work, n).await?;
            }
            if round > 0 {
                samples.push(position, started.elapsed(), work.operations());
            }
        }
    }
    Ok(samples)
}
