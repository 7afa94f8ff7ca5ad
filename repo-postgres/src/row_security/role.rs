//! Who may not connect: a role that no policy binds, an owner that its own table does not bind, and who is refused
//! tables with policies.

use repo_core::{Error, Result, quote};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};

use super::policies::MAIN;
use crate::error::Failure;

/// The role that is free of policies and nearest to the connection's: that itself, that which logged in,
/// one that either may become.
const FREE_ROLE: &str = "SELECT r.rolname::text, r.rolsuper::text, current_user::text \
    FROM pg_catalog.pg_roles r WHERE (r.rolsuper OR r.rolbypassrls) \
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
        let [free, is_super, current] = columns(&row)?;
        let attribute = if is_super == "true" { "is a superuser" } else { "has BYPASSRLS" };
        let subject = if free == current {
            format!("the role `{current}` {attribute}")
        } else {
            format!("the role `{current}` may become `{free}`, which {attribute}")
        };
        return Err(refused(&format!(
            "{subject}; connect as a role without SUPERUSER and BYPASSRLS that is no member of such a one"
        )));
    }
    let unbound = format!(
        "SELECT c.relname::text, c.relrowsecurity::text, current_user::text \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_policy p ON p.polrelid = c.oid \
         WHERE p.polname = '{MAIN}' AND pg_table_is_visible(c.oid) AND (NOT c.relrowsecurity \
         OR NOT c.relforcerowsecurity AND pg_has_role(current_user, c.relowner, 'USAGE')) \
         ORDER BY c.relname LIMIT 1"
    );
    if let Some(row) = first(connection, &unbound).await? {
        let [table, is_enabled, current] = columns(&row)?;
        let mut name = String::new();
        quote(&mut name, &table);
        return Err(refused(&if is_enabled == "true" {
            format!(
                "the role `{current}` owns the table `{table}`, whose policies do not bind its owner; \
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

fn columns(row: &PgRow) -> Result<[String; 3], Failure> {
    Ok([row.try_get(0)?, row.try_get(1)?, row.try_get(2)?])
}

fn refused(reason: &str) -> Failure {
    let reason = format!("row-level security cannot hold: {reason}");
    Failure::Core(Error::Configuration { reason })
}
