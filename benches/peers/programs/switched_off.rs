//! What the repositories cost where audit, row-level security and tracing are there and not in use.
//!
//! ```text
//! scripts/with-postgres cargo bench --manifest-path benches/peers/Cargo.toml --bench switched_off -- \
//!     [--quick] [--write-docs] [sqlite|postgres] [WORD..]
//! ```
//!
//! None of them is a feature of cargo, so all of them are always compiled in. Three databases have the same rows. Two
//! are bare: the entity's table and nothing else; how far they are apart is noise. Beside the third's table there is an
//! audited entity with its trail and guards, on Postgres policies that do not bind the role, and
//! the program has a subscriber that asks for warnings, as one that counts or logs does.

use std::fmt::Write as _;
use std::process::ExitCode;

use peers::contenders::Kind;
use peers::contest::Contest;
use peers::entity::Ticket;
use peers::place::{Place, Setting, URL};
use peers::report::microseconds;
use peers::samples::Samples;
use peers::seed::{Seed, Size, fill};
use peers::selection::Selection;
use peers::workload::{System, Workload};
use peers::{Result, documents};
use repo_core::schema;
use serde::Serialize;
use tokio::runtime::Builder;
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

const WORKLOADS: [Workload; 6] = [
    Workload::Get,
    Workload::Page,
    Workload::Window,
    Workload::Create,
    Workload::Patch,
    Workload::CreateMany,
];
const SETTING: Setting = Setting { connections: 4, is_shared: false, is_durable: false };
const SIZE: Size = Size { discussed: 0, ..Size::FULL };

/// The databases, by their positions.
const SWITCHED_OFF: usize = 0;
const BARE: usize = 1;
const BARE_AGAIN: usize = 2;

/// Policies whose condition no row meets: whoever they bound would find nothing.
const POLICIES: &str = "ALTER TABLE tickets ENABLE ROW LEVEL SECURITY; \
     ALTER TABLE tickets FORCE ROW LEVEL SECURITY; CREATE POLICY nothing ON tickets USING (false)";

/// One workload on all databases.
#[derive(Debug, Serialize)]
struct Line {
    workload: String,
    bare_microseconds: f64,
    switched_off: f64,
    bare_again: f64,
}

/// What asks for warnings alone.
struct Warnings;

fn main() -> ExitCode {
    let Some(selection) = Selection::from_args() else { return ExitCode::SUCCESS };
    for system in [System::Sqlite, System::Postgres] {
        if !selection.wants(system.name(), &[System::Sqlite.name(), System::Postgres.name()]) {
            continue;
        }
        if let Err(error) = measure(system, &selection) {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn measure(system: System, selection: &Selection) -> Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let Some(places) = runtime.block_on(places(system))? else {
        println!("Postgres is not measured: {URL} names no server (scripts/with-postgres does).");
        return Ok(());
    };
    let workloads = Workload::selected(&WORKLOADS, selection);
    let rounds = if selection.has("quick") { 5 } else { 25 };
    let lines = runtime.block_on(contend(&places, &workloads, rounds));
    for place in &places {
        runtime.block_on(place.remove())?;
    }
    let lines = lines?;
    let text = markdown(&lines)?;
    println!("### {}\n\n{text}", system.name());
    let name = format!("switched-off-{}", system.name());
    let is_for_docs = selection.has("write-docs");
    eprintln!("written: {}", documents::json(&name, &lines, is_for_docs)?.display());
    if is_for_docs {
        documents::quote(&name, &text)?;
    }
    Ok(())
}

async fn places(system: System) -> Result<Option<Vec<Place>>> {
    let mut places = Vec::new();
    for name in ["repo_peers_off", "repo_peers_bare", "repo_peers_again"] {
        let place = match system {
            System::Sqlite => Some(Place::file()?),
            System::Postgres => Place::server(name).await?,
        };
        let Some(place) = place else { return Ok(None) };
        places.push(place);
    }
    Ok(Some(places))
}

async fn contend(places: &[Place], workloads: &[Workload], rounds: usize) -> Result<Vec<Line>> {
    let mut seeds = Vec::new();
    for (position, place) in places.iter().enumerate() {
        seeds.push(prepare(place, position == SWITCHED_OFF).await?);
    }
    let mut contests = Vec::new();
    for (place, seed) in places.iter().zip(&seeds) {
        let sides = vec![Kind::Ours.open(place, SETTING).await?];
        contests.push(Contest { place, database: place.database(SETTING).await?, seed, sides });
    }
    let mut lines = Vec::new();
    for workload in workloads {
        let samples = sample(&contests, *workload, rounds).await?;
        lines.push(Line {
            workload: workload.name().to_owned(),
            bare_microseconds: samples.median(BARE),
            switched_off: samples.ratio(SWITCHED_OFF, BARE),
            bare_again: samples.ratio(BARE_AGAIN, BARE),
        });
        eprintln!("measured: {}", workload.name());
    }
    Ok(lines)
}

async fn prepare(place: &Place, has_more: bool) -> Result<Seed> {
    let database = if has_more {
        place.create_tables().await?
    } else {
        let database = place.database(SETTING).await?;
        database.create_tables(&schema![Ticket]).await?;
        database
    };
    let seed = fill(&database, SIZE).await?;
    if has_more && place.system() == System::Postgres {
        place.execute(POLICIES).await?;
    }
    let tidy = match place.system() {
        System::Sqlite => "ANALYZE; PRAGMA wal_checkpoint(TRUNCATE)",
        System::Postgres => "VACUUM ANALYZE; CHECKPOINT",
    };
    place.execute(tidy).await?;
    Ok(seed)
}

/// One sample of each database a round, after one to warm up; who begins changes from round to round.
async fn sample(contests: &[Contest<'_>], workload: Workload, rounds: usize) -> Result<Samples> {
    let operations = workload.operations(contests[BARE].place.system());
    let mut samples = Samples::new(contests.len());
    for round in 0..=rounds {
        for turn in 0..contests.len() {
            let position = (round + turn) % contests.len();
            let listening =
                (position == SWITCHED_OFF).then(|| tracing::subscriber::set_default(Warnings));
            let elapsed = contests[position].once(0, workload, operations, round).await?;
            drop(listening);
            if round > 0 {
                samples.push(position, elapsed, operations);
            }
        }
    }
    Ok(samples)
}

fn markdown(lines: &[Line]) -> Result<String> {
    let mut text =
        "| workload | bare, us | all of it, off | bare, once more |\n|---|--:|--:|--:|\n"
            .to_owned();
    for line in lines {
        let bare = microseconds(line.bare_microseconds);
        let Line { workload, switched_off, bare_again, .. } = line;
        writeln!(text, "| {workload} | {bare} | **{switched_off:.2}** | {bare_again:.2} |")?;
    }
    Ok(text)
}

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= tracing::Level::WARN
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::WARN)
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
