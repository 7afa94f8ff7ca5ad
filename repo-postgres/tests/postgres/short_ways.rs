//! The short ways to what a row holds, against the long one.

use repo_core::backend::{Access, Backend, Row};
use repo_core::{Kind, Value};

use crate::scratch::{Scratch, statement};
use crate::values::samples;

/// What each short way to the first column answers.
fn answers(row: &dyn Row) -> Vec<(Kind, Value<'_>)> {
    let answers = [
        (Kind::Bool, row.boolean(0).map(Value::Bool)),
        (Kind::I64, row.integer(0).map(Value::I64)),
        (Kind::Text, row.text(0).map(|text| Value::Text(text.into()))),
        (Kind::Uuid, row.uuid(0).map(Value::Uuid)),
        (Kind::Timestamp, row.timestamp(0).map(Value::Timestamp)),
        (Kind::Json, row.json(0).map(|text| Value::Json(text.into()))),
    ];
    answers.into_iter().filter_map(|(kind, value)| Some((kind, value?))).collect()
}

#[tokio::test]
async fn a_short_way_answers_what_the_long_one_does_or_nothing() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.connect().await;
    let mut answered = Vec::new();
    let others =
        ["'infinity'::timestamptz", "'{}'::json", "1::float4", "'x'::\"char\"", "'x'::name"];
    let samples = samples();
    for literal in samples.iter().map(|(_, _, literal)| *literal).chain(others) {
        let sql = format!("SELECT {literal} UNION ALL SELECT NULL");
        let mut on_row = |row: &dyn Row| {
            let found = answers(row);
            let is_null = row.value(0, Kind::Bool).is_ok_and(|value| value.is_null());
            assert_eq!(row.is_null(0), is_null, "{literal}");
            assert!(!is_null || found.is_empty(), "{literal}");
            for (kind, value) in found {
                assert_eq!(row.value(0, kind), Ok(value), "{literal}");
                answered.push(kind);
            }
            Ok(())
        };
        db.run(statement(&sql, &[], Access::Read), &mut on_row).await.unwrap();
    }
    for kind in [Kind::Bool, Kind::I64, Kind::Text, Kind::Uuid, Kind::Timestamp, Kind::Json] {
        assert!(answered.contains(&kind), "{kind:?}");
    }
}

#[tokio::test]
async fn a_column_that_was_not_selected_has_no_short_way() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.connect().await;
    let mut on_row = |row: &dyn Row| {
        assert!(!row.is_null(1) && row.text(1).is_none() && row.integer(1).is_none());
        assert!(row.value(1, Kind::Text).is_err());
        Ok(())
    };
    db.run(statement("SELECT 'x'", &[], Access::Read), &mut on_row).await.unwrap();
}
