use repo_core::ColumnType;

#[derive(ColumnType)]
pub struct Any<T>(T);

#[derive(ColumnType)]
pub struct Borrowed<'a>(&'a str);

#[derive(ColumnType)]
pub struct Held<T: ColumnType>(T);

fn main() {}
