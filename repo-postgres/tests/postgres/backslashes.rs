//! Names and variants with backslashes, for a role to whom these mean something in a text.

use repo_core::audit::Chain;
use repo_core::{ColumnEnum, Database, Repository, schema};
use uuid::Uuid;

use crate::scratch::Scratch;

const ACME: Uuid = Uuid::from_u128(0xacae);

#[derive(Debug, Clone, Copy, PartialEq, Eq, ColumnEnum)]
enum Way {
    #[column(rename = "a\\b")]
    Within,
    #[column(rename = "\\")]
    Alone,
    #[column(rename = "\\') OR true --")]
    Out,
    #[column(rename = "it's \\n")]
    Line,
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "back\\'slashes\\", tenant, immutable, audited)]
struct Slash {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(unique)]
    way: Way,
    #[repository(column = "o\\ther")]
    other: Option<Way>,
}

async fn turned_off(db: &Database) -> bool {
    let sql = "SELECT current_setting('standard_conforming_strings')";
    let session = db.session();
    let found = session.unchecked_sql("a test").fetch(sql, |row| row.get::<String>(0)).await;
    found.unwrap() == ["off"]
}

#[tokio::test]
async fn a_backslash_is_one_whatever_the_server_takes_it_for() {
    for row_level_security in [false, true] {
        let Some(scratch) = Scratch::of_a_role().await else { return };
        let role = scratch.role();
        scratch.admin(&format!("ALTER ROLE {role} SET standard_conforming_strings = off")).await;
        let options = scratch.options().row_level_security(row_level_security);
        let db = options.connect().await.unwrap();
        assert!(turned_off(&db).await);
        for _ in 0..2 {
            db.create_tables(&schema![Slash]).await.unwrap();
        }
        let acme = db.tenant(ACME).actor("alice");
        let slashes = acme.repo::<Slash>();
        for way in [Way::Within, Way::Alone, Way::Out, Way::Line] {
            let slash = slashes.create(NewSlash { way, other: Some(way) }).await.unwrap();
            assert_eq!(slashes.get(slash.id).await.unwrap(), slash);
            assert_eq!(slashes.filter(Slash::OTHER.eq(way)).all().await.unwrap(), [slash]);
        }
        let again = slashes.create(NewSlash { way: Way::Out, other: None }).await.unwrap_err();
        assert!(again.is_conflict(), "{again}");
        let by_hand = format!(
            "INSERT INTO \"back\\'slashes\\\" VALUES ('{}', '{ACME}', 'a' || chr(8), NULL)",
            Uuid::now_v7()
        );
        let refused = acme.unchecked_sql("a test").execute(&by_hand).await.unwrap_err();
        assert!(refused.to_string().contains("check"), "{refused}");
        let found = db.doctor(&schema![Slash]).await.unwrap();
        assert_eq!(found, [], "{found:?}");
        let chain = db.audit_chain(Chain::tenant(&ACME).unwrap());
        assert!(chain.verify().await.unwrap().is_intact());
        db.close().await;
    }
}
