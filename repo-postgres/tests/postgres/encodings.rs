//! Databases that keep text in another encoding than UTF-8.

use repo_core::Error;
use repo_postgres::Options;

use crate::scratch::Scratch;

#[tokio::test]
async fn a_database_in_another_encoding_is_refused() {
    let Some(scratch) = Scratch::new().await else { return };
    let version = scratch.sqlx().await.server_version_num();
    let has_providers = version.is_some_and(|version| version >= 150_000);
    let provider = if has_providers { "LOCALE_PROVIDER libc" } else { "" };
    for encoding in ["LATIN1", "WIN1252", "SQL_ASCII"] {
        let name = format!("{}_{}", scratch.schema, encoding.to_lowercase());
        let locale = format!("{provider} LC_COLLATE 'C' LC_CTYPE 'C'");
        let create = format!("CREATE DATABASE {name} ENCODING '{encoding}' {locale}");
        scratch.admin(&format!("{create} TEMPLATE template0")).await;
        let (server, path) = scratch.url.rsplit_once('/').unwrap();
        let options = path.split_once('?').map(|(_, options)| options).unwrap();
        let opened = Options::new(&format!("{server}/{name}?{options}")).unwrap().connect().await;
        let error = opened.unwrap_err();
        scratch.admin(&format!("DROP DATABASE {name}")).await;
        match error {
            Error::Configuration { reason } => assert!(reason.contains(encoding), "{reason}"),
            error => panic!("{encoding}: {error:?}"),
        }
    }
}
