//! Columns that come, change and go.

use chrono::NaiveDate;
use repo_core::{ColumnEnum, Error, Repository, schema};
use uuid::Uuid;

use crate::before::{self, Order, SHOP, State};
use crate::place::Place;
use crate::rebuild;

mod dated {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "orders", tenant)]
    pub struct Order {
        pub id: Uuid,
        pub tenant_id: Uuid,
        #[repository(unique)]
        pub number: String,
        pub state: State,
        pub note: Option<String>,
        pub due: Option<NaiveDate>,
    }
}

mod due {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "orders", tenant)]
    pub struct Order {
        pub id: Uuid,
        pub tenant_id: Uuid,
        #[repository(unique)]
        pub number: String,
        pub state: State,
        pub note: Option<String>,
        pub due: NaiveDate,
    }
}

mod labelled {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "orders", tenant)]
    pub struct Order {
        pub id: Uuid,
        pub tenant_id: Uuid,
        #[repository(unique)]
        pub number: String,
        pub state: State,
        pub note: Option<String>,
        #[repository(max_length = 40)]
        pub label: String,
        pub channel: Channel,
    }

    #[derive(Debug, Clone, Copy, PartialEq, ColumnEnum)]
    pub enum Channel {
        Shop,
        Web,
    }
}

mod tagged {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "orders", tenant)]
    pub struct Order {
        pub id: Uuid,
        pub tenant_id: Uuid,
        #[repository(unique)]
        pub number: String,
        pub state: State,
        pub note: Option<String>,
        #[repository(max_length = 40)]
        pub label: String,
    }
}

mod returned {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "orders", tenant)]
    pub struct Order {
        pub id: Uuid,
        pub tenant_id: Uuid,
        #[repository(unique)]
        pub number: String,
        pub state: State,
        pub note: Option<String>,
    }

    #[derive(Debug, Clone, Copy, PartialEq, ColumnEnum)]
    pub enum State {
        Open,
        Sent,
        Returned,
    }
}

pub(crate) async fn a_field_that_may_be_empty(place: &Place) {
    let old = place.program(&schema![Order]).await;
    let first = before::orders(&old).create(before::order("A1")).await.unwrap();
    let schema = schema![dated::Order];
    assert_eq!(place.findings(&schema).await[0], "the column `due` of `orders` is missing");

    place.migrate("A field that may be empty").await;
    let new = place.program(&schema).await;
    assert!(place.findings(&schema).await.is_empty());
    let orders = new.tenant(SHOP).repo::<dated::Order>();
    assert_eq!(orders.get(first.id).await.unwrap().due, None);
    let due = NaiveDate::from_ymd_opt(2026, 5, 3);
    orders.patch(first.id, dated::OrderPatch::new().due(due)).await.unwrap();

    // The old program writes all that it knows, and nothing else.
    before::orders(&old).update(&first).await.unwrap();
    assert_eq!(orders.get(first.id).await.unwrap().due, due);
    before::goes_on(&old, &first).await;

    // In the next release it must be there.
    let schema = schema![due::Order];
    assert_eq!(place.findings(&schema).await, ["the column `due` of `orders` takes NULL"]);
    if place.is_sqlite() {
        rebuild::anew(place, &schema, "orders", "id, tenant_id, number, state, note, due").await;
    } else {
        place.run(&place.later("A field that must be there")[0]).await;
    }
    assert!(place.findings(&schema).await.is_empty());
}

pub(crate) async fn a_field_that_must_be_there(place: &Place) {
    let old = place.program(&schema![Order]).await;
    let first = before::orders(&old).create(before::order("A1")).await.unwrap();
    let schema = schema![labelled::Order];
    let missing = [
        "the column `label` of `orders` is missing",
        "the column `channel` of `orders` is missing",
        "the check `orders_label_check` of `orders` is missing",
        "the check `orders_channel_check` of `orders` is missing",
    ];
    assert_eq!(place.findings(&schema).await, missing);

    place.migrate("A field that must be there").await;
    let new = place.program(&schema).await;
    assert!(place.findings(&schema).await.is_empty());
    let orders = new.tenant(SHOP).repo::<labelled::Order>();
    let found = orders.get(first.id).await.unwrap();
    assert_eq!((found.label.as_str(), found.channel), ("", labelled::Channel::Shop));
    orders.patch(first.id, labelled::OrderPatch::new().label("x".repeat(40))).await.unwrap();
    let refused = place.try_run("UPDATE orders SET channel = 'phone'").await;
    assert!(refused.unwrap_err().contains("orders_channel_check"));
    before::goes_on(&old, &first).await;
}

pub(crate) async fn a_variant_of_an_enum(place: &Place) {
    let old = place.program(&schema![Order]).await;
    let first = before::orders(&old).create(before::order("A1")).await.unwrap();
    let schema = schema![returned::Order];
    let refuses = "the check `orders_state_check` of `orders` refuses `returned`";
    assert_eq!(place.findings(&schema).await, [refuses]);

    let heading =
        if place.is_sqlite() { "A table made anew on SQLite" } else { "A variant of an enum" };
    place.run(&place.now(heading)[0]).await;
    let new = place.program(&schema).await;
    assert!(place.findings(&schema).await.is_empty());
    before::goes_on(&old, &first).await;

    // What the old program cannot read it cannot list either.
    let orders = new.tenant(SHOP).repo::<returned::Order>();
    let back = returned::OrderPatch::new().state(returned::State::Returned);
    orders.patch(first.id, back).await.unwrap();
    let unknown = before::orders(&old).all().await;
    assert!(matches!(unknown, Err(Error::Decode { .. })), "{unknown:?}");
}

pub(crate) async fn a_field_that_goes(place: &Place) {
    let old = place.program(&schema![tagged::Order]).await;
    let old_orders = old.tenant(SHOP).repo::<tagged::Order>();
    let tagged = |number: &str| tagged::NewOrder {
        number: number.into(),
        state: State::Open,
        note: None,
        label: "red".into(),
    };
    let first = old_orders.create(tagged("A1")).await.unwrap();
    let schema = schema![Order];
    let stranger = "the column `label` of `orders` is none of the schema's, and is NOT NULL without a default: \
        no row can be created";
    assert_eq!(place.findings(&schema).await, [stranger]);

    place.migrate("A field that goes").await;
    let new = place.program(&schema).await;
    let orders = before::orders(&new);
    if !place.is_sqlite() {
        assert!(place.findings(&schema).await.is_empty());
        let second = orders.create(before::order("A2")).await.unwrap();
        assert_eq!(old_orders.get(second.id).await.unwrap().label, "");
        old_orders.delete(second.id).await.unwrap();
        old_orders.update(&first).await.unwrap();
    }
    for sql in place.later("A field that goes") {
        place.run(&sql).await;
    }
    assert!(place.findings(&schema).await.is_empty());
    before::goes_on(&new, &orders.get(first.id).await.unwrap()).await;
}
