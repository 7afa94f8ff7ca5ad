//! The description of a table.

use generated_code::every_key::{Incident, Release, ReleasePatch, Team};
use generated_code::generic::Document;
use generated_code::places;
use generated_code::raw::Thing;
use generated_code::types::{Everything, Ping};
use repo_core::schema::{OnDelete, Table};
use repo_core::{Entity, Kind};
use uuid::Uuid;

fn column(table: &Table, name: &str) -> usize {
    table.position(name).expect("there is such a column")
}

/// The columns of each index, with `-` before those that descend.
fn indexes(table: &Table, unique: bool) -> Vec<String> {
    let found = table.indexes.iter().filter(|index| index.unique == unique);
    let words = found.map(|index| {
        let columns = index.columns.iter().map(|column| {
            let sign = if column.descending { "-" } else { "" };
            format!("{sign}{}", table.columns[column.column].name)
        });
        let global = index.global.then(|| "global".to_owned());
        global.into_iter().chain(columns).collect::<Vec<_>>().join(" ")
    });
    words.collect()
}

#[test]
fn columns_have_what_their_fields_declare() {
    let table = Incident::TABLE;
    assert_eq!((table.entity, table.name, table.immutable), ("Incident", "incidents", false));
    let signature = &table.columns[column(table, "signature")];
    assert!(signature.fixed && !signature.sensitive && !signature.nullable);
    assert_eq!(signature.max_length, Some(200));
    let status = &table.columns[column(table, "status")];
    assert_eq!(status.variants, ["new", "in_review", "closed"]);
    let cost = &table.columns[column(table, "cost")];
    assert_eq!((cost.kind, cost.nullable), (Kind::Decimal { precision: 12, scale: 2 }, true));
    let steps = &table.columns[column(table, "steps")];
    assert_eq!((steps.kind, steps.nullable), (Kind::Json, true));
    assert!(table.columns[column(table, "reporter_email")].sensitive);
    assert_eq!(Incident::EXTERNAL_ID.name(), "externalId");
}

#[test]
fn roles_go_to_fields_by_mark_or_by_name() {
    let table = Incident::TABLE;
    assert_eq!(table.roles.tenant, Some(column(table, "tenant_id")));
    assert_eq!(table.roles.version, Some(column(table, "version")));
    assert_eq!(table.roles.correlation_id, Some(column(table, "correlation_id")));
    let table = Team::TABLE;
    assert_eq!(table.roles.tenant, Some(column(table, "org")));
    assert_eq!(table.roles.created_at, Some(column(table, "founded")));
    assert_eq!(table.roles.updated_at, Some(column(table, "reorganised")));
    assert_eq!(table.roles.deleted_at, Some(column(table, "dissolved")));
    assert_eq!(Ping::TABLE.roles.updated_at, None);
    assert!(Ping::TABLE.immutable);
    assert!(Everything::TABLE.has_identity());
}

#[test]
fn a_plain_field_has_no_role_whatever_its_name() {
    let (table, roles) = (Release::TABLE, &Release::TABLE.roles);
    assert_eq!((roles.tenant, roles.version, roles.deleted_at), (None, None, None));
    assert_eq!(roles.created_at, None);
    assert_eq!(indexes(table, false), ["tenant_id"]);
    let plain = ["tenant_id", "version", "deleted_at"]
        .map(|name| table.columns[column(table, name)].nullable);
    assert_eq!(plain, [false, false, true]);
    let _ = ReleasePatch::new().tenant_id(Uuid::nil()).version(2).deleted_at(None);
}

#[test]
fn indexes_are_those_of_fields_of_the_struct_and_of_references() {
    let table = Incident::TABLE;
    assert_eq!(
        indexes(table, true),
        ["signature", "externalId status", "global signature externalId"]
    );
    assert_eq!(indexes(table, false), ["follows", "status -created_at", "team_id"]);
    let on_delete: Vec<_> = table.references.iter().map(|it| it.on_delete).collect();
    assert_eq!(on_delete, [OnDelete::Cascade, OnDelete::Restrict]);
    assert_eq!((table.references[0].parent)().name, "teams");
    assert_eq!((table.references[1].parent)().name, "incidents");
}

#[test]
fn names_may_be_keywords_and_structs_may_stand_anywhere() {
    let names: Vec<_> = Thing::TABLE.columns.iter().map(|column| column.name).collect();
    assert_eq!(names, ["id", "type", "in", "fn", "select"]);
    assert_eq!(Thing::TYPE.name(), "type");
    assert_eq!(Document::<Vec<u8>>::TABLE.name, "documents");
    assert_eq!(places::local().name, "locals");
    assert!(places::Maker::TABLE.columns[1].nullable);
    assert!(!places::Size::TABLE.columns[1].nullable);
}
