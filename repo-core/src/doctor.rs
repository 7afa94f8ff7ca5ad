//! Whether a database holds to what a schema promises.
//!
//! Reads the catalog and evaluates checks on values of its own; writes nothing. Guards are compared by what
//! they do, not by the text that made them: a migration may have written it another way. Not here: repair,
//! and whether the rows that are there meet the guards.

mod compare;
mod probe;

use std::fmt;

use crate::audit::AuditEntry;
use crate::backend::Backend;
use crate::database::Database;
use crate::dialect::Owner;
use crate::entity::Entity as _;
use crate::error::Result;
use crate::schema::Schema;
use crate::schema::guards::{Check, Found, Guards, InspectedTable, Trigger, UniqueKey};
use crate::schema::table::Table;
use crate::schema::taken::is_another_on;
use crate::sql::{ddl, names};
use crate::write::parents;

/// A guard that a schema promises and a database does not hold to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The table.
    pub table: &'static str,
    /// What is missing or wrong.
    pub kind: GuardKind,
    /// Its name; of a column the column's.
    pub name: String,
    /// What is wrong with it, in words that follow the name.
    pub problem: String,
}

/// What a [`Finding`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GuardKind {
    /// The table as a whole.
    Table,
    /// A column.
    Column,
    /// The primary key.
    PrimaryKey,
    /// A unique key, an index or a constraint.
    UniqueKey,
    /// A foreign key.
    ForeignKey,
    /// A check.
    Check,
    /// A trigger.
    Trigger,
    /// A policy of row-level security.
    Policy,
    /// An index that is no key: without it reads are slow, and nothing else.
    Index,
}

impl Database {
    /// What the database lacks of the guards that `schema` promises: tables, columns and their types,
    /// `NOT NULL`, keys, partial unique indexes, references, checks, triggers, policies and indexes, there, as they
    /// should be and enabled.
    /// Nothing, where all is well. Of two entities of `schema` on one table, whose policies are not those of the
    /// other, it is told as well.
    ///
    /// What a schema does not promise is not looked at: other tables, columns, indexes and triggers. Only what
    /// undoes a promise is told too: a column beside those of the schema that refuses every new row, a
    /// foreign key that removes or changes rows of an entity that is audited, soft-deleted, versioned or validated, and
    /// a trigger of the audit trail that is none of its own; on Postgres a rule that is enabled, a table that
    /// inherits from one of the schema, a policy that is none of ours, and row-level security that binds a
    /// connection without the option; on SQLite `ON CONFLICT`, and a unique key of an immutable table that the schema
    /// does not declare.
    ///
    /// ```no_run
    /// # use repo_core::{Database, Repository, Result, schema};
    /// # #[derive(Repository)]
    /// # #[repository(table = "notes")]
    /// # struct Note { id: uuid::Uuid, text: String }
    /// # async fn f(db: Database) -> Result<()> {
    /// for finding in db.doctor(&schema![Note]).await? {
    ///     eprintln!("{finding}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`](crate::Error::Unsupported): the backend is none of this project's.
    pub async fn doctor(&self, schema: &Schema) -> Result<Vec<Finding>> {
        let mut findings = Vec::new();
        for (at, table) in schema.tables().iter().enumerate() {
            let others = schema.tables()[..at].iter();
            for other in others.filter(|other| is_another_on(other, table)) {
                let (one, two) = (other.entity, table.entity);
                let problem = format!("is that of `{one}` and of `{two}`");
                findings.push(Finding::new(table, GuardKind::Table, table.name, problem));
            }
        }
        for table in schema.tables().iter().copied().chain(schema.trail()) {
            examine(self.unscoped_backend().as_ref(), table, &mut findings).await?;
        }
        for parent in parents::of_tables(schema.tables()) {
            examine_mark(self.unscoped_backend().as_ref(), parent, &mut findings).await?;
        }
        Ok(findings)
    }
}

async fn examine(
    backend: &dyn Backend,
    table: &'static Table,
    findings: &mut Vec<Finding>,
) -> Result<()> {
    let Some(found) = backend.inspect(table).await? else {
        findings.push(Finding::new(table, GuardKind::Table, table.name, "is missing"));
        return Ok(());
    };
    if !found.is_table {
        findings.push(Finding::new(table, GuardKind::Table, table.name, "is no table"));
        return Ok(());
    }
    let guards = Guards::new(backend.dialect(), table);
    compare::table(&found, &guards, findings);
    compare::all(&found.keys, &guards.keys, table, findings);
    compare::all(&found.references, &guards.references, table, findings);
    compare::unseen(&found.references, &guards.references, table, findings);
    compare::all(&found.checks, &guards.checks, table, findings);
    let mut triggers = backend.dialect().triggers(&guards);
    if table.name == AuditEntry::TABLE.name {
        let may_be = backend.dialect().guard_of_shortened();
        let is_there =
            |it: &Trigger| found.triggers.iter().any(|found| found.guard.name == it.name);
        triggers.extend(may_be.filter(is_there));
    }
    compare::all(&found.triggers, &triggers, table, findings);
    if table.is_of_trail() {
        // A trigger before INSERT can lose entries without a word, and so can one that keeps the head as it was.
        compare::strangers(&found.triggers, &triggers, table, findings);
    }
    if let Some(indexes) = &found.indexes {
        compare::all(indexes, &guards.indexes, table, findings);
    }
    let policies = Owner::of(table).map(|owner| backend.dialect().policies(owner));
    compare::all(&found.policies, &policies.unwrap_or_default(), table, findings);
    probe_checks(backend, &guards, &found, findings).await
}

/// Of a table that others refer to: whether who refers to a row waits for whoever is deleting it.
async fn examine_mark(
    backend: &dyn Backend,
    parent: &'static Table,
    findings: &mut Vec<Finding>,
) -> Result<()> {
    let Some(key) = UniqueKey::of_mark(backend.dialect(), parent) else { return Ok(()) };
    // What is missing as a whole is told of by itself, or by the references to it.
    if let Some(found) = backend.inspect(parent).await?.filter(|found| found.is_table) {
        compare::mark(&found.keys, &key, parent, findings);
    }
    Ok(())
}

/// Asks the checks that are there, and enforced, whether they refuse what they should.
async fn probe_checks(
    backend: &dyn Backend,
    guards: &Guards,
    found: &InspectedTable,
    findings: &mut Vec<Finding>,
) -> Result<()> {
    let (dialect, table) = (backend.dialect(), guards.table);
    for column in 0..table.columns.len() {
        let name = names::check(dialect, table, column);
        let is_it = |check: &&Found<Check>| check.guard.name == name && check.defect.is_none();
        if ddl::check_condition(dialect, table, column).is_none() {
            continue;
        }
        let Some(check) = found.checks.iter().find(is_it) else { continue };
        let problem = probe::check(backend, table, column, &check.guard.condition).await?;
        if let Some(problem) = problem {
            findings.push(Finding::new(table, GuardKind::Check, &name, problem));
        }
    }
    Ok(())
}

impl Finding {
    fn new(table: &'static Table, kind: GuardKind, name: &str, problem: impl Into<String>) -> Self {
        Self { table: table.name, kind, name: name.to_owned(), problem: problem.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.kind, self.name)?;
        if self.kind != GuardKind::Table {
            write!(f, " of `{}`", self.table)?;
        }
        write!(f, " {}", self.problem)
    }
}

impl fmt::Display for GuardKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            GuardKind::Table => "the table",
            GuardKind::Column => "the column",
            GuardKind::PrimaryKey => "the primary key",
            GuardKind::UniqueKey => "the unique key",
            GuardKind::ForeignKey => "the foreign key",
            GuardKind::Check => "the check",
            GuardKind::Trigger => "the trigger",
            GuardKind::Policy => "the policy",
            GuardKind::Index => "the index",
        })
    }
}
