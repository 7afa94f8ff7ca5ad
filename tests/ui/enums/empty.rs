use repo_core::ColumnEnum;

#[derive(ColumnEnum)]
pub enum Status {}

fn main() {}
