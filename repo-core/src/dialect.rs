//! What databases spell differently, behind one trait.
//!
//! Core writes the SQL that all databases share; a dialect writes the rest. A method gets names, numbers of parameters
//! and texts of the program, and never the value of a row: values are bound. Most append to the statement that core
//! is writing. Others answer with a whole statement, or with whether the database does something.

mod identifiers;
mod owner;
mod recorded;

use std::fmt::{Debug, Write as _};

use crate::aggregate::Extreme;
use crate::aggregate::bucket::TimeUnit;
use crate::read::held::Held;
use crate::schema::guards::{Guards, Policy, Trigger};
use crate::schema::needed::NeededName;
use crate::schema::table::{Chaining, ColumnDef, Table};
use crate::value::Kind;

pub use identifiers::{generated_name, quote, quote_literal};
pub use owner::Owner;
pub use recorded::{AuditedChange, ImageOf};

/// How rows are read that each value of a table finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lateral {
    /// A table in `FROM` names one before it, as `LATERAL`.
    Table,
    /// By their ids, from a subquery that names the value.
    Ids,
}

/// How one database spells SQL.
///
/// A method with a parameter `sql` appends to it. One that returns an `Option` says `None` where its database has
/// nothing of the kind; most methods have that, or what standard SQL says, as their default. `quoted` is the name of a
/// column as it stands in the statement, quoted already, and `placeholder` the number of a parameter, for
/// [`placeholder`](Self::placeholder).
pub trait Dialect: Debug + Send + Sync {
    /// The name of the database, lower case, as in its URL.
    fn name(&self) -> &'static str;

    /// The most bytes of an identifier that the database keeps. Longer generated names are cut and
    /// given a hash.
    fn identifier_limit(&self) -> usize {
        63
    }

    /// Whether the schema holds what lasts only as long as the connection, and hides what has the same name elsewhere.
    /// Where a dialect does not say it, these are the names that databases have for it.
    fn is_temporary_schema(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        name == "temp" || name == "temporary" || name.starts_with("pg_temp")
    }

    /// Parameter number `index`, counted from 1: the same number may be written more than once.
    fn placeholder(&self, sql: &mut String, index: usize);

    /// The same, of which the plan of the statement knows no value: for a database that would plan the statement
    /// anew for each. None where plans are made without values anyway.
    fn unplanned_placeholder(&self, index: usize) -> Option<String> {
        let _ = index;
        None
    }

    /// A text of the program as a literal, such as the name of a variant: nothing in it ends the literal or means
    /// anything else. Where a backslash may, on a database that is set so, the dialect says it.
    fn literal(&self, sql: &mut String, text: &str) {
        quote_literal(sql, text);
    }

    /// The type of a column, with the collation of text but without `NOT NULL`.
    fn column_type(&self, sql: &mut String, kind: Kind);

    /// The type of an `i64` id that the database makes, as in `CREATE TABLE`. An identity that must be
    /// the primary key by itself says so through [`identity_is_primary_key`](Self::identity_is_primary_key).
    fn identity_type(&self, sql: &mut String);

    /// Whether an identity can only be the whole primary key; a tenant's table then has a unique key
    /// `(tenant, id)` beside it.
    fn identity_is_primary_key(&self) -> bool {
        false
    }

    /// What follows the closing parenthesis of `CREATE TABLE`.
    fn table_options(&self, sql: &mut String) {
        let _ = sql;
    }

    /// A condition that the stored form of `column` must meet beside its type, without `CHECK`. In the condition the
    /// column is called `quoted`. Returns whether there is one.
    fn storage_check(&self, sql: &mut String, quoted: &str, column: &ColumnDef) -> bool {
        let _ = (sql, quoted, column);
        false
    }

    /// The condition that the column `quoted` is one of the list that is bound as parameter `placeholder`, a
    /// [`Value::List`](crate::Value::List).
    fn in_list(&self, sql: &mut String, quoted: &str, placeholder: usize, kind: Kind);

    /// Appends a table `"repo_sought"` of the values of the list that is bound as parameter `placeholder`, whose column
    /// is `"repo_key"`; nothing where there is none.
    fn sought(&self, sql: &mut String, placeholder: usize, kind: Kind) -> Option<Lateral> {
        let _ = (sql, placeholder, kind);
        None
    }

    /// A table of keys, which are bound as a [`Value::List`](crate::Value::List) for each of `kinds`: their values are
    /// `"key_1"`, `"key_2"` .., their places, from 1, `"place"`. Returns whether there is one.
    fn keys(&self, _sql: &mut String, _name: &str, _kinds: &[Kind]) -> bool {
        false
    }

    /// The same of keys that are all of the session's tenant.
    fn keys_of_tenant(&self, sql: &mut String, name: &str, kinds: &[Kind]) -> bool {
        self.keys(sql, name, kinds)
    }

    /// A table of rows to add for several callers, which are bound as a [`Value::List`](crate::Value::List) for each
    /// of `kinds`: their values are `"key_1"`, `"key_2"` ... A statement with it does not wait for locks of rows for
    /// longer than others may be kept from theirs, and fails then. Returns whether there is one.
    fn rows(&self, _sql: &mut String, _name: &str, _kinds: &[Kind]) -> bool {
        false
    }

    /// The condition that the column `quoted` has the text bound as parameter `placeholder` at the place.
    ///
    /// The text is bound as it is, case included; where case is ignored, core has turned its ASCII
    /// letters into lower case, and only those of the column are folded.
    fn text_match(&self, sql: &mut String, quoted: &str, placeholder: usize, place: TextMatch);

    /// What is at the path bound as parameter `placeholder` in a JSON column, if it is of the type, and
    /// `NULL` if it is not, or nothing is there.
    ///
    /// The path is `$`, then `."name"` for each member, the name escaped as in JSON, and `[0]` for each
    /// element.
    fn json_value(&self, sql: &mut String, quoted: &str, placeholder: usize, what: JsonType);

    /// The condition that the JSON column has something at the path, `null` too.
    fn json_exists(&self, sql: &mut String, quoted: &str, placeholder: usize);

    /// The condition that the JSON column has an array at the path, and in it an element of the type that is equal to
    /// the value bound as parameter `sought`, compared as [`json_value`](Self::json_value) is. What is no array has no
    /// element.
    fn json_has_element(
        &self,
        sql: &mut String,
        quoted: &str,
        placeholder: usize,
        what: JsonType,
        sought: usize,
    );

    /// The condition that the column `quoted` and the value bound as parameter `placeholder` differ, two NULLs being
    /// equal and JSON documents compared by their text.
    fn is_distinct(&self, sql: &mut String, quoted: &str, placeholder: usize, kind: Kind) {
        let _ = kind;
        sql.push_str(quoted);
        sql.push_str(" IS DISTINCT FROM ");
        self.placeholder(sql, placeholder);
    }

    /// The numbers of a column as 64-bit integers, so that they are added exactly: a decimal as its units,
    /// which are the number times 10^scale.
    fn units(&self, sql: &mut String, quoted: &str, kind: Kind) {
        let scale = if let Kind::Decimal { scale, .. } = kind { scale } else { 0 };
        let number = if scale == 0 {
            quoted.to_owned()
        } else {
            format!("{quoted} * 1{}", "0".repeat(scale.into()))
        };
        append(sql, format_args!("CAST({number} AS BIGINT)"));
    }

    /// The condition that holds for every group, and fails where the sum of floats that is the expression `sum`
    /// is infinite; nothing where adding them up fails by itself.
    fn refuse_infinite(&self, sum: &str) -> Option<String> {
        let _ = sum;
        None
    }

    /// The aggregate that is the least value of a column, or the greatest, in the order of its type.
    fn extreme(&self, sql: &mut String, quoted: &str, kind: Kind, extreme: Extreme) {
        let _ = kind;
        append(sql, format_args!("{}({quoted})", extreme.sql()));
    }

    /// The moment in a column, or the midnight of the day, as a whole number of units, rounded down: the seconds
    /// since 1970, or twelve times the year and the months that are over in it. In UTC.
    fn time_number(&self, sql: &mut String, quoted: &str, kind: Kind, unit: TimeUnit) {
        // A day is in no time zone, and would be put into that of the connection.
        let zone = if kind == Kind::Date { "" } else { " AT TIME ZONE 'UTC'" };
        match unit {
            TimeUnit::Second => {
                append(sql, format_args!("CAST(FLOOR(EXTRACT(EPOCH FROM {quoted})) AS BIGINT)"));
            }
            TimeUnit::Month => append(
                sql,
                format_args!(
                    "CAST(EXTRACT(YEAR FROM {quoted}{zone}) * 12 \
                     + EXTRACT(MONTH FROM {quoted}{zone}) - 1 AS BIGINT)"
                ),
            ),
        }
    }

    /// One statement that does `change` and records it in the audit trail, where a statement can do that.
    /// It answers with the row as it is afterwards, or as it was where it is gone.
    ///
    /// Its parameters are those of the change, then tenant, the bytes that are known of the entry, actor,
    /// correlation id, reason and time.
    fn recorded_change(&self, change: &AuditedChange<'_>) -> Option<String> {
        let _ = change;
        None
    }

    /// One statement that does `change` and answers with all columns of the row as it was, then with all as
    /// it is; with nothing where nothing differs. None where it takes two.
    fn change_with_before(&self, change: &AuditedChange<'_>) -> Option<String> {
        let _ = change;
        None
    }

    /// One statement that appends one entry to the audit trail, where a statement can do that.
    ///
    /// Its parameters are the six of [`recorded_change`](Self::recorded_change), then the table, the action,
    /// the id of the row and the images before and after.
    fn append_entry(&self, chaining: Chaining) -> Option<String> {
        let _ = chaining;
        None
    }

    /// A query for as many numbers of entries outside of a chain as parameter 2 says, for the tenant that is
    /// parameter 1, the lowest first.
    fn unchained_numbers(&self) -> &'static str;

    /// A statement after which nothing can be written in the transaction, or, in a savepoint, until it is
    /// rolled back; none where a statement that may only read cannot write anyway.
    fn forbid_writes(&self) -> Option<&'static str> {
        None
    }

    /// Appends statements that make what the audit trail needs beside its tables.
    fn create_audit_objects(&self, sql: &mut String) {
        let _ = sql;
    }

    /// What follows the condition of a `SELECT` for rows that others may have added since the transaction began: the
    /// statement fails where the transaction does not see them, and is not told of them otherwise.
    fn refuse_snapshot(&self, sql: &mut String) {
        let _ = sql;
    }

    /// What a `SELECT` ends with to lock its rows for a write: nothing where the transaction already
    /// locks the whole database.
    fn lock_rows(&self, sql: &mut String);

    /// The same of rows whose keys stay: others may come to refer to them meanwhile.
    fn lock_rows_but_keys(&self, sql: &mut String) {
        self.lock_rows(sql);
    }

    /// The same, where something else than waiting is to become of rows that another transaction holds.
    fn lock_rows_held(&self, sql: &mut String, held: Held) {
        let _ = held;
        self.lock_rows(sql);
    }

    /// What a `SELECT` ends with so that nobody removes its rows or locks them until the transaction ends,
    /// and it waits for whoever does; others may change them and keep them as well.
    fn keep_rows(&self, sql: &mut String);

    /// Whether who refers to a row waits for whoever is marking it as deleted only where the mark is a part of a key
    /// over all rows: `create_tables` then makes one where rows of other tables are refused below a deleted row.
    fn marks_are_keys(&self) -> bool {
        false
    }

    /// How many rows the database removes by itself one below the other, each for its reference to the one above;
    /// nothing where there is no limit. An error because of the limit is
    /// [`Meaning::TooDeep`](crate::backend::Meaning::TooDeep).
    fn cascade_limit(&self) -> Option<usize> {
        None
    }

    /// Appends `statement`, the `CREATE .. IF NOT EXISTS` of `table`, or of an index of it, with its semicolon:
    /// behind a look whether it is there, where the statement itself would lock a table, or need a right, to
    /// find out. The table is looked for as in a statement, the index beside its table.
    fn create_relation(&self, sql: &mut String, table: &str, index: Option<&str>, statement: &str) {
        let _ = (table, index);
        sql.push_str(statement);
        sql.push_str(";\n");
    }

    /// The triggers that a table has where this dialect is spoken: those that keep the rows of an
    /// `immutable` table as they are, and what else only a trigger can hold to.
    fn triggers(&self, guards: &Guards) -> Vec<Trigger> {
        let _ = guards;
        Vec::new()
    }

    /// The trigger that the trail may have beside them, where chains are shortened: it refuses entries below the first
    /// of their chain.
    fn guard_of_shortened(&self) -> Option<Trigger> {
        None
    }

    /// The statements that make the [`triggers`](Self::triggers) of a table that are not there yet, each
    /// with its semicolon.
    fn create_triggers(&self, sql: &mut String, guards: &Guards) {
        let _ = (sql, guards);
    }

    /// A query for those of these names that something of another table has, which
    /// [`create_tables`](crate::Database::create_tables) would pass over or meet: the name, the table that needs it, and
    /// the one that has it. None where they are not looked for.
    fn names_elsewhere(&self, needed: &[NeededName]) -> Option<String> {
        let _ = needed;
        None
    }

    /// Statements that follow those that make a table, where the database itself is to keep the rows of
    /// tenants apart. Run again, they do nothing.
    fn row_level_security(&self, sql: &mut String, table: &Table, owner: Owner) {
        let _ = (sql, table, owner);
    }

    /// The policies that those statements make.
    fn policies(&self, owner: Owner) -> Vec<Policy> {
        let _ = owner;
        Vec::new()
    }

    /// Statements that `create_tables` runs first in its transaction, so that two processes do not
    /// create the same table at once.
    fn before_create_tables(&self) -> Option<&'static str> {
        None
    }
}

/// Where a piece of text is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextMatch {
    /// Anywhere.
    Contains,
    /// Anywhere, `A` to `Z` equal to `a` to `z`.
    ContainsIgnoreCase,
    /// At the start.
    StartsWith,
    /// At the end.
    EndsWith,
    /// All of it, `A` to `Z` equal to `a` to `z`.
    EqualsIgnoreCase,
}

/// What a value in a JSON document can be compared as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonType {
    /// A string.
    Text,
    /// A number, beside an integer.
    Integer,
    /// A number, beside a float: as a double, whatever its digits.
    Float,
    /// `true` or `false`.
    Bool,
    /// `null`; its value is true.
    Null,
}

fn append(sql: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a `String` does not fail.
    let _ = sql.write_fmt(text);
}
