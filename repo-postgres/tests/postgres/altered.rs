//! Tables that a migration alters beside: statements that were prepared before are prepared anew, or cost one error.

use futures_util::TryStreamExt as _;
use repo_core::{
    Database, Error, PageRequest, Repository, Result, Session, Tenant, WindowRequest, schema,
};
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use crate::scratch::Scratch;

const CONNECTIONS: usize = 3;

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "quotes", tenant)]
struct Quote {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(unique)]
    code: String,
    words: String,
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "prices", tenant, versioned, audited)]
struct Price {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(unique)]
    code: String,
    words: String,
    version: i64,
}

/// A quote and a price with the code `a`, and who alters their tables.
struct Desk {
    session: Session<Tenant<Uuid>>,
    quote: Uuid,
    price: Uuid,
    beside: PgConnection,
    length: usize,
}

fn quote(code: &str, words: &str) -> NewQuote {
    NewQuote { code: code.to_owned(), words: words.to_owned() }
}

fn price(code: &str, words: &str) -> NewPrice {
    NewPrice { code: code.to_owned(), words: words.to_owned() }
}

impl Desk {
    async fn open(db: &Database, beside: PgConnection) -> Self {
        db.create_tables(&schema![Quote, Price]).await.unwrap();
        let session = db.tenant(Uuid::from_u128(1)).actor("alice");
        let of_quote = session.repo::<Quote>().create(quote("a", "")).await.unwrap().id;
        let of_price = session.repo::<Price>().create(price("a", "")).await.unwrap().id;
        Self { session, quote: of_quote, price: of_price, beside, length: 100 }
    }

    async fn alter(&mut self) {
        self.length += 1;
        let alter =
            |table| format!("ALTER TABLE {table} ALTER words TYPE varchar({})", self.length);
        let sql = format!("{}; {}", alter("quotes"), alter("prices"));
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut self.beside).await.unwrap();
    }

    /// Does it on each of the pool's connections, and returns the errors.
    async fn on_each(&self, work: impl AsyncFn(&Self, String) -> Result<()>) -> Vec<Error> {
        let (mut held, mut errors) = (Vec::new(), Vec::new());
        for number in 0..CONNECTIONS {
            let words = format!("{} {number}", self.length);
            errors.extend(work(self, words).await.err());
            held.push(self.session.begin().await.unwrap());
        }
        for transaction in held {
            transaction.rollback().await.unwrap();
        }
        errors
    }

    /// The errors of what was done on each connection before the tables are altered, and after.
    async fn altered(&mut self, work: impl AsyncFn(&Self, String) -> Result<()>) -> Vec<Error> {
        let before = self.on_each(&work).await;
        assert!(before.is_empty(), "{before:?}");
        self.alter().await;
        self.on_each(&work).await
    }

    /// One statement, or rows that are added: nothing fails.
    async fn alone(&self, kind: usize, words: String) -> Result<()> {
        let quotes = self.session.repo::<Quote>();
        match kind {
            0 => quotes.get(self.quote).await.map(drop),
            1 => quotes.query().all().await.map(drop),
            2 => quotes.query().page(PageRequest::number(1).size(5)).await.map(drop),
            3 => quotes.query().window(WindowRequest::first(5)).await.map(drop),
            4 => quotes.query().stream().try_collect::<Vec<_>>().await.map(drop),
            5 => quotes.get_many([self.quote]).await.map(drop),
            6 => quotes.find_by_code("a").await.map(drop),
            7 => quotes.patch(self.quote, QuotePatch::new().words(words)).await.map(drop),
            8 => quotes.create_or_get(Quote::CODE, quote(&words, "")).await.map(drop),
            9 => {
                let new = [quote(&format!("{words}."), ""), quote(&format!("{words}!"), "")];
                quotes.create_many(new).await.map(drop)
            }
            10 => self.session.repo::<Price>().get(self.price).await.map(drop),
            11 => {
                let patch = PricePatch::new().words(words);
                self.session.repo::<Price>().patch(self.price, patch).await.map(drop)
            }
            _ => self.session.repo::<Price>().create(price(&words, "")).await.map(drop),
        }
    }

    /// Several statements.
    async fn together(&self, kind: usize, words: String) -> Result<()> {
        let quotes = self.session.repo::<Quote>();
        let prices = self.session.repo::<Price>();
        match kind {
            0 => quotes.upsert(Quote::CODE, quote("a", &words)).await.map(drop),
            1 => {
                let new = ["a", "b"].map(|code| quote(code, &words));
                quotes.upsert_many(Quote::CODE, new).await.map(drop)
            }
            2 => {
                let patch = QuotePatch::new().words(words);
                quotes.patch_many([(self.quote, patch)]).await.map(drop)
            }
            3 => prices.upsert(Price::CODE, price("a", &words)).await.map(drop),
            4 => prices.query().patch_all(PricePatch::new().words(words)).await.map(drop),
            5 => prices.filter(Price::CODE.eq("none")).delete_all().await.map(drop),
            6 => prices.filter(Price::CODE.eq("none")).delete_in_chunks(5).await.map(drop),
            7 => {
                let sql = self.session.unchecked_sql("a look");
                sql.fetch("SELECT words FROM quotes", |row| row.get::<String>(0)).await.map(drop)
            }
            _ => {
                let tx = self.session.begin().await?;
                tx.repo::<Quote>().get(self.quote).await?;
                tx.commit().await
            }
        }
    }
}

#[tokio::test]
async fn what_is_one_statement_is_prepared_anew() {
    let Some(scratch) = Scratch::of_a_role().await else { return };
    for row_level_security in [false, true] {
        let options = scratch.options().pool_size(CONNECTIONS);
        let db = options.row_level_security(row_level_security).connect().await.unwrap();
        let mut desk = Desk::open(&db, scratch.sqlx().await).await;
        for kind in 0..=12 {
            let work = async |desk: &Desk, words| desk.alone(kind, words).await;
            let errors = desk.altered(work).await;
            assert!(errors.is_empty(), "{kind}: {errors:?}");
        }
        db.close().await;
        scratch.admin("DROP TABLE quotes, prices, repo_audit, repo_audit_heads CASCADE").await;
    }
}

#[tokio::test]
async fn what_is_several_statements_costs_one_error_that_may_be_tried_again() {
    let Some(scratch) = Scratch::of_a_role().await else { return };
    for row_level_security in [false, true] {
        let options = scratch.options().pool_size(CONNECTIONS);
        let db = options.row_level_security(row_level_security).connect().await.unwrap();
        let mut desk = Desk::open(&db, scratch.sqlx().await).await;
        let mut met = 0;
        for kind in 0..=8 {
            let work = async |desk: &Desk, words| desk.together(kind, words).await;
            let errors = desk.altered(work).await;
            assert!(errors.len() <= 1, "{kind}: {errors:?}");
            let is_told = |it: &Error| matches!(it, Error::Serialization { .. });
            assert!(errors.iter().all(|it| is_told(it) && it.is_retryable()), "{kind}: {errors:?}");
            met += errors.len();
        }
        assert!(met > 0, "something met the change");
        db.close().await;
        scratch.admin("DROP TABLE quotes, prices, repo_audit, repo_audit_heads CASCADE").await;
    }
}

#[tokio::test]
async fn what_is_tried_again_in_a_nested_transaction_is_prepared_anew() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().pool_size(1).connect().await.unwrap();
    let mut desk = Desk::open(&db, scratch.sqlx().await).await;
    let tx = desk.session.begin().await.unwrap();
    tx.repo::<Quote>().get(desk.quote).await.unwrap();
    tx.commit().await.unwrap();
    desk.alter().await;
    let tx = desk.session.begin().await.unwrap();
    tx.repo::<Quote>().create(quote("b", "kept")).await.unwrap();
    let nested = tx.begin().await.unwrap();
    let error = nested.repo::<Quote>().get(desk.quote).await.unwrap_err();
    assert!(matches!(error, Error::Serialization { .. }), "{error:?}");
    nested.rollback().await.unwrap();
    let nested = tx.begin().await.unwrap();
    nested.repo::<Quote>().get(desk.quote).await.unwrap();
    nested.commit().await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(desk.session.repo::<Quote>().count().await.unwrap(), 2);
}
