//! SeaORM 2, on both databases.
//!
//! Idioms: pools of sqlx without a test before each use (of readers, and of one writer, on SQLite), keys made by the
//! client and inserts without `RETURNING`, `update_many` with `RETURNING` for the patch, row values for the
//! window, a page and its total at the same time on two connections, `load_many` for the children,
//! `insert_many` in chunks of as many parameters as the database takes, in one transaction. SeaORM has no audit
//! trail, so it does no recorded patch.

mod entities;

use std::path::Path;

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, DatabaseConnection, DbBackend, EntityTrait as _, IntoActiveModel as _,
    LoaderTrait as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    SqlxPostgresConnector, SqlxSqliteConnector, TransactionTrait as _,
};
use sqlx::ConnectOptions as _;
use sqlx::postgres::PgPoolOptions;
use uuid::Uuid;

use crate::Result;
use crate::by_hand::{complete, now};
use crate::contenders::sqlx_sqlite;
use crate::engine::{Engine, WithChildren};
use crate::entity::{NewTicket, Status};
use crate::place::{Server, Setting};
use crate::workload::{PAGE, WINDOW};
use entities::{comment, ticket};

/// SeaORM's connections.
#[derive(Debug)]
pub struct SeaOrm {
    readers: DatabaseConnection,
    writer: DatabaseConnection,
}

impl SeaOrm {
    /// On a file.
    pub async fn open(path: &Path, setting: Setting) -> Result<Self> {
        let (readers, writer) = sqlx_sqlite::pools(path, setting).await?;
        Ok(Self {
            readers: SqlxSqliteConnector::from_sqlx_sqlite_pool(readers),
            writer: SqlxSqliteConnector::from_sqlx_sqlite_pool(writer),
        })
    }

    /// On a server.
    pub async fn connect(server: &Server, setting: Setting) -> Result<Self> {
        let options: sqlx::postgres::PgConnectOptions = server.url(setting).parse()?;
        let connections = u32::try_from(setting.connections)?;
        let pool = PgPoolOptions::new().max_connections(connections).test_before_acquire(false);
        let pool = pool.connect_with(options.disable_statement_logging()).await?;
        let pool = SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
        Ok(Self { readers: pool.clone(), writer: pool })
    }

    /// How many tickets fit into one statement.
    fn most_tickets(&self) -> usize {
        let parameters = match self.writer.get_database_backend() {
            DbBackend::Sqlite => 32_766,
            _ => 65_535,
        };
        parameters / 14
    }
}

fn live(tenant: Uuid) -> sea_orm::Select<ticket::Entity> {
    ticket::Entity::find()
        .filter(ticket::Column::TenantId.eq(tenant))
        .filter(ticket::Column::DeletedAt.is_null())
}

fn newest(tenant: Uuid) -> sea_orm::Select<ticket::Entity> {
    live(tenant).order_by_desc(ticket::Column::CreatedAt).order_by_desc(ticket::Column::Id)
}

impl Engine for SeaOrm {
    type Row = ticket::Model;
    type Note = comment::Model;

    async fn get(&self, tenant: Uuid, id: Uuid) -> Result<ticket::Model> {
        let found = live(tenant).filter(ticket::Column::Id.eq(id)).one(&self.readers).await?;
        Ok(found.ok_or("not found")?)
    }

    async fn page(&self, tenant: Uuid, status: Status) -> Result<(Vec<ticket::Model>, u64)> {
        let status = entities::Status::from(status);
        let newest = newest(tenant).filter(ticket::Column::Status.eq(status));
        let pages = newest.paginate(&self.readers, PAGE as u64);
        Ok(tokio::try_join!(pages.fetch_page(0), pages.num_items())?)
    }

    async fn windows(&self, tenant: Uuid, count: usize) -> Result<Vec<ticket::Model>> {
        let mut walked: Vec<ticket::Model> = Vec::with_capacity(count * WINDOW);
        for _ in 0..count {
            let mut newest = newest(tenant).limit(WINDOW as u64 + 1);
            if let Some(last) = walked.last() {
                let columns = [ticket::Column::CreatedAt, ticket::Column::Id];
                let position = [Expr::val(last.created_at), Expr::val(last.id)];
                let after = Expr::tuple(columns.map(Expr::col)).lt(Expr::tuple(position));
                newest = newest.filter(after);
            }
            let mut rows = newest.all(&self.readers).await?;
            rows.truncate(WINDOW);
            walked.append(&mut rows);
        }
        Ok(walked)
    }

    async fn create(&self, tenant: Uuid, new: NewTicket) -> Result<ticket::Model> {
        let ticket = ticket::Model::from(complete(tenant, new));
        let insert = ticket::Entity::insert(ticket.clone().into_active_model());
        insert.exec_without_returning(&self.writer).await?;
        Ok(ticket)
    }

    async fn patch(
        &self,
        tenant: Uuid,
        id: Uuid,
        version: i64,
        attempts: i64,
    ) -> Result<ticket::Model> {
        let set = ticket::ActiveModel {
            status: sea_orm::Set(entities::Status::Resolved),
            attempts: sea_orm::Set(attempts),
            updated_at: sea_orm::Set(now()),
            ..Default::default()
        };
        let patched = ticket::Entity::update_many()
            .set(set)
            .col_expr(ticket::Column::Version, Expr::col(ticket::Column::Version).add(1))
            .filter(ticket::Column::TenantId.eq(tenant))
            .filter(ticket::Column::Id.eq(id))
            .filter(ticket::Column::Version.eq(version))
            .filter(ticket::Column::DeletedAt.is_null())
            .exec_with_returning(&self.writer)
            .await?;
        Ok(patched.into_iter().next().ok_or("not found")?)
    }

    async fn create_many(&self, tenant: Uuid, new: Vec<NewTicket>) -> Result<Vec<ticket::Model>> {
        let tickets: Vec<_> =
            new.into_iter().map(|new| ticket::Model::from(complete(tenant, new))).collect();
        let transaction = self.writer.begin().await?;
        for tickets in tickets.chunks(self.most_tickets()) {
            let tickets = tickets.iter().map(|ticket| ticket.clone().into_active_model());
            ticket::Entity::insert_many(tickets).exec_without_returning(&transaction).await?;
        }
        transaction.commit().await?;
        Ok(tickets)
    }

    async fn all(&self) -> Result<Vec<ticket::Model>> {
        let live = ticket::Entity::find().filter(ticket::Column::DeletedAt.is_null());
        let ordered = live.order_by_asc(ticket::Column::TenantId).order_by_asc(ticket::Column::Id);
        Ok(ordered.all(&self.readers).await?)
    }

    async fn with_children(
        &self,
        tenant: Uuid,
    ) -> Result<WithChildren<ticket::Model, comment::Model>> {
        let parents = newest(tenant).limit(PAGE as u64).all(&self.readers).await?;
        let children = comment::Entity::find()
            .filter(comment::Column::TenantId.eq(tenant))
            .order_by_asc(comment::Column::Id);
        let children = parents.load_many(children, &self.readers).await?;
        Ok(parents.into_iter().zip(children).collect())
    }

    async fn groups(&self, tenant: Uuid) -> Result<Vec<(String, u64)>> {
        let groups: Vec<(String, i64)> = live(tenant)
            .select_only()
            .column(ticket::Column::Status)
            .column_as(ticket::Column::Id.count(), "count")
            .group_by(ticket::Column::Status)
            .order_by_asc(ticket::Column::Status)
            .into_tuple()
            .all(&self.readers)
            .await?;
        groups.into_iter().map(|(status, count)| Ok((status, count.try_into()?))).collect()
    }
}
