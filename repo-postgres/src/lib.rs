//! Postgres backend of the repo data-access layer, on sqlx connections.
