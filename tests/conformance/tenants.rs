//! A tenant's rows are nobody else's: they are not found, not counted, not changed, and leave no trace.

use repo_core::{
    ColumnType, Error, Filter, InvalidValue, Kind, PageRequest, Repository, Value, WindowRequest,
    schema,
};
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{ACME, Fixture, NOBODY, acme, bolt};

pub(crate) async fn a_row_of_another_tenant_is_not_found(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let theirs = bolt(&db).repo::<Ticket>().create(ticket("B-1")).await.unwrap();
    let ours = acme(&db).repo::<Ticket>();
    assert_eq!(ours.find(theirs.id).await.unwrap(), None);
    assert!(!ours.exists(theirs.id).await.unwrap());
    assert_eq!(ours.get_many([theirs.id]).await.unwrap(), [None]);
    assert_eq!(ours.find_by_code("B-1").await.unwrap(), None);
    assert_eq!(ours.count().await.unwrap(), 0);
    assert_eq!(ours.all().await.unwrap(), []);
    assert_eq!(ours.first().await.unwrap(), None);
    assert_eq!(ours.query().with_deleted().all().await.unwrap(), []);
    let page = ours.query().page(PageRequest::number(1)).await.unwrap();
    assert_eq!((page.items, page.total), (Vec::new(), 0));
    let window = ours.query().window(WindowRequest::first(10)).await.unwrap();
    assert_eq!(window.items, []);
}

pub(crate) async fn many_who_read_at_once_each_find_rows_of_their_own_tenant(fixture: Fixture) {
    fixture.with(&schema![Ticket]).await;
    let db = fixture.beside(2).await;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for code in ["1", "2", "3", "4"] {
        ours.push(acme(&db).repo::<Ticket>().create(ticket(code)).await.unwrap());
        theirs.push(bolt(&db).repo::<Ticket>().create(ticket(code)).await.unwrap());
    }
    let gone = ours.pop().expect("there are four").id;
    acme(&db).repo::<Ticket>().delete(gone).await.unwrap();
    let readers = (0..64).map(|number| {
        let (tenant, own, foreign) =
            if number % 2 == 0 { (acme(&db), &ours, &theirs) } else { (bolt(&db), &theirs, &ours) };
        let (own, foreign) = (own[number % 3].clone(), foreign[number % 3].id);
        let tickets = tenant.repo::<Ticket>();
        tokio::spawn(async move {
            assert_eq!(tickets.find(own.id).await.unwrap().as_ref(), Some(&own));
            assert_eq!(tickets.find(foreign).await.unwrap(), None);
            assert_eq!(tickets.find(gone).await.unwrap(), None);
            assert!(tickets.exists(own.id).await.unwrap());
            assert!(!tickets.exists(foreign).await.unwrap());
            assert!(!tickets.exists(gone).await.unwrap());
        })
    });
    for reader in readers.collect::<Vec<_>>() {
        reader.await.unwrap();
    }
}

pub(crate) async fn its_error_is_that_of_an_id_which_no_row_has(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let others = bolt(&db).repo::<Ticket>();
    let live = others.create(ticket("B-1")).await.unwrap();
    let deleted = others.create(ticket("B-2")).await.unwrap();
    others.delete(deleted.id).await.unwrap();
    let ours = acme(&db).repo::<Ticket>();
    let errors = async |id| {
        let patch = || TicketPatch::new().title("mine");
        let mut entity = live.clone();
        (entity.id, entity.tenant_id) = (id, ACME);
        let errors = [
            ours.get(id).await.expect_err("got"),
            ours.update(&entity).await.expect_err("updated"),
            ours.patch(id, patch()).await.expect_err("patched"),
            ours.patch(id, patch()).if_version(1).await.expect_err("patched"),
            ours.patch(id, TicketPatch::new()).await.expect_err("patched"),
            ours.delete(id).await.expect_err("deleted"),
            ours.delete(id).if_version(1).await.expect_err("deleted"),
            ours.restore(id).await.expect_err("restored"),
            ours.restore(id).if_version(2).await.expect_err("restored"),
            ours.purge(id).await.expect_err("purged"),
        ];
        errors.map(|error| format!("{error:?}|{error}").replace(&id.to_string(), "ID"))
    };
    let expected = errors(NOBODY).await;
    assert!(expected.iter().all(|error| error.starts_with("NotFound")), "{expected:?}");
    assert_eq!(errors(live.id).await, expected);
    assert_eq!(errors(deleted.id).await, expected);
    assert_eq!(others.get(live.id).await.unwrap(), live, "and left no trace");
    assert_eq!(others.query().with_deleted().count().await.unwrap(), 2);
}

pub(crate) async fn an_entity_of_another_tenant_is_not_written(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let theirs = bolt(&db).repo::<Ticket>().create(ticket("B-1")).await.unwrap();
    let ours = acme(&db).repo::<Ticket>();
    assert_error!(ours.update(&theirs).await, Error::TenantMismatch { entity: "Ticket" });
    assert_eq!(bolt(&db).repo::<Ticket>().get(theirs.id).await.unwrap(), theirs);
}

pub(crate) async fn the_same_id_may_exist_in_two_tenants(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let counting = || db.clone().with_ids(repo_core::testing::SequentialIds::new());
    let ours = acme(&counting()).repo::<Ticket>().create(ticket("A-1")).await.unwrap();
    let theirs = bolt(&counting()).repo::<Ticket>().create(ticket("B-1")).await.unwrap();
    assert_eq!(ours.id, theirs.id);
    let mine = acme(&db).repo::<Ticket>();
    mine.patch(ours.id, TicketPatch::new().title("changed")).await.unwrap();
    mine.delete(ours.id).await.unwrap();
    mine.purge(ours.id).await.unwrap();
    assert_eq!(bolt(&db).repo::<Ticket>().get(theirs.id).await.unwrap(), theirs);

    let again = acme(&counting()).repo::<Ticket>().create(ticket("A-1")).await.unwrap();
    let all = db.all_tenants("a case").repo::<Ticket>();
    assert_error!(all.find(again.id).await, Error::MoreThanOne { entity: "Ticket" });
    assert_error!(all.get_many([again.id]).await, Error::MoreThanOne { entity: "Ticket" });
    assert_eq!(all.count().await.unwrap(), 2);
}

pub(crate) async fn no_filter_reaches_beyond_the_tenant(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let theirs = bolt(&db).repo::<Ticket>().create(ticket("B-1")).await.unwrap();
    let tickets = acme(&db).repo::<Ticket>();
    let ours = tickets.create(ticket("A-1")).await.unwrap();
    for filter in [
        Filter::always(),
        Ticket::TENANT_ID.eq(theirs.tenant_id) | Ticket::TITLE.contains(""),
        Filter::any([Ticket::ID.eq(theirs.id), Ticket::ID.eq(ours.id)]),
        !Filter::never(),
        !Ticket::ID.in_list([NOBODY]),
        Ticket::OWNER.is_null() | Filter::always(),
    ] {
        let found = tickets.filter(filter.clone()).with_deleted().all().await.unwrap();
        assert_eq!(found, std::slice::from_ref(&ours), "{filter:?}");
        assert_eq!(tickets.filter(filter.clone()).count().await.unwrap(), 1, "{filter:?}");
        let page = tickets.filter(filter).page(PageRequest::number(1)).await.unwrap();
        assert_eq!(page.total, 1);
    }
}

pub(crate) async fn a_session_over_all_tenants_reads_everything(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket, Item]).await;
    let ours = acme(&db).repo::<Ticket>().create(ticket("A-1")).await.unwrap();
    let theirs = bolt(&db).repo::<Ticket>().create(ticket("B-1")).await.unwrap();
    let before = db.opened_over_all_tenants();
    let session = db.all_tenants("a case");
    assert_eq!(db.opened_over_all_tenants(), before + 1);
    assert_eq!(session.reason(), "a case");
    let all = session.repo::<Ticket>();
    assert_eq!(all.get(ours.id).await.unwrap(), ours);
    assert_eq!(all.get(theirs.id).await.unwrap(), theirs);
    assert!(all.exists(theirs.id).await.unwrap());
    assert!(!all.exists(NOBODY).await.unwrap());
    let many = all.get_many([theirs.id, NOBODY, ours.id]).await.unwrap();
    assert_eq!(many, [Some(theirs.clone()), None, Some(ours.clone())]);
    assert_eq!(all.all().await.unwrap(), [ours.clone(), theirs]);
    assert_eq!(all.count().await.unwrap(), 2);
    assert_eq!(all.find_by_code("A-1").await.unwrap(), Some(ours));
    assert_error!(all.get(NOBODY).await, Error::NotFound { entity: "Ticket", .. });
    session.repo::<Item>().create(item("shared")).await.unwrap();
    bolt(&db).repo::<Ticket>().delete(many[0].as_ref().unwrap().id).await.unwrap();
    assert_eq!(all.count().await.unwrap(), 1, "live rows only");
}

pub(crate) async fn a_shared_row_is_everybodys(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let created = acme(&db).repo::<Item>().create(item("a")).await.unwrap();
    assert_eq!(bolt(&db).repo::<Item>().get(created.id).await.unwrap(), created);
    assert_eq!(db.session().repo::<Item>().all().await.unwrap(), [created]);
}

pub(crate) async fn tenants_of_any_type_are_kept_apart(fixture: Fixture) {
    let db = fixture.with(&schema![Event, Host]).await;
    let request = uuid::Uuid::from_u128(1);
    for org in [i64::MIN, -1, 0, 1, i64::MAX] {
        let events = db.tenant(Org(org)).correlation(request).repo::<Event>();
        let created = events.create(event("same")).await.unwrap();
        assert_eq!(events.all().await.unwrap(), [created]);
    }
    for (index, name) in ["a", "A", "a ", "%", "' OR 1=1 --", "🦀"].into_iter().enumerate() {
        let hosts = db.tenant(realm(name)).repo::<Host>();
        let created = hosts.create(host(&index.to_string())).await.unwrap();
        assert_eq!(created.of, realm(name));
        assert_eq!(hosts.all().await.unwrap(), [created]);
    }
}

pub(crate) async fn a_tenant_that_no_column_holds_is_refused(fixture: Fixture) {
    let db = fixture.with(&schema![Host]).await;
    for name in ["a\0b", ""] {
        let hosts = db.tenant(realm(name)).repo::<Host>();
        assert_error!(hosts.all().await, Error::InvalidInput { column, .. } if column == "realm");
        assert_error!(hosts.create(host("x")).await, Error::InvalidInput { column, .. } if column == "realm");
    }
}

/// A tenant whose text is read in small letters.
#[derive(Debug, Clone, PartialEq)]
struct Guild(String);

impl ColumnType for Guild {
    type Bare = Self;
    type Class = <String as ColumnType>::Class;
    const KIND: Kind = String::KIND;

    fn encode(&self, kind: Kind) -> Result<Value<'_>, InvalidValue> {
        self.0.encode(kind)
    }

    fn decode(value: Value<'_>) -> Result<Self, InvalidValue> {
        String::decode(value).map(|text| Self(text.to_lowercase()))
    }
}

/// What a guild owns.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "chests", tenant, audited)]
struct Chest {
    id: Uuid,
    #[repository(tenant)]
    guild: Guild,
    #[repository(unique)]
    label: String,
}

pub(crate) async fn no_new_row_is_of_another_tenant_than_the_session(fixture: Fixture) {
    let db = fixture.with(&schema![Chest]).await;
    let new = || NewChest { label: "a".to_owned() };
    let loud = db.tenant(Guild("ACME".to_owned())).actor("ann");
    let chests = loud.repo::<Chest>();
    assert_error!(chests.create(new()).await, Error::TenantMismatch { entity: "Chest" });
    assert_error!(chests.create_many([new()]).await, Error::TenantMismatch { entity: "Chest" });
    let upserted = chests.upsert(Chest::LABEL, new()).await;
    assert_error!(upserted, Error::TenantMismatch { entity: "Chest" });
    let upserted = chests.upsert_many(Chest::LABEL, [new()]).await;
    assert_error!(upserted, Error::TenantMismatch { entity: "Chest" });
    let created = chests.create_or_get(Chest::LABEL, new()).await;
    assert_error!(created, Error::TenantMismatch { entity: "Chest" });
    let partly = chests.create_many_partial([new()]).await;
    assert_error!(partly, Error::TenantMismatch { entity: "Chest" });

    let quiet = db.tenant(Guild("acme".to_owned())).actor("ann");
    assert_eq!(quiet.repo::<Chest>().count().await.unwrap(), 0);
    assert_eq!(quiet.audit().count().await.unwrap(), 0);
    let created = quiet.repo::<Chest>().create(new()).await.unwrap();
    assert_eq!(quiet.repo::<Chest>().all().await.unwrap(), [created]);
}
