use repo_core::ColumnEnum;

#[derive(ColumnEnum)]
pub enum Status {
    Open,
    #[column(rename = "open")]
    Reopened,
}

fn main() {}
