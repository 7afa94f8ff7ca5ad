//! A Postgres database, read in one snapshot.

use futures_util::TryStreamExt as _;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};

use crate::checkpoint::Checkpoint;
use crate::entry::{COLUMNS, IN_CHAIN};
use crate::{Entry, Head, Result, Walk, chains};

/// Every statement of the transaction sees one snapshot, and where row-level security is on, every tenant.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
     SELECT set_config('repo.all_tenants', 'on', true)";

/// Whether `at` is what it should be: of another type it may mean another moment.
const IS_MOMENT: &str = "SELECT atttypid = 'timestamptz'::regtype FROM pg_attribute \
     WHERE attrelid = 'repo_audit'::regclass AND attname = 'at'";
const MOMENT: &str = "to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"+00:00\"')";

/// Walks through every chain.
pub(crate) async fn walk<'k>(url: &str, kept: &'k [Checkpoint]) -> Result<Vec<Walk<'k>>> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::raw_sql(BEGIN).execute(&mut connection).await?;
    let sql = "SELECT tenant FROM repo_audit_heads UNION SELECT tenant FROM repo_audit";
    let tenants = sqlx::query_scalar(sql).fetch_all(&mut connection).await?;
    let at = match sqlx::query_scalar(IS_MOMENT).fetch_one(&mut connection).await? {
        true => MOMENT,
        false => "NULL",
    };
    let mut walks = Vec::new();
    for tenant in chains(tenants, kept) {
        walks.push(match tenant {
            Some(tenant) => walk_one(&mut connection, at, tenant, kept).await?,
            None => Walk::of_nobody(),
        });
    }
    connection.close().await?;
    Ok(walks)
}

async fn walk_one<'k>(
    connection: &mut PgConnection,
    at: &str,
    tenant: String,
    kept: &'k [Checkpoint],
) -> Result<Walk<'k>> {
    let sql = "SELECT seq, prev_hash, hash FROM repo_audit_heads WHERE tenant = $1";
    let heads = sqlx::query(sql).bind(&tenant).fetch_all(&mut *connection).await?;
    let heads = heads.iter().map(|row| head(row).ok()).collect();
    let columns = COLUMNS.map(|name| format!("\"{name}\"")).join(", ");
    let sql = format!(
        "SELECT seq, {at}, prev_hash, hash, {columns} FROM repo_audit \
         WHERE tenant = $1 AND {IN_CHAIN} ORDER BY seq"
    );
    let mut walk = Walk::new(tenant.clone(), kept, heads);
    let mut rows = sqlx::query(AssertSqlSafe(sql)).bind(tenant).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let seq = row.try_get(0).ok();
        walk.step(seq.map(|seq| entry(&row).unwrap_or(Entry { seq, ..Entry::default() })));
    }
    Ok(walk)
}

fn head(row: &PgRow) -> sqlx::Result<Head> {
    Ok(Head { seq: row.try_get(0)?, prev_hash: row.try_get(1)?, hash: row.try_get(2)? })
}

fn entry(row: &PgRow) -> sqlx::Result<Entry> {
    let mut texts = <[Option<String>; COLUMNS.len()]>::default();
    for (index, text) in texts.iter_mut().enumerate() {
        *text = row.try_get(index + 4)?;
    }
    let (seq, at) = (row.try_get(0)?, row.try_get(1)?);
    Ok(Entry { seq, at, texts, prev_hash: row.try_get(2)?, hash: row.try_get(3)? })
}
