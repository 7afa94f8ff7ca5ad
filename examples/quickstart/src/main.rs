//! A task list for several tenants: from one struct to rows on SQLite and Postgres.
//!
//! ```sh
//! cargo run -p quickstart                                                    # SQLite, in memory
//! DATABASE_URL=postgres://localhost/postgres cargo run -p quickstart
//! ```

use chrono::{DateTime, Utc};
use repo_core::{ColumnEnum, Error, PageRequest, Repository, Result, schema};
use uuid::Uuid;

#[derive(Debug, Clone, Repository)]
#[repository(table = "tasks", tenant, soft_delete, versioned, timestamps)]
struct Task {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(unique)] // among the live tasks of a tenant
    title: String,
    state: State,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    deleted_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Copy, ColumnEnum)]
enum State {
    Open,
    Done,
}

/// What the caller gives; the repository adds id, tenant, times and version.
fn task(title: &str) -> NewTask {
    NewTask { title: title.to_owned(), state: State::Open }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let url = std::env::var("DATABASE_URL").unwrap_or_else(|_| "sqlite::memory:".to_owned());
    let db = repo_core::connect(&url, &[&repo_sqlite::Driver, &repo_postgres::Driver]).await?;
    db.create_tables(&schema![Task]).await?;

    let acme = db.tenant(Uuid::now_v7());
    let tasks = acme.repo::<Task>();
    let report = tasks.create(task("Write the report")).await?;
    println!("on {}: {:?} is created, version {}", db.system(), report.title, report.version);

    tasks.create_many(["Book a room", "Call the bank", "Answer the mail"].map(task)).await?;
    let open = tasks.filter(Task::STATE.eq(State::Open) & Task::TITLE.icontains("the"));
    let page = open.order_by(Task::TITLE.asc()).page(PageRequest::number(1).size(2)).await?;
    let titles: Vec<_> = page.items.iter().map(|task| &task.title).collect();
    println!("open, page {} of {}: {titles:?} of {}", page.number, page.pages(), page.total);

    let done = tasks.patch(report.id, TaskPatch::new().state(State::Done)).await?;
    println!("{:?} is {}, version {}", done.title, done.state.as_str(), done.version);
    let stale = tasks.update(&report).await.expect_err("`report` was read before the patch");
    println!("an update from before: {stale}");

    tasks.delete(report.id).await?;
    println!("deleted: it is found {:?}", tasks.find_by_title("Write the report").await?);
    let restored = tasks.restore(report.id).await?;
    println!("restored: version {}", restored.version);

    let failed: Result<()> = acme
        .transaction(async |tx| {
            tx.repo::<Task>().create(task("Order paper")).await?;
            tx.repo::<Task>().create(task("Book a room")).await?; // there is one already
            Ok(())
        })
        .await;
    let error = failed.expect_err("a title is unique");
    println!("rolled back: {error}; still {} tasks", tasks.count().await?);

    let globex = db.tenant(Uuid::now_v7());
    let foreign = globex.repo::<Task>().get(report.id).await;
    assert!(matches!(foreign, Err(Error::NotFound { .. })), "a tenant sees its own rows only");
    println!("another tenant sees {} tasks", globex.repo::<Task>().count().await?);
    Ok(())
}
