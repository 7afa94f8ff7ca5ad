//! The key that the mark of a deleted row is a part of: who makes it, who misses it, and what it refuses.

use chrono::{DateTime, Utc};
use repo_core::{Database, Error, Repository, Schema, schema};
use uuid::Uuid;

use crate::scratch::{Scratch, count};

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "folders", soft_delete)]
struct Folder {
    id: Uuid,
    name: String,
    deleted_at: Option<DateTime<Utc>>,
}

/// With a tenant, names that have to be quoted, and one that is too long for an index.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(
    table = "Shelves of a \"library\" that has a rather long name as tables go",
    tenant,
    soft_delete
)]
struct Shelf {
    id: i64,
    #[repository(tenant, column = "Of tenant")]
    tenant: Uuid,
    #[repository(deleted_at, column = "Gone since")]
    gone: Option<DateTime<Utc>>,
}

/// It refers to each of them twice, and to others of its own.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "papers", tenant, soft_delete)]
struct Paper {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(references = Folder)]
    folder_id: Uuid,
    #[repository(references = Folder)]
    copied_id: Option<Uuid>,
    #[repository(references = Shelf)]
    shelf_id: i64,
    #[repository(references = Paper)]
    below_id: Option<Uuid>,
    deleted_at: Option<DateTime<Utc>>,
}

/// Nothing refers to it.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "notes", soft_delete)]
struct Note {
    id: Uuid,
    #[repository(references = Folder)]
    folder_id: Uuid,
    deleted_at: Option<DateTime<Utc>>,
}

fn all() -> Schema {
    schema![Note, Paper, Shelf, Folder]
}

/// How many keys of the mark there are, for which a change of the mark is one of a key.
async fn marks(scratch: &Scratch) -> i64 {
    let sql = format!(
        "SELECT count(*) FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid \
         WHERE x.relnamespace = '{}'::regnamespace AND i.indisunique AND i.indimmediate \
           AND NOT i.indisprimary AND i.indpred IS NULL AND i.indexprs IS NULL",
        scratch.schema
    );
    count(&scratch.connect().await, &sql).await
}

async fn findings(db: &Database, schema: &Schema) -> Vec<String> {
    db.doctor(schema).await.unwrap().iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn it_is_made_once_with_the_first_table_that_refers_to_the_rows() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().connect().await.unwrap();
    db.create_tables(&schema![Folder, Shelf]).await.unwrap();
    assert_eq!(marks(&scratch).await, 0);
    db.create_tables(&schema![Note, Folder]).await.unwrap();
    assert_eq!(marks(&scratch).await, 1);
    let others = [scratch.options(), scratch.options(), scratch.options()];
    let makers = others.map(|options| async move {
        options.connect().await.unwrap().create_tables(&all()).await.unwrap();
    });
    let [one, two, three] = makers;
    tokio::join!(one, two, three);
    assert_eq!(marks(&scratch).await, 3, "of folders, shelves and papers");
    assert_eq!(findings(&db, &all()).await, [""; 0]);
    let script = all().script(db.dialect()).unwrap();
    let keys: Vec<_> =
        script.lines().filter(|line| line.starts_with("CREATE UNIQUE INDEX")).collect();
    let expected = [
        r#"CREATE UNIQUE INDEX IF NOT EXISTS "folders_deleted_at_mark" ON "folders" ("id", "deleted_at");"#,
        r#"CREATE UNIQUE INDEX IF NOT EXISTS "Shelves of a ""library"" that has a rather long name as _7a300d14" ON "Shelves of a ""library"" that has a rather long name as tables go" ("Of tenant", "id", "Gone since");"#,
        r#"CREATE UNIQUE INDEX IF NOT EXISTS "papers_deleted_at_mark" ON "papers" ("tenant_id", "id", "deleted_at");"#,
    ];
    assert_eq!(keys, expected);
}

#[tokio::test]
async fn the_doctor_misses_it_for_the_sake_of_who_refers_to_the_rows() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().connect().await.unwrap();
    db.create_tables(&schema![Folder]).await.unwrap();
    assert_eq!(findings(&db, &schema![Folder]).await, [""; 0], "nobody does");
    let schema = schema![Note, Folder];
    db.create_tables(&schema).await.unwrap();
    let make = "CREATE UNIQUE INDEX folders_deleted_at_mark ON folders";
    for (change, expected) in [
        (String::new(), Some("is missing")),
        ("CREATE INDEX folders_deleted_at_mark ON folders (id, deleted_at)".to_owned(), {
            Some("is missing")
        }),
        (
            format!("{make} (id, deleted_at) WHERE deleted_at IS NULL"),
            Some("is about the rows where \"deleted_at\" IS NULL instead of all rows"),
        ),
        (
            format!("{make} (id, name, deleted_at)"),
            Some("is (id, name, deleted_at) instead of (id, deleted_at)"),
        ),
        (
            "ALTER TABLE folders ADD CONSTRAINT folders_deleted_at_mark \
             UNIQUE (id, deleted_at) DEFERRABLE"
                .to_owned(),
            Some("is not valid, or may be deferred"),
        ),
        ("CREATE UNIQUE INDEX another ON folders (deleted_at, id)".to_owned(), None),
    ] {
        let undo = "ALTER TABLE folders DROP CONSTRAINT IF EXISTS folders_deleted_at_mark; \
            DROP INDEX IF EXISTS folders_deleted_at_mark";
        scratch.admin(&format!("SET search_path = {}; {undo}; {change}", scratch.schema)).await;
        let expected = expected.map(|problem| {
            format!(
                "the unique key `folders_deleted_at_mark` of `folders` {problem}: \
                 a row may come to refer to one that is being deleted"
            )
        });
        let expected: Vec<_> = expected.into_iter().collect();
        assert_eq!(findings(&db, &schema).await, expected, "{change}");
        assert_eq!(findings(&db, &schema![Note]).await, expected, "{change}");
    }
}

#[tokio::test]
async fn an_id_that_is_taken_is_told_by_its_own_key() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().connect().await.unwrap();
    db.create_tables(&schema![Note, Folder]).await.unwrap();
    // As after a restored dump, which makes indexes before keys: the key of the mark is asked first.
    let anew = "ALTER TABLE folders DROP CONSTRAINT folders_pkey CASCADE, ADD PRIMARY KEY (id)";
    scratch.admin(&format!("SET search_path = {}; {anew}", scratch.schema)).await;
    let folders = db.session().repo::<Folder>();
    let row = format!("id,name,deleted_at\n{},a,2026-01-01T00:00:00Z\n", Uuid::from_u128(1));
    assert_eq!(folders.import_csv(row.as_bytes()).await.unwrap(), 1);
    let again = folders.import_csv(row.as_bytes()).await.unwrap_err();
    assert!(
        matches!(again.cause(), Error::Conflict { constraint, columns, .. }
            if constraint == "folders_pkey" && *columns == ["id"]),
        "{again:?}"
    );
}

#[tokio::test]
async fn a_role_that_may_not_make_it_is_told() {
    let Some(scratch) = Scratch::of_a_role().await else { return };
    let db = scratch.options().connect().await.unwrap();
    db.create_tables(&schema![Folder]).await.unwrap();
    let owner = format!("ALTER TABLE {}.folders OWNER TO CURRENT_USER", scratch.schema);
    let grant = format!("GRANT ALL ON {}.folders TO {}", scratch.schema, scratch.role());
    scratch.admin(&format!("{owner}; {grant}")).await;
    let refused = db.create_tables(&schema![Note, Folder]).await.unwrap_err().to_string();
    assert!(refused.contains("must be owner of table folders"), "{refused}");
}
