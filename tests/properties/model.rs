//! The same operations on rows in memory, written from the documentation and not from the code.
//!
//! A transaction keeps a copy of all rows to go back to. The first error of the database in it is
//! remembered in words: what follows is refused until the level it happened in is undone.

mod bulk;
mod condition;
mod document;
mod order;
mod percentile;
mod read;
mod summary;
mod window;
mod write;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use repo_core::{DatabaseError, Error, Result};
use uuid::Uuid;

use crate::answer::Trace;
use crate::entity::Item;
use crate::generate::epoch;
use crate::operation::{End, Operation, Selection, Step, Visibility};

type Rows = BTreeMap<(i64, Uuid), Item>;

pub(crate) struct Model {
    pub(crate) trace: Trace,
    tenants: [i64; 2],
    rows: Rows,
    now: DateTime<Utc>,
    last_id: u128,
    transaction: Option<Transaction>,
}

/// The transaction that is open, with all its savepoints.
struct Transaction {
    read_only: bool,
    /// The first error of the innermost level.
    failure: Option<String>,
}

impl Model {
    pub(crate) fn new(tenants: [i64; 2]) -> Self {
        Self {
            trace: Trace::default(),
            tenants,
            rows: Rows::new(),
            now: epoch(),
            last_id: 0,
            transaction: None,
        }
    }

    pub(crate) fn step(&mut self, step: &Step) {
        match step {
            Step::Tenant(tenant, operation) => self.operate(self.tenants[*tenant], operation),
            Step::Both(selection, ask) => self.ask(None, selection, *ask),
            Step::Stray { maker, made_by, use_of } => self.stray(*maker, made_by, *use_of),
        }
        let all = Selection { visibility: Visibility::WithDeleted, ..Selection::default() };
        for tenant in self.tenants {
            let stored = self.all(Some(tenant), &all);
            self.trace.add("stored", &stored);
        }
    }

    fn operate(&mut self, tenant: i64, operation: &Operation) {
        match operation {
            Operation::Tick(by) => self.now += TimeDelta::microseconds(*by),
            Operation::Walk(walk) => self.walk(tenant, walk),
            Operation::Chunks { selection, size, meanwhile } => {
                self.chunks(tenant, selection, *size, meanwhile.as_deref());
            }
            Operation::Transaction { read_only, end, work } => {
                self.transact(tenant, *read_only, *end, work);
            }
            Operation::Create(..)
            | Operation::CreateMany(..)
            | Operation::Update { .. }
            | Operation::Patch { .. }
            | Operation::Delete { .. }
            | Operation::Restore { .. }
            | Operation::Purge { .. } => self.write(tenant, operation),
            Operation::PatchAll(..)
            | Operation::PatchMany(..)
            | Operation::DeleteAll(..)
            | Operation::DeleteMany(..)
            | Operation::DeleteInChunks { .. }
            | Operation::CreateManyPartial(..)
            | Operation::Upsert(..)
            | Operation::UpsertMany(..) => self.write_many(tenant, operation),
            _ => self.read(tenant, operation),
        }
    }

    fn transact(&mut self, tenant: i64, read_only: bool, end: End, work: &[Operation]) {
        let before = self.rows.clone();
        let is_outermost = self.transaction.is_none();
        if let Err(error) = self.begin(read_only) {
            let what = match end {
                End::ReturnOk | End::ReturnErr => "transaction",
                _ => "begin",
            };
            return self.trace.add::<()>(what, &Err(error));
        }
        for operation in work {
            self.operate(tenant, operation);
        }
        let failure = self.transaction.as_mut().and_then(|transaction| transaction.failure.take());
        if failure.is_some() || !matches!(end, End::Commit | End::ReturnOk) {
            self.rows = before;
        }
        if is_outermost {
            self.transaction = None;
        }
        let kept = failure.map_or(Ok(()), |reason| Err(Error::TransactionFailed { reason }));
        match (end, kept) {
            (End::Commit, kept) => self.trace.add("commit", &kept),
            (End::ReturnOk, Ok(())) => self.trace.note("committed"),
            (End::ReturnOk, kept) => self.trace.add("transaction", &kept),
            (End::ReturnErr, _) => self.trace.note("aborted"),
            (End::Rollback, _) => self.trace.add("rollback", &Ok(())),
            (End::Drop, _) => {}
        }
    }

    fn begin(&mut self, read_only: bool) -> Result<()> {
        if self.transaction.is_none() {
            self.transaction = Some(Transaction { read_only, failure: None });
            return Ok(());
        }
        if read_only {
            let reason = "belong to the outermost transaction: a nested one is a savepoint in it";
            return Err(Error::invalid_input("options", reason));
        }
        self.check()
    }

    /// Whether the database takes another statement.
    fn check(&self) -> Result<()> {
        match self.transaction.as_ref().and_then(|transaction| transaction.failure.clone()) {
            Some(reason) => Err(Error::TransactionFailed { reason }),
            None => Ok(()),
        }
    }

    /// Whether the database takes a write.
    fn check_write(&mut self) -> Result<()> {
        self.check()?;
        if self.transaction.as_ref().is_some_and(|transaction| transaction.read_only) {
            let source = DatabaseError::new("");
            return Err(self.failed(Error::ReadOnly { source }));
        }
        Ok(())
    }

    /// An error of the database, after which a transaction can only be undone.
    fn failed(&mut self, error: Error) -> Error {
        if let Some(transaction) = &mut self.transaction {
            transaction.failure.get_or_insert(error.to_string());
        }
        error
    }

    fn find_any(&self, tenant: i64, id: Uuid) -> Option<&Item> {
        self.rows.get(&(tenant, id))
    }

    fn find_live(&self, tenant: i64, id: Uuid) -> Option<&Item> {
        self.find_any(tenant, id).filter(|item| item.deleted_at.is_none())
    }
}

fn not_found(id: Uuid) -> Error {
    Error::NotFound { entity: "Item", id: id.to_string() }
}
