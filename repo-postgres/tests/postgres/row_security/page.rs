//! The SQL of `docs/row-level-security.md`, run as it stands there.

use repo_core::{Repository, schema};
use repo_postgres::Options;
use sqlx::{Connection as _, PgConnection, Row as _};
use uuid::Uuid;

use crate::scratch::{Scratch, server};

const PAGE: &str = include_str!("../../../../docs/row-level-security.md");

/// The table that the page counts the rows of.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "incidents", tenant)]
struct Incident {
    id: Uuid,
    tenant_id: Uuid,
}

/// The blocks of SQL, in order.
fn blocks() -> Vec<&'static str> {
    let block = |text: &'static str| text.split("```").next();
    PAGE.split("```sql\n").skip(1).filter_map(block).collect()
}

#[tokio::test]
async fn the_role_of_the_page_makes_its_tables_and_sees_one_tenant() {
    let Some(scratch) = Scratch::new().await else { return };
    let [count, create] = blocks()[..] else { panic!("{:?}", blocks()) };
    scratch.admin(create).await;
    // Of this test's schema the role knows nothing.
    let server = server().unwrap();
    let (scheme, rest) = server.split_once("://").unwrap();
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let worked = tokio::spawn(work(format!("{scheme}://desk_app:..@{host}"), count)).await;
    scratch.admin("DROP SCHEMA desk CASCADE; DROP ROLE desk_app").await;
    worked.unwrap();
}

async fn work(url: String, count: &'static str) {
    let options = Options::new(&url).unwrap().row_level_security(true);
    let db = options.connect().await.unwrap();
    db.create_tables(&schema![Incident]).await.unwrap();
    let tenant = count.split('\'').nth(3).and_then(|id| id.parse().ok()).expect("a tenant");
    for tenant in [tenant, tenant, Uuid::nil()] {
        db.tenant(tenant).repo::<Incident>().create(NewIncident {}).await.unwrap();
    }
    assert_eq!(db.doctor(&schema![Incident]).await.unwrap(), []);
    let mut by_hand = PgConnection::connect(&url).await.unwrap();
    let rows = sqlx::raw_sql(count).fetch_all(&mut by_hand).await.unwrap();
    let seen: i64 = rows.last().map(|row| row.get(0)).expect("a count");
    assert_eq!(seen, 2);
    by_hand.close().await.unwrap();
    db.close().await;
}
