//! The entities of version 1, as the page has them, and some rows.

use repo_core::{ColumnEnum, Database, Repository, Tenant};
use uuid::Uuid;

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
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "lines", tenant)]
pub struct Line {
    pub id: Uuid,
    pub tenant_id: Uuid,
    #[repository(references = Order)]
    pub order_id: Uuid,
}

pub(crate) const SHOP: Uuid = Uuid::from_u128(7);

pub(crate) fn orders(program: &Database) -> OrderRepository<Tenant<Uuid>> {
    program.tenant(SHOP).repo::<Order>()
}

pub(crate) fn order(number: &str) -> NewOrder {
    NewOrder { number: number.into(), state: State::Open, note: Some("by hand".into()) }
}

/// The old program still reads, adds, changes and removes, also what the new one wrote.
pub(crate) async fn goes_on(program: &Database, known: &Order) {
    let orders = orders(program);
    assert_eq!(orders.get(known.id).await.unwrap(), *known);
    let added = orders.create(order("old")).await.unwrap();
    let same = orders.create_or_get(Order::NUMBER, order("old")).await.unwrap();
    assert_eq!(same.entity.id, added.id);
    let change = OrderPatch::new().state(State::Sent);
    assert_eq!(orders.patch(added.id, change).await.unwrap().state, State::Sent);
    assert_eq!(orders.find_by_number("old").await.unwrap().map(|it| it.id), Some(added.id));
    let again = orders.create(order("old")).await;
    assert!(again.is_err_and(|error| error.is_conflict()));
    assert_eq!(orders.all().await.unwrap().len(), 2);
    orders.delete(added.id).await.unwrap();
}
