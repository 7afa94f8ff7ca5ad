use repo_core::ColumnEnum;

#[derive(ColumnEnum)]
#[column(rename_all = "snakecase")]
pub enum Status {
    #[column(renam = "x")]
    Open,
    #[column(rename = "")]
    Closed,
}

fn main() {}
