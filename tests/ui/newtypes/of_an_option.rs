use repo_core::ColumnType;

#[derive(ColumnType)]
pub struct Nickname(Option<String>);

fn main() {}
