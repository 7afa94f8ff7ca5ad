//! What writes answer, and what they leave.

use repo_core::{Error, Result};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{Model, not_found};
use crate::entity::Item;
use crate::operation::{Draft, Operation, Setting, Version};

impl Model {
    pub(super) fn write(&mut self, tenant: i64, operation: &Operation) {
        match operation {
            Operation::Create(draft) => {
                let created = self.create(tenant, draft);
                self.trace.add("create", &created);
            }
            Operation::CreateMany(drafts) => {
                let created = self.create_many(tenant, drafts);
                self.trace.add("create_many", &created);
            }
            Operation::Update { id, version, origin, of_another_tenant, draft } => {
                let base = self.base(tenant, id.uuid(), *version);
                let stored = self.find_any(tenant, id.uuid()).map_or(0, |item| item.origin);
                let draft = Draft { origin: origin.unwrap_or(stored), ..draft.clone() };
                let updated = self.update(tenant, id.uuid(), base, *of_another_tenant, draft);
                self.trace.add("update", &updated);
            }
            Operation::Patch { id, version, changes } => {
                let base = version.map(|version| self.base(tenant, id.uuid(), version));
                let patched = self.patch(tenant, id.uuid(), base, changes);
                self.trace.add("patch", &patched);
            }
            Operation::Delete { id, version } => {
                let base = version.map(|version| self.base(tenant, id.uuid(), version));
                let deleted = self.delete(tenant, id.uuid(), base);
                self.trace.add("delete", &deleted);
            }
            Operation::Restore { id, version } => {
                let base = version.map(|version| self.base(tenant, id.uuid(), version));
                let restored = self.restore(tenant, id.uuid(), base);
                self.trace.add("restore", &restored);
            }
            Operation::Purge { id, version } => {
                let base = version.map(|version| self.base(tenant, id.uuid(), version));
                let purged = self.purge(tenant, id.uuid(), base);
                self.trace.add("purge", &purged);
            }
            _ => unreachable!("only writes come here"),
        }
    }

    fn create(&mut self, tenant: i64, draft: &Draft) -> Result<Item> {
        let item = self.complete(tenant, draft);
        check_values(&item)?;
        self.check_write()?;
        self.insert(stored(item))
    }

    fn create_many(&mut self, tenant: i64, drafts: &[Draft]) -> Result<Vec<Item>> {
        let items: Vec<Item> = drafts.iter().map(|draft| self.complete(tenant, draft)).collect();
        if items.is_empty() {
            return Ok(items);
        }
        self.check()?;
        // Before anything is sent: a transaction can go on.
        for (row, item) in items.iter().enumerate() {
            check_values(item).map_err(|error| error.in_row(row))?;
        }
        self.check_write()?;
        let before = self.rows.clone();
        let rows = items.into_iter().enumerate();
        let created: Result<Vec<Item>> = rows
            .map(|(row, item)| self.insert(stored(item)).map_err(|error| error.in_row(row)))
            .collect();
        if let Err(error) = &created {
            self.rows = before;
            if let Some(transaction) = &mut self.transaction {
                transaction.failure = Some(error.to_string());
            }
        }
        created
    }

    fn update(
        &mut self,
        tenant: i64,
        id: Uuid,
        base: i64,
        of_another_tenant: bool,
        draft: Draft,
    ) -> Result<Item> {
        let given = Item { id, ..self.filled(tenant, &draft) };
        check_values(&given)?;
        if of_another_tenant {
            return Err(Error::TenantMismatch { entity: "Item" });
        }
        self.check_write()?;
        let live = self.find_live(tenant, id).cloned().ok_or_else(|| not_found(id))?;
        check_version(&live, base)?;
        if live.origin != given.origin {
            return Err(Error::invalid_input("origin", "is set at creation and never changed"));
        }
        let item = Item { created_at: live.created_at, version: live.version, ..given };
        self.replace_if_changed(live, item)
    }

    pub(super) fn patch(
        &mut self,
        tenant: i64,
        id: Uuid,
        base: Option<i64>,
        changes: &[Setting],
    ) -> Result<Item> {
        let changes = joined(changes)?;
        if changes.is_empty() {
            self.check()?;
        } else {
            self.check_write()?;
        }
        let live = self.find_live(tenant, id).cloned().ok_or_else(|| not_found(id))?;
        base.map_or(Ok(()), |base| check_version(&live, base))?;
        let item = self.changed(&live, &changes)?;
        self.replace_if_changed(live, item)
    }

    /// The row with the changes, if it can hold them.
    pub(super) fn changed(&mut self, live: &Item, changes: &[Setting]) -> Result<Item> {
        let item = changes.iter().try_fold(live.clone(), apply);
        item.ok_or_else(|| self.failed(Error::OutOfRange { entity: "Item" }))
    }

    /// What changes nothing bumps nothing.
    pub(super) fn replace_if_changed(&mut self, live: Item, item: Item) -> Result<Item> {
        let item = Item { updated_at: live.updated_at, ..stored(item) };
        if item == live { Ok(live) } else { self.replace(item) }
    }

    fn delete(&mut self, tenant: i64, id: Uuid, base: Option<i64>) -> Result<()> {
        self.check_write()?;
        let live = self.find_live(tenant, id).cloned().ok_or_else(|| not_found(id))?;
        base.map_or(Ok(()), |base| check_version(&live, base))?;
        self.replace(Item { deleted_at: Some(self.now), ..live }).map(|_| ())
    }

    fn restore(&mut self, tenant: i64, id: Uuid, base: Option<i64>) -> Result<Item> {
        self.check_write()?;
        let item = self.find_any(tenant, id).cloned().ok_or_else(|| not_found(id))?;
        if item.deleted_at.is_none() {
            return Err(Error::NotDeleted { entity: "Item", id: id.to_string() });
        }
        base.map_or(Ok(()), |base| check_version(&item, base))?;
        self.replace(Item { deleted_at: None, ..item }).map_err(|error| match error {
            Error::Conflict { entity, columns, .. } => Error::RestoreConflict { entity, columns },
            other => other,
        })
    }

    fn purge(&mut self, tenant: i64, id: Uuid, base: Option<i64>) -> Result<()> {
        self.check_write()?;
        let item = self.find_any(tenant, id).ok_or_else(|| not_found(id))?;
        if item.deleted_at.is_none() {
            return Err(Error::NotDeleted { entity: "Item", id: id.to_string() });
        }
        base.map_or(Ok(()), |base| check_version(item, base))?;
        self.rows.remove(&(tenant, id));
        Ok(())
    }

    /// A changed row: one version on, and changed now.
    pub(super) fn replace(&mut self, item: Item) -> Result<Item> {
        self.check_name(&item)?;
        let item = stored(Item { version: item.version + 1, updated_at: self.now, ..item });
        self.rows.insert((item.tenant_id, item.id), item.clone());
        Ok(item)
    }

    pub(super) fn insert(&mut self, item: Item) -> Result<Item> {
        self.check_name(&item)?;
        self.rows.insert((item.tenant_id, item.id), item.clone());
        Ok(item)
    }

    /// Names are unique among the live rows of a tenant.
    fn check_name(&mut self, item: &Item) -> Result<()> {
        let is_taken = item.deleted_at.is_none()
            && self.rows.values().any(|other| {
                other.deleted_at.is_none()
                    && (other.tenant_id, other.name.as_str()) == (item.tenant_id, &item.name)
                    && other.id != item.id
            });
        if !is_taken {
            return Ok(());
        }
        Err(self.failed(Error::Conflict {
            entity: "Item",
            constraint: "items_tenant_id_name_key".to_owned(),
            columns: vec!["name".to_owned()],
        }))
    }

    /// A new row with the next id, which is used up whatever comes of it.
    pub(super) fn complete(&mut self, tenant: i64, draft: &Draft) -> Item {
        self.last_id += 1;
        Item { id: Uuid::from_u128(self.last_id), ..self.filled(tenant, draft) }
    }

    fn filled(&self, tenant_id: i64, draft: &Draft) -> Item {
        let Draft { name, note, score, done, price, status, doc, origin } = draft.clone();
        let (id, version, now) = (Uuid::nil(), 1, self.now);
        Item {
            id,
            tenant_id,
            name,
            note,
            score,
            done,
            price,
            status,
            doc,
            origin,
            version,
            created_at: now,
            updated_at: now,
            deleted_at: None,
        }
    }

    fn base(&self, tenant: i64, id: Uuid, version: Version) -> i64 {
        match version {
            Version::Current => self.find_any(tenant, id).map_or(1, |item| item.version),
            Version::Number(number) => number,
        }
    }
}

fn check_version(item: &Item, expected: i64) -> Result<()> {
    if item.version == expected {
        return Ok(());
    }
    let (id, actual) = (item.id.to_string(), Some(item.version));
    Err(Error::VersionConflict { entity: "Item", id, expected, actual })
}

/// One change of each column: of two values the last counts, and what is added after it is added to it.
pub(super) fn joined(changes: &[Setting]) -> Result<Vec<Setting>> {
    let mut joined: Vec<Setting> = Vec::with_capacity(changes.len());
    for change in changes {
        check_setting(change)?;
        let earlier = joined.iter().position(|earlier| column(earlier) == column(change));
        let earlier = earlier.map(|at| joined.remove(at));
        let whole = earlier.map_or(Some(change.clone()), |earlier| together(earlier, change));
        joined.push(whole.ok_or(Error::OutOfRange { entity: "Item" })?);
    }
    Ok(joined)
}

/// Two changes of a column as one; none where a sum does not fit.
fn together(earlier: Setting, later: &Setting) -> Option<Setting> {
    let price = |sum: Decimal| check_price(sum).is_ok().then_some(sum);
    Some(match (earlier, later) {
        (Setting::AddScore(score), Setting::AddScore(by)) => {
            Setting::AddScore(score.checked_add(*by)?)
        }
        (Setting::Score(Some(score)), Setting::AddScore(by)) => {
            Setting::Score(Some(score.checked_add(*by)?))
        }
        (Setting::Score(None), Setting::AddScore(_)) => Setting::Score(None),
        (Setting::AddPrice(sum), Setting::AddPrice(by)) => Setting::AddPrice(price(sum + by)?),
        (Setting::Price(sum), Setting::AddPrice(by)) => Setting::Price(price(sum + by)?),
        (_, later) => later.clone(),
    })
}

fn column(change: &Setting) -> &'static str {
    match change {
        Setting::Name(_) => "name",
        Setting::Note(_) => "note",
        Setting::Score(_) | Setting::AddScore(_) => "score",
        Setting::Done(_) => "done",
        Setting::Price(_) | Setting::AddPrice(_) => "price",
        Setting::Status(_) => "status",
        Setting::Doc(_) => "doc",
    }
}

/// None where a sum does not fit.
fn apply(item: Item, change: &Setting) -> Option<Item> {
    Some(match change.clone() {
        Setting::Name(name) => Item { name, ..item },
        Setting::Note(note) => Item { note, ..item },
        Setting::Score(score) => Item { score, ..item },
        Setting::Done(done) => Item { done, ..item },
        Setting::Price(price) => Item { price, ..item },
        Setting::Status(status) => Item { status, ..item },
        Setting::Doc(doc) => Item { doc, ..item },
        Setting::AddScore(by) => match item.score {
            Some(score) => Item { score: Some(score.checked_add(by)?), ..item },
            None => item,
        },
        Setting::AddPrice(by) => {
            let price = item.price + by;
            check_price(price).ok()?;
            Item { price, ..item }
        }
    })
}

/// With two digits after the point, as it is read back.
pub(super) fn stored(mut item: Item) -> Item {
    item.price.rescale(2);
    item
}

pub(super) fn check_values(item: &Item) -> Result<()> {
    check_text("name", &item.name)?;
    check_note(item.note.as_deref())?;
    check_price(item.price)
}

fn check_setting(change: &Setting) -> Result<()> {
    match change {
        Setting::Name(name) => check_text("name", name),
        Setting::Note(note) => check_note(note.as_deref()),
        Setting::Price(price) | Setting::AddPrice(price) => check_price(*price),
        _ => Ok(()),
    }
}

fn check_note(note: Option<&str>) -> Result<()> {
    let Some(note) = note else { return Ok(()) };
    check_text("note", note)?;
    if note.chars().count() > 6 {
        return Err(Error::invalid_input("note", "is longer than 6 characters"));
    }
    Ok(())
}

pub(super) fn check_text(column: &'static str, text: &str) -> Result<()> {
    if text.contains('\0') {
        return Err(Error::invalid_input(column, "holds a NUL character"));
    }
    Ok(())
}

/// Six digits, two of them after the point.
pub(super) fn check_price(price: Decimal) -> Result<()> {
    if price.round_dp(2) != price {
        return Err(Error::invalid_input("price", "has more than 2 digits after the point"));
    }
    if price.abs() >= Decimal::new(10_000, 0) {
        return Err(Error::invalid_input("price", "has more than 4 digits before the point"));
    }
    Ok(())
}
