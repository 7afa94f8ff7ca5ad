//! Where an entry came from that has the hash of another place.
//!
//! Its neighbours tell: the entry whose hash it follows, the entry that follows it, or the head. It is from
//! there only if its fields have its hash in that place.

use super::chain::{AuditChain, Chain};
use super::format::ZERO;
use super::stored::{self, Stored};
use super::verification::Fault;
use crate::backend::Row;
use crate::error::Result;
use crate::value::Value;

/// The chain and number that the entry's own hash was made for, if it is another chain.
pub(crate) async fn of(chain: &AuditChain, entry: &Stored<'_>, seq: i64) -> Result<Option<Fault>> {
    let here = chain.chain().as_text();
    if entry.hash_in(here, seq) == entry.hash {
        return Ok(None);
    }
    let mut origin = None;
    let mut on_row = |row: &dyn Row| {
        if let (None, Some((tenant, seq))) = (&origin, place(row))
            && tenant != here
            && entry.hash_in(&tenant, seq) == entry.hash
        {
            origin = Some(Fault::Foreign { chain: Chain::of_text(&tenant), seq });
        }
        Ok(())
    };
    let params = [&entry.prev_hash, &entry.hash].map(|hash| Value::Bytes(hash[..].into()));
    chain.read(&places(chain, entry), &params, &mut on_row).await?;
    Ok(origin)
}

/// The tenant and the number that a row tells of; none where somebody made them what no entry has.
fn place(row: &dyn Row) -> Option<(String, i64)> {
    let tenant = stored::column(row, 0).ok()?;
    let (seq, step) = (stored::column::<i64>(row, 1).ok()?, stored::column::<i64>(row, 2).ok()?);
    Some((tenant, seq.checked_add(step)?))
}

/// The neighbours of the places that the entry may be from, and how far from there they are. The database adds
/// nothing to numbers: any may stand there.
fn places(chain: &AuditChain, entry: &Stored<'_>) -> String {
    let [prev_hash, hash] = [1, 2].map(|index| chain.placeholder(index));
    let mut sql = format!(
        "SELECT \"tenant\", \"seq\", 1 FROM \"repo_audit\" WHERE \"hash\" = {prev_hash} \
         UNION SELECT \"tenant\", \"seq\", -1 FROM \"repo_audit\" WHERE \"prev_hash\" = {hash} \
         UNION SELECT \"tenant\", \"seq\", 0 FROM \"repo_audit_heads\" WHERE \"hash\" = {hash}"
    );
    if entry.prev_hash == ZERO {
        // The first of some chain.
        sql.push_str(" UNION SELECT \"tenant\", 0, 1 FROM \"repo_audit_heads\"");
    }
    sql
}
