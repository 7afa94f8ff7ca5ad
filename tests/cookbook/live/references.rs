//! Entities and references that come to tables with rows.

use chrono::{DateTime, Utc};
use repo_core::{Error, Repository, schema};
use uuid::Uuid;

use crate::before::{self, Line, NewLine, Order, SHOP, State};
use crate::place::Place;
use crate::rebuild;

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "customers", tenant)]
pub struct Customer {
    pub id: Uuid,
    pub tenant_id: Uuid,
}

mod referring {
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
        #[repository(references = Customer)]
        pub customer_id: Option<Uuid>,
    }
}

mod apart {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "customers")]
    pub struct Customer {
        pub id: Uuid,
    }

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "orders")]
    pub struct Order {
        pub id: Uuid,
    }

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "orders")]
    pub struct Referring {
        pub id: Uuid,
        #[repository(references = Customer)]
        pub customer_id: Option<Uuid>,
    }
}

mod loose {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "albums", tenant, soft_delete)]
    pub struct Album {
        pub id: Uuid,
        pub tenant_id: Uuid,
        pub deleted_at: Option<DateTime<Utc>>,
    }

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "photos", tenant, soft_delete)]
    pub struct Photo {
        pub id: Uuid,
        pub tenant_id: Uuid,
        #[repository(references = Album)]
        pub album_id: Uuid,
        pub deleted_at: Option<DateTime<Utc>>,
    }
}

pub(crate) async fn a_new_entity(place: &Place) {
    let old = place.program(&schema![Order]).await;
    let first = before::orders(&old).create(before::order("A1")).await.unwrap();
    let schema = schema![Order, Line];
    assert_eq!(place.findings(&schema).await, ["the table `lines` is missing"]);

    let new = place.program(&schema).await;
    assert!(place.findings(&schema).await.is_empty());
    before::goes_on(&old, &first).await;
    let lines = new.tenant(SHOP).repo::<Line>();
    lines.create(NewLine { order_id: first.id }).await.unwrap();
    let refused = before::orders(&old).delete(first.id).await;
    assert!(matches!(refused, Err(Error::ForeignKey { .. })), "{refused:?}");

    // The first that refers to rows that are marked.
    let old = place.program(&schema![loose::Album]).await;
    old.tenant(SHOP).repo::<loose::Album>().create(loose::NewAlbum {}).await.unwrap();
    if !place.is_sqlite() {
        let mark = "CREATE UNIQUE INDEX CONCURRENTLY albums_deleted_at_mark ON albums (tenant_id, id, deleted_at);\n";
        place.run(mark).await;
    }
    let schema = schema![loose::Album, loose::Photo];
    place.program(&schema).await;
    assert!(place.findings(&schema).await.is_empty());
}

pub(crate) async fn a_new_reference(place: &Place) {
    let old = place.program(&schema![Order, Customer]).await;
    let first = before::orders(&old).create(before::order("A1")).await.unwrap();
    let schema = schema![referring::Order, Customer];
    let findings = place.findings(&schema).await;
    assert_eq!(findings[0], "the column `customer_id` of `orders` is missing");

    if place.is_sqlite() {
        rebuild::anew(place, &schema, "orders", "id, tenant_id, number, state, note").await;
    } else {
        place.migrate("An entity or a reference").await;
    }
    let new = place.program(&schema).await;
    assert!(place.findings(&schema).await.is_empty());
    let keys = ["orders_tenant_id_customer_id_idx", "orders_tenant_id_number_key"];
    assert_eq!(place.keys_of("orders").await, keys);
    before::goes_on(&old, &first).await;

    let shop = new.tenant(SHOP);
    let ann = shop.repo::<Customer>().create(NewCustomer {}).await.unwrap();
    let of_ann = |id| referring::OrderPatch::new().customer_id(Some(id));
    let orders = shop.repo::<referring::Order>();
    orders.patch(first.id, of_ann(ann.id)).await.unwrap();
    let nobody = orders.patch(first.id, of_ann(Uuid::nil())).await;
    assert!(matches!(nobody, Err(Error::ForeignKey { .. })), "{nobody:?}");
    before::orders(&old).update(&first).await.unwrap();
    assert_eq!(orders.get(first.id).await.unwrap().customer_id, Some(ann.id));
}

pub(crate) async fn a_new_reference_without_a_tenant(place: &Place) {
    let old = place.program(&schema![apart::Order, apart::Customer]).await;
    let first = old.session().repo::<apart::Order>().create(apart::NewOrder {}).await.unwrap();
    let schema = schema![apart::Referring, apart::Customer];
    for sql in place.now("An entity or a reference") {
        // On Postgres it differs by the tenant alone.
        let sql = sql.replace("tenant_id, ", "").replace("orders_tenant_id_", "orders_");
        place.run(&sql).await;
    }
    let new = place.program(&schema).await;
    assert!(place.findings(&schema).await.is_empty());
    let orders = new.session().repo::<apart::Referring>();
    let nobody = apart::ReferringPatch::new().customer_id(Some(Uuid::nil()));
    let nobody = orders.patch(first.id, nobody).await;
    assert!(matches!(nobody, Err(Error::ForeignKey { .. })), "{nobody:?}");
    old.session().repo::<apart::Order>().delete(first.id).await.unwrap();
}
