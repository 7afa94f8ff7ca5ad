//! Documents that another program wrote in another text than ours.

use std::collections::BTreeMap;

use repo_core::{Repository, schema};
use uuid::Uuid;

use crate::support::File;

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "forms", versioned, audited)]
struct Form {
    id: Uuid,
    #[repository(json)]
    answers: BTreeMap<String, f64>,
    version: i64,
}

#[tokio::test]
async fn a_document_in_another_text_is_written_anew_once() {
    let file = File::new();
    let db = file.options().connect().await.expect("a database");
    db.create_tables(&schema![Form]).await.expect("tables");
    let insert = r#"INSERT INTO forms VALUES (zeroblob(16), '{"bb":1.5,"a":2.5}', 1)"#;
    file.stranger().execute_batch(insert).expect("a row");
    let session = db.session().actor("ann");
    let forms = session.repo::<Form>();
    let form = forms.get(Uuid::nil()).await.expect("a row");
    let updated = forms.update(&form).await.expect("an update");
    assert_eq!(updated, Form { version: 2, ..form });
    assert_eq!(forms.update(&updated).await.expect("nothing to do"), updated);
    let text = "SELECT answers FROM forms";
    let text: String = file.stranger().query_row(text, [], |row| row.get(0)).expect("a row");
    assert_eq!(text, r#"{"a": 2.5, "bb": 1.5}"#);
    let entries = session.audit().query().all().await.expect("the trail");
    assert_eq!(entries.len(), 1);
    let after = entries[0].after.as_ref().expect("what differs").as_str();
    assert_eq!(after, r#"{"version":"2"}"#, "the document is the same");
}
