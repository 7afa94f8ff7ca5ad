//! The page: its SQL, by heading and database.
//!
//! The first line of a block says what it is for: `-- Postgres`, `-- SQLite`, and after a comma when it is run.

const PAGE: &str = include_str!("../../../docs/cookbook/change-a-live-table.md");

/// The blocks under a heading whose first line begins with the name of the database, in their order.
pub(crate) fn blocks(heading: &str, database: &str) -> Vec<String> {
    let section = section(heading);
    let blocks = section.split("```sql\n").skip(1).filter_map(|rest| rest.split("```").next());
    let blocks = blocks.filter(|it| it.starts_with(&format!("-- {database}")));
    blocks.map(str::to_owned).collect()
}

fn section(heading: &str) -> &'static str {
    let mut sections = PAGE.split("\n## ").skip(1);
    let section = sections.find(|it| it.lines().next() == Some(heading));
    section.unwrap_or_else(|| panic!("the page has no heading `{heading}`"))
}
