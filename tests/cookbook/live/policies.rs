//! Policies that a table with rows gets.

use chrono::{DateTime, Utc};
use repo_core::audit::Chain;
use repo_core::{Error, Repository, schema};
use uuid::Uuid;

use crate::before::{self, Line, Order, SHOP, State};
use crate::place::Place;

mod versioned_order {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "orders", tenant, versioned)]
    pub struct Order {
        pub id: Uuid,
        pub tenant_id: Uuid,
        #[repository(unique)]
        pub number: String,
        pub state: State,
        pub note: Option<String>,
        pub version: i64,
    }
}

mod marked {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "orders", tenant, soft_delete)]
    pub struct Order {
        pub id: Uuid,
        pub tenant_id: Uuid,
        #[repository(unique)]
        pub number: String,
        pub state: State,
        pub note: Option<String>,
        pub deleted_at: Option<DateTime<Utc>>,
    }

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "lines", tenant)]
    pub struct Line {
        pub id: Uuid,
        pub tenant_id: Uuid,
        #[repository(references = Order)]
        pub order_id: Uuid,
    }
}

mod recorded {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "orders", tenant, audited)]
    pub struct Order {
        pub id: Uuid,
        pub tenant_id: Uuid,
        #[repository(unique)]
        pub number: String,
        pub state: State,
        pub note: Option<String>,
    }
}

mod labelled {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "orders", tenant, audited)]
    pub struct Order {
        pub id: Uuid,
        pub tenant_id: Uuid,
        #[repository(unique)]
        pub number: String,
        pub state: State,
        pub note: Option<String>,
        #[repository(max_length = 40, added_with = String::new())]
        pub label: String,
    }
}

mod kept {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "orders", tenant, immutable)]
    pub struct Order {
        pub id: Uuid,
        pub tenant_id: Uuid,
        #[repository(unique)]
        pub number: String,
        pub state: State,
        pub note: Option<String>,
    }
}

pub(crate) async fn versioned(place: &Place) {
    let old = place.program(&schema![Order]).await;
    let first = before::orders(&old).create(before::order("A1")).await.unwrap();
    let schema = schema![versioned_order::Order];
    assert_eq!(place.findings(&schema).await, ["the column `version` of `orders` is missing"]);

    place.migrate("versioned").await;
    let new = place.program(&schema).await;
    assert!(place.findings(&schema).await.is_empty());
    before::goes_on(&old, &first).await;

    let orders = new.tenant(SHOP).repo::<versioned_order::Order>();
    let read = orders.get(first.id).await.unwrap();
    let note = before::OrderPatch::new().note(None);
    before::orders(&old).patch(first.id, note).await.unwrap();
    let written = orders.update(&read).await.unwrap();
    assert_eq!((read.version, written.version), (1, 2), "the change between is not counted");
    assert!(orders.update(&read).await.is_err_and(|error| error.is_version_conflict()));
}

pub(crate) async fn soft_delete(place: &Place) {
    let old = place.program(&schema![Order, Line]).await;
    let first = before::orders(&old).create(before::order("A1")).await.unwrap();
    let schema = schema![marked::Order, marked::Line];
    let findings = place.findings(&schema).await;
    assert_eq!(findings[0], "the column `deleted_at` of `orders` is missing");
    let of_all = "the unique key `orders_tenant_id_number_key` of `orders` is about all rows instead of the rows \
        where \"deleted_at\" IS NULL";
    assert!(findings.iter().any(|it| it == of_all), "{findings:?}");

    place.migrate("soft_delete").await;
    let new = place.program(&schema).await;
    assert!(place.findings(&schema).await.is_empty());
    let orders = new.tenant(SHOP).repo::<marked::Order>();
    if !place.is_sqlite() {
        before::goes_on(&old, &first).await;
        orders.create_or_get(marked::Order::NUMBER, new_order("A1")).await.unwrap();
    }
    for sql in place.later("soft_delete") {
        place.run(&sql).await;
    }
    assert!(place.findings(&schema).await.is_empty());
    orders.create_or_get(marked::Order::NUMBER, new_order("A1")).await.unwrap();
    orders.delete(first.id).await.unwrap();
    let again = orders.create(new_order("A1")).await.unwrap();
    assert_eq!(orders.all().await.unwrap(), [again]);
}

fn new_order(number: &str) -> marked::NewOrder {
    marked::NewOrder { number: number.into(), state: State::Open, note: Some("by hand".into()) }
}

pub(crate) async fn audited(place: &Place) {
    let old = place.program(&schema![Order]).await;
    let first = before::orders(&old).create(before::order("A1")).await.unwrap();
    let schema = schema![recorded::Order];
    let missing = ["the table `repo_audit` is missing", "the table `repo_audit_heads` is missing"];
    assert_eq!(place.findings(&schema).await, missing);

    let new = place.program(&schema).await;
    assert!(place.findings(&schema).await.is_empty());
    before::goes_on(&old, &first).await;
    let shop = new.tenant(SHOP).actor("ann");
    let sent = recorded::OrderPatch::new().state(State::Sent);
    shop.repo::<recorded::Order>().patch(first.id, sent).await.unwrap();
    assert_eq!(shop.audit().history::<recorded::Order>(first.id).count().await.unwrap(), 1);
    let before = shop.audit().as_of::<recorded::Order>(first.id, DateTime::UNIX_EPOCH).await;
    assert!(matches!(before, Err(Error::Decode { .. })), "{before:?}");
}

pub(crate) async fn audited_with_a_field_that_must_be_there(place: &Place) {
    let old = place.program(&schema![recorded::Order]).await;
    let new = recorded::NewOrder { number: "A1".into(), state: State::Open, note: None };
    let shop = old.tenant(SHOP).actor("ann");
    let first = shop.repo::<recorded::Order>().create(new).await.unwrap();
    place.migrate("A field that must be there").await;

    let schema = schema![labelled::Order];
    let new = place.program(&schema).await;
    assert!(place.findings(&schema).await.is_empty());
    let shop = new.tenant(SHOP).actor("ann");
    let as_of = async |at| shop.audit().as_of::<labelled::Order>(first.id, at).await;
    let before = as_of(Utc::now()).await.unwrap().unwrap();
    assert_eq!((before.entity.label.as_str(), before.unrecorded), ("", vec!["label"]));
    let red = labelled::OrderPatch::new().label("red");
    let red = shop.repo::<labelled::Order>().patch(first.id, red).await.unwrap();
    let after = as_of(Utc::now()).await.unwrap().unwrap();
    assert_eq!((after.entity, after.unrecorded), (red, vec![]));
    let chain = new.audit_chain(Chain::tenant(&SHOP).unwrap());
    assert!(chain.verify().await.unwrap().is_intact());
}

pub(crate) async fn immutable(place: &Place) {
    let old = place.program(&schema![Order]).await;
    let orders = before::orders(&old);
    let first = orders.create(before::order("A1")).await.unwrap();
    let schema = schema![kept::Order];
    assert!(!place.findings(&schema).await.is_empty());

    let new = place.program(&schema).await;
    assert!(place.findings(&schema).await.is_empty());
    let sent = before::OrderPatch::new().state(State::Sent);
    let refused = orders.patch(first.id, sent).await;
    assert!(matches!(refused, Err(Error::Immutable { .. })), "{refused:?}");
    assert!(matches!(orders.delete(first.id).await, Err(Error::Immutable { .. })));
    orders.create(before::order("A2")).await.unwrap();
    assert_eq!(new.tenant(SHOP).repo::<kept::Order>().count().await.unwrap(), 2);
}
