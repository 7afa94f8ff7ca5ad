//! A chain of the trail by its name, and what is asked of it.
//!
//! A chain is read over all tenants, outside of any session and transaction: an entry that was moved is found
//! where it went, and looking at a chain adds nothing to it. Nothing here writes.

use crate::audit::entry::FIRST_UNCHAINED;
use crate::audit::{HEADS, TRAIL, image, stored};
use crate::backend::{Effect, OnRow, Row, Statement};
use crate::database::Database;
use crate::error::{Error, Result};
use crate::session::run::read_over_all;
use crate::value::column_type::ColumnType;
use crate::value::stored::stored;
use crate::value::{Kind, Value};

use super::checkpoint::Checkpoint;
use super::format::ZERO;
use super::verify::Verify;

/// What an entry has that is in a chain, whatever its number.
const HAS_HASH: &str = "(\"prev_hash\" IS NOT NULL OR \"hash\" IS NOT NULL)";

/// Whose entries follow each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Chain {
    /// Those of rows that belong to no tenant.
    Shared,
    /// Those of the tenant that this text stands for; [`Chain::tenant`] makes it from the id.
    Tenant(String),
}

/// A chain of the audit trail in a database: [`Database::audit_chain`].
///
/// ```no_run
/// # use repo_core::{Database, Result};
/// # async fn f(db: Database) -> Result<()> {
/// for chain in db.audit_chains().await? {
///     let verification = db.audit_chain(chain).verify().await?;
///     if !verification.is_intact() {
///         eprintln!("{verification}");
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct AuditChain {
    database: Database,
    chain: Chain,
}

/// The ends of a chain, from one snapshot.
#[derive(Debug)]
pub(crate) struct Ends {
    /// The lowest and the highest number of the entries.
    pub(crate) first: Option<i64>,
    pub(crate) last: Option<i64>,
    /// Whether there are some among the numbers of entries that are in no chain.
    pub(crate) has_strays: bool,
    pub(crate) head: Option<Head>,
}

/// What the head says of the last entry.
#[derive(Debug, Default)]
pub(crate) struct Head {
    pub(crate) seq: i64,
    pub(crate) prev_hash: Vec<u8>,
    pub(crate) hash: Vec<u8>,
}

impl Chain {
    /// The chain of a tenant.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`]: the id is nothing that a column can hold, or a text without characters.
    pub fn tenant<T: ColumnType>(id: &T) -> Result<Self> {
        let id = stored(id, T::KIND).map_err(|invalid| Error::invalid_value("tenant", invalid))?;
        match image::text(&id).into_owned() {
            text if text.is_empty() => Err(Error::invalid_input("tenant", "is empty")),
            text => Ok(Chain::Tenant(text)),
        }
    }

    pub(crate) fn of_text(tenant: &str) -> Self {
        if tenant.is_empty() { Chain::Shared } else { Chain::Tenant(tenant.to_owned()) }
    }

    /// As the `tenant` of its entries.
    pub(crate) fn as_text(&self) -> &str {
        match self {
            Chain::Shared => "",
            Chain::Tenant(tenant) => tenant,
        }
    }
}

impl Database {
    /// A chain of the audit trail, to verify it and to take checkpoints of it. Neither is recorded.
    pub fn audit_chain(&self, chain: Chain) -> AuditChain {
        AuditChain { database: self.clone(), chain }
    }

    /// The chains that there are, by name.
    ///
    /// # Errors
    ///
    /// - [`Error::Decode`] of `tenant`: somebody made one of them what is no text. Those whose tenants are known are
    ///   verified by their names.
    /// - Whatever kept the database from answering.
    pub async fn audit_chains(&self) -> Result<Vec<Chain>> {
        let mut chains = Vec::new();
        let mut on_row = |row: &dyn Row| {
            let tenant = row.value(0, Kind::Text).and_then(String::decode);
            let tenant =
                tenant.map_err(|invalid| Error::decode(TRAIL.entity, "tenant", invalid))?;
            chains.push(Chain::of_text(&tenant));
            Ok(())
        };
        let sql = format!(
            "SELECT \"tenant\" FROM \"repo_audit_heads\" UNION SELECT \"tenant\" \
             FROM \"repo_audit\" WHERE \"seq\" < {FIRST_UNCHAINED} OR {HAS_HASH} ORDER BY 1"
        );
        read(self, &sql, &[], &mut on_row).await?;
        Ok(chains)
    }
}

impl AuditChain {
    /// Which chain it is.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Recomputes the chain from its entries, when it is awaited.
    pub fn verify(&self) -> Verify {
        Verify::new(self.clone())
    }

    /// Where the chain ends now, by its head: to be kept outside of the database.
    ///
    /// It notes what the head says. [`Verification::end`](super::Verification::end) is a checkpoint of what
    /// was verified before.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`]: the head is none.
    pub async fn checkpoint(&self) -> Result<Checkpoint> {
        let head = self.ends().await?.head;
        let (seq, hash) = head.map_or((0, Ok(ZERO)), |head| (head.seq, head.hash.try_into()));
        let hash = hash.map_err(|_| Error::Decode {
            entity: HEADS.entity,
            column: "hash",
            reason: "has not 32 bytes".into(),
        })?;
        Ok(Checkpoint::new(self.chain.clone(), seq, hash, self.database.now()?))
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// The lowest and highest numbers and the head, in one statement: writers add entries and move the head
    /// together, so that they differ only where somebody else was at work.
    pub(crate) async fn ends(&self) -> Result<Ends> {
        let tenant = self.placeholder(1);
        let of_tenant = format!("FROM \"repo_audit\" WHERE \"tenant\" = {tenant}");
        let of_chain = format!("{of_tenant} AND \"seq\" < {FIRST_UNCHAINED}");
        let sql = format!(
            "SELECT (SELECT min(\"seq\") {of_chain}), (SELECT max(\"seq\") {of_chain}), \
             h.\"seq\", h.\"prev_hash\", h.\"hash\", \
             (SELECT min(\"seq\") {of_tenant} AND \"seq\" >= {FIRST_UNCHAINED} AND {HAS_HASH}) \
             FROM (SELECT 1) AS one \
             LEFT JOIN \"repo_audit_heads\" h ON h.\"tenant\" = {tenant}"
        );
        let mut ends = Ends { first: None, last: None, has_strays: false, head: None };
        let mut is_told = false;
        let mut on_row = |row: &dyn Row| {
            if std::mem::replace(&mut is_told, true) {
                // Of two heads neither is that of the chain.
                ends.head.get_or_insert_default().hash.clear();
                return Ok(());
            }
            ends.first = stored::column(row, 0)?;
            ends.last = stored::column(row, 1)?;
            let seq: Option<i64> = stored::column(row, 2)?;
            let (prev_hash, hash) = (stored::bytes(row, 3), stored::bytes(row, 4));
            ends.head = seq.map(|seq| Head { seq, prev_hash, hash });
            ends.has_strays = stored::column::<Option<i64>>(row, 5)?.is_some();
            Ok(())
        };
        self.read(&sql, &[Value::Text(self.chain.as_text().into())], &mut on_row).await?;
        Ok(ends)
    }

    /// Runs a statement that reads the trail.
    pub(crate) async fn read(
        &self,
        sql: &str,
        params: &[Value<'_>],
        on_row: OnRow<'_>,
    ) -> Result<()> {
        read(&self.database, sql, params, on_row).await
    }

    pub(crate) fn placeholder(&self, index: usize) -> String {
        let mut text = String::new();
        self.database.dialect().placeholder(&mut text, index);
        text
    }
}

async fn read(
    database: &Database,
    sql: &str,
    params: &[Value<'_>],
    on_row: OnRow<'_>,
) -> Result<()> {
    let statement = Statement { sql, params, effect: Effect::Read, table: &TRAIL };
    read_over_all(database, statement, on_row).await
}
