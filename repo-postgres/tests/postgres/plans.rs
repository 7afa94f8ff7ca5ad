//! Plans that the server keeps: what its own list of prepared statements tells.

use repo_core::{PageRequest, Repository, Session, Tenant, schema};

use crate::scratch::Scratch;

#[derive(Debug, Clone, Repository)]
#[repository(table = "parcels", tenant, index(state, weight))]
struct Parcel {
    id: i64,
    tenant_id: i64,
    state: String,
    weight: i64,
}

/// How many plans of each kind the connection of a transaction made of statements with this text.
async fn plans(tx: &Session<Tenant<i64>>, text: &str) -> (i64, i64) {
    let sql = "SELECT sum(generic_plans)::int8, sum(custom_plans)::int8 FROM pg_prepared_statements \
               WHERE strpos(statement, $1) > 0 AND strpos(statement, 'pg_prepared_statements') = 0";
    let asked = tx.unchecked_sql("a look at the plans").bind(text.to_owned());
    let row = asked.fetch(sql, |row| Ok((row.get(0)?, row.get(1)?))).await.unwrap();
    row[0]
}

#[tokio::test]
async fn a_count_over_an_index_is_planned_once_however_uneven_its_values_are() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().pool_size(1).connect().await.unwrap();
    db.create_tables(&schema![Parcel]).await.unwrap();
    let parcels = db.tenant(1_i64).repo::<Parcel>();
    let new = |n: i64| NewParcel {
        state: if n % 50 == 0 { "lost" } else { "sent" }.to_owned(),
        weight: n,
    };
    parcels.create_many((0..5_000).map(new)).await.unwrap();
    scratch.admin("ANALYZE parcels").await;

    let tx = db.tenant(1_i64).begin().await.unwrap();
    let parcels = tx.repo::<Parcel>();
    let lost = parcels.filter(Parcel::STATE.eq("lost")).order_by(Parcel::WEIGHT.desc());
    let light = parcels.filter(Parcel::WEIGHT.lt(10));
    for _ in 0..10 {
        assert_eq!(lost.clone().page(PageRequest::number(1).size(20)).await.unwrap().total, 100);
        assert_eq!(parcels.filter(Parcel::STATE.eq("lost")).count().await.unwrap(), 100);
        assert_eq!(light.clone().count().await.unwrap(), 10);
    }
    assert_eq!(plans(&tx, "repo_total").await, (5, 5));
    assert_eq!(plans(&tx, "COUNT(*) FROM \"parcels\" WHERE \"tenant_id\" = (SELECT").await, (5, 5));
    // Which rows these are depends on the value: it is the server's to judge.
    let range = "COUNT(*) FROM \"parcels\" WHERE \"tenant_id\" = $1 AND \"weight\" < $2";
    assert_eq!(plans(&tx, range).await.0 + plans(&tx, range).await.1, 10);
    tx.rollback().await.unwrap();
}
