//! One case, two databases.

/// Runs each case on a new database of both: it is given a pool of as many connections as it asks for, a database
/// of repositories on it, and in `$store` what is called alike and typed differently.
macro_rules! cases {
    ($store:ident: $( async fn $case:ident($pool:ident, $db:ident; $size:literal) $body:block )+) => {
        mod sqlite {
            #[allow(unused_imports, reason = "not each case needs all of it")]
            use super::*;
            use crate::on_sqlite as $store;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    $store::run($size, async |$pool, $db| $body).await;
                }
            )+
        }

        mod postgres {
            #[allow(unused_imports, reason = "not each case needs all of it")]
            use super::*;
            use crate::on_postgres as $store;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    $store::run($size, async |$pool, $db| $body).await;
                }
            )+
        }
    };
}
