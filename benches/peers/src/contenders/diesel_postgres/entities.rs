//! The tables and the structs, as Diesel has them on Postgres.

use std::io::Write as _;

use chrono::{DateTime, Utc};
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::prelude::*;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{Jsonb, Text};
use uuid::Uuid;

use crate::entity;

diesel::table! {
    tickets (tenant_id, id) {
        id -> Uuid,
        tenant_id -> Uuid,
        subject -> Text,
        body -> Text,
        status -> Text,
        attempts -> BigInt,
        context -> Jsonb,
        urgent -> Bool,
        reporter -> Nullable<Text>,
        version -> BigInt,
        due_at -> Timestamptz,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    comments (tenant_id, id) {
        id -> Uuid,
        tenant_id -> Uuid,
        ticket_id -> Uuid,
        author -> Text,
        text -> Text,
    }
}

/// A ticket.
#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = tickets, check_for_backend(Pg), treat_none_as_default_value = false)]
pub struct Ticket {
    pub(super) id: Uuid,
    pub(super) tenant_id: Uuid,
    subject: String,
    body: String,
    status: Status,
    attempts: i64,
    context: Context,
    urgent: bool,
    reporter: Option<String>,
    version: i64,
    due_at: DateTime<Utc>,
    pub(super) created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    deleted_at: Option<DateTime<Utc>>,
}

/// What a patch sets.
#[derive(Debug, AsChangeset)]
#[diesel(table_name = tickets)]
pub(super) struct Patch {
    pub(super) status: Status,
    pub(super) attempts: i64,
    pub(super) updated_at: DateTime<Utc>,
}

/// A comment.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = comments, check_for_backend(Pg))]
pub struct Comment {
    id: Uuid,
    tenant_id: Uuid,
    pub(super) ticket_id: Uuid,
    author: String,
    text: String,
}

/// How far a ticket is.
#[derive(Debug, Clone, Copy, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct Status(pub(super) entity::Status);

/// Where a ticket came from.
#[derive(Debug, AsExpression, FromSqlRow)]
#[diesel(sql_type = Jsonb)]
pub struct Context(entity::Context);

impl ToSql<Text, Pg> for Status {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(self.0.as_str().as_bytes())?;
        Ok(IsNull::No)
    }
}

impl FromSql<Text, Pg> for Status {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let text = std::str::from_utf8(value.as_bytes())?;
        Ok(Self(entity::Status::parse(text).ok_or("an unknown status")?))
    }
}

impl ToSql<Jsonb, Pg> for Context {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        // The version of the format.
        out.write_all(&[1])?;
        serde_json::to_writer(out, &self.0)?;
        Ok(IsNull::No)
    }
}

impl FromSql<Jsonb, Pg> for Context {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(serde_json::from_slice(value.as_bytes().get(1..).unwrap_or_default())?))
    }
}

impl From<entity::Ticket> for Ticket {
    fn from(ticket: entity::Ticket) -> Self {
        Self {
            id: ticket.id,
            tenant_id: ticket.tenant_id,
            subject: ticket.subject,
            body: ticket.body,
            status: Status(ticket.status),
            attempts: ticket.attempts,
            context: Context(ticket.context),
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

impl From<Ticket> for entity::Ticket {
    fn from(ticket: Ticket) -> Self {
        Self {
            id: ticket.id,
            tenant_id: ticket.tenant_id,
            subject: ticket.subject,
            body: ticket.body,
            status: ticket.status.0,
            attempts: ticket.attempts,
            context: ticket.context.0,
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

impl From<Comment> for entity::Comment {
    fn from(comment: Comment) -> Self {
        Self {
            id: comment.id,
            tenant_id: comment.tenant_id,
            ticket_id: comment.ticket_id,
            author: comment.author,
            text: comment.text,
        }
    }
}
