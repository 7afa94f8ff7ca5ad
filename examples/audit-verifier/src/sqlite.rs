//! A file of SQLite, read in one snapshot.

use rusqlite::{Connection, OpenFlags, Row};

use crate::checkpoint::Checkpoint;
use crate::entry::{COLUMNS, IN_CHAIN};
use crate::{Entry, Head, Result, Walk, chains};

/// Walks through every chain.
pub(crate) fn walk<'k>(path: &str, kept: &'k [Checkpoint]) -> Result<Vec<Walk<'k>>> {
    let mut connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let snapshot = connection.transaction()?;
    let mut statement = snapshot
        .prepare("SELECT tenant FROM repo_audit_heads UNION SELECT tenant FROM repo_audit")?;
    let tenants = statement.query_map([], |row| Ok(row.get(0).ok()))?;
    let walks = chains(tenants.collect::<rusqlite::Result<_>>()?, kept).into_iter();
    let walks = walks.map(|tenant| match tenant {
        Some(tenant) => walk_one(&snapshot, tenant, kept),
        None => Ok(Walk::of_nobody()),
    });
    walks.collect()
}

fn walk_one<'k>(snapshot: &Connection, tenant: String, kept: &'k [Checkpoint]) -> Result<Walk<'k>> {
    let sql = "SELECT seq, prev_hash, hash FROM repo_audit_heads WHERE tenant = ?1";
    let mut heads = snapshot.prepare(sql)?;
    let heads = heads.query_map([&tenant], |row| Ok(head(row).ok()))?;
    let columns = COLUMNS.map(|name| format!("\"{name}\"")).join(", ");
    let sql = format!(
        "SELECT seq, at, prev_hash, hash, {columns} FROM repo_audit \
         WHERE tenant = ?1 AND {IN_CHAIN} ORDER BY seq"
    );
    let mut statement = snapshot.prepare(&sql)?;
    let mut walk = Walk::new(tenant, kept, heads.collect::<rusqlite::Result<_>>()?);
    let mut rows = statement.query([walk.tenant()])?;
    while let Some(row) = rows.next()? {
        let seq = row.get(0).ok();
        walk.step(seq.map(|seq| entry(row).unwrap_or(Entry { seq, ..Entry::default() })));
    }
    Ok(walk)
}

fn head(row: &Row<'_>) -> rusqlite::Result<Head> {
    Ok(Head { seq: row.get(0)?, prev_hash: row.get(1)?, hash: row.get(2)? })
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let mut texts = <[Option<String>; COLUMNS.len()]>::default();
    for (index, text) in texts.iter_mut().enumerate() {
        *text = row.get(index + 4)?;
    }
    let (seq, at) = (row.get(0)?, row.get(1)?);
    Ok(Entry { seq, at, texts, prev_hash: row.get(2)?, hash: row.get(3)? })
}
