//! The statements whose text depends on the entity alone: rendered once per entity and database.

use crate::audit::Action;
use crate::dialect::Dialect;
use crate::schema::table::Table;
use crate::sql::change::{ChangeSql, Parts};
use crate::sql::clauses::{and_differs, and_live_parents, changing};
use crate::sql::insert::{insert, insert_columns, insert_of_rows, recorded_insert};
use crate::sql::keys::KeyTexts;
use crate::sql::lookup::LookupSql;
use crate::sql::patch::PatchSql;
use crate::sql::removal::{delete, purge, restore};
use crate::sql::writer::{Writer, quoted};
use crate::value::Kind;
use crate::write::parents;

/// The fixed statements of one entity, for a session of one tenant where the entity has one.
#[derive(Debug)]
pub(crate) struct CrudSql {
    /// Why none of them is run: another entity is on the table.
    pub(crate) refused: Option<String>,
    /// The quoted names of all columns, separated by commas: what most queries ask for.
    pub(crate) columns: String,
    /// Columns that an `INSERT` gives: all, but an identity.
    pub(crate) insert_columns: Vec<usize>,
    /// Parameters: `insert_columns`.
    pub(crate) insert: String,
    /// The same of several rows. Parameters: a list for each of `insert_columns`.
    pub(crate) insert_of_rows: Option<String>,
    /// The same of one, unless a row that it refers to is deleted; answers with the id. Only where rows that are
    /// referred to can be.
    pub(crate) guarded_insert: Option<String>,
    /// Statements that insert a row unless its key is there.
    pub(crate) keys: KeyTexts,
    /// The same, recorded by the same statement, where the database can.
    pub(crate) recorded_insert: Option<String>,
    /// Parameters: key. A live row.
    pub(crate) find: LookupSql,
    /// Parameters: key. A row, live or deleted.
    pub(crate) find_any: String,
    /// Parameters: key. Answers with a row if there is a live one.
    pub(crate) exists: LookupSql,
    /// Parameters: tenant, list of ids. Live rows.
    pub(crate) get_many: String,
    /// Columns that an `UPDATE` of the whole entity writes.
    pub(crate) update_columns: Vec<usize>,
    /// Columns that an `UPDATE` of the whole entity must find unchanged.
    pub(crate) fixed_columns: Vec<usize>,
    /// Parameters: `update_columns`, now, key, version, `fixed_columns`. None where nothing changes.
    pub(crate) update: Option<ChangeSql>,
    /// Each depends on the columns that are set.
    pub(crate) patch: PatchSql,
    /// Parameters: now (where rows are only marked), key, version (where it is asked for).
    pub(crate) delete: Guarded,
    /// Parameters: now, key, version (where it is asked for).
    pub(crate) restore: Guarded,
    /// Parameters: key, version (where it is asked for). Removes a deleted row.
    pub(crate) purge: Guarded,
}

/// A statement without and with the version in its condition.
#[derive(Debug)]
pub(crate) struct Guarded {
    any_version: ChangeSql,
    one_version: ChangeSql,
}

impl Guarded {
    fn new(render: impl Fn(bool) -> ChangeSql) -> Self {
        Self { any_version: render(false), one_version: render(true) }
    }

    pub(crate) fn of(&self, with_version: bool) -> &ChangeSql {
        if with_version { &self.one_version } else { &self.any_version }
    }
}

impl CrudSql {
    pub(crate) fn new(dialect: &dyn Dialect, table: &'static Table) -> Self {
        let insert_columns = insert_columns(table);
        let update_columns: Vec<usize> = updatable(table, false).collect();
        // JSON has no equality that both databases share.
        let fixed_columns: Vec<usize> = updatable(table, true)
            .filter(|column| table.columns[*column].kind != Kind::Json)
            .collect();
        let text = |write: &dyn Fn(&mut Writer<'_>)| {
            let mut writer = Writer::new(dialect, table);
            write(&mut writer);
            writer.sql
        };
        Self {
            refused: None,
            columns: text(&|w| _ = w.all_columns()),
            insert: text(&|w| insert(w, &insert_columns, false)),
            insert_of_rows: insert_of_rows(dialect, table, &insert_columns),
            find: LookupSql::row(dialect, table),
            find_any: text(&find_any),
            exists: LookupSql::exists(dialect, table),
            get_many: text(&get_many),
            update: update(dialect, table, &update_columns, &fixed_columns),
            patch: PatchSql::default(),
            delete: Guarded::new(|with_version| delete(dialect, table, with_version)),
            restore: Guarded::new(|with_version| restore(dialect, table, with_version)),
            purge: Guarded::new(|with_version| purge(dialect, table, with_version)),
            guarded_insert: parents::has_marked(table)
                .then(|| text(&|w| insert(w, &insert_columns, true))),
            keys: KeyTexts::default(),
            recorded_insert: recorded_insert(dialect, table, &insert_columns, ""),
            insert_columns,
            update_columns,
            fixed_columns,
        }
    }
}

/// The columns that a caller gives, either those fixed at creation or the others.
fn updatable(table: &'static Table, fixed: bool) -> impl Iterator<Item = usize> {
    (0..table.columns.len())
        .filter(move |c| !table.is_managed(*c) && table.columns[*c].fixed == fixed)
}

/// The columns that an `INSERT` gives, and its text: for who needs nothing else.
pub(crate) fn insert_alone(dialect: &dyn Dialect, table: &'static Table) -> (Vec<usize>, String) {
    let columns = insert_columns(table);
    let mut writer = Writer::new(dialect, table);
    insert(&mut writer, &columns, false);
    (columns, writer.sql)
}

fn find_any(writer: &mut Writer<'_>) {
    writer.push("SELECT ").all_columns().push(" FROM ").table_name().push(" WHERE ").key(1);
}

fn get_many(writer: &mut Writer<'_>) {
    writer.push("SELECT ").all_columns().push(" FROM ").table_name().push(" WHERE ");
    let mut list = 1;
    if let Some(tenant) = writer.table.roles.tenant {
        writer.column(tenant).push(" = ").placeholder(1).push(" AND ");
        list = 2;
    }
    let id = writer.table.roles.id;
    let name = quoted(writer.table, id);
    writer.dialect.in_list(&mut writer.sql, &name, list, writer.table.columns[id].kind);
    writer.and_live();
}

/// Writes these columns, where any of them differs and the fixed ones do not. None where there is none to write.
pub(crate) fn update(
    dialect: &dyn Dialect,
    table: &'static Table,
    columns: &[usize],
    fixed: &[usize],
) -> Option<ChangeSql> {
    if columns.is_empty() {
        return None;
    }
    let mut writer = Writer::new(dialect, table);
    let now = writer.set(columns, &[]);
    let write = std::mem::take(&mut writer.sql);
    let mut next = writer.push(" WHERE ").key(now + 1);
    writer.and_live();
    if table.roles.version.is_some() {
        writer.and_version(true, next);
        next += 1;
    }
    for column in fixed {
        writer.push(" AND ").column(*column).push(" IS NOT DISTINCT FROM ").placeholder(next);
        next += 1;
    }
    and_live_parents(&mut writer, columns, now + 1);
    let condition = std::mem::take(&mut writer.sql);
    let differs = and_differs(&mut writer, columns, &[]);
    let changing = changing(table, columns);
    let parts = Parts {
        action: Action::Update,
        write,
        condition,
        key: now + 1,
        differs,
        changing,
        params: next - 1,
    };
    Some(ChangeSql::new(dialect, table, parts))
}
