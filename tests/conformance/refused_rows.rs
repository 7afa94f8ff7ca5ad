//! Of several rows that are given, the one that is refused is named; in part, the others are added.

use repo_core::{Action, Database, Error, Result, Session, Tenant, schema};
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, NOBODY, acme, bolt};

fn alice(db: &Database) -> Session<Tenant<Uuid>> {
    acme(db).actor("alice")
}

/// The row that an error names, which is of this cause.
fn row<T: std::fmt::Debug>(result: Result<T>, is_cause: fn(&Error) -> bool) -> Option<usize> {
    let error = result.expect_err("a row is refused");
    assert!(is_cause(error.cause()), "{error}");
    error.row()
}

fn is_parent_deleted(error: &Error) -> bool {
    matches!(error, Error::ParentDeleted { .. })
}

fn is_foreign_key(error: &Error) -> bool {
    matches!(error, Error::ForeignKey { .. })
}

pub(crate) async fn a_row_that_conflicts_is_named_in_any_number(fixture: Fixture) {
    let db = fixture.with(&schema![Counter, Item, Ticket]).await;
    let (counters, items) = (db.session().repo::<Counter>(), db.session().repo::<Item>());
    let tickets = acme(&db).repo::<Ticket>();
    counters.create(counter("there")).await.unwrap();
    items.create(item("there")).await.unwrap();
    tickets.create(ticket("there")).await.unwrap();
    bolt(&db).repo::<Ticket>().create(ticket("0")).await.unwrap();
    for (count, wrong) in [(1, 0), (2, 0), (2, 1), (7, 4), (1_200, 1_100)] {
        let name = |n: usize| if n == wrong { "there".to_owned() } else { n.to_string() };
        let names = || (0..count).map(name);
        let created = counters.create_many(names().map(|name| counter(&name))).await;
        assert_eq!(row(created, Error::is_conflict), Some(wrong));
        let created = items.create_many(names().map(|name| item(&name))).await;
        assert_eq!(row(created, Error::is_conflict), Some(wrong));
        let created = tickets.create_many(names().map(|name| ticket(&name))).await;
        assert_eq!(row(created, Error::is_conflict), Some(wrong));
    }
    assert_eq!(counters.count().await.unwrap(), 1);
    assert_eq!(items.count().await.unwrap(), 1);
    assert_eq!(tickets.count().await.unwrap(), 1);
    counters.create(counter("still numbered")).await.unwrap();
}

pub(crate) async fn of_two_rows_with_one_key_the_second_is_named(fixture: Fixture) {
    let db = fixture.with(&schema![Item, Claim]).await;
    let items = db.session().repo::<Item>();
    let created = items.create_many(["a", "b", "a", "b"].map(item)).await;
    let error = created.expect_err("two rows have one name");
    assert_eq!(error.row(), Some(2));
    let words = "of the rows given, number 2, counted from 0: another `Item` has the same name";
    assert_eq!(error.to_string(), words);
    let claims = alice(&db).repo::<Claim>();
    let created = claims.create_many(["a", "b", "c", "b"].map(claim)).await;
    assert_eq!(row(created, Error::is_conflict), Some(3));
    assert_eq!(alice(&db).audit().count().await.unwrap(), 0);
}

pub(crate) async fn the_first_row_that_is_refused_is_named_whatever_refuses_it(fixture: Fixture) {
    let db =
        fixture.with(&schema![Member, Team, Country, Task, Project, Person, Hint, Hours]).await;
    let session = alice(&db);
    let team = session.repo::<Team>().create(team("one")).await.unwrap();
    let members = session.repo::<Member>();
    let lost = || NewMember { team_id: NOBODY, ..member("ada", &team) };
    let many = members.create_many([member("eve", &team), lost(), lost()]).await;
    assert_eq!(row(many, is_foreign_key), Some(1));

    let (projects, tasks) = (session.repo::<Project>(), session.repo::<Task>());
    let here = projects.create(project("here")).await.unwrap();
    let gone = projects.create(project("gone")).await.unwrap();
    projects.delete(gone.id).await.unwrap();
    let of = |code: &str, parent| task(code, parent);
    let many = tasks.create_many([of("a", &here), of("b", &here), of("c", &gone)]).await;
    assert_eq!(row(many, is_parent_deleted), Some(2));
    // The one that is refused first, by itself after those before it, and not the one that is met first.
    let many = tasks.create_many([of("a", &here), of("a", &here), of("c", &gone)]).await;
    assert_eq!(row(many, Error::is_conflict), Some(1));
    let unknown = NewTask { project_id: NOBODY, ..of("d", &here) };
    let many = tasks.create_many([of("a", &here), unknown, of("a", &here)]).await;
    assert_eq!(row(many, is_foreign_key), Some(1));
    assert_eq!(tasks.count().await.unwrap(), 0);
}

pub(crate) async fn a_value_that_does_not_fit_is_of_its_row(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let tickets = acme(&db).repo::<Ticket>();
    tickets.create(ticket("there")).await.unwrap();
    let long = "x".repeat(41);
    let rows = || [ticket("there"), ticket("b"), ticket(&long), ticket(&long)];
    assert_eq!(row(tickets.create_many(rows()).await, Error::is_invalid_input), Some(2));
    let tx = acme(&db).begin().await.unwrap();
    let created = tx.repo::<Ticket>().create_many(rows()).await;
    assert_eq!(row(created, Error::is_invalid_input), Some(2));
    tx.repo::<Ticket>().create_many([ticket("c")]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(tickets.count().await.unwrap(), 2);
}

pub(crate) async fn in_a_transaction_the_row_is_named_among_what_is_there(fixture: Fixture) {
    let db = fixture.pool_of_one(&schema![Item, Claim]).await;
    let tx = alice(&db).begin().await.unwrap();
    let claims = tx.repo::<Claim>();
    claims.create_many(["a", "b"].map(claim)).await.unwrap();
    let created = claims.create_many(["c", "d", "b", "c"].map(claim)).await;
    assert_eq!(row(created, Error::is_conflict), Some(2));
    assert_error!(claims.count().await, Error::TransactionFailed { .. });
    assert_error!(tx.commit().await, Error::TransactionFailed { .. });
    assert_eq!(alice(&db).repo::<Claim>().count().await.unwrap(), 0);

    let tx = alice(&db).begin().await.unwrap();
    let claims = tx.repo::<Claim>();
    claims.create(claim("a")).await.unwrap();
    let nested = tx.begin().await.unwrap();
    let created = nested.repo::<Claim>().create_many(["b", "a"].map(claim)).await;
    assert_eq!(row(created, Error::is_conflict), Some(1));
    nested.rollback().await.unwrap();
    claims.create(claim("b")).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(alice(&db).repo::<Claim>().count().await.unwrap(), 2);
    assert_eq!(alice(&db).audit().count().await.unwrap(), 2);
}

pub(crate) async fn a_row_of_an_upsert_a_patch_or_a_deletion_is_named(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let tickets = acme(&db).repo::<Ticket>();
    let made = tickets.create_many(["a", "b", "c"].map(ticket)).await.unwrap();
    let upserted = tickets.upsert_many(Ticket::CODE, ["a", "d", "a"].map(ticket)).await;
    assert_eq!(row(upserted, Error::is_invalid_input), Some(2));
    let fixed = [ticket("d").queue("new"), ticket("a").queue("another")];
    let upserted = tickets.upsert_many(Ticket::CODE, fixed).await;
    assert_eq!(row(upserted, Error::is_invalid_input), Some(1));
    let patch = |code: &str| TicketPatch::new().code(code);
    let patched = tickets.patch_many([(made[0].id, patch("e")), (made[1].id, patch("c"))]).await;
    assert_eq!(row(patched, Error::is_conflict), Some(1));
    let patched = tickets.patch_many([(made[0].id, patch("e")), (NOBODY, patch("f"))]).await;
    assert_eq!(row(patched, Error::is_not_found), Some(1));
    let deleted = tickets.delete_many([made[0].id, made[1].id, NOBODY]).await;
    assert_eq!(row(deleted, Error::is_not_found), Some(2));
    assert_eq!(tickets.all().await.unwrap(), made);
    let one = tickets.upsert(Ticket::CODE, ticket("a").queue("another")).await;
    assert_eq!(row(one, Error::is_invalid_input), None);
}

pub(crate) async fn rows_that_are_refused_leave_the_others(fixture: Fixture) {
    let db = fixture.with(&schema![Counter, Claim]).await;
    let counters = db.session().repo::<Counter>();
    counters.create(counter("there")).await.unwrap();
    let name = |n: usize| match n % 10 {
        3 => "there".to_owned(),
        7 => "0".to_owned(),
        _ => n.to_string(),
    };
    for rows in [3..5, 0..40, 0..0] {
        let names: Vec<_> = rows.clone().map(name).collect();
        let done = counters.create_many_partial(names.iter().map(|name| counter(name))).await;
        let done = done.unwrap();
        assert_eq!(done.len(), rows.len());
        let refused = |row: usize| [3, 7].contains(&(row % 10)) || row == 4 && rows.start == 0;
        for ((row, name), done) in rows.clone().zip(&names).zip(&done) {
            match done {
                Ok(made) => assert_eq!(&made.name, name),
                Err(Error::Conflict { .. }) => assert!(refused(row), "{row}"),
                Err(other) => panic!("{other}"),
            }
        }
        let made: Vec<_> = done.into_iter().flatten().collect();
        let stored = counters.get_many(made.iter().map(|row| row.id)).await.unwrap();
        assert_eq!(stored, made.into_iter().map(Some).collect::<Vec<_>>());
    }
    // Beside the first: number 4 of the two, and of the forty all but that one and eight.
    assert_eq!(counters.count().await.unwrap(), 1 + 1 + 31);
}

pub(crate) async fn only_what_is_added_is_recorded(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let (session, theirs) = (alice(&db), bolt(&db).actor("bob"));
    theirs.repo::<Claim>().create(claim("a")).await.unwrap();
    let claims = session.repo::<Claim>();
    let long = NewClaim { note: Some("\0".to_owned()), ..claim("z") };
    let rows = [claim("a"), long, claim("b"), claim("a"), claim("c")];
    let done = claims.create_many_partial(rows).await.unwrap();
    let [Ok(a), Err(invalid), Ok(b), Err(conflict), Ok(c)] = &done[..] else { panic!("{done:?}") };
    assert!(invalid.is_invalid_input() && conflict.is_conflict());
    assert!(invalid.row().is_none() && conflict.row().is_none(), "its place is that in the list");
    assert_eq!(claims.all().await.unwrap(), [a.clone(), b.clone(), c.clone()]);
    let entries = session.audit().query().all().await.unwrap();
    let recorded: Vec<_> = entries.iter().map(|it| (it.action, it.entity_id.clone())).collect();
    let created = [a, b, c].map(|row| (Action::Create, row.id.to_string()));
    assert_eq!(recorded, created);
    let nobody = acme(&db).repo::<Claim>().create_many_partial([claim("d")]).await;
    assert_error!(nobody, Error::MissingActor { .. });
}

pub(crate) async fn nothing_is_added_in_part_under_a_deleted_parent(fixture: Fixture) {
    let db = fixture.with(&projects()).await;
    let session = alice(&db);
    let (projects, tasks) = (session.repo::<Project>(), session.repo::<Task>());
    let here = projects.create(project("here")).await.unwrap();
    let gone = projects.create(project("gone")).await.unwrap();
    projects.delete(gone.id).await.unwrap();
    let rows = [task("a", &gone), task("b", &here), task("b", &here), task("c", &here)];
    let done = tasks.create_many_partial(rows).await.unwrap();
    let [Err(deleted), Ok(b), Err(conflict), Ok(c)] = &done[..] else { panic!("{done:?}") };
    assert!(is_parent_deleted(deleted) && conflict.is_conflict());
    assert_eq!(tasks.all().await.unwrap(), [b.clone(), c.clone()]);
}

pub(crate) async fn a_partial_batch_is_part_of_its_transaction(fixture: Fixture) {
    let db = fixture.pool_of_one(&schema![Item]).await;
    let tx = db.session().begin().await.unwrap();
    let items = tx.repo::<Item>();
    let done = items.create_many_partial(["a", "a", "b"].map(item)).await.unwrap();
    assert_eq!(done.iter().filter(|row| row.is_ok()).count(), 2);
    items.create(item("c")).await.unwrap();
    tx.commit().await.unwrap();
    let items = db.session().repo::<Item>();
    assert_eq!(items.count().await.unwrap(), 3);
    let tx = db.session().begin().await.unwrap();
    let done = tx.repo::<Item>().create_many_partial(["c", "d"].map(item)).await.unwrap();
    assert!(done[0].is_err() && done[1].is_ok());
    tx.rollback().await.unwrap();
    assert_eq!(items.count().await.unwrap(), 3);
}
