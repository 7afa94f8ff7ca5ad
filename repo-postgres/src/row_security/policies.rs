//! The policies of a table, as SQL that does nothing where they are there already.
//!
//! `repo_tenant` is for everything that is done to a row. The others are for a session over all tenants: it
//! reads rows, locks what it reads (the check is false, so that none is written) and removes what was kept
//! long enough; the entries about that go to the trail of each tenant. None of them is for `TRUNCATE` and the
//! checks of foreign keys, which no policy binds.

use repo_core::Kind;
use repo_core::backend::{Dialect, Owner, quote};
use repo_core::schema::Table;

use super::{ALL_TENANTS, TENANT};
use crate::dialect::blocks;

/// The policy whose presence says that a table is one of ours.
pub(super) const MAIN: &str = "repo_tenant";

/// A policy of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policy {
    pub(crate) name: &'static str,
    /// The commands that it is for, as in `FOR ..`.
    pub(crate) command: &'static str,
    /// Which rows it shows.
    pub(crate) shows: Rows,
    /// Which rows it lets be written, where the command writes.
    pub(crate) takes: Option<Rows>,
}

/// Which rows a policy is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    /// Those of the transaction's tenant, and what belongs to everybody.
    OfTenant,
    /// All, in a transaction over all tenants.
    OverAll,
    /// None.
    Never,
}

/// Appends the statements that bind everybody, the owner too, to the rows of the transaction's tenant.
pub(crate) fn write(sql: &mut String, dialect: &dyn Dialect, table: &Table, owner: Owner) {
    let mut name = String::new();
    quote(&mut name, table.name);
    let mut body = format!(
        "DECLARE\n  guarded CONSTANT regclass := {};\nBEGIN\n\
         \x20 IF NOT (SELECT relrowsecurity AND relforcerowsecurity \
         FROM pg_catalog.pg_class WHERE oid = guarded) THEN\n\
         \x20   ALTER TABLE {name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;\n\
         \x20 END IF;\n",
        blocks::literal(&name)
    );
    for policy in of(owner) {
        let Policy { name: policy_name, command, shows, takes } = policy;
        let condition = |rows| condition(dialect, table, owner, rows);
        let check = takes.map(|rows| format!(" WITH CHECK ({})", condition(rows)));
        body.push_str(&format!(
            "  IF NOT EXISTS (SELECT FROM pg_catalog.pg_policy \
             WHERE polrelid = guarded AND polname = '{policy_name}') THEN\n\
             \x20   CREATE POLICY {policy_name} ON {name} FOR {command} USING ({}){};\n\
             \x20 END IF;\n",
            condition(shows),
            check.unwrap_or_default()
        ));
    }
    body.push_str("END");
    blocks::run(sql, &body);
}

/// The policies of a table whose rows have such an owner.
pub(crate) fn of(owner: Owner) -> Vec<Policy> {
    let policy = |name, command, shows, takes| Policy { name, command, shows, takes };
    let of_tenant = policy(MAIN, "ALL", Rows::OfTenant, Some(Rows::OfTenant));
    if let Owner::TenantOrShared(_) = owner {
        let over_all = policy("repo_all_tenants", "ALL", Rows::OverAll, Some(Rows::OverAll));
        return vec![of_tenant, over_all];
    }
    vec![
        of_tenant,
        policy("repo_all_tenants", "SELECT", Rows::OverAll, None),
        policy("repo_all_tenants_lock", "UPDATE", Rows::OverAll, Some(Rows::Never)),
        policy("repo_all_tenants_remove", "DELETE", Rows::OverAll, None),
    ]
}

/// The condition that a row is one of these; that it is of the tenant nothing meets where none is set.
///
/// Settings are read in a subquery: once for a statement, where they would be read for each row.
fn condition(dialect: &dyn Dialect, table: &Table, owner: Owner, rows: Rows) -> String {
    // After a transaction that set it, the setting is the empty text.
    let set = format!("nullif(current_setting('{TENANT}', true), '')");
    let column = |index: usize| {
        let mut name = String::new();
        quote(&mut name, table.columns[index].name);
        name
    };
    match (rows, owner) {
        (Rows::OverAll, _) => format!("(SELECT current_setting('{ALL_TENANTS}', true) = 'on')"),
        (Rows::OfTenant, Owner::TenantOrShared(index)) => {
            let (tenant, set) = (column(index), format!("current_setting('{TENANT}', true)"));
            format!("{tenant} = '' OR {tenant} = (SELECT {set})")
        }
        (Rows::OfTenant, Owner::Tenant(index)) => {
            compared(dialect, &column(index), table.columns[index].kind, &set)
        }
        _ => "false".to_owned(),
    }
}

/// A column beside a tenant as text, in the form that [`Reach`](repo_core::backend::Reach) has it.
fn compared(dialect: &dyn Dialect, column: &str, kind: Kind, set: &str) -> String {
    match kind {
        // The bits, in hexadecimal digits: databases differ in how they print a float.
        Kind::F32 => format!("encode(float4send({column}), 'hex') = (SELECT {set})"),
        Kind::F64 => format!("encode(float8send({column}), 'hex') = (SELECT {set})"),
        Kind::Bytes => format!("{column} = (SELECT decode({set}, 'hex'))"),
        kind => {
            let mut sql_type = String::new();
            dialect.column_type(&mut sql_type, kind);
            format!("{column} = (SELECT {set}::{sql_type})")
        }
    }
}
