use repo_core::ColumnType;

#[derive(ColumnType)]
pub struct Money(i64, String);

#[derive(ColumnType)]
pub struct Nothing;

fn main() {}
