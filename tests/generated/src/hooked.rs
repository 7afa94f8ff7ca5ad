//! Structs that ask something of the program: with parameters, without defaults, and immutable.

use repo_core::{Problems, Repository, Validate, ValidateDelete, ValidateUpdate};
use uuid::Uuid;

use crate::generic::Body;

/// Something that is sent.
#[derive(Debug, Clone, Repository)]
#[repository(table = "parcels", tenant, validate(create, update, delete), events)]
pub struct Parcel<S, const N: usize = 1>
where
    S: Body,
{
    /// The id.
    pub id: Uuid,
    /// The owner.
    pub tenant_id: Uuid,
    /// What is in it.
    #[repository(json)]
    pub content: S,
    /// How heavy it is.
    #[repository(default = 1)]
    pub weight: i64,
}

impl<S: Body, const N: usize> Validate for NewParcel<S, N> {
    fn validate(&self, problems: &mut Problems<Parcel<S, N>>) {
        problems.require(Parcel::<S, N>::CONTENT, N > 0, "has no room");
    }

    fn validate_row(row: &Parcel<S, N>, problems: &mut Problems<Parcel<S, N>>) {
        problems.require(Parcel::<S, N>::WEIGHT, row.weight > 0, "is not positive");
    }
}

impl<S: Body, const N: usize> ValidateUpdate for Parcel<S, N> {
    fn validate_update(&self, before: &Self, problems: &mut Problems<Self>) {
        problems.require(Self::WEIGHT, self.weight >= before.weight, "became less");
    }
}

impl<S: Body, const N: usize> ValidateDelete for Parcel<S, N> {
    fn validate_delete(&self, problems: &mut Problems<Self>) {
        if self.weight > 100 {
            problems.add("nobody can carry it away");
        }
    }
}

/// A stamp, which is only ever added.
#[derive(Debug, Clone, Repository)]
#[repository(table = "stamps", immutable, events, validate(create))]
pub struct Stamp {
    /// The id.
    pub id: i64,
    /// What kind.
    pub r#type: String,
}

impl Validate for NewStamp {
    fn validate(&self, problems: &mut Problems<Stamp>) {
        problems.require(Stamp::TYPE, !self.r#type.is_empty(), "is empty");
    }
}
