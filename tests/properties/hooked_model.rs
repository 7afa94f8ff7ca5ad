//! What must come of changes that are validated and told of: a refused row leaves nothing, and what is told is
//! what was changed, in order, once the outermost transaction is committed.

use std::collections::BTreeMap;

use repo_core::Action;

use crate::hooked_operation::{Change, EARLY, Given, KEPT, NEGATIVE, Operation, UNPAID};

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) given: Given,
    pub(crate) version: i64,
    /// When, in steps.
    pub(crate) deleted_at: Option<i64>,
}

/// An event: of which row, by the number of its creation, as it was and as it is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Told {
    pub(crate) action: Action,
    pub(crate) row: usize,
    pub(crate) before: Option<Row>,
    pub(crate) after: Option<Row>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) rows: BTreeMap<usize, Row>,
    pub(crate) told: Vec<Told>,
}

#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) state: State,
    /// How many rows were ever added, also by what was undone.
    added: usize,
    /// What each operation answered.
    pub(crate) trace: Vec<String>,
    pub(crate) now: i64,
    depth: u32,
}

type Outcome = Result<(), String>;

pub(crate) const CONFLICT: &str = "conflict";
pub(crate) const MISSING: &str = "not found";

impl Model {
    /// Returns whether the level on which it ran has failed.
    pub(crate) fn run(&mut self, operation: &Operation) -> bool {
        let before = self.state.clone();
        if let Operation::Transaction { is_kept, work } = operation {
            self.depth += 1;
            let has_failed = work.iter().any(|operation| self.run(operation));
            self.depth -= 1;
            if has_failed || !is_kept {
                self.state = before;
            }
            return false;
        }
        let added = self.added;
        let outcome = self.change(operation);
        let has_failed =
            operation.fails_its_level() && outcome.as_ref().is_err_and(|it| it.contains(CONFLICT));
        if outcome.is_err() && !matches!(operation, Operation::DeleteInChunks(..)) {
            (self.state, self.added) = (before, added);
        }
        self.trace.push(format!("{outcome:?}"));
        has_failed && self.depth > 0
    }

    fn change(&mut self, operation: &Operation) -> Outcome {
        match operation {
            Operation::Create(given) => self.create_many(std::slice::from_ref(given), ""),
            Operation::CreateMany(all) => self.create_many(all, "row "),
            Operation::Import(all) => {
                let mut rows = all.iter().enumerate();
                rows.try_for_each(|(row, given)| in_row("line ", row, self.create(given)))
            }
            Operation::CreateManyPartial(all) => {
                let outcomes: Vec<Outcome> = all.iter().map(|given| self.create(given)).collect();
                self.trace.push(format!("{outcomes:?}"));
                Ok(())
            }
            Operation::CreateOrGet(given) => {
                valid(given)?;
                match self.holder(&given.code, None) {
                    Some(row) if self.state.rows[&row].given == *given => Ok(()),
                    Some(_) => Err("mismatch".to_owned()),
                    None => self.create(given),
                }
            }
            Operation::Upsert(given) => valid(given).and_then(|()| self.upsert(given)),
            Operation::UpsertMany(all) => {
                let rows = || all.iter().enumerate();
                rows().try_for_each(|(row, given)| in_row("row ", row, valid(given)))?;
                rows().try_for_each(|(row, given)| in_row("row ", row, self.upsert(given)))
            }
            Operation::Update(row, change) | Operation::Patch(row, change) => {
                self.alter(self.number(*row), change)
            }
            Operation::PatchMany(all) => {
                all.iter().enumerate().try_for_each(|(at, (row, change))| {
                    in_row("row ", at, self.alter(self.number(*row), change))
                })
            }
            Operation::PatchAll(amount, is_paid, more) => {
                let amount_then = Some(amount + more);
                let change = Change { code: None, amount: amount_then, is_paid: *is_paid };
                self.with_amount(*amount).into_iter().try_for_each(|row| self.alter(row, &change))
            }
            _ => self.remove(operation),
        }
    }

    fn remove(&mut self, operation: &Operation) -> Outcome {
        match operation {
            Operation::Delete(row) => self.delete(self.number(*row)),
            Operation::DeleteMany(rows) => {
                let mut numbers: Vec<_> = rows.iter().map(|row| self.number(*row)).collect();
                if numbers.iter().any(|number| self.live(*number).is_err()) {
                    return Err(MISSING.to_owned());
                }
                let given = numbers.clone();
                numbers.sort_unstable();
                numbers.dedup();
                numbers.into_iter().try_for_each(|number| {
                    let row = given.iter().position(|it| *it == number).unwrap_or_default();
                    in_row("row ", row, self.delete(number))
                })
            }
            Operation::DeleteAll(amount) => {
                self.with_amount(*amount).into_iter().try_for_each(|row| self.delete(row))
            }
            Operation::DeleteInChunks(..) if self.depth > 0 => Err("input".to_owned()),
            Operation::DeleteInChunks(amount, size) => {
                self.with_amount(*amount).chunks(*size as usize).try_for_each(|chunk| {
                    let before = self.state.clone();
                    let deleted = chunk.iter().try_for_each(|row| self.delete(*row));
                    deleted.inspect_err(|_| self.state = before)
                })
            }
            Operation::Restore(row) => {
                let (number, row) = self.deleted(*row)?;
                if self.holder(&row.given.code, Some(number)).is_some() {
                    return Err(CONFLICT.to_owned());
                }
                let version = row.version + 1;
                self.replace(
                    Action::Restore,
                    number,
                    Some(Row { deleted_at: None, version, ..row }),
                )
            }
            Operation::Purge(row) => {
                let (number, _) = self.deleted(*row)?;
                self.replace(Action::Purge, number, None)
            }
            Operation::PurgeOld(_) => {
                let rows = self.state.rows.iter();
                let mut old: Vec<_> =
                    rows.filter_map(|(it, row)| Some((row.deleted_at?, *it))).collect();
                old.sort_unstable();
                old.into_iter().try_for_each(|(_, it)| self.replace(Action::Purge, it, None))
            }
            _ => unreachable!("the others are done before"),
        }
    }

    fn create_many(&mut self, all: &[Given], place: &str) -> Outcome {
        let rows = || all.iter().enumerate();
        rows().try_for_each(|(row, given)| in_row(place, row, valid(given)))?;
        rows().try_for_each(|(row, given)| in_row(place, row, self.create(given)))
    }

    fn create(&mut self, given: &Given) -> Outcome {
        valid(given)?;
        if self.holder(&given.code, None).is_some() {
            return Err(CONFLICT.to_owned());
        }
        let row = Row { given: given.clone(), version: 1, deleted_at: None };
        self.added += 1;
        self.replace(Action::Create, self.added - 1, Some(row))
    }

    fn upsert(&mut self, given: &Given) -> Outcome {
        let Some(row) = self.holder(&given.code, None) else { return self.create(given) };
        let Given { amount, is_paid, .. } = *given;
        self.alter(row, &Change { code: None, amount: Some(amount), is_paid: Some(is_paid) })
    }

    fn alter(&mut self, number: usize, change: &Change) -> Outcome {
        let row = self.live(number)?;
        let given = change.apply(&row.given);
        if given == row.given {
            return Ok(());
        }
        if self.holder(&given.code, Some(number)).is_some() {
            return Err(CONFLICT.to_owned());
        }
        let unpaid = (row.given.is_paid && !given.is_paid).then(|| UNPAID.to_owned());
        refuse([unpaid, negative(&given)])?;
        let version = row.version + 1;
        self.replace(Action::Update, number, Some(Row { given, version, ..row }))
    }

    fn delete(&mut self, number: usize) -> Outcome {
        let row = self.live(number)?;
        refuse([row.given.is_paid.then(|| format!("`is_paid` {KEPT}")), None])?;
        let (deleted_at, version) = (Some(self.now), row.version + 1);
        self.replace(Action::Delete, number, Some(Row { deleted_at, version, ..row }))
    }

    fn number(&self, row: usize) -> usize {
        row.checked_rem(self.added).unwrap_or(usize::MAX)
    }

    fn live(&self, number: usize) -> Result<Row, String> {
        let row = self.state.rows.get(&number).filter(|row| row.deleted_at.is_none());
        row.cloned().ok_or_else(|| MISSING.to_owned())
    }

    fn deleted(&self, row: usize) -> Result<(usize, Row), String> {
        let number = self.number(row);
        let row = self.state.rows.get(&number).ok_or_else(|| MISSING.to_owned())?;
        if row.deleted_at.is_none() {
            return Err("not deleted".to_owned());
        }
        Ok((number, row.clone()))
    }

    fn with_amount(&self, amount: i64) -> Vec<usize> {
        let has_it = |row: &Row| row.deleted_at.is_none() && row.given.amount == amount;
        self.state.rows.iter().filter(|(_, row)| has_it(row)).map(|(number, _)| *number).collect()
    }

    /// The live row with this code, other than one.
    fn holder(&self, code: &str, other_than: Option<usize>) -> Option<usize> {
        let mut rows = self.state.rows.iter();
        let is_it = |number: usize, row: &Row| {
            row.deleted_at.is_none() && row.given.code == code && Some(number) != other_than
        };
        rows.find(|(number, row)| is_it(**number, row)).map(|(number, _)| *number)
    }

    fn replace(&mut self, action: Action, row: usize, after: Option<Row>) -> Outcome {
        let before = self.state.rows.remove(&row);
        self.state.told.push(Told { action, row, before, after: after.clone() });
        self.state.rows.extend(after.map(|after| (row, after)));
        Ok(())
    }
}

fn valid(given: &Given) -> Outcome {
    refuse([given.is_paid.then(|| format!("`is_paid` {EARLY}")), negative(given)])
}

fn negative(given: &Given) -> Option<String> {
    (given.amount < 0).then(|| format!("`amount` {NEGATIVE}"))
}

fn refuse(problems: [Option<String>; 2]) -> Outcome {
    let problems: Vec<String> = problems.into_iter().flatten().collect();
    if problems.is_empty() { Ok(()) } else { Err(problems.join("; ")) }
}

/// Rows are counted from 0, lines from 1, the first of which has the names of the columns.
fn in_row(place: &str, row: usize, outcome: Outcome) -> Outcome {
    outcome.map_err(|cause| match place {
        _ if place.is_empty() || cause == MISSING => cause,
        "line " => format!("{place}{}: {cause}", row + 2),
        _ => format!("{place}{row}: {cause}"),
    })
}
