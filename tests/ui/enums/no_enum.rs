use repo_core::ColumnEnum;

#[derive(ColumnEnum)]
pub struct Status {
    pub name: String,
}

fn main() {}
