//! The policies of a table, as SQL that does nothing where they are there already.
//!
//! `repo_tenant` is for everything that is done to a row. The others are for a session over all tenants: it
//! reads rows, locks what it reads (the check is false, so that none is written) and removes what was kept
//! long enough; the entries about that go to the trail of each tenant. None of them is for `TRUNCATE` and the
//! checks of foreign keys, which no policy binds.

use repo_core::{Dialect, Kind, Owner, Table, quote};

use super::{ALL_TENANTS, TENANT};

/// The policy whose presence says that a table is one of ours.
pub(super) const MAIN: &str = "repo_tenant";

/// A policy of a table.
struct Policy {
    name: &'static str,
    /// What follows the name and the table.
    rule: String,
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
        literal(&name)
    );
    for Policy { name: policy, rule } in policies(dialect, table, owner) {
        body.push_str(&format!(
            "  IF NOT EXISTS (SELECT FROM pg_catalog.pg_policy \
             WHERE polrelid = guarded AND polname = '{policy}') THEN\n\
             \x20   CREATE POLICY {policy} ON {name} {rule};\n\
             \x20 END IF;\n"
        ));
    }
    body.push_str("END");
    sql.push_str("DO ");
    sql.push_str(&literal(&body));
    sql.push_str(";\n");
}

fn policies(dialect: &dyn Dialect, table: &Table, owner: Owner) -> Vec<Policy> {
    let owns = condition(dialect, table, owner);
    let is_over_all = format!("(SELECT current_setting('{ALL_TENANTS}', true) = 'on')");
    let policy = |name, rule| Policy { name, rule };
    let of_tenant = policy(MAIN, format!("USING ({owns}) WITH CHECK ({owns})"));
    let over_all = |name, command: &str, check: &str| {
        policy(name, format!("FOR {command} USING ({is_over_all}){check}"))
    };
    if let Owner::TenantOrShared(_) = owner {
        let check = format!(" WITH CHECK ({is_over_all})");
        return vec![of_tenant, over_all("repo_all_tenants", "ALL", &check)];
    }
    vec![
        of_tenant,
        over_all("repo_all_tenants", "SELECT", ""),
        over_all("repo_all_tenants_lock", "UPDATE", " WITH CHECK (false)"),
        over_all("repo_all_tenants_remove", "DELETE", ""),
    ]
}

/// The condition "the row belongs to the transaction's tenant", which nothing meets where none is set.
///
/// The setting is read in a subquery: once for a statement, where it would be read for each row.
fn condition(dialect: &dyn Dialect, table: &Table, owner: Owner) -> String {
    // After a transaction that set it, the setting is the empty text.
    let set = format!("nullif(current_setting('{TENANT}', true), '')");
    let column = |index: usize| {
        let mut name = String::new();
        quote(&mut name, table.columns[index].name);
        name
    };
    match owner {
        Owner::TenantOrShared(index) => {
            let (tenant, set) = (column(index), format!("current_setting('{TENANT}', true)"));
            format!("{tenant} = '' OR {tenant} = (SELECT {set})")
        }
        Owner::Tenant(index) => compared(dialect, &column(index), table.columns[index].kind, &set),
        _ => "false".to_owned(),
    }
}

/// A column beside a tenant as text, in the form that [`Reach`](repo_core::Reach) has it.
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

/// A text as an SQL literal: names and code of ours, no value.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
