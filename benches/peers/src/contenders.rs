//! Who takes part: one module for each library and database, and what they are called.

pub mod diesel_postgres;
pub mod diesel_sqlite;
pub mod ours;
pub mod rusqlite_by_hand;
pub mod sea_orm_peer;
pub mod sqlx_postgres;
pub mod sqlx_sqlite;
pub mod toasty_peer;
pub mod tokio_postgres_by_hand;

use std::collections::HashMap;

use uuid::Uuid;

use crate::Result;
use crate::engine::WithChildren;
use crate::entity::{Comment, Ticket};
use crate::place::{Place, Setting};
use crate::side::{Contender, Side};
use crate::workload::System;
use diesel_postgres::DieselPostgres;
use diesel_sqlite::DieselSqlite;
use ours::Ours;
use rusqlite_by_hand::RusqliteByHand;
use sea_orm_peer::SeaOrm;
use sqlx_postgres::SqlxPostgres;
use sqlx_sqlite::SqlxSqlite;
use toasty_peer::postgres::ToastyPostgres;
use toasty_peer::sqlite::ToastySqlite;
use tokio_postgres_by_hand::TokioPostgresByHand;

/// What a contender is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A repository.
    Ours,
    /// A repository of the entity that is not audited, beside one that is.
    OursPlain,
    /// A repository on a pool of sqlx's that somebody else opened.
    Adopted,
    /// The driver below, by hand.
    Limit,
    /// sqlx by hand.
    Sqlx,
    /// SeaORM.
    SeaOrm,
    /// Diesel; diesel-async on Postgres.
    Diesel,
    /// Toasty.
    Toasty,
}

impl Kind {
    /// Those that take part, in the order of the report.
    pub const ALL: [Self; 6] =
        [Self::Ours, Self::Limit, Self::Sqlx, Self::SeaOrm, Self::Diesel, Self::Toasty];

    /// What it is called.
    pub fn name(self, system: System) -> &'static str {
        match (self, system) {
            (Self::Ours, _) => "repository",
            (Self::OursPlain, _) => "repository, plain patch",
            (Self::Adopted, _) => "repository, adopted pool",
            (Self::Limit, System::Sqlite) => "rusqlite",
            (Self::Limit, System::Postgres) => "tokio-postgres",
            (Self::Sqlx, _) => "sqlx",
            (Self::SeaOrm, _) => "SeaORM",
            (Self::Diesel, System::Sqlite) => "Diesel",
            (Self::Diesel, System::Postgres) => "diesel-async",
            (Self::Toasty, _) => "Toasty",
        }
    }

    /// Opens its connections.
    pub async fn open(self, place: &Place, setting: Setting) -> Result<Box<dyn Contender>> {
        let kind = self;
        Ok(match (self, place) {
            (Self::Ours | Self::OursPlain, place) => {
                Box::new(Side::new(kind, Ours::new(place.database(setting).await?)))
            }
            (Self::Adopted, Place::File(file)) => {
                let pool = sqlx_sqlite::pool(file.path(), setting).await?;
                Box::new(Side::new(kind, Ours::new(repo_sqlite::adopt(pool).await?)))
            }
            (Self::Adopted, Place::Server(server)) => {
                let pool = sqlx_postgres::pool(server, setting).await?;
                Box::new(Side::new(kind, Ours::new(repo_postgres::adopt(pool).await?)))
            }
            (Self::Limit, Place::File(file)) => {
                Box::new(Side::new(kind, RusqliteByHand::open(file.path(), setting)?))
            }
            (Self::Limit, Place::Server(server)) => {
                Box::new(Side::new(kind, TokioPostgresByHand::connect(server, setting).await?))
            }
            (Self::Sqlx, Place::File(file)) => {
                Box::new(Side::new(kind, SqlxSqlite::open(file.path(), setting).await?))
            }
            (Self::Sqlx, Place::Server(server)) => {
                Box::new(Side::new(kind, SqlxPostgres::connect(server, setting).await?))
            }
            (Self::SeaOrm, Place::File(file)) => {
                Box::new(Side::new(kind, SeaOrm::open(file.path(), setting).await?))
            }
            (Self::SeaOrm, Place::Server(server)) => {
                Box::new(Side::new(kind, SeaOrm::connect(server, setting).await?))
            }
            (Self::Diesel, Place::File(file)) => {
                Box::new(Side::new(kind, DieselSqlite::open(file.path(), setting)?))
            }
            (Self::Diesel, Place::Server(server)) => {
                Box::new(Side::new(kind, DieselPostgres::connect(server, setting).await?))
            }
            (Self::Toasty, Place::File(file)) => {
                Box::new(Side::new(kind, ToastySqlite::open(file.path(), setting).await?))
            }
            (Self::Toasty, Place::Server(server)) => {
                Box::new(Side::new(kind, ToastyPostgres::connect(server, setting).await?))
            }
        })
    }
}

/// Puts children to their parents.
pub(crate) fn children_of(
    parents: Vec<Ticket>,
    children: Vec<Comment>,
) -> WithChildren<Ticket, Comment> {
    let mut of: HashMap<Uuid, Vec<Comment>> = HashMap::with_capacity(parents.len());
    for child in children {
        of.entry(child.ticket_id).or_default().push(child);
    }
    let with_own = |parent: Ticket| {
        let own = of.remove(&parent.id).unwrap_or_default();
        (parent, own)
    };
    parents.into_iter().map(with_own).collect()
}
