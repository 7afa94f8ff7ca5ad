//! Verification: the chain is recomputed from its entries, one at a time, in bounded memory.
//!
//! The ends are read once, from one snapshot; what writers append meanwhile lies behind them and is not
//! looked at. The first entry that is wrong ends the walk. Where an entry that was moved came from is asked in
//! `origin.rs`.
//!
//! From a checkpoint on, what lies before it is not looked at, but for the entry that it follows: a chain begins at the
//! checkpoint, or this entry is there still. Entries that somebody adds below a chain that was shortened follow no
//! chain up to there.
//!
//! Among the numbers of entries that are in no chain, one with a hash is of the chain, and can only be behind a gap:
//! whether there is such a one is asked with the ends, and no page reaches these numbers.

use std::future::{Future, IntoFuture};
use std::pin::Pin;

use super::chain::{AuditChain, Ends, Head};
use super::checkpoint::Checkpoint;
use super::entry::FIRST_UNCHAINED;
use super::format::ZERO;
use super::origin;
use super::stored::{self, COLUMNS, Stored};
use super::verification::{BadEntry, Fault, Tail, Verification};
use crate::backend::Row;
use crate::error::{DatabaseError, Error, Result};
use crate::value::Value;

/// How many numbers one statement asks for.
const PAGE: i64 = 500;

/// A verification, done when it is awaited: [`AuditChain::verify`].
///
/// ```no_run
/// # use repo_core::audit::{Chain, Checkpoint};
/// # use repo_core::{Database, Error};
/// # async fn f(db: Database, tenant: uuid::Uuid, kept: &str, key: &[u8]) -> Result<(), Error> {
/// let kept: Checkpoint = kept.parse()?;
/// assert!(kept.is_signed_with(key));
/// let verification = db.audit_chain(Chain::tenant(&tenant)?).verify().from(kept).await?;
/// if verification.is_intact() {
///     println!("{}", verification.end.sign(key)?);
/// } else {
///     println!("{verification}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a verification is done when it is awaited"]
pub struct Verify {
    chain: AuditChain,
    checkpoint: Option<Checkpoint>,
    /// Whether what lies before the checkpoint is left out.
    resumes: bool,
}

impl Verify {
    pub(crate) fn new(chain: AuditChain) -> Self {
        Self { chain, checkpoint: None, resumes: false }
    }

    /// Only from this checkpoint on: what lies before it is not looked at again. If there are entries before it, the
    /// last of them must be the one that the checkpoint's follows.
    ///
    /// # Errors
    ///
    /// [`Error::Serialization`]: entries were removed from the beginning of the chain while it was read. Verify again,
    /// from a checkpoint whose entry is still there.
    pub fn from(self, checkpoint: Checkpoint) -> Self {
        Self { checkpoint: Some(checkpoint), resumes: true, ..self }
    }

    /// All of it, and the entry at the checkpoint must be the one of the checkpoint.
    pub fn against(self, checkpoint: Checkpoint) -> Self {
        Self { checkpoint: Some(checkpoint), resumes: false, ..self }
    }

    async fn run(self) -> Result<Verification> {
        let chain = self.chain.chain().clone();
        if self.checkpoint.as_ref().is_some_and(|checkpoint| checkpoint.chain != chain) {
            return Err(Error::invalid_input("checkpoint", "is of another chain"));
        }
        let ends = self.chain.ends().await?;
        let start = match &self.checkpoint {
            // From a number that no chain has there is nothing to go on.
            Some(checkpoint) if self.resumes && checkpoint.seq < FIRST_UNCHAINED => {
                checkpoint.seq.max(1)
            }
            _ => 1,
        };
        let mut walk = Walk::new(&self, start, &ends);
        self.walk(&mut walk, &ends).await?;
        self.refuse_shortened(&walk, &ends).await?;
        if let Some(suspect) = walk.suspect.take() {
            let seq = walk.first_bad.as_ref().map_or(walk.next, |first_bad| first_bad.seq);
            if let Some(fault) = origin::of(&self.chain, &suspect, seq).await? {
                walk.found(seq, fault);
            }
        }
        self.verification(walk)
    }

    /// Looks at the entries up to the end, a range of numbers at a time.
    async fn walk(&self, walk: &mut Walk<'_>, ends: &Ends) -> Result<()> {
        if let Some(first) = ends.first.filter(|first| *first < 1) {
            walk.found(first, Fault::Content);
        }
        while walk.first_bad.is_none() && walk.next <= ends.end() {
            // Behind the head no entry belongs: the first one is looked for, wherever it is.
            let is_behind_the_head = walk.next > walk.head_seq;
            let end = if is_behind_the_head { ends.end() } else { walk.head_seq };
            let high =
                if is_behind_the_head { end } else { end.min(walk.next.saturating_add(PAGE - 1)) };
            self.page(walk, high).await?;
            if walk.first_bad.is_none() && walk.next <= high {
                walk.missing(ends);
            }
        }
        if walk.first_bad.is_none() && ends.has_strays {
            walk.found(ends.end() + 1, Fault::Gap);
        }
        if walk.first_bad.is_none() {
            walk.finish(ends, self.checkpoint.as_ref());
        }
        Ok(())
    }

    /// An entry that was there when the verification began, and went with all before it, was removed by who may.
    /// Nothing is hidden by that: whoever verifies again finds the chain as it is then.
    async fn refuse_shortened(&self, walk: &Walk<'_>, ends: &Ends) -> Result<()> {
        let missing = match &walk.first_bad {
            Some(BadEntry { seq, fault: Fault::Gap | Fault::Truncated }) => *seq,
            _ => return Ok(()),
        };
        let began_before = |ends: &Ends| ends.first.is_some_and(|first| first <= missing);
        if began_before(ends) && !began_before(&self.chain.ends().await?) {
            let source = DatabaseError::new("the chain was shortened while it was verified");
            return Err(Error::Serialization { source });
        }
        Ok(())
    }

    /// The entries up to `high`. One number can be there more than once, so the rows are limited too: one row
    /// more than numbers is enough to see it.
    async fn page(&self, walk: &mut Walk<'_>, high: i64) -> Result<()> {
        let [tenant, from, to] = [1, 2, 3].map(|index| self.chain.placeholder(index));
        let sql = format!(
            "SELECT {COLUMNS} FROM \"repo_audit\" WHERE \"tenant\" = {tenant} \
             AND \"seq\" >= {from} AND \"seq\" <= {to} ORDER BY \"seq\" LIMIT {}",
            PAGE + 1
        );
        let tenant = Value::Text(self.chain.chain().as_text().into());
        let params = [tenant, Value::I64(walk.next), Value::I64(high)];
        let mut on_row = |row: &dyn Row| {
            let seq = stored::column(row, 0)?;
            match &walk.first_bad {
                None => walk.step(seq, row),
                // Which of two with one number is the right one cannot be told.
                Some(first_bad) if first_bad.seq == seq => walk.found(seq, Fault::Duplicate),
                Some(_) => {}
            }
            Ok(())
        };
        self.chain.read(&sql, &params, &mut on_row).await
    }

    fn verification(&self, walk: Walk<'_>) -> Result<Verification> {
        let proven = self.checkpoint.as_ref().map(|checkpoint| checkpoint.seq);
        // A bad entry at or before the checkpoint leaves nothing proven.
        let proven = proven.filter(|seq| walk.first_bad.as_ref().is_none_or(|f| f.seq > *seq));
        let chain = self.chain.chain().clone();
        let now = self.chain.database().now()?;
        let (seq, hash) = walk.right;
        Ok(Verification {
            end: Checkpoint::new(chain.clone(), seq, hash, now),
            chain,
            entries: walk.entries,
            first_bad: walk.first_bad,
            tail: proven.map_or(Tail::Unproven, Tail::ProvenTo),
        })
    }
}

impl IntoFuture for Verify {
    type Output = Result<Verification>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<Verification>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl Ends {
    /// The last number that there is, or should be, of those that a chain can have.
    fn end(&self) -> i64 {
        self.head_seq().max(self.last.unwrap_or(0))
    }

    fn head_seq(&self) -> i64 {
        self.head.as_ref().map_or(0, |head| head.seq.min(FIRST_UNCHAINED - 1))
    }
}

/// How far the verification is.
struct Walk<'v> {
    tenant: &'v str,
    checkpoint: Option<&'v Checkpoint>,
    head_seq: i64,
    /// The first number that was asked for. Of what is left below it, the last entry is looked at as well.
    start: i64,
    /// The number that comes next.
    next: i64,
    /// The hash that the next entry must follow, where it is known.
    follows: Option<[u8; 32]>,
    /// The number and the hash of the last entry that is right.
    right: (i64, [u8; 32]),
    /// The hash before that one.
    before_right: Option<[u8; 32]>,
    entries: u64,
    first_bad: Option<BadEntry>,
    /// The bad entry, which may have been moved here.
    suspect: Option<Stored<'static>>,
}

impl<'v> Walk<'v> {
    fn new(verify: &'v Verify, start: i64, ends: &Ends) -> Self {
        let is_there_more_below = start > 1 && ends.first.is_some_and(|first| first < start);
        Self {
            tenant: verify.chain.chain().as_text(),
            checkpoint: verify.checkpoint.as_ref(),
            head_seq: ends.head_seq(),
            start,
            next: if is_there_more_below { start - 1 } else { start },
            follows: (start == 1).then_some(ZERO),
            right: (0, ZERO),
            before_right: Some(ZERO),
            entries: 0,
            first_bad: None,
            suspect: None,
        }
    }

    fn found(&mut self, seq: i64, fault: Fault) {
        self.suspect = None;
        self.first_bad = Some(BadEntry { seq, fault });
    }

    /// Looks at one entry; they come by number.
    fn step(&mut self, seq: i64, row: &dyn Row) {
        if seq < self.next {
            return self.found(seq, Fault::Duplicate);
        }
        let is_behind_the_head = self.next > self.head_seq;
        if seq > self.next && !is_behind_the_head {
            return self.found(self.next, Fault::Gap);
        }
        let Ok(entry) = Stored::read(row) else { return self.found(seq, Fault::Content) };
        if let Some(fault) = self.fault_of(seq, &entry) {
            self.found(seq, fault);
            self.suspect = Some(entry.into_owned());
        } else if is_behind_the_head {
            self.found(seq, Fault::Head);
        } else {
            self.before_right = Some(entry.prev_hash);
            self.right = (seq, entry.hash);
            self.follows = Some(entry.hash);
            self.next = seq + 1;
            self.entries += u64::from(seq >= self.start);
        }
    }

    fn fault_of(&self, seq: i64, entry: &Stored<'_>) -> Option<Fault> {
        if entry.hash_in(self.tenant, seq) != entry.hash {
            return Some(Fault::Content);
        }
        if self.follows.is_some_and(|hash| hash != entry.prev_hash) {
            return Some(Fault::Link);
        }
        let is_other =
            |checkpoint: &&Checkpoint| checkpoint.seq == seq && checkpoint.hash != entry.hash;
        self.checkpoint.filter(is_other).map(|_| Fault::Checkpoint)
    }

    /// The next entry is not there.
    fn missing(&mut self, ends: &Ends) {
        let is_last = !ends.has_strays && ends.last.is_none_or(|last| last < self.next);
        self.found(self.next, if is_last { Fault::Truncated } else { Fault::Gap });
    }

    /// Every entry is right: what is left is where they end.
    fn finish(&mut self, ends: &Ends, checkpoint: Option<&Checkpoint>) {
        let end = ends.end();
        if checkpoint.is_some_and(|checkpoint| checkpoint.seq > end) {
            return self.found(end + 1, Fault::Truncated);
        }
        let is_head = |head: &Head| {
            head.seq == self.right.0
                && head.hash == self.right.1
                && self.before_right.is_some_and(|hash| head.prev_hash == hash)
        };
        match &ends.head {
            Some(head) if !is_head(head) => self.found(head.seq, Fault::Head),
            None if end > 0 => self.found(end, Fault::Head),
            _ => {}
        }
    }
}
