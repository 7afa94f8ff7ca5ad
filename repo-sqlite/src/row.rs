//! A row, read where its values lie: in the statement that is being stepped, or in a batch that left it.

pub(crate) mod batch;

use chrono::{DateTime, Utc};
use repo_core::backend::Row;
use repo_core::{InvalidValue, Kind, Value};
use rusqlite::types::ValueRef;
use uuid::Uuid;

use crate::value::read;
use crate::value::temporal::fixed_timestamp;

/// The values of a row as SQLite stores them.
pub(crate) trait Cells {
    /// The value of the column at `index`, unless there are fewer columns.
    fn cell(&self, index: usize) -> Option<ValueRef<'_>>;
}

/// A row of such values. What most columns hold has a short way out of it; [`read`] is the way for the rest.
pub(crate) struct StoredRow<C>(pub(crate) C);

impl Cells for &rusqlite::Row<'_> {
    #[inline]
    fn cell(&self, index: usize) -> Option<ValueRef<'_>> {
        self.get_ref(index).ok()
    }
}

impl<C: Cells> Row for StoredRow<C> {
    fn value(&self, index: usize, kind: Kind) -> Result<Value<'_>, InvalidValue> {
        match self.0.cell(index) {
            Some(stored) => read(stored, kind),
            None => Err(InvalidValue::new("is not among the columns of the row")),
        }
    }

    fn is_null(&self, index: usize) -> bool {
        matches!(self.0.cell(index), Some(ValueRef::Null))
    }

    fn boolean(&self, index: usize) -> Option<bool> {
        match self.0.cell(index)? {
            ValueRef::Integer(0) => Some(false),
            ValueRef::Integer(1) => Some(true),
            _ => None,
        }
    }

    fn integer(&self, index: usize) -> Option<i64> {
        match self.0.cell(index)? {
            ValueRef::Integer(value) => Some(value),
            _ => None,
        }
    }

    fn text(&self, index: usize) -> Option<&str> {
        text(self.0.cell(index)?)
    }

    fn uuid(&self, index: usize) -> Option<Uuid> {
        match self.0.cell(index)? {
            ValueRef::Blob(bytes) => bytes.try_into().ok().map(Uuid::from_bytes),
            _ => None,
        }
    }

    fn timestamp(&self, index: usize) -> Option<DateTime<Utc>> {
        match self.0.cell(index)? {
            ValueRef::Text(bytes) => fixed_timestamp(bytes),
            _ => None,
        }
    }

    fn json(&self, index: usize) -> Option<&str> {
        text(self.0.cell(index)?)
    }
}

#[inline]
fn text(stored: ValueRef<'_>) -> Option<&str> {
    match stored {
        ValueRef::Text(bytes) => str::from_utf8(bytes).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Stored(Vec<ValueRef<'static>>);

    impl Cells for Stored {
        fn cell(&self, index: usize) -> Option<ValueRef<'_>> {
            self.0.get(index).copied()
        }
    }

    const UUID: [u8; 16] = [7; 16];
    const MOMENT: &str = "2026-01-31T23:59:59.000001+00:00";

    #[test]
    fn a_short_way_answers_what_the_long_one_does() {
        let row = StoredRow(Stored(vec![
            ValueRef::Integer(1),
            ValueRef::Integer(i64::MIN),
            ValueRef::Text("Ångström".as_bytes()),
            ValueRef::Blob(&UUID),
            ValueRef::Text(MOMENT.as_bytes()),
            ValueRef::Text(b"{\"a\":1}"),
        ]));
        let value = |index, kind| row.value(index, kind).expect("of its kind");
        assert_eq!(row.boolean(0).map(Value::Bool), Some(value(0, Kind::Bool)));
        assert_eq!(row.integer(1).map(Value::I64), Some(value(1, Kind::I64)));
        assert_eq!(row.text(2).map(|text| Value::Text(text.into())), Some(value(2, Kind::Text)));
        assert_eq!(row.uuid(3).map(Value::Uuid), Some(value(3, Kind::Uuid)));
        assert_eq!(row.timestamp(4).map(Value::Timestamp), Some(value(4, Kind::Timestamp)));
        assert_eq!(row.json(5).map(|text| Value::Json(text.into())), Some(value(5, Kind::Json)));
    }

    #[test]
    fn a_short_way_is_silent_where_the_long_one_has_more_to_say() {
        let row = StoredRow(Stored(vec![
            ValueRef::Null,
            ValueRef::Integer(2),
            ValueRef::Text(b"\xff"),
            ValueRef::Text(b"2026-01-31 23:59:59"),
            ValueRef::Blob(&UUID[..15]),
        ]));
        for index in 0..6 {
            assert_eq!((row.boolean(index), row.uuid(index)), (None, None), "{index}");
            assert_eq!(row.timestamp(index), None, "{index}");
        }
        assert_eq!(
            (row.text(2), row.json(2), row.text(0), row.integer(3)),
            (None, None, None, None)
        );
        assert!(row.value(3, Kind::Timestamp).is_ok(), "what SQLite's own functions write");
        assert!(row.value(5, Kind::Text).is_err(), "there is no such column");
        let null: Vec<_> = (0..6).map(|index| row.is_null(index)).collect();
        assert_eq!(null, [true, false, false, false, false, false]);
    }
}
