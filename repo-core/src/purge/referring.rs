//! What keeps rows from being removed: rows that refer to them and do not go with them, as far as tables are known.

use std::collections::{HashMap, HashSet};

use crate::backend::{Effect, Row, Statement};
use crate::cascade::Collected;
use crate::error::{Error, Result};
use crate::purge::job::Job;
use crate::read::IdKey;
use crate::schema::registry::Child;
use crate::schema::table::Table;
use crate::session::scope::Scope;
use crate::sql::together::Among;
use crate::sql::writer::Writer;
use crate::value::Value;

impl<S: Scope> Job<'_, S> {
    /// Tells the session which other tables are looked at.
    pub(crate) fn looks_at_what_refers(&self) -> Result<()> {
        let keeping = self.family().into_iter().flat_map(|table| self.registry.keeping(table));
        self.session.looks_at(keeping.map(|child| child.table))
    }

    /// Whether rows that go may be what kept others.
    pub(super) fn may_free(&self) -> bool {
        let keeping = self.family().into_iter().flat_map(|table| self.registry.keeping(table));
        keeping.into_iter().any(|child| self.is_of_family(child.table))
    }

    /// Those of the rows to which a row refers that goes with none of them, or that one of those refers to. `gone` are
    /// rows that only count as removed.
    pub(super) async fn kept_from_outside(
        &self,
        tenant: Option<&Value<'_>>,
        of: &[Value<'static>],
        gone: Option<&Collected>,
    ) -> Result<HashSet<IdKey>> {
        let (mut kept, mut open, mut between) = (HashSet::new(), Vec::new(), HashMap::new());
        let part: HashSet<_> = of.iter().map(IdKey::of).collect();
        for child in self.registry.keeping(self.table) {
            let among = self.among(child, tenant, of);
            if !self.is_of_family(child.table) {
                let referred = self.values(&among.referred(self.dialect()), child.column).await?;
                open.extend(referred.iter().map(IdKey::of));
            } else if self.is_alone(child.table) {
                for (referring, referred) in self.pairs(among).await? {
                    let is_gone = gone.is_some_and(|gone| gone.has(self.table, &referring));
                    let (referring, referred) = (IdKey::of(&referring), IdKey::of(&referred));
                    if part.contains(&referring) {
                        between.entry(referring).or_insert_with(Vec::new).push(referred);
                    } else if !is_gone {
                        open.push(referred);
                    }
                }
            }
        }
        while let Some(id) = open.pop() {
            open.extend(between.remove(&id).unwrap_or_default());
            kept.insert(id);
        }
        Ok(kept)
    }

    /// Whether it is the table of the rows, of which none goes with another.
    fn is_alone(&self, table: &Table) -> bool {
        table.is_same(self.table) && !self.registry.goes_with_itself(self.table)
    }

    /// The ids of rows of the table, and what each of them refers to.
    async fn pairs(&self, among: Among<'_>) -> Result<Vec<(Value<'static>, Value<'static>)>> {
        let (writer, columns) = (among.pairs(self.dialect()), [self.table.roles.id, among.column]);
        let mut pairs = Vec::new();
        let mut on_row = |row: &dyn Row| {
            let value = |at: usize| self.table.read(row, at, columns[at]).map(Value::into_owned);
            pairs.push((value(0)?, value(1)?));
            Ok(())
        };
        let (sql, params) = (&writer.sql, &writer.params);
        let statement = Statement { sql, params, effect: Effect::Read, table: self.table };
        self.session.run(statement, &mut on_row).await?;
        Ok(pairs)
    }

    /// Whether a row that was not met refers to one of these.
    pub(super) async fn is_referred_to(
        &self,
        tenant: Option<&Value<'_>>,
        table: &'static Table,
        of: &[Value<'static>],
        met: &Collected,
    ) -> Result<bool> {
        for child in self.registry.keeping(table) {
            let among = self.among(child, tenant, of);
            let is_kept = if self.is_of_family(child.table) {
                let referring = among.ids(self.dialect());
                let referring = self.values(&referring, child.table.roles.id).await?;
                referring.iter().any(|id| !met.has(child.table, id))
            } else {
                !self.values(&among.referred(self.dialect()), child.column).await?.is_empty()
            };
            if is_kept {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn among<'a>(
        &self,
        child: Child,
        tenant: Option<&'a Value<'a>>,
        values: &'a [Value<'static>],
    ) -> Among<'a> {
        Among { table: child.table, tenant, column: child.column, values }
    }

    /// The one column that a statement answers with.
    async fn values(&self, writer: &Writer<'_>, column: usize) -> Result<Vec<Value<'static>>> {
        let (table, mut values) = (writer.table, Vec::new());
        let mut on_row = |row: &dyn Row| {
            let value = row.value(0, table.columns[column].kind).map(Value::into_owned);
            values.push(value.map_err(|it| Error::invalid_value(table.columns[column].name, it))?);
            Ok(())
        };
        let (sql, params) = (&writer.sql, &writer.params);
        let statement = Statement { sql, params, effect: Effect::Read, table };
        self.session.run(statement, &mut on_row).await?;
        Ok(values)
    }

    /// The table and all whose rows go with its rows.
    pub(super) fn family(&self) -> Vec<&'static Table> {
        let below = self.registry.below(self.table).into_iter();
        std::iter::once(self.table).chain(below.filter(|it| !it.is_same(self.table))).collect()
    }

    fn is_of_family(&self, table: &Table) -> bool {
        self.family().iter().any(|it| it.is_same(table))
    }
}
