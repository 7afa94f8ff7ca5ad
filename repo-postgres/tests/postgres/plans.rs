//! Plans that the server keeps: what its own list of prepared statements tells.

use repo_core::{PageRequest, Repository, Session, Tenant, count, schema};

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
async fn a_count_and_groups_over_an_index_are_planned_once_however_uneven_its_values_are() {
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
        let groups = || parcels.query().group_by(Parcel::STATE);
        assert_eq!(groups().select(count()).all().await.unwrap().len(), 2);
        assert_eq!(groups().select(count()).limit(1).all().await.unwrap().len(), 1);
        let heaviest = parcels.filter(Parcel::STATE.eq("lost")).max(Parcel::WEIGHT);
        assert_eq!(heaviest.await.unwrap(), Some(4_950));
    }
    assert_eq!(plans(&tx, "repo_total").await, (5, 5));
    assert_eq!(
        plans(&tx, "SELECT COUNT(*) FROM \"parcels\" WHERE \"tenant_id\" = (SELECT").await,
        (5, 5)
    );
    let groups =
        "COUNT(*) FROM \"parcels\" WHERE \"tenant_id\" = (SELECT $1) GROUP BY 1 ORDER BY 1";
    assert_eq!(plans(&tx, groups).await, (5, 5));
    // Which rows these are depends on the value: it is the server's to judge.
    let range = "SELECT COUNT(*) FROM \"parcels\" WHERE \"tenant_id\" = $1 AND \"weight\" < $2";
    assert_eq!(plans(&tx, range).await.0 + plans(&tx, range).await.1, 10);
    // Which index finds these first does as well.
    let (groups, heaviest) = ("GROUP BY 1 ORDER BY 1 LIMIT", "MAX(\"weight\")");
    for first in [groups, heaviest] {
        let seen = format!(
            "SELECT strpos(statement, '(SELECT $1)') FROM pg_prepared_statements \
             WHERE strpos(statement, '{first}') > 0 AND strpos(statement, 'pg_prepared') = 0"
        );
        let asked = tx.unchecked_sql("a look at the statements");
        let hidden: Vec<i32> = asked.fetch(&seen, |row| row.get(0)).await.unwrap();
        assert_eq!(hidden, [0], "{first}");
    }
    tx.rollback().await.unwrap();
}
