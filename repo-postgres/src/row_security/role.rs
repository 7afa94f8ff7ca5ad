//! Who may not connect: a role that no policy binds, one that may make itself such a one, an owner that its own table
//! does not bind, and who is refused tables with policies.

use repo_core::backend::quote;
use repo_core::{Error, Result};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};

use super::policies::MAIN;
use crate::error::Failure;

/// The role that is free of policies and nearest to the connection's: that itself, that which logged in,
/// one that either may become. Before Postgres 16 a role with CREATEROLE makes itself a member of any that is no superuser;
/// later of those alone that it may administer, and of these it is one already.
const FREE_ROLE: &str = "SELECT r.rolname::text, CASE WHEN r.rolsuper THEN 'SUPERUSER' \
    WHEN r.rolbypassrls THEN 'BYPASSRLS' ELSE 'CREATEROLE' END, current_user::text \
    FROM pg_catalog.pg_roles r WHERE (r.rolsuper OR r.rolbypassrls \
    OR r.rolcreaterole AND current_setting('server_version_num')::integer < 160000) \
    AND (pg_has_role(current_user, r.oid, 'MEMBER') OR pg_has_role(session_user, r.oid, 'MEMBER')) \
    ORDER BY r.rolname <> current_user, r.rolname <> session_user, r.rolname LIMIT 1";

/// Where the session has it that a table with policies is an error, and not less to see: the role, the database, and who says so.
const REFUSES: &str = "SELECT current_user::text, current_database()::text, source::text \
    FROM pg_catalog.pg_settings WHERE name = 'row_security' AND setting = 'off'";

/// Refuses a connection to which policies mean nothing, or which refuses what they are for.
///
/// A role that may `SET ROLE` to another one is no safer than that one, and neither is one that an
/// option of the connection made out of another.
pub(crate) async fn check(connection: &mut PgConnection) -> Result<(), Failure> {
    if let Some(row) = first(connection, FREE_ROLE).await? {
        let [free, attribute, current] = columns(&row)?;
        let (is, without) = match attribute.as_str() {
            "SUPERUSER" => ("is a superuser", "SUPERUSER and BYPASSRLS"),
            "BYPASSRLS" => ("has BYPASSRLS", "SUPERUSER and BYPASSRLS"),
            _ => (
                "has CREATEROLE, and may make itself a member of a role that no policy binds",
                "CREATEROLE",
            ),
        };
        let subject = if free == current {
            format!("the role `{current}` {is}")
        } else {
            format!("the role `{current}` may become `{free}`, which {is}")
        };
        return Err(refused(&format!(
            "{subject}; connect as a role without {without} that is no member of such a one"
        )));
    }
    // Whoever may become the owner is not bound then, also where it has none of its rights until then.
    let unbound = format!(
        "SELECT c.relname::text, c.relrowsecurity::text, current_user::text, pg_get_userbyid(c.relowner)::text \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_policy p ON p.polrelid = c.oid \
         WHERE p.polname = '{MAIN}' AND pg_table_is_visible(c.oid) AND (NOT c.relrowsecurity \
         OR NOT c.relforcerowsecurity AND (pg_has_role(current_user, c.relowner, 'MEMBER') \
         OR pg_has_role(session_user, c.relowner, 'MEMBER'))) \
         ORDER BY c.relname LIMIT 1"
    );
    if let Some(row) = first(connection, &unbound).await? {
        let [table, is_enabled, current, owner] = columns(&row)?;
        let mut name = String::new();
        quote(&mut name, &table);
        let owns = if owner == current {
            "owns".to_owned()
        } else {
            format!("may become `{owner}`, which owns")
        };
        return Err(refused(&if is_enabled == "true" {
            format!(
                "the role `{current}` {owns} the table `{table}`, whose policies do not bind its owner; \
                 run ALTER TABLE {name} FORCE ROW LEVEL SECURITY"
            )
        } else {
            format!(
                "the policies of the table `{table}` are disabled; \
                 run ALTER TABLE {name} ENABLE ROW LEVEL SECURITY"
            )
        }));
    }
    if let Some(row) = first(connection, REFUSES).await? {
        let [current, database, source] = columns(&row)?;
        return Err(refused(&format!(
            "`row_security` is off for the role `{current}`, so that every statement on a table with policies fails; {}",
            instead(&current, &database, &source)
        )));
    }
    Ok(())
}

/// What puts the setting back, by where the server has it from.
fn instead(role: &str, database: &str, source: &str) -> String {
    let quoted = |text| {
        let mut name = String::new();
        quote(&mut name, text);
        name
    };
    let (role, database) = (quoted(role), quoted(database));
    match source {
        "user" => format!("run ALTER ROLE {role} RESET row_security"),
        "database" => format!("run ALTER DATABASE {database} RESET row_security"),
        "database user" => {
            format!("run ALTER ROLE {role} IN DATABASE {database} RESET row_security")
        }
        "global" => "run ALTER ROLE ALL RESET row_security".to_owned(),
        "client" => "leave it out of the options of the connection".to_owned(),
        _ => "set it to on where the server is configured".to_owned(),
    }
}

/// The first row of a query without parameters, in the simple protocol: poolers know no other for sure.
async fn first(connection: &mut PgConnection, sql: &str) -> Result<Option<PgRow>, Failure> {
    let query = sqlx::raw_sql(sqlx::AssertSqlSafe(sql));
    Ok(query.fetch_all(connection).await?.into_iter().next())
}

fn columns<const N: usize>(row: &PgRow) -> Result<[String; N], Failure> {
    let mut columns = [const { String::new() }; N];
    for (position, column) in columns.iter_mut().enumerate() {
        *column = row.try_get(position)?;
    }
    Ok(columns)
}

fn refused(reason: &str) -> Failure {
    let reason = format!("row-level security cannot hold: {reason}");
    Failure::Core(Error::Configuration { reason })
}
