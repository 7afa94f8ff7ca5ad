//! What is measured, how often, and what it may cost.

use crate::contenders::Kind;
use crate::selection::Selection;

/// How many tickets a page has.
pub const PAGE: usize = 20;
/// How many tickets a window has.
pub const WINDOW: usize = 100;
/// How many operations of one caller make a sample of writes.
const WRITES: usize = 200;
/// How many operations are done before such a sample. What resets the tables has every connection plan its
/// statements anew, as a server otherwise has it do once in hours.
const BEFORE: usize = 10;
/// How many tickets there are to patch.
pub const KNOWN: usize = WRITES + BEFORE;
/// How many tasks there are at once.
pub const TASKS: usize = 64;
/// How many connections they share.
pub const POOL: usize = 16;

/// One operation, or several tasks that do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Workload {
    /// One row by its key.
    Get,
    /// A page by number, and how many rows there are.
    Page,
    /// The next rows after a position.
    Window,
    /// One new row.
    Create,
    /// Two columns of a row that has a version.
    Patch,
    /// The same with an entry in the audit trail.
    AuditedPatch,
    /// Many new rows, all or none.
    CreateMany,
    /// All rows of all tenants.
    All,
    /// Parents and their children.
    Eager,
    /// How many rows there are of each status.
    Groups,
    /// Tasks that get rows.
    SharedGets,
    /// Tasks that create rows.
    SharedCreates,
    /// Tasks that get four rows and create one.
    SharedMix,
    /// Tasks that create rows, each of which is on the disk when it is answered.
    DurableCreates,
    /// A patch with its entry, both of which are on the disk when it is answered.
    DurableAudited,
}

/// Which database the targets are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// A file.
    Sqlite,
    /// A server.
    Postgres,
}

impl System {
    /// The word that picks it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    /// What a plot of it is called.
    pub fn title(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite: what others take beside a repository",
            Self::Postgres => "Postgres: what others take beside a repository",
        }
    }
}

impl Workload {
    /// All of them, in the order of the report.
    pub const ALL: [Self; 15] = [
        Self::Get,
        Self::Page,
        Self::Window,
        Self::Create,
        Self::Patch,
        Self::AuditedPatch,
        Self::CreateMany,
        Self::All,
        Self::Eager,
        Self::Groups,
        Self::SharedGets,
        Self::SharedCreates,
        Self::SharedMix,
        Self::DurableCreates,
        Self::DurableAudited,
    ];

    /// Those of `all` that the words of a command line pick.
    pub fn selected(all: &[Self], selection: &Selection) -> Vec<Self> {
        let names: Vec<&str> = all.iter().map(|workload| workload.name()).collect();
        let is_wanted = |workload: &Self| selection.wants(workload.name(), &names);
        all.iter().copied().filter(is_wanted).collect()
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "get by tenant and id",
            Self::Page => "page of 20 with total",
            Self::Window => "window of 100",
            Self::Create => "create",
            Self::Patch => "patch with version check",
            Self::AuditedPatch => "audited patch",
            Self::CreateMany => "create_many of 10,000",
            Self::All => "read 100,000 rows",
            Self::Eager => "20 parents with children",
            Self::Groups => "count per group",
            Self::SharedGets => "64 tasks, gets",
            Self::SharedCreates => "64 tasks, creates",
            Self::SharedMix => "64 tasks, 80 % gets, 20 % creates",
            Self::DurableCreates => "64 tasks, durable creates",
            Self::DurableAudited => "audited patch, durable",
        }
    }

    /// How many operations make one sample.
    pub fn operations(self, system: System) -> usize {
        match self {
            Self::Get if system == System::Sqlite => 1_000,
            Self::Get | Self::Groups => 300,
            Self::Page | Self::Eager => 50,
            Self::Window => 20,
            Self::Create | Self::Patch | Self::AuditedPatch | Self::DurableAudited => WRITES,
            Self::CreateMany | Self::All => 1,
            Self::SharedGets => TASKS * 25,
            Self::SharedCreates => TASKS * 10,
            Self::SharedMix => TASKS * 20,
            Self::DurableCreates => TASKS * 3,
        }
    }

    /// How many operations are done before those of a sample, and not counted.
    pub fn operations_before(self) -> usize {
        let is_one = matches!(self, Self::Create | Self::Patch) || self.is_audited();
        if is_one { BEFORE } else { 0 }
    }

    /// Whether several tasks do it at once.
    pub fn is_shared(self) -> bool {
        matches!(
            self,
            Self::SharedGets | Self::SharedCreates | Self::SharedMix | Self::DurableCreates
        )
    }

    /// Whether each commit waits for the disk, whatever the others do.
    pub fn is_durable(self) -> bool {
        matches!(self, Self::DurableCreates | Self::DurableAudited)
    }

    /// Whether it adds to the audit trail.
    pub fn is_audited(self) -> bool {
        matches!(self, Self::AuditedPatch | Self::DurableAudited)
    }

    /// Whether it changes the database.
    pub fn is_write(self) -> bool {
        use Workload as W;
        matches!(self, W::Create | W::Patch | W::CreateMany)
            || self.is_audited()
            || (self.is_shared() && self != W::SharedGets)
    }

    /// The most that it may cost, as a part of what `rival` takes.
    pub fn target(self, system: System, rival: Kind) -> Option<f64> {
        match rival {
            Kind::Ours | Kind::Adopted => None,
            Kind::OursPlain => (system == System::Postgres).then_some(1.5),
            Kind::Limit => self.target_to_limit(system),
            Kind::Sqlx if system == System::Postgres && self == Self::Get => Some(0.8),
            Kind::Sqlx if system == System::Postgres && self.is_audited() => Some(0.45),
            _ => Some(1.0),
        }
    }

    fn target_to_limit(self, system: System) -> Option<f64> {
        let is_sqlite = system == System::Sqlite;
        match self {
            Self::Get => Some(1.3),
            Self::Create | Self::Patch => Some(if is_sqlite { 1.3 } else { 1.2 }),
            Self::Page => Some(if is_sqlite { 1.05 } else { 1.0 }),
            Self::Window | Self::All => Some(if is_sqlite { 0.9 } else { 1.05 }),
            Self::AuditedPatch => Some(if is_sqlite { 1.3 } else { 0.45 }),
            Self::CreateMany => Some(if is_sqlite { 1.1 } else { 1.15 }),
            Self::SharedCreates if is_sqlite => Some(0.6),
            Self::DurableCreates => is_sqlite.then_some(0.2),
            Self::DurableAudited => (!is_sqlite).then_some(0.45),
            Self::SharedGets | Self::SharedCreates | Self::SharedMix => Some(1.3),
            Self::Eager | Self::Groups => None,
        }
    }
}
