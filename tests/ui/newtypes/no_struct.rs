use repo_core::ColumnType;

#[derive(ColumnType)]
pub enum Status {
    Open,
}

fn main() {}
