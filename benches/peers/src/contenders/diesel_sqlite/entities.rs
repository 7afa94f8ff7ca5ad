//! The tables and the structs, as Diesel has them on SQLite: ids, times, enums and JSON are
//! stored in forms that it does not know, so they have types of their own.

use chrono::{DateTime, Utc};
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::prelude::*;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{Binary, Text};
use diesel::sqlite::{Sqlite, SqliteValue};
use uuid::Uuid;

use crate::by_hand::moment;
use crate::entity;

diesel::table! {
    tickets (tenant_id, id) {
        id -> Binary,
        tenant_id -> Binary,
        subject -> Text,
        body -> Text,
        status -> Text,
        attempts -> BigInt,
        context -> Text,
        urgent -> Bool,
        reporter -> Nullable<Text>,
        version -> BigInt,
        due_at -> Text,
        created_at -> Text,
        updated_at -> Text,
        deleted_at -> Nullable<Text>,
    }
}

diesel::table! {
    comments (tenant_id, id) {
        id -> Binary,
        tenant_id -> Binary,
        ticket_id -> Binary,
        author -> Text,
        text -> Text,
    }
}

/// A ticket.
#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = tickets, check_for_backend(Sqlite), treat_none_as_default_value = false)]
pub struct Ticket {
    pub(super) id: Key,
    pub(super) tenant_id: Key,
    subject: String,
    body: String,
    status: Status,
    attempts: i64,
    context: Context,
    urgent: bool,
    reporter: Option<String>,
    version: i64,
    due_at: Moment,
    pub(super) created_at: Moment,
    updated_at: Moment,
    deleted_at: Option<Moment>,
}

/// What a patch sets.
#[derive(Debug, AsChangeset)]
#[diesel(table_name = tickets)]
pub(super) struct Patch {
    pub(super) status: Status,
    pub(super) attempts: i64,
    pub(super) updated_at: Moment,
}

/// A comment.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = comments, check_for_backend(Sqlite))]
pub struct Comment {
    id: Key,
    tenant_id: Key,
    pub(super) ticket_id: Key,
    author: String,
    text: String,
}

/// How far a ticket is.
#[derive(Debug, Clone, Copy, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct Status(pub(super) entity::Status);

/// Where a ticket came from.
#[derive(Debug, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct Context(entity::Context);

/// An id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Binary)]
pub struct Key(pub(super) Uuid);

/// A moment.
#[derive(Debug, Clone, Copy, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct Moment(pub(super) DateTime<Utc>);

impl ToSql<Binary, Sqlite> for Key {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(&self.0.as_bytes()[..]);
        Ok(IsNull::No)
    }
}

impl FromSql<Binary, Sqlite> for Key {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Self(Uuid::from_slice(value.read_blob())?))
    }
}

impl ToSql<Text, Sqlite> for Moment {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(moment(self.0));
        Ok(IsNull::No)
    }
}

impl FromSql<Text, Sqlite> for Moment {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Self(DateTime::parse_from_rfc3339(value.read_text())?.to_utc()))
    }
}

impl ToSql<Text, Sqlite> for Status {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_str());
        Ok(IsNull::No)
    }
}

impl FromSql<Text, Sqlite> for Status {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Self(entity::Status::parse(value.read_text()).ok_or("an unknown status")?))
    }
}

impl ToSql<Text, Sqlite> for Context {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(serde_json::to_string(&self.0)?);
        Ok(IsNull::No)
    }
}

impl FromSql<Text, Sqlite> for Context {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Self(serde_json::from_str(value.read_text())?))
    }
}

impl From<entity::Ticket> for Ticket {
    fn from(ticket: entity::Ticket) -> Self {
        Self {
            id: Key(ticket.id),
            tenant_id: Key(ticket.tenant_id),
            subject: ticket.subject,
            body: ticket.body,
            status: Status(ticket.status),
            attempts: ticket.attempts,
            context: Context(ticket.context),
            urgent: ticket.urgent,
            reporter: ticket.reporter,
            version: ticket.version,
            due_at: Moment(ticket.due_at),
            created_at: Moment(ticket.created_at),
            updated_at: Moment(ticket.updated_at),
            deleted_at: ticket.deleted_at.map(Moment),
        }
    }
}

impl From<Ticket> for entity::Ticket {
    fn from(ticket: Ticket) -> Self {
        Self {
            id: ticket.id.0,
            tenant_id: ticket.tenant_id.0,
            subject: ticket.subject,
            body: ticket.body,
            status: ticket.status.0,
            attempts: ticket.attempts,
            context: ticket.context.0,
            urgent: ticket.urgent,
            reporter: ticket.reporter,
            version: ticket.version,
            due_at: ticket.due_at.0,
            created_at: ticket.created_at.0,
            updated_at: ticket.updated_at.0,
            deleted_at: ticket.deleted_at.map(|at| at.0),
        }
    }
}

impl From<Comment> for entity::Comment {
    fn from(comment: Comment) -> Self {
        Self {
            id: comment.id.0,
            tenant_id: comment.tenant_id.0,
            ticket_id: comment.ticket_id.0,
            author: comment.author,
            text: comment.text,
        }
    }
}
