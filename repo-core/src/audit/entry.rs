//! One entry of the audit trail, as it is stored and read.

use chrono::{DateTime, Utc};

use super::image::Image;
use super::shown;
use crate::entity::{Entity, NewEntity};
use crate::error::Result;
use crate::repo::Repo;
use crate::schema::table::{ColumnDef, Index, IndexColumn, Roles, Table};
use crate::session::actor::Actor;
use crate::session::scope::Scope;
use crate::value::column_type::{ColumnType, class};
use crate::value::encode::{Decoder, Encoder};
use crate::value::{InvalidValue, Kind, Value};
use crate::write::creation::Creation;
use crate::{Column, OfAnyTenant};

/// What was done to a row, or by a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// A row was added.
    Create,
    /// Columns of a row were changed.
    Update,
    /// A row was deleted: marked, or removed.
    Delete,
    /// A deleted row was brought back.
    Restore,
    /// A deleted row was removed for good.
    Purge,
    /// The rows of all tenants were looked at.
    Access,
    /// SQL was run that no policy could check.
    UncheckedSql,
}

/// One entry of the audit trail.
///
/// Written by the repository in the transaction of the change, and never changed after. Its hash is the
/// SHA-256 of all its other fields. `prev_hash` is one of them, so each entry of a chain vouches for those before it, and
/// [`AuditChain::verify`](crate::audit::AuditChain::verify) computes them all again. The entry is serialized by the names of
/// its fields, with the texts that are stored: a hash in hexadecimal digits, a moment in UTC.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct AuditEntry {
    /// The tenant whose row it was, as text; empty for a row that belongs to none.
    pub tenant: String,
    /// The number in the chain of the tenant, from 1; above 2^62 for an entry outside of the chain.
    pub seq: i64,
    /// The table of the row, as it was called then.
    pub entity: String,
    /// The id of the row, as text.
    pub entity_id: String,
    /// What was done.
    pub action: Action,
    /// Who did it.
    pub actor: Actor,
    /// The request or the job that it was done for.
    pub correlation_id: Option<String>,
    /// Why it was done.
    pub reason: Option<String>,
    /// When it was done, by the clock of the process.
    #[serde(serialize_with = "shown::moment")]
    pub at: DateTime<Utc>,
    /// What was there before: the changed columns, or the whole row where it was deleted.
    pub before: Option<Image>,
    /// What was there after: the changed columns, or the whole row where it was created.
    pub after: Option<Image>,
    /// The hash of the entry before it, 32 bytes; none outside of a chain.
    #[serde(serialize_with = "shown::hash")]
    pub prev_hash: Option<Vec<u8>>,
    /// The hash of this entry, 32 bytes; none outside of a chain.
    #[serde(serialize_with = "shown::hash")]
    pub hash: Option<Vec<u8>>,
}

/// What makes a new entry: nothing but the repository itself.
#[derive(Debug)]
pub enum Never {}

impl Action {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Create, "create"),
        (Self::Update, "update"),
        (Self::Delete, "delete"),
        (Self::Restore, "restore"),
        (Self::Purge, "purge"),
        (Self::Access, "access"),
        (Self::UncheckedSql, "unchecked_sql"),
    ];

    /// The word that is stored.
    pub fn as_str(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// The columns.
#[allow(missing_docs, reason = "each is told at its field")]
impl AuditEntry {
    pub const TENANT: Column<Self, String> = Column::new(0);
    pub const SEQ: Column<Self, i64> = Column::new(1);
    pub const ENTITY: Column<Self, String> = Column::new(2);
    pub const ENTITY_ID: Column<Self, String> = Column::new(3);
    pub const ACTION: Column<Self, Action> = Column::new(4);
    pub const ACTOR: Column<Self, Actor> = Column::new(5);
    pub const CORRELATION_ID: Column<Self, Option<String>> = Column::new(6);
    pub const REASON: Column<Self, Option<String>> = Column::new(7);
    pub const AT: Column<Self, DateTime<Utc>> = Column::new(8);
}

/// The first number of entries outside of a chain.
pub(crate) const FIRST_UNCHAINED: i64 = 1 << 62;

/// `repo_audit`
pub(crate) static TRAIL: Table = Table {
    entity_type: std::any::TypeId::of::<AuditEntry>,
    roles: Roles { id: 1, tenant: Some(0), ..BARE.roles },
    immutable: true,
    indexes: &[
        index(&[by(2), by(3), by(1)]),
        index(&[by(5), by(1)]),
        index(&[by(6), by(1)]),
        index(&[by(8)]),
    ],
    ..BARE
};

const BARE: Table = Table::bare(
    "AuditEntry",
    "repo_audit",
    &[
        text("tenant", false),
        column("seq", Kind::I64, false),
        text("entity", false),
        text("entity_id", false),
        // Without a check of its words: Postgres reads checks anew for each statement, which takes longer than
        // the entry. A word that is none is found by whoever verifies.
        text("action", false),
        text("actor", false),
        text("correlation_id", true),
        text("reason", true),
        column("at", Kind::Timestamp, false),
        text("before", true),
        text("after", true),
        column("prev_hash", Kind::Bytes, true),
        column("hash", Kind::Bytes, true),
    ],
);

const ACTIONS: &[&str] = &{
    let mut words = [""; Action::ALL.len()];
    let mut at = 0;
    while at < words.len() {
        words[at] = Action::ALL[at].1;
        at += 1;
    }
    words
};

const fn column(name: &'static str, kind: Kind, nullable: bool) -> ColumnDef {
    ColumnDef {
        name,
        kind,
        nullable,
        variants: &[],
        max_length: None,
        fixed: true,
        sensitive: false,
        formerly: &[],
        added_with: None,
        default: None,
    }
}

const fn text(name: &'static str, nullable: bool) -> ColumnDef {
    column(name, Kind::Text, nullable)
}

const fn by(column: usize) -> IndexColumn {
    IndexColumn { column, descending: false }
}

const fn index(columns: &'static [IndexColumn]) -> Index {
    Index { columns, unique: false, global: false }
}

impl Entity for AuditEntry {
    type Id = i64;
    type Tenancy = OfAnyTenant;
    type Deletion = crate::private::Removed;
    type New = Never;
    type Repository<S: Scope> = super::trail::Audit<S>;

    const TABLE: &'static Table = &TRAIL;

    fn id(&self) -> &i64 {
        &self.seq
    }

    fn set_id(&mut self, seq: i64) {
        self.seq = seq;
    }

    fn encode<'a>(&'a self, row: &mut Encoder<'a>) {
        row.column(&self.tenant);
        row.column(&self.seq);
        row.column(&self.entity);
        row.column(&self.entity_id);
        row.column(&self.action);
        row.column(&self.actor);
        row.column(&self.correlation_id);
        row.column(&self.reason);
        row.column(&self.at);
        row.column(&self.before);
        row.column(&self.after);
        row.column(&self.prev_hash);
        row.column(&self.hash);
    }

    fn decode(row: &mut Decoder<'_>) -> Result<Self> {
        Ok(Self {
            tenant: row.column()?,
            seq: row.column()?,
            entity: row.column()?,
            entity_id: row.column()?,
            action: row.column()?,
            actor: row.column()?,
            correlation_id: row.column()?,
            reason: row.column()?,
            at: row.column()?,
            before: row.column()?,
            after: row.column()?,
            prev_hash: row.column()?,
            hash: row.column()?,
        })
    }
}

impl NewEntity for Never {
    type Entity = AuditEntry;

    fn into_entity(self, _: &mut Creation<'_>) -> Result<AuditEntry> {
        match self {}
    }
}

impl<S: Scope> From<Repo<AuditEntry, S>> for super::trail::Audit<S> {
    fn from(repo: Repo<AuditEntry, S>) -> Self {
        Self::new(repo)
    }
}

impl ColumnType for Action {
    type Bare = Self;
    type Class = class::Enum;
    const KIND: Kind = Kind::Text;
    const VARIANTS: &'static [&'static str] = ACTIONS;

    fn encode(&self, _: Kind) -> Result<Value<'_>, InvalidValue> {
        Ok(Value::Text(self.as_str().into()))
    }

    fn decode(value: Value<'_>) -> Result<Self, InvalidValue> {
        let text = String::decode(value)?;
        let found = Self::ALL.into_iter().find(|(_, word)| *word == text);
        found.map(|(action, _)| action).ok_or_else(|| InvalidValue::new("is no action"))
    }
}
