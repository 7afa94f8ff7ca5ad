//! What writes of many rows answer: all or none of it, and a transaction around them goes on.

use std::collections::BTreeMap;

use repo_core::{Error, Keyed, Outcome, Result};
use uuid::Uuid;

use super::write::{check_values, joined, stored};
use super::{Model, condition, not_found};
use crate::entity::Item;
use crate::operation::{Draft, Id, Operation, Selection, Setting, Visibility};

impl Model {
    pub(super) fn write_many(&mut self, tenant: i64, operation: &Operation) {
        match operation {
            Operation::PatchAll(selection, changes) => {
                let patched = self.patch_all(tenant, selection, changes);
                self.trace.add("patch_all", &patched);
            }
            Operation::PatchMany(patches) => {
                let patched = self.atomically(|model| {
                    let patch = |(row, (id, changes)): (usize, &(Id, Vec<Setting>))| {
                        let patched = model.patch(tenant, id.uuid(), None, changes);
                        patched.map_err(|error| error.in_row(row))
                    };
                    patches.iter().enumerate().map(patch).collect::<Result<Vec<Item>>>()
                });
                self.trace.add("patch_many", &patched);
            }
            Operation::DeleteAll(selection) => {
                let deleted = self.delete_all(tenant, selection);
                self.trace.add("delete_all", &deleted);
            }
            Operation::DeleteMany(ids) => {
                let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
                let deleted = self.delete_many(tenant, &ids);
                self.trace.add("delete_many", &deleted);
            }
            Operation::DeleteInChunks { selection, size, is_dry } => {
                let deleted = self.delete_in_chunks(tenant, selection, *size, *is_dry);
                self.trace.add("delete_in_chunks", &deleted);
            }
            Operation::CreateManyPartial(drafts) => {
                let created = self.create_many_partial(tenant, drafts);
                self.trace.add("create_many_partial", &created);
            }
            Operation::Upsert(draft) => {
                let upserted = self.upsert(tenant, std::slice::from_ref(draft));
                let upserted = upserted.map(|mut rows| rows.remove(0)).map_err(Error::into_cause);
                self.trace.add("upsert", &upserted);
            }
            Operation::UpsertMany(drafts) => {
                let upserted = self.upsert(tenant, drafts);
                self.trace.add("upsert_many", &upserted);
            }
            _ => unreachable!("only writes of many rows come here"),
        }
    }

    fn patch_all(
        &mut self,
        tenant: i64,
        selection: &Selection,
        changes: &[Setting],
    ) -> Result<u64> {
        check_selection(selection, "patch_all")?;
        let changes = joined(changes)?;
        if changes.is_empty() {
            return Ok(0);
        }
        selection.conditions.iter().try_for_each(condition::check)?;
        self.atomically(|model| {
            model.check_write()?;
            let mut changed = 0;
            for live in model.meant(tenant, selection)? {
                let item = model.changed(&live, &changes)?;
                let item = stored(Item { updated_at: live.updated_at, ..item });
                if item != live {
                    model.replace(item)?;
                    changed += 1;
                }
            }
            Ok(changed)
        })
    }

    fn delete_all(&mut self, tenant: i64, selection: &Selection) -> Result<u64> {
        check_selection(selection, "delete_all")?;
        self.last_id += 1;
        selection.conditions.iter().try_for_each(condition::check)?;
        self.atomically(|model| {
            model.check_write()?;
            let rows = model.meant(tenant, selection)?;
            for live in &rows {
                model.replace(Item { deleted_at: Some(model.now), ..live.clone() })?;
            }
            Ok(rows.len() as u64)
        })
    }

    /// Each chunk takes an id, and the last one finds nothing.
    fn delete_in_chunks(
        &mut self,
        tenant: i64,
        selection: &Selection,
        size: u32,
        is_dry: bool,
    ) -> Result<u64> {
        const METHOD: &str = "delete_in_chunks";
        if size == 0 {
            return Err(Error::invalid_input(METHOD, "has at least one row at a time"));
        }
        check_selection(selection, METHOD)?;
        if self.transaction.is_some() {
            let reason = "is several transactions, and not to be done inside one: use `delete_all`";
            return Err(Error::invalid_input(METHOD, reason));
        }
        if is_dry {
            return Ok(self.meant(tenant, selection)?.len() as u64);
        }
        self.last_id += 1;
        let rows = self.meant(tenant, selection)?;
        self.last_id += u128::from((rows.len() as u32).div_ceil(size));
        for live in &rows {
            self.replace(Item { deleted_at: Some(self.now), ..live.clone() })?;
        }
        Ok(rows.len() as u64)
    }

    /// As if each was added in a savepoint of its own.
    fn create_many_partial(&mut self, tenant: i64, drafts: &[Draft]) -> Result<Vec<Result<Item>>> {
        let items: Vec<Item> = drafts.iter().map(|draft| self.complete(tenant, draft)).collect();
        if items.iter().all(|item| check_values(item).is_err()) {
            return Ok(items
                .iter()
                .map(|item| check_values(item).map(|()| item.clone()))
                .collect());
        }
        self.atomically(|model| {
            model.check_write()?;
            let add = |item: Item| {
                check_values(&item)?;
                let added = model.insert(stored(item));
                if let Some(transaction) = &mut model.transaction {
                    transaction.failure = None;
                }
                added
            };
            Ok(items.into_iter().map(add).collect())
        })
    }

    fn delete_many(&mut self, tenant: i64, ids: &[Uuid]) -> Result<()> {
        // A deletion has an id, for rows that are deleted together.
        self.last_id += 1;
        self.atomically(|model| {
            if ids.is_empty() {
                return Ok(());
            }
            model.check_write()?;
            let is_missing = |id: &Uuid| model.find_live(tenant, *id).is_none();
            if let Some(row) = ids.iter().position(is_missing) {
                return Err(not_found(ids[row]).in_row(row));
            }
            for id in ids {
                if let Some(live) = model.find_live(tenant, *id).cloned() {
                    model.replace(Item { deleted_at: Some(model.now), ..live })?;
                }
            }
            Ok(())
        })
    }

    fn upsert(&mut self, tenant: i64, drafts: &[Draft]) -> Result<Vec<Keyed<Item>>> {
        let items: Vec<Item> = drafts.iter().map(|draft| self.complete(tenant, draft)).collect();
        let mut names = BTreeMap::new();
        for (index, item) in items.iter().enumerate() {
            check_values(item).map_err(|error| error.in_row(index))?;
            if let Some(first) = names.insert(item.name.clone(), index) {
                let reason = format!("is the same in the rows {first} and {index}, counted from 0");
                return Err(Error::invalid_input("name", reason).in_row(index));
            }
        }
        self.atomically(|model| {
            let upsert = |(row, item)| {
                let upserted = model.upsert_one(tenant, stored(item));
                upserted.map_err(|error| error.in_row(row))
            };
            items.into_iter().enumerate().map(upsert).collect()
        })
    }

    fn upsert_one(&mut self, tenant: i64, given: Item) -> Result<Keyed<Item>> {
        self.check_write()?;
        let is_there = |item: &&Item| {
            item.tenant_id == tenant && item.deleted_at.is_none() && item.name == given.name
        };
        let Some(live) = self.rows.values().find(is_there).cloned() else {
            return Ok(Keyed { entity: self.insert(given)?, outcome: Outcome::Created });
        };
        if live.origin != given.origin {
            return Err(Error::invalid_input("origin", "is set at creation and never changed"));
        }
        let (id, version) = (live.id, live.version);
        let (created_at, updated_at) = (live.created_at, live.updated_at);
        let item = Item { id, version, created_at, updated_at, ..given };
        if item == live {
            return Ok(Keyed { entity: live, outcome: Outcome::Unchanged });
        }
        Ok(Keyed { entity: self.replace(item)?, outcome: Outcome::Updated })
    }

    /// As one operation, of which an error leaves nothing: in a transaction it is a savepoint.
    fn atomically<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.check()?;
        let before = self.rows.clone();
        let done = work(self);
        if done.is_err() {
            self.rows = before;
            if let Some(transaction) = &mut self.transaction {
                transaction.failure = None;
            }
        }
        done
    }

    /// The live rows that a selection names, locked or not.
    fn meant(&self, tenant: i64, selection: &Selection) -> Result<Vec<Item>> {
        let selection = Selection { for_update: false, order: Vec::new(), ..selection.clone() };
        self.matching(Some(tenant), &selection)
    }
}

fn check_selection(selection: &Selection, method: &'static str) -> Result<()> {
    if selection.limit.is_some() || selection.offset.is_some() {
        let reason = "is about all rows of the query: leave out `limit` and `offset`";
        return Err(Error::invalid_input(method, reason));
    }
    if selection.visibility != Visibility::Live {
        return Err(Error::invalid_input(method, "is about live rows only"));
    }
    Ok(())
}
