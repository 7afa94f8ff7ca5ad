//! The entities, as SeaORM has them.

use crate::entity;

pub(super) mod ticket {
    //! Tickets.

    use sea_orm::entity::prelude::*;

    use super::{Context, Status};

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "tickets")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub tenant_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub subject: String,
        pub body: String,
        pub status: Status,
        pub attempts: i64,
        #[sea_orm(column_type = "JsonBinary")]
        pub context: Context,
        pub urgent: bool,
        pub reporter: Option<String>,
        pub version: i64,
        pub due_at: DateTimeUtc,
        pub created_at: DateTimeUtc,
        pub updated_at: DateTimeUtc,
        pub deleted_at: Option<DateTimeUtc>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(has_many = "super::comment::Entity")]
        Comment,
    }

    impl Related<super::comment::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Comment.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod comment {
    //! Their comments.

    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "comments")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub tenant_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub ticket_id: Uuid,
        pub author: String,
        pub text: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "super::ticket::Entity",
            from = "Column::TicketId",
            to = "super::ticket::Column::Id"
        )]
        Ticket,
    }

    impl Related<super::ticket::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Ticket.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// How far a ticket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sea_orm::EnumIter, sea_orm::DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Status {
    /// Nobody looked at it.
    #[sea_orm(string_value = "new")]
    New,
    /// Somebody works on it.
    #[sea_orm(string_value = "analyzing")]
    Analyzing,
    /// Done.
    #[sea_orm(string_value = "resolved")]
    Resolved,
}

/// Where a ticket came from.
#[derive(
    Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, sea_orm::FromJsonQueryResult,
)]
pub struct Context {
    service: String,
    lines: u32,
    tags: Vec<String>,
}

impl From<entity::Status> for Status {
    fn from(status: entity::Status) -> Self {
        match status {
            entity::Status::New => Status::New,
            entity::Status::Analyzing => Status::Analyzing,
            entity::Status::Resolved => Status::Resolved,
        }
    }
}

impl From<Status> for entity::Status {
    fn from(status: Status) -> Self {
        match status {
            Status::New => entity::Status::New,
            Status::Analyzing => entity::Status::Analyzing,
            Status::Resolved => entity::Status::Resolved,
        }
    }
}

impl From<entity::Ticket> for ticket::Model {
    fn from(ticket: entity::Ticket) -> Self {
        let entity::Context { service, lines, tags } = ticket.context;
        Self {
            tenant_id: ticket.tenant_id,
            id: ticket.id,
            subject: ticket.subject,
            body: ticket.body,
            status: ticket.status.into(),
            attempts: ticket.attempts,
            context: Context { service, lines, tags },
            urgent: ticket.urgent,
            reporter: ticket.reporter,
            version: ticket.version,
            due_at: ticket.due_at,
            created_at: ticket.created_at,
            updated_at: ticket.updated_at,
            deleted_at: ticket.deleted_at,
        }
    }
}

impl From<ticket::Model> for entity::Ticket {
    fn from(ticket: ticket::Model) -> Self {
        let Context { service, lines, tags } = ticket.context;
        Self {
            id: ticket.id,
            tenant_id: ticket.tenant_id,
            subject: ticket.subject,
            body: ticket.body,
            status: ticket.status.into(),
            attempts: ticket.attempts,
            context: entity::Context { service, lines, tags },
            urgent: ticket.urgent,
            reporter: ticket.reporter,
            version: ticket.version,
            due_at: ticket.due_at,
            created_at: ticket.created_at,
            updated_at: ticket.updated_at,
            deleted_at: ticket.deleted_at,
        }
    }
}

impl From<comment::Model> for entity::Comment {
    fn from(comment: comment::Model) -> Self {
        Self {
            id: comment.id,
            tenant_id: comment.tenant_id,
            ticket_id: comment.ticket_id,
            author: comment.author,
            text: comment.text,
        }
    }
}
