//! Which tables can be created together, and how generated names fit a database.

#![allow(clippy::unwrap_used, reason = "a test may")]

use chrono::{DateTime, Utc};
use repo_core::backend::generated_name;
use repo_core::testing::PlainDialect;
use repo_core::{Error, Repository, Schema, schema};
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "teams", tenant)]
struct Team {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(references = Team)]
    parent_id: Option<Uuid>,
}

#[derive(Repository)]
#[repository(table = "players", tenant)]
struct Player {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(references = Team, on_delete = cascade)]
    team_id: Uuid,
}

#[derive(Repository)]
#[repository(table = "hens")]
struct Hen {
    id: Uuid,
    #[repository(references = Egg)]
    egg_id: Uuid,
}

#[derive(Repository)]
#[repository(table = "eggs")]
struct Egg {
    id: Uuid,
    #[repository(references = Hen)]
    hen_id: Uuid,
}

/// Only refers into the circle of hens and eggs.
#[derive(Repository)]
#[repository(table = "nests")]
struct Nest {
    id: Uuid,
    #[repository(references = Egg)]
    egg_id: Uuid,
}

/// In another circle, from which there is a way into that one.
#[derive(Repository)]
#[repository(table = "coops")]
struct Coop {
    id: Uuid,
    #[repository(references = Farm)]
    farm_id: Uuid,
    #[repository(references = Nest)]
    nest_id: Uuid,
    #[repository(references = Coop)]
    larger_id: Option<Uuid>,
}

#[derive(Repository)]
#[repository(table = "farms")]
struct Farm {
    id: Uuid,
    #[repository(references = Coop)]
    coop_id: Uuid,
}

#[derive(Repository)]
#[repository(table = "teams")]
struct OtherTeam {
    id: Uuid,
}

#[derive(Repository)]
#[repository(table = "Teams")]
struct Shout {
    id: Uuid,
}

/// The database numbers its rows.
#[derive(Repository)]
#[repository(table = "odds")]
struct Odd {
    id: i64,
}

/// Rows that are marked when they are deleted.
#[derive(Repository)]
#[repository(table = "rooms", soft_delete)]
struct Room {
    id: Uuid,
    deleted_at: Option<DateTime<Utc>>,
}

#[derive(Repository)]
#[repository(table = "chairs")]
struct Chair {
    id: Uuid,
    #[repository(references = Room)]
    room_id: Uuid,
}

/// The names of what belongs to other tables.
mod namesakes {
    use repo_core::Repository;
    use uuid::Uuid;

    #[derive(Repository)]
    #[repository(table = "teams_pkey")]
    pub(super) struct Key {
        id: Uuid,
    }

    #[derive(Repository)]
    #[repository(table = "rooms_deleted_at_mark")]
    pub(super) struct Mark {
        id: Uuid,
    }

    #[derive(Repository)]
    #[repository(table = "Odds_id_seq")]
    pub(super) struct Sequence {
        id: Uuid,
    }

    #[derive(Repository)]
    #[repository(table = "repo_audit_unchained", audited)]
    pub(super) struct Unchained {
        id: Uuid,
    }

    #[derive(Repository)]
    #[repository(table = "a_table_whose_name_is_already_so_long_that_there_is_no_more")]
    pub(super) struct Long {
        id: i64,
    }

    #[derive(Repository)]
    #[repository(table = "a_table_whose_name_is_already_so_long_that_there_is_no_m_id_seq")]
    pub(super) struct LongSequence {
        id: Uuid,
    }
}

mod elsewhere {
    #[derive(repo_core::Repository)]
    #[repository(table = "teams")]
    pub(super) struct Team {
        id: uuid::Uuid,
    }
}

fn reason(schema: &Schema) -> String {
    match schema.script(&PlainDialect) {
        Err(Error::InvalidSchema { reason }) => reason,
        other => panic!("not an invalid schema: {other:?}"),
    }
}

#[test]
fn parents_are_created_first_and_a_table_may_refer_to_itself() {
    let script = schema![Player, Team].script(&PlainDialect).unwrap();
    let team = script.find(r#"TABLE IF NOT EXISTS "teams""#).unwrap();
    let player = script.find(r#"TABLE IF NOT EXISTS "players""#).unwrap();
    assert!(team < player);
}

#[test]
fn a_foreign_key_between_tenants_entities_carries_the_tenant() {
    let script = schema![Team, Player].script(&PlainDialect).unwrap();
    assert!(script.contains(
        r#"CONSTRAINT "players_team_id_fkey" FOREIGN KEY ("tenant_id", "team_id") REFERENCES "teams" ("tenant_id", "id") ON DELETE CASCADE"#
    ), "{script}");
}

#[test]
fn a_parent_that_is_missing_is_named() {
    assert_eq!(reason(&schema![Player]), "`Player` refers to `Team`, which is not in it");
}

#[test]
fn a_parent_is_an_entity_and_not_whoever_has_its_table() {
    for schema in [schema![Player, OtherTeam], schema![Player, elsewhere::Team]] {
        assert_eq!(reason(&schema), "`Player` refers to `Team`, which is not in it");
    }
}

#[test]
fn a_circle_is_named() {
    let expected = "Hen, Egg refer to each other in a circle";
    assert_eq!(reason(&schema![Hen, Egg]), expected);
    assert_eq!(reason(&schema![Nest, Hen, Team, Egg, Player]), expected);
    let first = reason(&schema![Coop, Nest, Hen, Farm, Egg]);
    assert_eq!(first, "Coop, Farm refer to each other in a circle");
}

#[test]
fn two_entities_of_one_table_are_named() {
    assert_eq!(reason(&schema![Team, OtherTeam]), "`Team` and `OtherTeam` both need `teams`");
}

#[test]
fn a_table_is_not_called_as_a_key_or_a_sequence_of_another() {
    use namesakes::{Key, Long, LongSequence, Mark, Sequence, Unchained};
    let long = "a_table_whose_name_is_already_so_long_that_there_is_no_m_id_seq";
    for (schema, expected) in [
        (schema![Team, Key], "`Team` and `Key` both need `teams_pkey`".to_owned()),
        (schema![Key, Team], "`Key` and `Team` both need `teams_pkey`".to_owned()),
        (
            schema![Room, Mark, Chair],
            "`Room` and `Mark` both need `rooms_deleted_at_mark`".to_owned(),
        ),
        (schema![Odd, Sequence], "`Odd` and `Sequence` both need `Odds_id_seq`".to_owned()),
        (
            schema![Unchained],
            "`Unchained` and `AuditEntry` both need `repo_audit_unchained`".to_owned(),
        ),
        (schema![Long, LongSequence], format!("`Long` and `LongSequence` both need `{long}`")),
    ] {
        assert_eq!(reason(&schema), expected);
    }
    // Nobody numbers the rows of a team, or refers to a room.
    schema![Team, Odd, Room, Mark].script(&PlainDialect).unwrap();
}

#[test]
fn entities_of_one_name_are_told_apart_by_where_they_are() {
    let expected = "`Team` and another `Team` both need `teams`";
    assert_eq!(reason(&schema![Team, elsewhere::Team]), expected);
    schema![Team, Team].script(&PlainDialect).unwrap();
}

#[test]
fn table_names_differ_in_more_than_the_case_of_their_letters() {
    assert_eq!(reason(&schema![Team, Shout]), "`Team` and `Shout` both need `Teams`");
}

#[test]
fn a_long_name_is_cut_and_told_apart_by_a_hash_that_never_changes() {
    let long = "a_table_whose_name_is_already_rather_long";
    let one = generated_name(63, &[long, "and_a_column_of_some_length", "idx"]);
    let two = generated_name(63, &[long, "and_a_column_of_some_lengths", "idx"]);
    assert_eq!(one, "a_table_whose_name_is_already_rather_long_and_a_column_5bf0e3a3");
    assert!(one.len() <= 63);
    assert_ne!(one, two);
    assert_eq!(generated_name(63, &["short", "idx"]), "short_idx");
}
