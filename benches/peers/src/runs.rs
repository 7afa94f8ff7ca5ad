//! A run on one database: the rows, the contenders on the runtime that their workloads have, the tables.

use tokio::runtime::{Builder, Runtime};

use crate::Result;
use crate::contenders::Kind;
use crate::contest::Contest;
use crate::place::{Place, Setting};
use crate::report::{Line, Table};
use crate::seed::{Seed, Size, fill};
use crate::text_table;
use crate::workload::{POOL, System, Workload};

/// How many connections a single caller's pool may have.
const ALONE: usize = 4;

/// Workloads that have the same connections and the same runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    Alone,
    Shared,
    Durable,
    DurableAlone,
}

/// A run on one database.
#[derive(Debug)]
pub struct Run<'a> {
    /// Where.
    pub place: &'a Place,
    /// How much data there is.
    pub size: Size,
    /// Whether all commits wait for the disk.
    pub commits_wait: bool,
    /// Who takes part, the repository first.
    pub kinds: &'a [Kind],
}

impl Group {
    const ALL: [Self; 4] = [Self::Alone, Self::Shared, Self::Durable, Self::DurableAlone];

    fn of(workload: Workload) -> Self {
        match (workload.is_durable(), workload.is_shared()) {
            (true, true) => Self::Durable,
            (true, false) => Self::DurableAlone,
            (false, true) => Self::Shared,
            (false, false) => Self::Alone,
        }
    }

    fn is_shared(self) -> bool {
        matches!(self, Self::Shared | Self::Durable)
    }

    fn is_durable(self) -> bool {
        matches!(self, Self::Durable | Self::DurableAlone)
    }

    fn runtime(self) -> Result<Runtime> {
        let mut builder = if self.is_shared() {
            Builder::new_multi_thread()
        } else {
            Builder::new_current_thread()
        };
        Ok(builder.enable_all().build()?)
    }
}

/// The database that a word of the command line names; `None` where there is no server.
pub async fn place(system: System) -> Result<Option<Place>> {
    match system {
        System::Sqlite => Ok(Some(Place::file()?)),
        System::Postgres => Place::server("repo_peers").await,
    }
}

impl Run<'_> {
    /// Makes the tables and the rows.
    pub fn fill(&self) -> Result<Seed> {
        Group::Shared.runtime()?.block_on(async {
            let database = self.place.create_tables().await?;
            let seed = fill(&database, self.size).await?;
            if self.kinds.contains(&Kind::Toasty) {
                text_table::make(self.place).await?;
            }
            let tidy = match self.place.system() {
                System::Sqlite => "ANALYZE; PRAGMA wal_checkpoint(TRUNCATE)",
                System::Postgres => "VACUUM ANALYZE; CHECKPOINT",
            };
            self.place.execute(tidy).await?;
            Ok(seed)
        })
    }

    /// Compares the answers of all contenders to all workloads; returns how many gave one, by workload.
    pub fn agree(&self, seed: &Seed) -> Result<Vec<(Workload, usize)>> {
        let mut agreed = Vec::new();
        for group in Group::ALL {
            let runtime = group.runtime()?;
            let contest = runtime.block_on(self.contest(seed, group))?;
            for workload in
                Workload::ALL.into_iter().filter(|workload| Group::of(*workload) == group)
            {
                agreed.push((workload, runtime.block_on(contest.agree(workload))?));
            }
        }
        Ok(agreed)
    }

    /// Measures these workloads, after their answers were compared.
    pub fn measure(&self, seed: &Seed, workloads: &[Workload], rounds: usize) -> Result<Table> {
        let mut lines: Vec<Line> = Vec::new();
        for group in Group::ALL {
            let wanted = workloads.iter().copied();
            let wanted: Vec<_> = wanted.filter(|workload| Group::of(*workload) == group).collect();
            if wanted.is_empty() {
                continue;
            }
            let runtime = group.runtime()?;
            let contest = runtime.block_on(self.contest(seed, group))?;
            for workload in wanted {
                lines.push(runtime.block_on(contest.measure(workload, rounds))?);
                eprintln!("measured: {}", workload.name());
            }
        }
        let system = self.place.system();
        let others = self.kinds.iter().skip(1).chain([&Kind::OursPlain]);
        Ok(Table {
            title: Group::Alone.runtime()?.block_on(self.place.describe())?,
            commits_wait: self.commits_wait,
            rivals: others.map(|kind| kind.name(system).to_owned()).collect(),
            lines,
        })
    }

    async fn contest<'a>(&'a self, seed: &'a Seed, group: Group) -> Result<Contest<'a>> {
        let setting = Setting {
            connections: if group.is_shared() { POOL } else { ALONE },
            is_shared: group.is_shared(),
            is_durable: self.commits_wait || group.is_durable(),
        };
        let mut sides = Vec::new();
        for kind in self.kinds {
            sides.push(kind.open(self.place, setting).await?);
        }
        let database = self.place.database(Setting { connections: 2, ..setting }).await?;
        Ok(Contest { place: self.place, database, seed, sides })
    }
}
