//! Tables: made once, in any order, under any name.

use repo_core::{Error, Repository, Schema, schema};
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, acme, backend, of_another_program};

/// Every entity of the cases.
pub(crate) fn everything() -> Schema {
    schema![
        Remark, File, Member, Clause, LongNames, Ticket, Item, Counter, Sample, Optional, Event,
        Host, Folder, Team, Country, Settings, Charter,
    ]
}

pub(crate) async fn tables_are_made_once(fixture: Fixture) {
    let db = fixture.with(&everything()).await;
    let created = db.session().repo::<Item>().create(item("a")).await.unwrap();
    for _ in 0..2 {
        db.create_tables(&everything()).await.unwrap();
    }
    db.create_tables(&Schema::new()).await.unwrap();
    assert_eq!(db.session().repo::<Item>().all().await.unwrap(), [created]);
}

pub(crate) async fn tables_are_made_once_by_many_at_once(fixture: Fixture) {
    let other = fixture.beside(4).await;
    let tasks: Vec<_> = (0..8)
        .map(|n| {
            let db = if n % 2 == 0 { fixture.db.clone() } else { other.clone() };
            tokio::spawn(async move { db.create_tables(&everything()).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    other.session().repo::<Item>().create(item("a")).await.unwrap();
    assert_eq!(fixture.db.session().repo::<Item>().count().await.unwrap(), 1);
}

pub(crate) async fn a_parent_that_is_not_named_is_missed(fixture: Fixture) {
    let missing = fixture.db.create_tables(&schema![Team, Member]).await;
    match missing {
        Err(Error::InvalidSchema { reason }) => {
            assert_eq!(reason, "`Member` refers to `Country`, which is not in it");
        }
        other => panic!("{other:?}"),
    }
    fixture.with(&schema![Member, Country, Team]).await;
}

pub(crate) async fn two_entities_of_one_table_are_refused(fixture: Fixture) {
    let twice = fixture.db.create_tables(&schema![Optional, StatusAsText]).await;
    assert_error!(twice, Error::InvalidSchema { .. });
    fixture.with(&schema![Optional, Optional]).await;
}

/// Entities on tables that are not theirs.
mod bare {
    use repo_core::Repository;
    use uuid::Uuid;

    /// Without the policies of the other.
    #[derive(Debug, Repository)]
    #[repository(table = "Tickets")]
    pub(super) struct Ticket {
        id: Uuid,
    }

    #[derive(Debug, Repository)]
    #[repository(table = "doors", audited)]
    pub(super) struct Door {
        id: Uuid,
    }

    #[derive(Debug, Repository)]
    #[repository(table = "repo_audit")]
    pub(super) struct Entry {
        id: Uuid,
    }

    /// Its index has the name of a table.
    #[derive(Debug, Repository)]
    #[repository(table = "shelf")]
    pub(super) struct Shelf {
        id: Uuid,
        #[repository(index)]
        place: i64,
    }

    /// The database numbers its rows.
    #[derive(Debug, Repository)]
    #[repository(table = "odds")]
    pub(super) struct Odd {
        id: i64,
    }

    #[derive(Debug, Repository)]
    #[repository(table = "odds_id_seq")]
    pub(super) struct Seq {
        id: Uuid,
    }

    #[derive(Debug, Repository)]
    #[repository(table = "shelf_pkey")]
    pub(super) struct Pkey {
        id: Uuid,
    }

    #[derive(Debug, Repository)]
    #[repository(table = "shelf_place_idx")]
    pub(super) struct Place {
        id: Uuid,
    }
}

pub(crate) async fn an_entity_is_not_put_on_the_table_of_another_later(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket, bare::Shelf, bare::Odd]).await;
    let refused = async |schema: Schema, expected: &str| {
        for answer in [db.create_tables(&schema).await, db.clone().register(&schema)] {
            assert_error!(answer, Error::InvalidSchema { reason } if reason == expected);
        }
    };
    let twice = "`Ticket` and another `Ticket` both need `Tickets`";
    refused(schema![bare::Ticket], twice).await;
    refused(schema![Team, bare::Ticket], twice).await;
    refused(schema![bare::Place], "`Shelf` and `Place` both need `shelf_place_idx`").await;
    refused(schema![bare::Pkey], "`Shelf` and `Pkey` both need `shelf_pkey`").await;
    refused(schema![bare::Seq], "`Odd` and `Seq` both need `odds_id_seq`").await;
    // What is refused is not known either, and who is known may come again.
    db.register(&schema![Team, Ticket]).unwrap();
    db.create_tables(&schema![Ticket, bare::Shelf]).await.unwrap();
    // The trail has its tables as soon as an entity is recorded in it.
    let trail = repo_core::Database::new(std::sync::Arc::clone(backend(&db)));
    trail.register(&schema![bare::Entry]).unwrap();
    let refused = trail.register(&schema![bare::Door]);
    assert_error!(refused, Error::InvalidSchema { reason }
        if reason == "`Entry` and `AuditEntry` both need `repo_audit`");
}

/// Some columns of tickets, without their policies.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "tickets")]
struct TicketName {
    id: Uuid,
    title: String,
}

/// What refers to them.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "ticket_notes")]
struct TicketNote {
    id: Uuid,
    #[repository(references = TicketName)]
    ticket_id: Uuid,
}

pub(crate) async fn the_second_entity_of_a_table_reads_and_writes_nothing(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let ticket = acme(&db).repo::<Ticket>().create(ticket("A-1")).await.unwrap();
    let id = ticket.id;
    let expected = "`Ticket` and `TicketName` both need `tickets`";
    // The handles of one database know the same tables.
    for db in [db.clone(), db.clone().with_cursor_key("another handle")] {
        let names = acme(&db).repo::<TicketName>();
        let new = || NewTicketName { title: "b".to_owned() };
        let patch = || TicketNamePatch::new().title("b");
        let row = TicketName { id, title: "b".to_owned() };
        let refused = [
            names.all().await.map(drop),
            names.find(id).await.map(drop),
            names.get_many([id]).await.map(drop),
            names.exists(id).await.map(drop),
            names.count().await.map(drop),
            names.query().page(repo_core::PageRequest::number(1)).await.map(drop),
            names.query().window(repo_core::WindowRequest::first(1)).await.map(drop),
            names.create(new()).await.map(drop),
            names.create_many([new()]).await.map(drop),
            names.create_many_partial([new()]).await.map(drop),
            names.update(&row).await.map(drop),
            names.patch(id, patch()).await.map(drop),
            names.patch_many([(id, patch())]).await.map(drop),
            names.query().patch_all(patch()).await.map(drop),
            names.query().delete_all().await.map(drop),
            names.delete_many([id]).await,
            names.delete(id).await,
            db.session()
                .repo::<TicketNote>()
                .filter(TicketNote::ticket().exists())
                .all()
                .await
                .map(drop),
        ];
        for answer in refused {
            assert_error!(answer, Error::InvalidSchema { reason } if reason == expected);
        }
    }
    assert_eq!(acme(&db).repo::<Ticket>().all().await.unwrap(), [ticket]);
}

pub(crate) async fn the_second_entity_is_refused_whichever_it_is(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let db = repo_core::Database::new(std::sync::Arc::clone(backend(&db)));
    db.session().repo::<TicketName>().count().await.unwrap();
    let expected = "`TicketName` and `Ticket` both need `tickets`";
    let refused = [
        acme(&db).repo::<Ticket>().count().await.map(drop),
        db.register(&schema![Ticket]),
        db.create_tables(&schema![Ticket]).await,
    ];
    for answer in refused {
        assert_error!(answer, Error::InvalidSchema { reason } if reason == expected);
    }
    db.register(&schema![TicketName]).unwrap();
    db.session().repo::<TicketName>().count().await.unwrap();
}

/// An envelope of any document.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "envelopes")]
struct Envelope<T>
where
    T: serde::Serialize
        + serde::de::DeserializeOwned
        + std::fmt::Debug
        + Clone
        + PartialEq
        + Send
        + Sync
        + 'static,
{
    id: Uuid,
    #[repository(json)]
    body: T,
}

pub(crate) async fn a_generic_entity_is_used_with_several_types(fixture: Fixture) {
    let db = fixture.with(&schema![Envelope<String>]).await;
    let (texts, numbers) =
        (db.session().repo::<Envelope<String>>(), db.session().repo::<Envelope<i64>>());
    let text = texts.create(NewEnvelope { body: "a".to_owned() }).await.unwrap();
    let number = numbers.create(NewEnvelope { body: 7 }).await.unwrap();
    assert_eq!(texts.get(text.id).await.unwrap(), text);
    assert_eq!(numbers.get(number.id).await.unwrap(), number);
}

pub(crate) async fn the_doctor_tells_of_two_entities_of_a_table(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let found = db.doctor(&schema![Ticket, TicketName, Ticket]).await.unwrap();
    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
    let twice = "the table `tickets` is that of `Ticket` and of `TicketName`";
    assert!(found.iter().any(|found| found == twice), "{found:?}");
}

#[derive(Debug, Repository)]
#[repository(table = "rarray")]
struct Named {
    id: Uuid,
}

#[derive(Debug, Repository)]
#[repository(table = "Repo_Watch")]
struct Watched {
    id: Uuid,
}

pub(crate) async fn no_entity_has_a_table_that_repositories_have_themselves(fixture: Fixture) {
    for (schema, expected) in [
        (schema![Named], "`Named` needs `rarray`, a name of the repositories' own on SQLite"),
        (
            schema![Watched],
            "`Watched` needs `Repo_Watch`, a name of the repositories' own on SQLite",
        ),
    ] {
        for answer in [fixture.db.create_tables(&schema).await, fixture.db.register(&schema)] {
            assert_error!(answer, Error::InvalidSchema { reason } if reason == expected);
        }
    }
}

pub(crate) async fn a_table_that_somebody_else_made_has_any_name(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let mut raw = backend(&db).begin(repo_core::TransactionOptions::new()).await.unwrap();
    raw.execute_script("CREATE TABLE rarray (value text); CREATE TABLE repo_watch (n integer)")
        .await
        .unwrap();
    raw.commit().await.unwrap();
    let items = db.session().repo::<Item>();
    let created = items.create(item("a")).await.unwrap();
    for _ in 0..2 {
        let found = items.filter(Item::ID.in_list([created.id])).all().await.unwrap();
        assert_eq!(found, std::slice::from_ref(&created));
    }
}

/// A reference of the one is called as one of the other.
#[derive(Debug, Repository)]
#[repository(table = "stock", tenant)]
struct Stock {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(references = Team)]
    item_part_id: Uuid,
}

#[derive(Debug, Repository)]
#[repository(table = "stock_item", tenant)]
struct StockItem {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(references = Team, column = "PART_ID")]
    part_id: Uuid,
}

pub(crate) async fn two_references_of_one_name_are_refused(fixture: Fixture) {
    let expected = "`Stock` and `StockItem` both need `stock_item_PART_ID_fkey`";
    let both = schema![Team, Stock, StockItem];
    let db = &fixture.db;
    assert_error!(db.create_tables(&both).await, Error::InvalidSchema { reason } if reason == expected);
    db.create_tables(&schema![Team, Stock]).await.unwrap();
    for answer in [db.create_tables(&schema![Team, StockItem]).await, db.register(&both)] {
        assert_error!(answer, Error::InvalidSchema { reason } if reason == expected);
    }
}

/// With a guard of every kind that has a name.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "ledger", tenant, immutable, audited, index(day))]
struct Ledger {
    id: i64,
    tenant_id: Uuid,
    #[repository(unique)]
    number: i64,
    day: i64,
    #[repository(references = Team)]
    team_id: Uuid,
}

async fn execute(db: &repo_core::Database, sql: &str) {
    let mut raw = backend(db).begin(repo_core::TransactionOptions::new()).await.unwrap();
    raw.execute_script(sql).await.unwrap();
    raw.commit().await.unwrap();
}

pub(crate) async fn a_table_that_was_put_away_keeps_the_names_of_its_keys(fixture: Fixture) {
    let schema = schema![Team, Ledger];
    let db = fixture.with(&schema).await;
    for (table, entity) in [("ledger", "Ledger"), ("repo_audit", "AuditEntry")] {
        execute(&db, &format!("ALTER TABLE {table} RENAME TO {table}_2025")).await;
        for db in [&db, &of_another_program(&db)] {
            let Err(Error::InvalidSchema { reason }) = db.create_tables(&schema).await else {
                panic!("what is made has no guards");
            };
            let start = format!("`{entity}` needs `{table}_");
            let end = format!(
                " for its table `{table}`, and `{table}_2025` has what is called so: drop that, or give it another name"
            );
            assert!(reason.starts_with(&start) && reason.ends_with(&end), "{reason}");
            let found = db.doctor(&schema).await.unwrap();
            let missing = format!("the table `{table}` is missing");
            assert!(found.iter().any(|it| it.to_string() == missing), "nothing is made: {found:?}");
        }
        execute(&db, &format!("DROP TABLE {table}_2025")).await;
        db.create_tables(&schema).await.unwrap();
        assert_eq!(db.doctor(&schema).await.unwrap(), []);
    }
}

pub(crate) async fn an_index_of_another_table_is_not_taken_for_one_that_is_missing(
    fixture: Fixture,
) {
    let schema = schema![Team, Ledger];
    let db = fixture.with(&schema).await;
    let index = "ledger_tenant_id_day_idx";
    execute(&db, &format!("DROP INDEX {index}; CREATE INDEX {index} ON teams (id)")).await;
    let expected = format!(
        "`Ledger` needs `{index}` for its table `ledger`, and `teams` has what is called so: drop that, or give it \
         another name"
    );
    let refused = db.create_tables(&schema).await;
    assert_error!(refused, Error::InvalidSchema { reason } if reason == expected);
    db.create_tables(&schema![Team]).await.unwrap();
    execute(&db, &format!("DROP INDEX {index}")).await;
    db.create_tables(&schema).await.unwrap();
}

#[derive(Debug, Repository)]
#[repository(table = "hens")]
struct Hen {
    id: Uuid,
    #[repository(references = Egg)]
    egg_id: Option<Uuid>,
}

#[derive(Debug, Repository)]
#[repository(table = "eggs")]
struct Egg {
    id: Uuid,
    #[repository(references = Hen)]
    hen_id: Option<Uuid>,
}

/// Only refers into the circle.
#[derive(Debug, Repository)]
#[repository(table = "nests")]
struct Nest {
    id: Uuid,
    #[repository(references = Egg)]
    egg_id: Uuid,
}

pub(crate) async fn a_circle_of_references_is_refused(fixture: Fixture) {
    match fixture.db.create_tables(&schema![Nest, Hen, Egg]).await {
        Err(Error::InvalidSchema { reason }) => {
            assert_eq!(reason, "Hen, Egg refer to each other in a circle");
        }
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn a_table_that_is_missing_is_an_error_of_the_database(fixture: Fixture) {
    let items = fixture.db.session().repo::<Item>();
    assert_error!(items.count().await, Error::Backend(_));
    assert_error!(items.create(item("a")).await, Error::Backend(_));
    fixture.with(&schema![Item]).await;
    items.create(item("a")).await.unwrap();
}

pub(crate) async fn a_name_may_be_anything_that_is_quoted(fixture: Fixture) {
    let db = fixture.with(&schema![Clause]).await;
    let clauses = acme(&db).repo::<Clause>();
    let new = NewClause { from: Some("x".to_owned()), size: Some(0.5), ..clause(1) };
    let one = clauses.create(new).await.unwrap();
    let two = clauses.create_many([clause(2), clause(3)]).await.unwrap().remove(0);
    assert_eq!(clauses.get(one.id).await.unwrap(), one);
    assert_eq!(clauses.find_by_position(2).await.unwrap(), Some(two.clone()));
    assert_eq!(clauses.find_by_select_and_from("a", "x").await.unwrap(), Some(one.clone()));
    assert_eq!(clauses.list_by_from("x").await.unwrap(), std::slice::from_ref(&one));
    let query = clauses
        .filter(Clause::TYPE.eq(true) & Clause::SIZE.is_null() & Clause::SELECT.contains("a"))
        .order_by(Clause::FROM.desc().nulls_last())
        .order_by(Clause::POSITION.desc());
    let window = query.clone().window(repo_core::WindowRequest::first(1)).await.unwrap();
    assert_eq!(window.items[0].position, 3);
    let after = repo_core::WindowRequest::first(1).after(window.end.unwrap());
    assert_eq!(query.clone().window(after).await.unwrap().items, std::slice::from_ref(&two));
    let page = query.page(repo_core::PageRequest::number(1)).await.unwrap();
    assert_eq!(page.total, 2);
    let taken = clauses.patch(two.id, ClausePatch::new().position(1)).await;
    assert_error!(taken, Error::Conflict { columns, .. } if columns == ["order"]);
    let patch = ClausePatch::new().from(None).r#type(false);
    let patched = clauses.patch(one.id, patch).await.unwrap();
    let updated = clauses.update(&Clause { size: Some(1.0), ..patched }).await.unwrap();
    assert_eq!((updated.version, updated.r#type, updated.from.as_ref()), (3, false, None));
    clauses.delete(one.id).await.unwrap();
    clauses.restore(one.id).await.unwrap();
    clauses.delete(one.id).await.unwrap();
    clauses.purge(one.id).await.unwrap();
    assert_eq!(clauses.count().await.unwrap(), 2);
}

pub(crate) async fn a_generated_name_is_short_enough_and_the_same_everywhere(fixture: Fixture) {
    let db = fixture.with(&schema![LongNames]).await;
    let rows = acme(&db).repo::<LongNames>();
    let new = |first: &str, another: &str| NewLongNames {
        first_column_with_quite_a_long_name: first.to_owned(),
        another_column_with_quite_a_long_name: another.to_owned(),
        parent_whose_name_is_not_short_either: None,
    };
    let parent = rows.create(new("a", "a")).await.unwrap();
    let mut names = Vec::new();
    for again in [new("a", "b"), new("b", "a")] {
        match rows.create(again).await {
            Err(Error::Conflict { constraint, columns, .. }) => {
                assert!(constraint.len() <= 63, "{constraint}");
                assert_eq!(columns.len(), 1);
                names.push(constraint);
            }
            other => panic!("{other:?}"),
        }
    }
    let start = "a_table_whose_name_is_as_long_as_postgres_keeps_which_";
    assert_eq!(names, [format!("{start}_5f61838c"), format!("{start}_5ab4d809")]);
    let lost = NewLongNames { parent_whose_name_is_not_short_either: Some(99), ..new("c", "c") };
    assert_error!(rows.create(lost).await, Error::ForeignKey { entity: "LongNames", .. });
    let child =
        NewLongNames { parent_whose_name_is_not_short_either: Some(parent.id), ..new("c", "c") };
    let child = rows.create(child).await.unwrap();
    let found = rows.list_by_parent_whose_name_is_not_short_either(parent.id).await.unwrap();
    assert_eq!(found, [child]);
    assert_error!(rows.delete(parent.id).await, Error::ForeignKey { .. });
}
