//! Reading a row by its key, which a backend may do for several callers at once.
//!
//! Only outside of transactions: what is in one has a connection and waits for nobody. The texts are in
//! `sql/lookup.rs`.

use crate::backend::{Effect, Lookup, OnRow, Statement};
use crate::error::Result;
use crate::schema::table::Table;
use crate::session::Session;
use crate::session::scope::Scope;
use crate::sql::lookup::LookupSql;
use crate::value::Value;

/// Runs a read of at most one row by the key that `params` are.
pub(crate) async fn look_up<S: Scope>(
    session: &Session<S>,
    sql: &LookupSql,
    table: &'static Table,
    params: &[Value<'_>],
    on_row: OnRow<'_>,
) -> Result<()> {
    let statement = Statement { sql: &sql.of_key, params, effect: Effect::Read, table };
    let Some(of_keys) = sql.of_keys.as_deref().filter(|_| !session.in_transaction()) else {
        return session.run(statement, on_row).await.map(drop);
    };
    session.look_up(Lookup { statement, of_keys }, on_row).await
}
