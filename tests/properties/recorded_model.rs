//! What the audit trail of a recorded entity must hold: a row in memory for each row, an entry for each change
//! of one, and nothing of what was undone.
//!
//! An error of the database ends the level of the transaction that it happens on: what follows on that
//! level does nothing, and all of it is undone.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use repo_core::Action;
use repo_core::audit::ImageValue;

use crate::recorded_operation::{Change, Given, Operation, Pick};

/// A row, by the number of its creation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) given: Given,
    pub(crate) version: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
}

/// An entry: which row, and what it shows of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) action: Action,
    pub(crate) row: usize,
    pub(crate) before: Option<Columns>,
    pub(crate) after: Option<Columns>,
}

pub(crate) type Columns = Vec<(&'static str, ImageValue)>;

/// All there is.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct State {
    pub(crate) rows: BTreeMap<usize, Row>,
    pub(crate) entries: Vec<Entry>,
}

#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) state: State,
    /// How many rows were ever added, also by what was undone.
    pub(crate) added: usize,
    /// Whether each operation did what it was asked for.
    pub(crate) trace: Vec<bool>,
    now: DateTime<Utc>,
}

/// Why nothing was done.
enum Refusal {
    /// By the repository: the transaction goes on.
    Repository,
    /// By the database: its level of the transaction has failed.
    Database,
}

type Outcome = Result<(), Refusal>;

impl Model {
    pub(crate) fn new(now: DateTime<Utc>) -> Self {
        Self { state: State::default(), added: 0, trace: Vec::new(), now }
    }

    pub(crate) fn step(&mut self, operation: &Operation, now: DateTime<Utc>) {
        self.now = now;
        self.run(operation);
    }

    /// Returns whether the level on which it ran has failed.
    fn run(&mut self, operation: &Operation) -> bool {
        if let Operation::Transaction { is_kept, work } = operation {
            let before = self.state.clone();
            let has_failed = work.iter().any(|operation| self.run(operation));
            if has_failed || !is_kept {
                self.state = before;
            }
            return false;
        }
        let outcome = self.change(operation);
        self.trace.push(outcome.is_ok());
        matches!(outcome, Err(Refusal::Database))
    }

    fn change(&mut self, operation: &Operation) -> Outcome {
        match operation {
            Operation::Create(given) => self.create(std::slice::from_ref(given)),
            Operation::CreateMany(given) => self.create(given),
            Operation::CreateOrGet(given) => match self.holder(&given.code, None) {
                Some(row) if self.state.rows[&row].given == *given => Ok(()),
                Some(_) => Err(Refusal::Repository),
                None => self.create(std::slice::from_ref(given)),
            },
            Operation::Change { pick, change, .. } => self.alter(pick, change),
            Operation::Delete(pick) => self.delete(pick),
            Operation::Restore(pick) => self.restore(pick),
            Operation::Purge(pick) => {
                let (row, _) = self.meet(pick, true)?;
                self.replace(Action::Purge, row, None);
                Ok(())
            }
            Operation::PurgeOld { .. } => {
                self.purge_old();
                Ok(())
            }
            Operation::Transaction { .. } => unreachable!("it has no outcome of its own"),
            _ => {
                let before = self.state.clone();
                self.change_many(operation).map_err(|_| {
                    self.state = before;
                    Refusal::Repository
                })
            }
        }
    }

    /// An error undoes the whole operation and nothing else.
    fn change_many(&mut self, operation: &Operation) -> Outcome {
        match operation {
            Operation::PatchAll { amount, change, more } => {
                for pick in self.with_amount(*amount) {
                    let whole = Change {
                        amount: match (change.amount, more) {
                            (set, 0) => set,
                            (set, more) => Some(set.unwrap_or(*amount) + more),
                        },
                        ..change.clone()
                    };
                    self.alter(&pick, &whole)?;
                }
                Ok(())
            }
            Operation::DeleteAll { amount } => {
                self.with_amount(*amount).iter().try_for_each(|pick| self.delete(pick))
            }
            Operation::DeleteMany(picks) => {
                let any = |pick: &Pick| Pick { version: None, ..pick.clone() };
                picks.iter().try_for_each(|pick| self.meet(&any(pick), false).map(drop))?;
                let mut numbers: Vec<_> = picks.iter().map(|it| it.number(self.added)).collect();
                numbers.sort_unstable();
                numbers.dedup();
                let pick = |index| Pick { index, version: None };
                numbers.into_iter().try_for_each(|number| self.delete(&pick(number)))
            }
            Operation::Upsert(given) => match self.holder(&given.code, None) {
                Some(index) => {
                    let Given { code, amount, note, secret } = given.clone();
                    let (code, amount) = (Some(code), Some(amount));
                    let change = Change { code, amount, note: Some(note), secret: Some(secret) };
                    self.alter(&Pick { index, version: None }, &change)
                }
                None => self.create(std::slice::from_ref(given)),
            },
            _ => unreachable!("only changes of many rows come here"),
        }
    }

    /// The live rows with this amount, by their numbers.
    fn with_amount(&self, amount: i64) -> Vec<Pick> {
        let rows = self.state.rows.iter();
        let has_it = |row: &Row| row.deleted_at.is_none() && row.given.amount == amount;
        rows.filter(|(_, row)| has_it(row))
            .map(|(index, _)| Pick { index: *index, version: None })
            .collect()
    }

    fn create(&mut self, all: &[Given]) -> Outcome {
        let is_taken = |given: &Given| self.holder(&given.code, None).is_some();
        let is_twice =
            |(at, given): (usize, &Given)| all[..at].iter().any(|it| it.code == given.code);
        if all.iter().any(is_taken) || all.iter().enumerate().any(is_twice) {
            return Err(Refusal::Database);
        }
        for given in all {
            let (given, now) = (given.clone(), self.now);
            let row = Row { given, version: 1, created_at: now, updated_at: now, deleted_at: None };
            self.replace(Action::Create, self.added, Some(row));
            self.added += 1;
        }
        Ok(())
    }

    fn alter(&mut self, pick: &Pick, change: &Change) -> Outcome {
        let (number, row) = self.meet(pick, false)?;
        let mut given = row.given.clone();
        change.apply(&mut given);
        if given == row.given {
            return Ok(());
        }
        if self.holder(&given.code, Some(number)).is_some() {
            return Err(Refusal::Database);
        }
        self.replace(Action::Update, number, Some(Row { given, ..self.next(&row) }));
        Ok(())
    }

    fn delete(&mut self, pick: &Pick) -> Outcome {
        let (number, row) = self.meet(pick, false)?;
        let deleted = Row { deleted_at: Some(self.now), ..self.next(&row) };
        self.replace(Action::Delete, number, Some(deleted));
        Ok(())
    }

    fn restore(&mut self, pick: &Pick) -> Outcome {
        let (number, row) = self.meet(pick, true)?;
        if self.holder(&row.given.code, Some(number)).is_some() {
            return Err(Refusal::Database);
        }
        let restored = Row { deleted_at: None, ..self.next(&row) };
        self.replace(Action::Restore, number, Some(restored));
        Ok(())
    }

    /// The oldest deletion first, and of those at one time the row that was added first.
    fn purge_old(&mut self) {
        let deleted = self.state.rows.iter().filter_map(|(row, it)| Some((it.deleted_at?, *row)));
        let mut deleted: Vec<_> = deleted.collect();
        deleted.sort_unstable();
        for (_, row) in deleted {
            self.replace(Action::Purge, row, None);
        }
    }

    /// The row, if it is there, deleted or not as asked, with the version that is expected.
    fn meet(&self, pick: &Pick, is_deleted: bool) -> Result<(usize, Row), Refusal> {
        let number = pick.number(self.added);
        let row = self.state.rows.get(&number).ok_or(Refusal::Repository)?;
        if row.deleted_at.is_some() != is_deleted
            || pick.version.is_some_and(|it| it != row.version)
        {
            return Err(Refusal::Repository);
        }
        Ok((number, row.clone()))
    }

    fn next(&self, row: &Row) -> Row {
        Row { version: row.version + 1, updated_at: self.now, ..row.clone() }
    }

    /// The live row with this code, other than one.
    fn holder(&self, code: &str, other_than: Option<usize>) -> Option<usize> {
        let mut rows = self.state.rows.iter();
        rows.find(|(number, row)| {
            row.deleted_at.is_none() && row.given.code == code && Some(**number) != other_than
        })
        .map(|(number, _)| *number)
    }

    /// Puts the row there, or removes it, and tells of it.
    fn replace(&mut self, action: Action, number: usize, is: Option<Row>) {
        let was = self.state.rows.remove(&number);
        let (all_before, all_after) =
            (was.as_ref().map(|row| row.columns()), is.as_ref().map(|row| row.columns()));
        let changed = |columns: &Columns, others: &Columns, was: &Row, is: &Row| -> Columns {
            let secret = was.given.secret != is.given.secret;
            let pairs = columns.iter().zip(others);
            let differs = |(one, other): &(&(&str, ImageValue), &(&str, ImageValue))| {
                one != other || (one.0 == "secret" && secret)
            };
            pairs.filter(differs).map(|(one, _)| one.clone()).collect()
        };
        let (before, after) = match (&was, &is, all_before, all_after) {
            (Some(was), Some(is), Some(old), Some(new)) => {
                let after = changed(&new, &old, was, is);
                let before = changed(&old, &new, was, is);
                (Some(if action == Action::Delete { old } else { before }), Some(after))
            }
            (_, _, before, after) => (before, after),
        };
        self.state.entries.push(Entry { action, row: number, before, after });
        if let Some(is) = is {
            self.state.rows.insert(number, is);
        }
    }
}

impl Row {
    /// As a whole image shows it, without the id and the tenant.
    fn columns(&self) -> Columns {
        let text = |value: String| ImageValue::Text(value);
        let moment = |at: DateTime<Utc>| text(at.format("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string());
        let Given { code, amount, note, .. } = &self.given;
        vec![
            ("code", text(code.clone())),
            ("amount", text(amount.to_string())),
            ("note", note.clone().map_or(ImageValue::Null, text)),
            ("secret", ImageValue::Redacted),
            ("version", text(self.version.to_string())),
            ("created_at", moment(self.created_at)),
            ("updated_at", moment(self.updated_at)),
            ("deleted_at", self.deleted_at.map_or(ImageValue::Null, moment)),
        ]
    }
}
