//! The paths of SQL by hand: what holds there is what the database holds to.

use repo_core::Error;

use super::entities::*;
use super::paths::{Audited, Immutable, Kept, LIVE, Path, Versioned, run};
use crate::fixture::{NOBODY, backend};

pub(super) const BY_HAND: &[Path] = &[
    Path {
        name: "unchecked_sql that writes",
        methods: &[
            "Session::unchecked_sql",
            "UncheckedSql::bind",
            "UncheckedSql::bind_as",
            "UncheckedSql::execute",
        ],
        on: Rows::Live,
        run: run!(|session, stage| session
            .unchecked_sql("the matrix")
            .bind_as(Sheet::TITLE, "by hand".to_owned())
            .bind(stage.sheet.id)
            .execute("UPDATE sheets SET title = $1 WHERE id = $2")),
        tenant: Kept::ByHand,
        soft_delete: Kept::ByHand,
        versioned: Versioned::ByHand,
        audited: Audited::Statement,
        immutable: Immutable::Refused(run!(|session, stage| session
            .unchecked_sql("the matrix")
            .bind(stage.stamp.id)
            .execute("UPDATE stamps SET number = 7 WHERE id = $1"))),
        without: &[],
    },
    Path {
        name: "unchecked_sql that reads",
        methods: &["Session::unchecked_sql", "UncheckedSql::bind", "UncheckedSql::fetch"],
        on: Rows::Live,
        run: |session, _| {
            Box::pin(async move {
                let sql = session.unchecked_sql("the matrix").bind(NOBODY);
                let text = "SELECT title FROM sheets WHERE id <> $1";
                let titles = sql.fetch(text, |row| row.get::<String>(0)).await?;
                assert!(!titles.is_empty() || backend(session.database()).has_row_level_security());
                let sql = session.unchecked_sql("the matrix");
                let refused = sql.fetch("DELETE FROM sheets", |_| Ok(())).await;
                assert!(matches!(refused, Err(Error::ReadOnly { .. })), "{refused:?}");
                Ok(())
            })
        },
        tenant: Kept::NotMet,
        soft_delete: LIVE,
        versioned: Versioned::Counted,
        audited: Audited::Reads,
        immutable: Immutable::Reads,
        without: &[],
    },
];
