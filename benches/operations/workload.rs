//! What is measured, how often, and what it may cost.

use benches::NewTicket;

use crate::engine::tickets;

/// How many tickets the small tenant has.
pub(crate) const DESK: usize = 3_000;
/// How many tickets the large tenant has.
pub(crate) const ARCHIVE: usize = 100_000;
/// How many tickets there are to patch.
pub(crate) const KNOWN: usize = 200;
/// How many tickets a window has.
pub(crate) const WINDOW: usize = 100;

/// One operation of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Workload {
    Get,
    Page,
    Window,
    Create,
    Patch,
    CreateMany(usize),
    All,
}

/// Which database the targets are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    Sqlite,
    Postgres,
}

impl Workload {
    pub(crate) const ALL: [Self; 9] = [
        Self::Get,
        Self::Page,
        Self::Window,
        Self::Create,
        Self::Patch,
        Self::CreateMany(1_000),
        Self::CreateMany(10_000),
        Self::CreateMany(100_000),
        Self::All,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Get => "get by id",
            Self::Page => "page of 20 with total",
            Self::Window => "window of 100",
            Self::Create => "create one",
            Self::Patch => "patch with version check",
            Self::CreateMany(1_000) => "create_many of 1,000",
            Self::CreateMany(10_000) => "create_many of 10,000",
            Self::CreateMany(_) => "create_many of 100,000",
            Self::All => "read 100,000 rows",
        }
    }

    /// How many operations make one sample.
    pub(crate) fn operations(self) -> usize {
        match self {
            Self::Get => 400,
            Self::Page => 50,
            Self::Window => DESK / WINDOW,
            Self::Create | Self::Patch => KNOWN,
            Self::CreateMany(1_000) => 4,
            Self::CreateMany(_) | Self::All => 1,
        }
    }

    pub(crate) fn is_write(self) -> bool {
        matches!(self, Self::Create | Self::Patch | Self::CreateMany(_))
    }

    pub(crate) fn is_create(self) -> bool {
        self == Self::Create
    }

    /// The rows of each `create_many` of a sample.
    pub(crate) fn lots(self) -> Vec<Vec<NewTicket>> {
        let Self::CreateMany(count) = self else { return Vec::new() };
        (0..self.operations()).map(|_| tickets(count)).collect()
    }

    /// The most that it may cost, as a part of what the first rival by hand takes.
    pub(crate) fn target(self, system: System) -> Option<f64> {
        match (self, system) {
            (Self::Get | Self::Create | Self::Patch, System::Sqlite) => Some(1.6),
            (Self::Get | Self::Create | Self::Patch, System::Postgres) => Some(0.9),
            (Self::Window | Self::All, _) => Some(1.15),
            (Self::CreateMany(10_000 | 100_000), _) => Some(1.2),
            (Self::CreateMany(_) | Self::Page, _) => None,
        }
    }
}
