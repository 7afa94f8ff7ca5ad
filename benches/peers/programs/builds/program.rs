//! The smallest program of each library that gets one row of SQLite by tenant and id.

use crate::library::Library;

/// The source behind the entity number 0; `None` of what is not for SQLite, or is the same as another.
pub(crate) fn source(library: Library) -> Option<&'static str> {
    match library {
        Library::Ours => Some(OURS),
        Library::SeaOrm => Some(SEA_ORM),
        Library::Diesel => Some(DIESEL),
        Library::Toasty => Some(TOASTY),
        Library::Sqlx => Some(SQLX),
        Library::SeaOrmDense | Library::EntityDerive => None,
    }
}

const OURS: &str = r#"
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let database = repo_sqlite::connect("sqlite::memory:").await?;
    let tickets = database.tenant(uuid::Uuid::nil()).repo::<Ticket0>();
    println!("{:?}", tickets.get(uuid::Uuid::nil()).await);
    Ok(())
}
"#;

const SEA_ORM: &str = r#"
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let database = sea_orm::Database::connect("sqlite::memory:").await?;
    let found = ticket0::Entity::find_by_id(sea_orm::prelude::Uuid::nil())
        .filter(ticket0::Column::TenantId.eq(sea_orm::prelude::Uuid::nil()))
        .one(&database)
        .await;
    println!("{found:?}");
    Ok(())
}
"#;

const DIESEL: &str = r#"
use diesel::prelude::*;
use ticket0::{Ticket, tickets_0};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut database = SqliteConnection::establish(":memory:")?;
    let found = tickets_0::table
        .filter(tickets_0::tenant_id.eq([0_u8; 16].to_vec()))
        .filter(tickets_0::id.eq([0_u8; 16].to_vec()))
        .select(Ticket::as_select())
        .first(&mut database);
    println!("{found:?}");
    Ok(())
}
"#;

const TOASTY: &str = r#"
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut builder = toasty::Db::builder();
    let mut database = builder.models(toasty::models!(Ticket0)).connect("sqlite::memory:").await?;
    let nil = uuid::Uuid::nil();
    println!("{:?}", Ticket0::get_by_tenant_id_and_id(&mut database, nil, nil).await);
    Ok(())
}
"#;

const SQLX: &str = r#"
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let database = sqlx::SqlitePool::connect("sqlite::memory:").await?;
    let found = sqlx::query_as::<_, Ticket0>("SELECT * FROM tickets_0 WHERE tenant_id = ?1 AND id = ?2")
        .bind(uuid::Uuid::nil())
        .bind(uuid::Uuid::nil())
        .fetch_one(&database)
        .await;
    println!("{found:?}");
    Ok(())
}
"#;
