use repo_core::ColumnEnum;

#[derive(ColumnEnum)]
pub enum Status {
    Open,
    Closed(String),
    Moved { to: String },
}

fn main() {}
