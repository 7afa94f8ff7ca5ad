//! Structs with parameters.

use std::fmt::Debug;

use repo_core::{ColumnType, Comparable, Repository};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a [`Document`] holds.
pub trait Body: Serialize + DeserializeOwned + Debug + Clone + Send + Sync + 'static {}

impl Body for Vec<u8> {}

/// A document with a body of any type; its parameter has the name that the repository's scope has
/// elsewhere.
#[derive(Debug, Clone, Repository)]
#[repository(table = "documents", tenant, versioned)]
pub struct Document<S, const N: usize = 1>
where
    S: Body,
{
    /// The id.
    pub id: Uuid,
    /// The owner.
    pub tenant_id: Uuid,
    /// The name.
    #[repository(unique)]
    pub name: String,
    /// What it holds.
    #[repository(json)]
    pub body: S,
    /// What it held before.
    #[repository(json)]
    pub former: Option<S>,
    /// What it is called by.
    #[repository(json, default = Vec::new())]
    pub labels: Vec<S>,
    /// How often it changed.
    pub version: i64,
}

/// A measurement in any unit.
#[derive(Debug, Clone, Repository)]
#[repository(table = "measurements", immutable)]
pub struct Measurement<T: ColumnType<Bare: ColumnType<Class: Comparable>> = i64> {
    /// The id.
    pub id: i64,
    /// What was measured.
    #[repository(index)]
    pub value: T,
}

/// A measurement that is corrected.
#[derive(Debug, Clone, Repository)]
#[repository(table = "estimates")]
pub struct Estimate<T: ColumnType<Bare: ColumnType<Class: Comparable>> = i64> {
    /// The id.
    pub id: i64,
    /// What was estimated.
    pub value: T,
    /// How often it was corrected.
    pub corrections: i64,
}

/// Marks of a number that is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks<const N: usize>;

/// A document of a number, in which the number is not said.
#[derive(Debug, Clone, Repository)]
#[repository(table = "forms")]
pub struct Form<const N: usize> {
    /// The id.
    pub id: i64,
    /// The marks.
    #[repository(json)]
    pub marks: Marks<N>,
}
