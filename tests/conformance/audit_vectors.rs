//! The trail that is stored is the one that the vectors foretell, byte for byte.

use chrono::{NaiveDate, NaiveTime};
use repo_core::testing::{FixedClock, SequentialIds};
use repo_core::{Actor, AuditEntry, Clock as _, Database, Session, Tenant, schema};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::entities::*;
use crate::fixture::{Fixture, acme, moment};

const VECTORS: &str = include_str!("../../docs/audit-vectors.json");

pub(crate) async fn what_is_written_has_the_images_and_hashes_of_the_vectors(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&schema![Specimen]).await;
    let db = db.with_ids(SequentialIds::new());
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let expected = vectors["chains"][0].as_array().unwrap();
    let mut specimens = specimens().into_iter();
    for entry in expected {
        show(&clock, entry["at"].as_str().unwrap());
        write(&session(&db, entry), entry, &mut specimens).await;
    }
    let stored = acme(&db).audit().query().order_by(AuditEntry::SEQ.asc()).all().await.unwrap();
    assert_eq!(stored.len(), expected.len());
    for (entry, expected) in stored.iter().zip(expected) {
        let what = &expected["what"];
        assert_eq!(entry.entity_id, expected["entity_id"].as_str().unwrap(), "{what}");
        assert_eq!(entry.action.as_str(), expected["action"].as_str().unwrap(), "{what}");
        let images = [&entry.before, &entry.after].map(|image| image.as_ref().map(|i| i.as_str()));
        assert_eq!(images[0], text(&expected["before"]).as_deref(), "{what}");
        assert_eq!(images[1], text(&expected["after"]).as_deref(), "{what}");
        assert_eq!(hex(entry.prev_hash.as_deref()), expected["prev_hash"], "{what}");
        assert_eq!(hex(entry.hash.as_deref()), expected["hash"], "{what}");
    }
}

/// A session in which the actor of an entry acts.
fn session(db: &Database, entry: &Value) -> Session<Tenant<Uuid>> {
    let (kind, name) = entry["actor"].as_str().unwrap().split_once(':').unwrap();
    let actor = match kind {
        "user" => Actor::User(name),
        "system" => Actor::System(name),
        _ => Actor::Service(name),
    };
    let mut session = acme(db).actor(actor);
    if let Some(id) = entry["correlation_id"].as_str() {
        session = session.correlation(id);
    }
    if let Some(reason) = entry["reason"].as_str() {
        session = session.because(reason);
    }
    session
}

async fn write(
    session: &Session<Tenant<Uuid>>,
    entry: &Value,
    specimens: &mut impl Iterator<Item = NewSpecimen>,
) {
    let repo = session.repo::<Specimen>();
    let id = entry["entity_id"].as_str().unwrap().parse().unwrap();
    match entry["action"].as_str().unwrap() {
        "create" => assert_eq!(repo.create(specimens.next().unwrap()).await.unwrap().id, id),
        "update" => {
            let patch = SpecimenPatch::new().large(Some(-1)).secret(Some("hunter2".to_owned()));
            repo.patch(id, patch).await.unwrap();
        }
        _ => repo.delete(id).await.unwrap(),
    }
}

/// The rows of the vectors, in order.
fn specimens() -> Vec<NewSpecimen> {
    let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day);
    let time =
        |hour, minute, second, micro| NaiveTime::from_hms_micro_opt(hour, minute, second, micro);
    let document = json!({
        "ab": [true, false],
        "b": { "z": [1.0, 1e16, 9_007_199_254_740_993_i64, u64::MAX, -1e-6], "y": null, "": [] },
        "aa": {},
        "a": "🦀\n",
    });
    vec![
        specimen("nothing"),
        NewSpecimen {
            small: Some(i16::MAX),
            medium: Some(i32::MAX),
            large: Some(i64::MAX),
            ..specimen("the highest integers")
        },
        NewSpecimen {
            small: Some(i16::MIN),
            medium: Some(i32::MIN),
            large: Some(i64::MIN),
            ..specimen("the lowest integers")
        },
        NewSpecimen { large: Some((1 << 53) + 1), ..specimen("one more than a double can count") },
        NewSpecimen { double: Some(-0.0), single: Some(-0.0), ..specimen("zero without a sign") },
        NewSpecimen { double: Some(0.1 + 0.2), single: Some(0.1), ..specimen("a sum of floats") },
        NewSpecimen {
            text: Some(String::new()),
            bytes: Some(Vec::new()),
            ..specimen("empty text")
        },
        NewSpecimen {
            text: Some("aé€🦀𝄞\u{301}\u{7f}\u{2028}\u{1}\n\"\\/".to_owned()),
            ..specimen("text of every plane")
        },
        NewSpecimen {
            moment: Some(moment("9999-12-31T23:59:59.999999Z")),
            date: day(9999, 12, 31),
            time: time(23, 59, 59, 999_999),
            ..specimen("the last microsecond of a day")
        },
        NewSpecimen {
            moment: Some(moment("0001-01-01T00:00:00Z")),
            date: day(1, 1, 1),
            time: time(0, 0, 0, 0),
            ..specimen("the first microsecond of a day")
        },
        NewSpecimen {
            moment: Some(moment("1969-12-31T23:59:59.9999999Z")),
            time: time(0, 0, 0, 1),
            ..specimen("one microsecond")
        },
        NewSpecimen { price: Some(Decimal::new(11, 1)), ..specimen("a decimal with a zero") },
        NewSpecimen {
            price: Some(Decimal::new(-5, 2)),
            flag: Some(true),
            ..specimen("a small negative decimal")
        },
        NewSpecimen { json: Some(document), flag: Some(false), ..specimen("a document") },
        NewSpecimen { bytes: Some(vec![0, 255, 16]), ..specimen("bytes") },
        NewSpecimen {
            text: Some("0123456789abcdef".repeat(65_536)),
            ..specimen("a mebibyte of text")
        },
        specimen("a secret"),
    ]
}

fn show(clock: &FixedClock, at: &str) {
    clock.advance(moment(at) - clock.now());
}

fn hex(bytes: Option<&[u8]>) -> String {
    bytes.unwrap().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A text, which may be given by a rule.
fn text(value: &Value) -> Option<String> {
    let part = |name: &str| value[name].as_str().unwrap();
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        rule => {
            let times = usize::try_from(rule["times"].as_u64().unwrap()).unwrap();
            Some(format!("{}{}{}", part("start"), part("repeat").repeat(times), part("end")))
        }
    }
}
