use std::marker::PhantomData;

use repo_core::ColumnEnum;

#[derive(ColumnEnum)]
pub enum Status<T> {
    Open,
    Closed(PhantomData<T>),
}

fn main() {}
