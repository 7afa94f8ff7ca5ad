//! Removing the old rows of one tenant after the other, or counting them.
//!
//! What is done to a chunk is done to all of it or to nothing. A chunk that is refused because of a row is taken apart:
//! those that something refers to are set aside, and where none is found the rest is halved, until only rows are left
//! that are refused by themselves. Where rows that go may be what kept others, the kept ones are tried again until
//! nothing more goes. So what stays does not depend on the size of a chunk, but for rows that refer to each other.

use std::collections::HashMap;

use crate::audit::author::Author;
use crate::audit::{Action, image};
use crate::backend::{Effect, Row, Statement};
use crate::cascade::{Cascade, Collected};
use crate::dialect::Dialect;
use crate::error::{Error, Result};
use crate::purge::Purged;
use crate::read::IdKey;
use crate::schema::registry::Registry;
use crate::schema::table::Table;
use crate::session::Session;
use crate::session::scope::{Reach, Scope};
use crate::sql::together::{chunk_before, tenants_before};
use crate::transaction::Own;
use crate::value::Value;

/// The removal from one table.
pub(super) struct Job<'j, S: Scope> {
    pub(super) session: &'j Session<S>,
    pub(super) table: &'static Table,
    pub(super) registry: &'j Registry,
    pub(super) before: Value<'static>,
    pub(super) chunk: u32,
}

/// What is done to the rows.
pub(super) enum Doing<'d> {
    /// They are removed, by somebody where that is recorded.
    Removing(Option<&'d Author>),
    /// They are counted: these would be gone.
    Counting(Collected),
}

/// When a row was deleted, and its id.
type Position = (Value<'static>, Value<'static>);

impl Doing<'_> {
    pub(super) fn counting() -> Self {
        Doing::Counting(Collected::default())
    }
}

impl<S: Scope> Job<'_, S> {
    /// Who removes the rows, where that is recorded; of which tenant they are is said later.
    pub(super) fn author(&self) -> Result<Option<Author>> {
        let audited = self.family().into_iter().find(|it| it.audit.is_some());
        audited.map(|table| Author::acting(self.session, Reach::Shared, table.entity)).transpose()
    }

    /// The tenants that have such rows.
    pub(super) async fn tenants(&self, column: usize) -> Result<Vec<Option<Value<'static>>>> {
        let table = self.table;
        let writer = tenants_before(self.dialect(), table, column, self.before.clone());
        let mut tenants = Vec::new();
        let mut on_row = |row: &dyn Row| {
            tenants.push(Some(table.read(row, 0, column)?.into_owned()));
            Ok(())
        };
        let (sql, params) = (&writer.sql, &writer.params);
        let statement = Statement { sql, params, effect: Effect::Read, table };
        self.session.run(statement, &mut on_row).await?;
        Ok(tenants)
    }

    /// Does it to all there are of one tenant.
    pub(super) async fn of_tenant(
        &self,
        tenant: Option<&Value<'_>>,
        mut doing: Doing<'_>,
    ) -> Result<Purged> {
        let mut purged = Purged::default();
        loop {
            let more = self.pass(tenant, &mut doing).await?;
            purged.kept = 0;
            purged += more;
            if more.kept == 0 || more.rows == 0 || !self.may_free() {
                return Ok(purged);
            }
        }
    }

    /// The same once, from the oldest row to the latest.
    async fn pass(&self, tenant: Option<&Value<'_>>, doing: &mut Doing<'_>) -> Result<Purged> {
        let (mut purged, mut last) = (Purged::default(), None);
        loop {
            let chunk = self.next(tenant, last.as_ref()).await?;
            let ids = chunk.iter().map(|(_, id)| id.clone()).collect();
            // Fewer than a chunk are no end: others may have been deleted meanwhile.
            let Some(position) = chunk.into_iter().next_back() else { return Ok(purged) };
            last = Some(position);
            purged += self.chunk(tenant, doing, ids).await?;
        }
    }

    /// Does it to those of these rows that can go.
    async fn chunk(
        &self,
        tenant: Option<&Value<'_>>,
        doing: &mut Doing<'_>,
        ids: Vec<Value<'static>>,
    ) -> Result<Purged> {
        let (mut purged, mut parts) = (Purged::default(), vec![ids]);
        while let Some(mut part) = parts.pop() {
            let done = match doing {
                Doing::Removing(author) => self.remove(tenant, *author, &part).await?,
                Doing::Counting(gone) => self.count(tenant, gone, &part).await?,
            };
            if let Some((rows, below)) = done {
                purged += Purged { rows, below, kept: 0 };
                continue;
            }
            if part.len() == 1 {
                purged.kept += 1;
                continue;
            }
            let gone = match doing {
                Doing::Removing(_) => None,
                Doing::Counting(gone) => Some(&*gone),
            };
            let kept = self.kept_from_outside(tenant, &part, gone).await?;
            let all = part.len();
            part.retain(|id| !kept.contains(&IdKey::of(id)));
            if part.len() < all {
                purged.kept += (all - part.len()) as u64;
            } else {
                parts.push(part.split_off(all / 2));
            }
            if !part.is_empty() {
                parts.push(part);
            }
        }
        Ok(purged)
    }

    /// Removes these rows and what goes with them, or nothing if that is refused because of a row.
    async fn remove(
        &self,
        tenant: Option<&Value<'_>>,
        author: Option<&Author>,
        of: &[Value<'static>],
    ) -> Result<Option<(u64, u64)>> {
        let author = author.map(|author| self.acting_in(author, tenant)).transpose()?;
        let own = Own::Inner(self.session.begin_looking_anew().await?);
        let done = self.remove_in(own.session(), tenant, author, of).await;
        match own.finish(done).await {
            Ok(counts) => Ok(Some(counts)),
            Err(Error::ForeignKey { .. } | Error::ValidationFailed { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn remove_in(
        &self,
        session: &Session<S>,
        tenant: Option<&Value<'_>>,
        author: Option<Author>,
        of: &[Value<'static>],
    ) -> Result<(u64, u64)> {
        let at = author.as_ref().map_or_else(|| session.database().now(), |it| Ok(it.at))?;
        let cascade = Cascade::new(session, self.registry, tenant, author, at);
        let among = cascade.among(self.table, self.table.roles.id, of);
        let mut writer = among.select_before(self.dialect(), self.before.borrowed());
        cascade.lock(&mut writer);
        // Told and recorded in the order in which they were asked for: the oldest first.
        let places = of.iter().enumerate().map(|(place, id)| (IdKey::of(id), place));
        let places: HashMap<_, _> = places.collect();
        let mut rows = cascade.answers(&writer).await?;
        rows.sort_by_key(|row| places.get(&IdKey::of(&row[self.table.roles.id])).copied());
        let (mut ids, mut collected) = (Vec::new(), Collected::default());
        for row in rows {
            collected.is_new(self.table, &row[self.table.roles.id]);
            ids.push(row[self.table.roles.id].clone());
            collected.add(self.table, row);
        }
        cascade.collect(self.table, ids, &mut collected).await?;
        let counts = collected.counts(self.table);
        cascade.remove(collected, self.table, Action::Purge).await?;
        Ok(counts)
    }

    /// Counts these rows and what goes with them, beside what is gone; or nothing if something refers to one of them.
    async fn count(
        &self,
        tenant: Option<&Value<'_>>,
        gone: &mut Collected,
        of: &[Value<'static>],
    ) -> Result<Option<(u64, u64)>> {
        let at = self.session.database().now()?;
        let cascade = Cascade::new(self.session, self.registry, tenant, None, at).only_reading();
        let was = gone.counts(self.table);
        let of: Vec<_> = of.iter().filter(|id| gone.is_new(self.table, id)).cloned().collect();
        cascade.collect(self.table, of.clone(), gone).await?;
        let mut met: Vec<_> = self.family().into_iter().map(|it| (it, gone.ids(it))).collect();
        met.push((self.table, of));
        gone.forget();
        for (table, ids) in met.iter().filter(|(_, ids)| !ids.is_empty()) {
            if self.is_referred_to(tenant, table, ids, gone).await? {
                met.iter().for_each(|(table, ids)| gone.unmeet(table, ids));
                return Ok(None);
            }
        }
        let (rows, below) = gone.counts(self.table);
        Ok(Some((rows - was.0, below - was.1)))
    }

    async fn next(
        &self,
        tenant: Option<&Value<'_>>,
        after: Option<&Position>,
    ) -> Result<Vec<Position>> {
        let (table, size) = (self.table, i64::from(self.chunk));
        let before = self.before.borrowed();
        let writer = chunk_before(self.dialect(), table, tenant, before, after, size);
        let columns = [table.roles.deleted_at.unwrap_or(table.roles.id), table.roles.id];
        let mut positions = Vec::new();
        let mut on_row = |row: &dyn Row| {
            let value = |at: usize| table.read(row, at, columns[at]).map(Value::into_owned);
            positions.push((value(0)?, value(1)?));
            Ok(())
        };
        let (sql, params) = (&writer.sql, &writer.params);
        let statement = Statement { sql, params, effect: Effect::Read, table };
        self.session.run(statement, &mut on_row).await?;
        Ok(positions)
    }

    pub(super) fn dialect(&self) -> &dyn Dialect {
        self.session.dialect()
    }

    fn acting_in(&self, author: &Author, tenant: Option<&Value<'_>>) -> Result<Author> {
        let tenant = tenant.map(image::text).unwrap_or_default();
        let at = self.session.database().now()?;
        Ok(Author { tenant: (*tenant).into(), at, ..author.clone() })
    }
}
