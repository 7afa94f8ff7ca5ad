//! Names of keys, indexes and triggers that another table of the database has already.
//!
//! `IF NOT EXISTS` passes over what is there under the name, whichever table it is on: a table that is made where
//! another one was renamed away would have none of them. Names that tables of one schema cannot share are refused
//! before the database is asked (`taken.rs`).

use crate::backend::{Connection, Effect, Row, Statement};
use crate::dialect::Dialect;
use crate::error::{Error, Result};
use crate::schema::Schema;
use crate::schema::guards::{Guards, UniqueKey};
use crate::schema::table::Table;
use crate::sql::names;
use crate::value::{Kind, Value};
use crate::write::parents;

/// A name that a table needs for something that belongs to it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NeededName {
    /// The name.
    pub name: String,
    /// What it is for.
    pub of: Named,
    /// The table.
    pub table: &'static Table,
}

/// What a [`NeededName`] is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Named {
    /// The primary key, which is made with its table.
    PrimaryKey,
    /// An index, unique or not.
    Index,
    /// A trigger.
    Trigger,
}

/// Refuses where something of another table has a name that a table of `schema` needs.
pub(crate) async fn check(
    connection: &mut dyn Connection,
    dialect: &dyn Dialect,
    schema: &Schema,
) -> Result<()> {
    let needed = needed(dialect, schema);
    let Some(first) = needed.first() else { return Ok(()) };
    let Some(sql) = dialect.names_elsewhere(&needed) else { return Ok(()) };
    let mut found: Vec<[String; 3]> = Vec::new();
    let mut on_row = |row: &dyn Row| {
        found.push([text(row, 0)?, text(row, 1)?, text(row, 2)?]);
        Ok(())
    };
    let (sql, table) = (sql.as_str(), first.table);
    let statement = Statement { sql, params: &[], effect: Effect::Read, table };
    connection.run(statement, &mut on_row).await?;
    let Some([_, of, other]) = found.first() else { return Ok(()) };
    let names = found.iter().filter(|[_, table, has]| (table, has) == (of, other));
    let names: Vec<_> = names.map(|[name, ..]| format!("`{name}`")).collect();
    let entity = needed.iter().find(|it| it.table.name == of).map_or("", |it| it.table.entity);
    let has = match other.as_str() {
        "" => "something else is called so".to_owned(),
        other => format!("`{other}` has what is called so"),
    };
    let reason = format!(
        "`{entity}` needs {} for its table `{of}`, and {has}: drop that, or give it another name",
        names.join(", ")
    );
    Err(Error::InvalidSchema { reason })
}

fn needed(dialect: &dyn Dialect, schema: &Schema) -> Vec<NeededName> {
    let mut needed = Vec::new();
    for table in schema.tables().iter().copied().chain(schema.trail()) {
        let mut need = |name, of| needed.push(NeededName { name, of, table });
        need(names::primary_key(dialect, table), Named::PrimaryKey);
        for index in table.indexes {
            need(names::index(dialect, table, index), Named::Index);
        }
        for trigger in dialect.triggers(&Guards::new(dialect, table)) {
            need(trigger.name, Named::Trigger);
        }
    }
    for table in parents::of_tables(schema.tables()) {
        let mark = UniqueKey::of_mark(dialect, table).map(|key| key.name);
        needed.extend(mark.map(|name| NeededName { name, of: Named::Index, table }));
    }
    needed
}

fn text(row: &dyn Row, column: usize) -> Result<String> {
    match row.value(column, Kind::Text) {
        Ok(Value::Text(text)) => Ok(text.into_owned()),
        Ok(_) => Ok(String::new()),
        Err(invalid) => Err(Error::invalid_value("the schema", invalid)),
    }
}
