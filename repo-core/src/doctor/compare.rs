//! What a schema promises beside what was found.

use super::{Finding, GuardKind};
use crate::audit::Action;
use crate::schema::guards::{
    Check, DeleteAction, ForeignKey, Found, Guards, InspectedTable, PlainIndex, Policy, Trigger,
    UniqueKey,
};
use crate::schema::table::Table;

/// What is wrong with a reference that changes rows when the key that they refer to changes.
const FOLLOWS: &str = "has an ON UPDATE that changes rows unseen";

/// A guard that can be compared with one of its kind.
pub(super) trait Guard {
    fn kind(&self) -> GuardKind;

    fn name(&self) -> &str;

    /// Whether `found` is this guard, however it may differ.
    fn is_at_the_place_of(&self, found: &Self) -> bool {
        self.name() == found.name()
    }

    /// How `found` differs, in words that follow its name.
    fn difference(&self, found: &Self) -> Option<String>;
}

/// The table and its columns.
pub(super) fn table(found: &InspectedTable, guards: &Guards, findings: &mut Vec<Finding>) {
    let table = guards.table;
    for problem in &found.problems {
        findings.push(Finding::new(table, GuardKind::Table, table.name, problem));
    }
    let of = |name: &str| found.columns.iter().find(|found| found.name == name);
    let mut tell = |column: &str, problem: &str| {
        findings.push(Finding::new(table, GuardKind::Column, column, problem));
    };
    // What is not there says most of a table that is another one.
    for column in table.columns.iter().filter(|column| of(column.name).is_none()) {
        tell(column.name, "is missing");
    }
    for (column, found) in table.columns.iter().filter_map(|it| Some((it, of(it.name)?))) {
        if found.takes_null && guards.not_null.contains(&column.name) {
            tell(&found.name, "takes NULL");
        }
        if !found.takes_null && column.nullable {
            tell(&found.name, "is NOT NULL where the schema lets it be NULL");
        }
        for problem in &found.problems {
            tell(&found.name, problem);
        }
    }
    for other in found.columns.iter().filter(|it| !it.takes_null && !it.has_default) {
        if table.position(&other.name).is_none() {
            tell(
                &other.name,
                "is none of the schema's, and is NOT NULL without a default: no row can be created",
            );
        }
    }
}

/// Each guard of `promised` that none of `found` is.
pub(super) fn all<G: Guard>(
    found: &[Found<G>],
    promised: &[G],
    table: &'static Table,
    findings: &mut Vec<Finding>,
) {
    for guard in promised {
        if let Some(problem) = problem(found, guard) {
            findings.push(Finding::new(table, guard.kind(), guard.name(), problem));
        }
    }
}

/// The key of the mark, which is promised for the sake of who refers to a row.
pub(super) fn mark(
    found: &[Found<UniqueKey>],
    promised: &UniqueKey,
    table: &'static Table,
    findings: &mut Vec<Finding>,
) {
    if let Some(problem) = problem(found, promised) {
        let problem = format!("{problem}: a row may come to refer to one that is being deleted");
        findings.push(Finding::new(table, promised.kind(), promised.name(), problem));
    }
}

/// The triggers that are not promised, where there should be no others.
pub(super) fn strangers(
    found: &[Found<Trigger>],
    promised: &[Trigger],
    table: &'static Table,
    findings: &mut Vec<Finding>,
) {
    for other in found.iter().map(|it| &it.guard.name) {
        if promised.iter().all(|ours| ours.name != *other) {
            let problem = "is none of ours, and may lose entries";
            findings.push(Finding::new(table, GuardKind::Trigger, other, problem));
        }
    }
}

/// The references that are not promised, where they remove or change rows that the repository should see go or change.
/// Triggers refuse that of an immutable table.
pub(super) fn unseen(
    found: &[Found<ForeignKey>],
    promised: &[ForeignKey],
    table: &'static Table,
    findings: &mut Vec<Finding>,
) {
    let is_watched = table.is_seen(Action::Update)
        || table.is_seen(Action::Delete)
        || table.roles.deleted_at.is_some()
        || table.roles.version.is_some()
        || table.is_of_trail();
    if !is_watched || table.immutable {
        return;
    }
    for other in found.iter().map(|it| &it.guard) {
        let is_told = |ours: &&ForeignKey| {
            let is_missing = || problem(found, *ours).is_some();
            ours.difference(other).is_none() || (ours.is_at_the_place_of(other) && is_missing())
        };
        if let Some(action) =
            other.unseen_action().filter(|_| !promised.iter().any(|it| is_told(&it)))
        {
            let name = if other.name.is_empty() { &other.columns.join(", ") } else { &other.name };
            let problem = format!("is {}, none of the schema's, and {action}", reference(other));
            findings.push(Finding::new(table, GuardKind::ForeignKey, name, problem));
        }
    }
}

/// One that does the same under another name will do.
fn problem<G: Guard>(found: &[Found<G>], promised: &G) -> Option<String> {
    let same = || found.iter().filter(|it| promised.difference(&it.guard).is_none());
    if same().any(|it| it.defect.is_none()) {
        return None;
    }
    if let Some(defect) = same().find_map(|it| it.defect) {
        return Some(defect.to_owned());
    }
    let other = found.iter().find(|it| promised.is_at_the_place_of(&it.guard));
    Some(other.and_then(|it| promised.difference(&it.guard)).unwrap_or_else(|| "is missing".into()))
}

impl Guard for UniqueKey {
    fn kind(&self) -> GuardKind {
        if self.is_primary { GuardKind::PrimaryKey } else { GuardKind::UniqueKey }
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn is_at_the_place_of(&self, found: &Self) -> bool {
        if self.is_primary { found.is_primary } else { self.name == found.name }
    }

    fn difference(&self, found: &Self) -> Option<String> {
        if self.is_primary && !found.is_primary {
            return Some("is not the primary key".to_owned());
        }
        if !is_same_set(&self.columns, &found.columns) {
            return Some(format!("is {} instead of {}", list(&found.columns), list(&self.columns)));
        }
        if self.predicate == found.predicate {
            return None;
        }
        let rows = |predicate: &Option<String>| match predicate {
            Some(predicate) => format!("the rows where {predicate}"),
            None => "all rows".to_owned(),
        };
        Some(format!("is about {} instead of {}", rows(&found.predicate), rows(&self.predicate)))
    }
}

impl Guard for ForeignKey {
    fn kind(&self) -> GuardKind {
        GuardKind::ForeignKey
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn is_at_the_place_of(&self, found: &Self) -> bool {
        let reference = self.columns.last();
        self.name == found.name
            || is_same_reference(self, found)
            || (found.name.is_empty() && found.columns.iter().any(|it| Some(it) == reference))
    }

    fn difference(&self, found: &Self) -> Option<String> {
        if !is_same_reference(self, found) {
            return Some(format!("is {} instead of {}", reference(found), reference(self)));
        }
        if self.on_delete != found.on_delete {
            let (found, promised) = (found.on_delete.as_sql(), self.on_delete.as_sql());
            return Some(format!("has {found} instead of {promised}"));
        }
        (found.follows && !self.follows).then(|| FOLLOWS.to_owned())
    }
}

impl ForeignKey {
    /// What it does to rows that no statement names, in words that follow its name.
    fn unseen_action(&self) -> Option<&'static str> {
        match self.on_delete {
            DeleteAction::Cascade => Some("has an ON DELETE that removes rows unseen"),
            DeleteAction::Other => Some("has an ON DELETE that changes rows unseen"),
            DeleteAction::Restrict | DeleteAction::NoAction => self.follows.then_some(FOLLOWS),
        }
    }
}

impl Guard for Check {
    fn kind(&self) -> GuardKind {
        GuardKind::Check
    }

    fn name(&self) -> &str {
        &self.name
    }

    /// Conditions are asked, not read: see `probe`.
    fn difference(&self, found: &Self) -> Option<String> {
        (self.name != found.name).then(|| "is missing".to_owned())
    }
}

impl Guard for Trigger {
    fn kind(&self) -> GuardKind {
        GuardKind::Trigger
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn difference(&self, found: &Self) -> Option<String> {
        let is_same =
            self.name == found.name && words(&self.definition).eq(words(&found.definition));
        (!is_same).then(|| "does not do what it should".to_owned())
    }
}

impl Guard for Policy {
    fn kind(&self) -> GuardKind {
        GuardKind::Policy
    }

    fn name(&self) -> &str {
        &self.name
    }

    /// What it does is asked where it is found.
    fn difference(&self, found: &Self) -> Option<String> {
        (self.name != found.name).then(|| "is missing".to_owned())
    }
}

impl Guard for PlainIndex {
    fn kind(&self) -> GuardKind {
        GuardKind::Index
    }

    fn name(&self) -> &str {
        &self.name
    }

    /// Further columns do no harm, and an index is read from both ends.
    fn difference(&self, found: &Self) -> Option<String> {
        let reversed: Vec<_> = self.columns.iter().map(|(it, last)| (it.clone(), !last)).collect();
        if [&self.columns, &reversed].iter().any(|it| found.columns.starts_with(it)) {
            return None;
        }
        Some(format!("is {} instead of {}", ordered(&found.columns), ordered(&self.columns)))
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace()
}

fn is_same_set<T: PartialEq>(one: &[T], other: &[T]) -> bool {
    one.len() == other.len() && one.iter().all(|it| other.contains(it))
}

/// Whether they are about the same columns of the same tables.
fn is_same_reference(one: &ForeignKey, other: &ForeignKey) -> bool {
    one.parent == other.parent && is_same_set(&pairs(one), &pairs(other))
}

fn pairs(key: &ForeignKey) -> Vec<(&str, &str)> {
    key.columns.iter().zip(&key.parent_columns).map(|(a, b)| (a.as_str(), b.as_str())).collect()
}

fn reference(key: &ForeignKey) -> String {
    format!("{} to `{}` {}", list(&key.columns), key.parent, list(&key.parent_columns))
}

fn ordered(columns: &[(String, bool)]) -> String {
    let column = |(name, descending): &(String, bool)| {
        if *descending { format!("{name} DESC") } else { name.clone() }
    };
    list(&columns.iter().map(column).collect::<Vec<_>>())
}

fn list(columns: &[String]) -> String {
    format!("({})", columns.join(", "))
}
