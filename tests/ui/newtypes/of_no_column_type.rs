use repo_core::ColumnType;

pub struct Inner;

#[derive(ColumnType)]
pub struct Outer(Inner);

fn main() {}
