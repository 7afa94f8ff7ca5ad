//! Whether rows of a table are in other tables, or it is reached through another: what guards do not follow.

use repo_core::Result;
use repo_core::backend::Owner;
use repo_core::schema::Table;

use super::{flag, queries, read};
use crate::backend::Postgres;

/// Adds what is wrong with partitions and children of the table.
pub(super) async fn inspect(
    database: &Postgres,
    table: &'static Table,
    problems: &mut Vec<String>,
) -> Result<()> {
    let owner = Owner::of(table);
    let has_policies = owner.is_some() && database.has_policies();
    let is_of_trail = matches!(owner, Some(Owner::TenantOrShared(_)));
    let mut tell = |is_so: bool, problem: &str| {
        problems.extend(is_so.then(|| problem.to_owned()));
    };
    read(database, table, queries::FAMILY, |row| {
        let (is_partitioned, has_children, is_part) = (flag(row, 0)?, flag(row, 1)?, flag(row, 2)?);
        // Keys, references and checks are those of the partitions too. A trigger of TRUNCATE is not, others
        // can be disabled there, and no policy binds who names a partition.
        tell(
            is_partitioned && (table.immutable || is_of_trail || has_policies),
            "is partitioned: its triggers and policies do not guard each partition",
        );
        tell(has_children, "has tables that inherit from it, whose rows its guards do not cover");
        // The policies are those of the table that a statement names.
        tell(
            is_part && has_policies,
            "is part of another table, through which its policies do not hold",
        );
        Ok(())
    })
    .await
}
