//! A statement that changes one row, and what it takes to record the change beside it.
//!
//! A change is an `UPDATE` or `DELETE`, a condition that says which row, and, of an update, the condition
//! that anything differs: what changes nothing writes nothing. From these come the plain statement, and
//! where the rows are seen those that also give the row as it was.

use std::ops::Range;

use crate::audit::Action;
use crate::backend::Effect;
use crate::dialect::{AuditedChange, Dialect, ImageOf};
use crate::schema::table::{Chaining, Table};
use crate::sql::writer::Writer;

/// The parts of a change, with placeholders counted through them.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) action: Action,
    /// `UPDATE .. SET ..` or `DELETE FROM ..`.
    pub(crate) write: String,
    /// ` WHERE ..`: which row.
    pub(crate) condition: String,
    /// The number of the first parameter of its key.
    pub(crate) key: usize,
    /// ` AND (..)`: whether anything differs. Empty for what always changes the row.
    pub(crate) differs: String,
    /// The columns that may differ afterwards.
    pub(crate) changing: Vec<usize>,
    /// How many parameters there are.
    pub(crate) params: usize,
}

/// The texts of a change.
#[derive(Debug)]
pub(crate) struct ChangeSql {
    pub(crate) action: Action,
    /// Answers with the row: as it is afterwards, or as it was where it is gone. A deletion that is not
    /// seen answers with nothing.
    pub(crate) plain: String,
    /// Where ` WHERE ..` is in it: which row.
    condition: Range<usize>,
    /// Where ` AND (..)` is in it: that anything differs.
    differs: Range<usize>,
    pub(crate) seen: Option<SeenSql>,
}

/// The texts of a change of which the rows are seen: it is recorded, validated or told of.
#[derive(Debug)]
pub(crate) struct SeenSql {
    /// One statement that records the change as well, where that is all and the database can.
    pub(crate) recorded: Option<String>,
    /// The same of a row that is live afterwards, which waits for whoever changes it meanwhile, where the other does not.
    pub(crate) waiting: Option<String>,
    /// How the row as it was is had where that is done in a transaction.
    pub(crate) before: Before,
    /// How it is had where the change is made at once, where recording it is all.
    pub(crate) brief: Option<BriefSql>,
}

/// What a change that is made at once looks at before.
#[derive(Debug)]
pub(crate) struct BriefSql {
    /// The query for the columns below, unless the plain statement answers with the row as it was.
    pub(crate) select: Option<String>,
    /// The columns of which an entry may tell, in the order of the table.
    pub(crate) was: Vec<usize>,
}

/// How a change tells what the row was.
#[derive(Debug)]
pub(crate) enum Before {
    /// The plain statement answers with it: the row is gone.
    Answer,
    /// One statement answers with the row as it was and as it is.
    Both(String),
    /// Another statement comes first.
    Select(String),
}

impl ChangeSql {
    pub(crate) fn new(dialect: &dyn Dialect, table: &'static Table, parts: Parts) -> Self {
        let columns = columns(dialect, table);
        let Parts { action, write, condition, differs, .. } = &parts;
        let is_deletion = matches!(action, Action::Delete | Action::Purge);
        let mut plain = format!("{write}{condition}{differs}");
        let (start, end) = (write.len(), write.len() + condition.len());
        let (condition, differs) = (start..end, end..plain.len());
        let is_seen = table.is_seen(*action);
        if !is_deletion || is_seen {
            plain = plain + " RETURNING " + &columns;
        }
        let seen = is_seen.then(|| seen(dialect, table, &parts, &columns));
        Self { action: *action, plain, condition, differs, seen }
    }

    /// Whether nothing differs in the row, of the row that an update is for. It has the same parameters.
    pub(crate) fn is_so(&self, dialect: &dyn Dialect, table: &'static Table) -> String {
        let differs = &self.plain[self.differs.clone()];
        let mut writer = Writer::new(dialect, table);
        writer.push("SELECT NOT ").push(differs.strip_prefix(" AND ").unwrap_or("(1 = 1)"));
        writer.push(" FROM ").table_name().push(&self.plain[self.condition.clone()]);
        writer.sql
    }
}

fn seen(dialect: &dyn Dialect, table: &'static Table, parts: &Parts, columns: &str) -> SeenSql {
    let (before, after) = images(parts.action, table);
    let all: Vec<usize> = (0..table.columns.len()).collect();
    let select = |columns: &[usize]| {
        let mut writer = Writer::new(dialect, table);
        writer.push("SELECT ").columns(columns.iter().copied());
        writer.push(" FROM ").table_name().push(&parts.condition);
        writer.sql
    };
    // An entry of the columns that differ needs no other.
    let was = if before == ImageOf::Changes { &parts.changing } else { &all };
    let is_gone = after == ImageOf::Nothing;
    // Whatever else the change is for is asked of the row itself.
    let mut key = Writer::new(dialect, table);
    key.push(" WHERE ").key(parts.key);
    let change = AuditedChange {
        table,
        action: parts.action,
        before: (!is_gone).then_some(key.sql.as_str()),
        waits: false,
        was: &all,
        write: &parts.write,
        condition: &format!("{}{}", parts.condition, parts.differs),
        columns,
        images: (before, after),
        changing: &parts.changing,
        params: parts.params,
        // Of no meaning where nothing is recorded.
        chaining: table.audit.unwrap_or(Chaining::Unchained),
    };
    let is_only_recorded = table.audit.is_some() && !table.is_hooked(parts.action);
    let narrow = AuditedChange { was, ..change };
    let recorded = is_only_recorded.then(|| dialect.recorded_change(&narrow)).flatten();
    let waiting = AuditedChange { waits: true, ..narrow };
    let is_kept = matches!(parts.action, Action::Update | Action::Restore);
    let waiting = (recorded.is_some() && is_kept).then(|| dialect.recorded_change(&waiting));
    let both = dialect.change_with_before(&change);
    let is_brief = is_only_recorded && recorded.is_none() && both.is_none();
    let brief =
        is_brief.then(|| BriefSql { select: (!is_gone).then(|| select(was)), was: was.clone() });
    let before = match both {
        _ if is_gone => Before::Answer,
        Some(both) => Before::Both(both),
        None => Before::Select(select(&all)),
    };
    SeenSql { recorded, waiting: waiting.flatten(), before, brief }
}

/// What an entry holds of the row before and after.
pub(crate) fn images(action: Action, table: &Table) -> (ImageOf, ImageOf) {
    match action {
        Action::Create => (ImageOf::Nothing, ImageOf::Row),
        Action::Delete if table.roles.deleted_at.is_some() => (ImageOf::Row, ImageOf::Changes),
        Action::Delete | Action::Purge => (ImageOf::Row, ImageOf::Nothing),
        _ => (ImageOf::Changes, ImageOf::Changes),
    }
}

/// What the statement of a change does to its row.
pub(crate) fn effect_of(action: Action, table: &Table) -> Effect {
    match images(action, table) {
        (ImageOf::Nothing, _) => Effect::Insert,
        (_, ImageOf::Nothing) => Effect::Delete,
        _ => Effect::Update,
    }
}

/// The quoted names of all columns, separated by commas.
pub(crate) fn columns(dialect: &dyn Dialect, table: &'static Table) -> String {
    let mut writer = Writer::new(dialect, table);
    writer.all_columns();
    writer.sql
}
