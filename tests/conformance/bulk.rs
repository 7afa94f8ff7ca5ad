//! Changes of all rows of a query, and of many by their ids.

use chrono::TimeDelta;
use repo_core::testing::Recorder;
use repo_core::{Action, AuditEntry, Database, Error, Session, Tenant, TransactionOptions, schema};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, NOBODY, acme, backend, bolt};

fn alice(db: &Database) -> Session<Tenant<Uuid>> {
    acme(db).actor("alice")
}

async fn tickets(session: &Session<Tenant<Uuid>>, codes: &[&str]) -> Vec<Ticket> {
    session.repo::<Ticket>().create_many(codes.iter().map(|code| ticket(code))).await.unwrap()
}

pub(crate) async fn all_rows_of_a_query_are_patched(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&schema![Ticket]).await;
    let (ours, theirs) = (acme(&db), bolt(&db));
    let rows = tickets(&ours, &["a", "b", "c", "d"]).await;
    let other = tickets(&theirs, &["a"]).await.remove(0);
    let repo = ours.repo::<Ticket>();
    repo.patch(rows[1].id, TicketPatch::new().title("new")).await.unwrap();
    repo.delete(rows[2].id).await.unwrap();
    clock.advance(TimeDelta::seconds(1));
    let some = repo.filter(Ticket::CODE.ne("d"));
    let patch = || TicketPatch::new().title("new");
    assert_eq!(some.clone().patch_all(patch()).await.unwrap(), 1, "b has it, c is deleted");
    let now = rows[0].updated_at + TimeDelta::seconds(1);
    let changed = Ticket { title: "new".into(), version: 2, updated_at: now, ..rows[0].clone() };
    assert_eq!(repo.get(rows[0].id).await.unwrap(), changed);
    assert_eq!(repo.get(rows[1].id).await.unwrap().version, 2);
    assert_eq!(repo.get(rows[3].id).await.unwrap(), rows[3]);
    assert_eq!(repo.query().only_deleted().one().await.unwrap().title, "title of c");
    assert_eq!(theirs.repo::<Ticket>().get(other.id).await.unwrap(), other);
    assert_eq!(some.patch_all(patch()).await.unwrap(), 0);
    assert_eq!(repo.query().patch_all(TicketPatch::new()).await.unwrap(), 0);
}

pub(crate) async fn each_patched_row_is_an_entry(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let session = alice(&db);
    let claims = session.repo::<Claim>();
    let new = (0..2_345).map(|n| claim(&format!("{n:04}")));
    let rows = claims.create_many(new).await.unwrap();
    let note = ClaimPatch::new().note(Some("n".to_owned())).account(Some("secret".to_owned()));
    claims.patch(rows[7].id, note).await.unwrap();
    let patch = ClaimPatch::new().note(Some("n".to_owned())).add(Claim::AMOUNT, Decimal::ONE);
    let before = session.audit().query().count().await.unwrap();
    assert_eq!(claims.query().patch_all(patch).await.unwrap(), 2_345);
    let entries = session.audit().query().order_by(AuditEntry::SEQ.asc());
    let entries = entries.offset(before).all().await.unwrap();
    assert_eq!(entries.len(), 2_345);
    for (entry, row) in entries.iter().zip(&rows) {
        assert_eq!((entry.action, &entry.entity_id), (Action::Update, &row.id.to_string()));
        let after = entry.after.as_ref().unwrap().as_str();
        assert_eq!(after.contains(r#""note":"n""#), row.id != rows[7].id, "{after}");
        assert!(after.contains(r#""amount":"#), "{after}");
    }
    let chain = db.audit_chain(repo_core::audit::Chain::tenant(session.scope().id()).unwrap());
    assert!(chain.verify().await.unwrap().is_intact());
    let later = chrono::Utc::now() + TimeDelta::days(1);
    for id in [rows[0].id, rows[7].id, rows[2_344].id] {
        let rebuilt = session.audit().as_of::<Claim>(id, later).await.unwrap().unwrap();
        let amount = claims.get(id).await.unwrap().amount;
        assert_eq!((rebuilt.entity.amount, amount), (rows[0].amount + Decimal::ONE, amount));
    }
}

pub(crate) async fn all_rows_of_a_query_are_deleted_with_what_goes_along(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&projects()).await;
    let session = alice(&db);
    let all = session.repo::<Project>().create_many(["a", "b", "c"].map(project)).await.unwrap();
    let new = all.iter().map(|it| task(&format!("of {}", it.name), it)).collect::<Vec<_>>();
    let tasks = session.repo::<Task>().create_many(new).await.unwrap();
    session.repo::<Task>().delete(tasks[0].id).await.unwrap();
    clock.advance(TimeDelta::seconds(1));
    let from = session.audit().query().count().await.unwrap();
    let gone = session.repo::<Project>().filter(Project::NAME.ne("c"));
    assert_eq!(gone.clone().delete_all().await.unwrap(), 2);
    assert_eq!(session.repo::<Project>().all().await.unwrap(), all[2..]);
    assert_eq!(session.repo::<Task>().all().await.unwrap(), tasks[2..]);
    let entries = session.audit().query().order_by(AuditEntry::SEQ.asc()).offset(from);
    let entries = entries.all().await.unwrap();
    let told: Vec<_> = entries.iter().map(|it| (it.action, it.entity.as_str())).collect();
    let delete = Action::Delete;
    assert_eq!(told, [(delete, "projects"), (delete, "projects"), (delete, "tasks")]);
    session.repo::<Project>().restore(all[1].id).await.unwrap();
    let restored = session.repo::<Task>().get(tasks[1].id).await.unwrap();
    assert_eq!(restored.version, 3);
    session.repo::<Project>().restore(all[0].id).await.unwrap();
    let own = session.repo::<Task>().find(tasks[0].id).await.unwrap();
    assert_eq!(own, None, "it was deleted by itself");
    assert_eq!(gone.delete_all().await.unwrap(), 2);
}

pub(crate) async fn rows_that_are_removed_are_entries_or_one_statement(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let recorder = Recorder::new(backend(&db).clone());
    let db = Database::new(std::sync::Arc::new(recorder.clone()));
    let items = db.session().repo::<Item>();
    items.create_many(["a", "b", "c"].map(item)).await.unwrap();
    recorder.clear();
    assert_eq!(items.filter(Item::NAME.gt("a")).delete_all().await.unwrap(), 2);
    assert_eq!(recorder.sql().len(), 1, "{:?}", recorder.sql());
    assert_eq!(items.all().await.unwrap().len(), 1);
}

pub(crate) async fn a_bulk_change_has_an_actor_and_a_plain_query(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let recorder = Recorder::new(backend(&db).clone());
    let recorded = Database::new(std::sync::Arc::new(recorder.clone()));
    let claims = acme(&recorded).repo::<Claim>();
    let note = || ClaimPatch::new().note(None);
    assert_error!(claims.query().patch_all(note()).await, Error::MissingActor { .. });
    assert_error!(claims.query().delete_all().await, Error::MissingActor { .. });
    assert_error!(claims.delete_many([Uuid::nil()]).await, Error::MissingActor { .. });
    let claims = alice(&recorded).repo::<Claim>();
    for query in [
        claims.query().limit(1),
        claims.query().offset(1),
        claims.query().with_deleted(),
        claims.query().only_deleted(),
    ] {
        let patched = query.clone().patch_all(note()).await;
        assert_error!(patched, Error::InvalidInput { column, .. } if column == "patch_all");
        let deleted = query.delete_all().await;
        assert_error!(deleted, Error::InvalidInput { column, .. } if column == "delete_all");
    }
    assert_eq!(recorder.sql(), [""; 0], "nothing was sent");
}

pub(crate) async fn a_bulk_change_is_all_or_nothing(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let session = alice(&db);
    let claims = session.repo::<Claim>();
    let rows = claims.create_many(["a", "b"].map(claim)).await.unwrap();
    let entries = session.audit().query().count().await.unwrap();
    let same = ClaimPatch::new().code("same");
    assert_error!(claims.query().patch_all(same).await, Error::Conflict { .. });
    let most = ClaimPatch::new().add(Claim::AMOUNT, Decimal::new(999_999_999_999, 2));
    assert_error!(claims.query().patch_all(most).await, Error::OutOfRange { .. });
    let missing = claims.delete_many([rows[0].id, Uuid::nil()]).await;
    assert_error!(missing, Error::NotFound { id, .. } if id == Uuid::nil().to_string());
    let code = |code: &str| ClaimPatch::new().code(code);
    let conflict = claims.patch_many([(rows[0].id, code("c")), (rows[1].id, code("c"))]).await;
    assert_error!(conflict, Error::Conflict { .. });
    assert_eq!(claims.all().await.unwrap(), rows);
    assert_eq!(session.audit().query().count().await.unwrap(), entries);
    // Inside a transaction the failure is survived, as a savepoint's.
    session
        .transaction(async |tx| {
            let claims = tx.repo::<Claim>();
            claims.query().patch_all(code("same")).await.unwrap_err();
            claims.delete_many([rows[0].id]).await?;
            let patched = claims.patch_many([(rows[1].id, code("c"))]).await?;
            assert_eq!((patched.len(), patched[0].version), (1, 2));
            Ok::<_, Error>(())
        })
        .await
        .unwrap();
    assert_eq!(claims.query().one().await.unwrap().code, "c");
    assert_eq!(session.audit().query().count().await.unwrap(), entries + 2);
}

pub(crate) async fn many_rows_are_patched_and_deleted_by_id(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let (ours, theirs) = (acme(&db).repo::<Ticket>(), bolt(&db));
    let rows = tickets(&acme(&db), &["a", "b", "c"]).await;
    let other = tickets(&theirs, &["a"]).await.remove(0);
    let title = |title: &str| TicketPatch::new().title(title);
    let patched = ours.patch_many([(rows[2].id, title("C")), (rows[0].id, title("A"))]).await;
    let titles: Vec<_> = patched.unwrap().into_iter().map(|it| (it.title, it.version)).collect();
    assert_eq!(titles, [("C".to_owned(), 2), ("A".to_owned(), 2)]);
    ours.delete_many([rows[1].id, rows[0].id, rows[1].id]).await.unwrap();
    assert_eq!(ours.all().await.unwrap().len(), 1);
    for ids in [vec![rows[1].id], vec![other.id], vec![rows[2].id, other.id]] {
        assert_error!(ours.delete_many(ids).await, Error::NotFound { .. });
    }
    assert_error!(ours.patch_many([(other.id, title("x"))]).await, Error::NotFound { .. });
    ours.delete_many([]).await.unwrap();
    assert_eq!(theirs.repo::<Ticket>().get(other.id).await.unwrap(), other);
}

pub(crate) async fn many_rows_are_restored_and_purged_by_id(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let (ours, theirs) = (acme(&db).repo::<Ticket>(), bolt(&db).repo::<Ticket>());
    let rows = tickets(&acme(&db), &["a", "b", "c", "d"]).await;
    let other = tickets(&bolt(&db), &["a"]).await.remove(0);
    theirs.delete(other.id).await.unwrap();
    let [a, b, c, d] = [0, 1, 2, 3].map(|at| rows[at].id);
    ours.delete_many([a, b, c]).await.unwrap();

    let found = ours.restore_many([b, a, b]).await.unwrap();
    let found: Vec<_> = found.into_iter().map(|it| (it.id, it.version)).collect();
    assert_eq!(found, [(b, 3), (a, 3)]);

    for ids in [[c, d], [c, other.id]] {
        for refused in [ours.restore_many(ids).await.map(drop), ours.purge_many(ids).await] {
            let refused = refused.unwrap_err();
            assert_eq!(refused.row(), Some(1), "{refused}");
            let is_live = ids[1] == d;
            let is_told = matches!(refused.cause(), Error::NotDeleted { .. }) == is_live;
            assert!(is_told && (is_live || refused.is_not_found()), "{refused}");
        }
        assert_eq!(ours.query().only_deleted().one().await.unwrap().id, c, "all or none");
    }

    ours.purge_many([c, c]).await.unwrap();
    assert_eq!(ours.query().with_deleted().count().await.unwrap(), 3);
    ours.purge_many([]).await.unwrap();
    assert_eq!(ours.restore_many([]).await.unwrap(), []);
    assert_eq!(theirs.query().only_deleted().count().await.unwrap(), 1);
}

pub(crate) async fn nothing_is_moved_under_a_deleted_parent_in_bulk(fixture: Fixture) {
    let db = fixture.with(&projects()).await;
    let session = alice(&db);
    let person = |name: &str| NewPerson { name: name.to_owned() };
    let persons = session.repo::<Person>();
    let (gone, here) = (
        persons.create(person("gone")).await.unwrap(),
        persons.create(person("here")).await.unwrap(),
    );
    persons.delete(gone.id).await.unwrap();
    let parent = session.repo::<Project>().create(project("p")).await.unwrap();
    let tasks = session.repo::<Task>();
    tasks.create_many([task("1", &parent), task("2", &parent)]).await.unwrap();
    let to = |person: &Person| TaskPatch::new().owner_id(person.id);
    let refused = tasks.query().patch_all(to(&gone)).await;
    assert_error!(refused, Error::ParentDeleted { parent, .. } if parent == "Person");
    assert_eq!(tasks.query().patch_all(to(&here)).await.unwrap(), 2);
    assert_eq!(tasks.filter(Task::OWNER_ID.eq(here.id)).count().await.unwrap(), 2);
}

pub(crate) async fn all_rows_of_a_table_are_patched_by_one_statement(fixture: Fixture) {
    let counters = fixture.with(&schema![Counter]).await.session().repo::<Counter>();
    let new = ["a", "b"].map(|name| NewCounter { name: name.into(), value: 1 });
    counters.create_many(new).await.unwrap();
    let add = || CounterPatch::new().add(Counter::VALUE, 1);
    assert_eq!(counters.query().patch_all(add()).await.unwrap(), 2);
    assert_eq!(counters.query().patch_all(CounterPatch::new().value(2)).await.unwrap(), 0);
    assert_eq!(counters.filter(Counter::NAME.eq("a")).patch_all(add()).await.unwrap(), 1);
    let values: Vec<_> = counters.all().await.unwrap().iter().map(|it| it.value).collect();
    assert_eq!(values, [3, 2]);
}

pub(crate) async fn a_statement_that_fails_leaves_its_transaction(fixture: Fixture) {
    let session = fixture.with(&schema![Counter]).await.session();
    let new = ["a", "b"].map(|name| NewCounter { name: name.into(), value: 1 });
    session.repo::<Counter>().create_many(new).await.unwrap();
    session
        .transaction(async |tx| {
            let counters = tx.repo::<Counter>();
            let same = CounterPatch::new().name("same");
            assert_error!(counters.query().patch_all(same).await, Error::Conflict { .. });
            assert_eq!(counters.query().patch_all(CounterPatch::new().value(2)).await?, 2);
            Ok::<_, Error>(())
        })
        .await
        .unwrap();
    assert_eq!(session.repo::<Counter>().filter(Counter::VALUE.eq(2)).count().await.unwrap(), 2);
}

/// More rows than are held at once, all of which go with the first.
pub(crate) async fn a_row_that_goes_with_another_is_counted(fixture: Fixture) {
    let db = fixture.with(&schema![Album, Track]).await;
    let session = db.session();
    let albums = session.repo::<Album>();
    let album = albums.create(NewAlbum { title: "album".into() }).await.unwrap();
    let tracks = session.repo::<Track>();
    let all = async || {
        let new = |remix_of| NewTrack { album_id: album.id, remix_of };
        let first = tracks.create(new(None)).await.unwrap();
        let others = (0..1_200).map(|_| new(Some(first.id)));
        let others = tracks.create_many(others).await.unwrap();
        let ids: Vec<_> = std::iter::once(first.id).chain(others.iter().map(|it| it.id)).collect();
        ids
    };
    all().await;
    assert_eq!(tracks.query().delete_all().await.unwrap(), 1_201);
    let mut ids = all().await;
    ids.push(ids[0]);
    tracks.delete_many(ids).await.unwrap();
    assert_eq!(tracks.query().count().await.unwrap(), 0);
}

pub(crate) async fn an_id_given_twice_is_one_row(fixture: Fixture) {
    let counters = fixture.with(&schema![Counter]).await.session().repo::<Counter>();
    let new = (0..1_100).map(|n| NewCounter { name: n.to_string(), value: n });
    let rows = counters.create_many(new).await.unwrap();
    let ids = || rows.iter().map(|row| row.id);
    let missing = counters.delete_many(ids().chain([0])).await;
    assert_error!(missing, Error::NotFound { id, .. } if id == "0");
    counters.delete_many(ids().chain(ids())).await.unwrap();
    assert_eq!(counters.query().count().await.unwrap(), 0);
}

/// Whether there is a row to change or not.
pub(crate) async fn a_bulk_change_in_a_read_only_transaction_is_refused(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let row = tickets(&acme(&db), &["a"]).await.remove(0);
    let tx = acme(&db).begin_with(TransactionOptions::new().read_only()).await.unwrap();
    let repo = tx.repo::<Ticket>();
    for code in ["a", "b"] {
        let some = || repo.filter(Ticket::CODE.eq(code));
        assert_error!(
            some().patch_all(TicketPatch::new().title("x")).await,
            Error::ReadOnly { .. }
        );
        assert_error!(some().delete_all().await, Error::ReadOnly { .. });
    }
    for id in [row.id, NOBODY] {
        assert_error!(repo.delete_many([id]).await, Error::ReadOnly { .. });
    }
    assert_eq!(repo.get(row.id).await.unwrap(), row, "the transaction goes on");
    tx.commit().await.unwrap();
}

/// Also where the transaction takes no write, whatever the entity's policies are.
pub(crate) async fn what_is_wrong_with_a_query_is_told_first(fixture: Fixture) {
    let db = fixture.with(&projects()).await;
    db.create_tables(&schema![Ticket]).await.unwrap();
    let owner = alice(&db).repo::<Person>().create(NewPerson { name: "x".into() }).await.unwrap();
    let tx = alice(&db).begin_with(TransactionOptions::new().read_only()).await.unwrap();
    let odd = || tx.repo::<Ticket>().filter(Ticket::CODE.starts_with("a\0b"));
    for refused in [
        odd().delete_all().await,
        tx.repo::<Ticket>().filter(!Ticket::CODE.starts_with("a\0b")).delete_all().await,
        odd().patch_all(TicketPatch::new().title("x")).await,
    ] {
        assert_error!(refused, Error::InvalidInput { column, .. } if column == "code");
    }
    let odd = || tx.repo::<Task>().filter(Task::CODE.eq("a\0b"));
    for refused in
        [odd().delete_all().await, odd().patch_all(TaskPatch::new().owner_id(owner.id)).await]
    {
        assert_error!(refused, Error::InvalidInput { column, .. } if column == "code");
    }
    tx.commit().await.unwrap();
}

pub(crate) async fn a_bulk_change_does_not_pass_over_what_others_hold(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    tickets(&acme(&db), &["a"]).await;
    let tx = acme(&db).begin().await.unwrap();
    let repo = tx.repo::<Ticket>();
    let heavier = || TicketPatch::new().weight(9);
    for query in [repo.query().skip_locked(), repo.query().no_wait()] {
        assert_error!(query.clone().patch_all(heavier()).await, Error::InvalidInput { .. });
        assert_error!(query.delete_all().await, Error::InvalidInput { .. });
    }
    assert_eq!(repo.query().for_update().patch_all(heavier()).await.unwrap(), 1);
    tx.commit().await.unwrap();
    let chunks = acme(&db).repo::<Ticket>().query().skip_locked().delete_in_chunks(10);
    assert_error!(chunks.await, Error::InvalidInput { .. });
}

pub(crate) async fn rows_that_refer_to_each_other_go_at_once(fixture: Fixture) {
    let session = acme(&fixture.with(&schema![Country, Team, Member]).await);
    let (members, team) = (session.repo::<Member>(), session.repo::<Team>());
    let team = team.create(crate::entities::team("A")).await.unwrap();
    let mut made: Vec<Member> = Vec::new();
    for name in ["first", "second", "third", "fourth"] {
        let mentor_id = made.last().map(|row| row.id);
        made.push(members.create(NewMember { mentor_id, ..member(name, &team) }).await.unwrap());
    }
    assert_error!(members.delete(made[2].id).await, Error::ForeignKey { .. });
    assert_error!(members.delete_many([made[1].id, made[2].id]).await, Error::ForeignKey { .. });
    members.delete_many([made[2].id, made[3].id]).await.unwrap();
    assert_eq!(members.query().delete_all().await.unwrap(), 2);
}
