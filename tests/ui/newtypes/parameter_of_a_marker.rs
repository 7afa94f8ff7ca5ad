use std::marker::PhantomData;

use repo_core::ColumnType;
use uuid::Uuid;

#[derive(ColumnType)]
pub struct Id<T>(Uuid, PhantomData<T>);

fn main() {}
