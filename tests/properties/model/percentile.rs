//! What percentiles answer: the value at a rank, or what lies between two.

use std::fmt::Debug;

use repo_core::{Error, Result};
use rust_decimal::prelude::ToPrimitive as _;

use super::Model;
use super::summary::about_all;
use crate::entity::{Item, Status};
use crate::operation::Selection;
use crate::operation_parts::{Percentiles, Ranked};

impl Model {
    pub(super) fn percentiles(
        &mut self,
        tenant: Option<i64>,
        selection: &Selection,
        asked: Percentiles,
    ) {
        let answer = self.ranked(tenant, selection, asked);
        self.trace.add("percentile", &answer);
    }

    fn ranked(
        &self,
        tenant: Option<i64>,
        selection: &Selection,
        asked: Percentiles,
    ) -> Result<String> {
        let Percentiles { share, of } = asked;
        if !(0.0..=1.0).contains(&share) {
            return Err(Error::invalid_input("share", "is not in 0.0 to 1.0"));
        }
        let method = match of {
            Ranked::ContinuousScore | Ranked::ContinuousPrice => "percentile_cont",
            Ranked::PerStatus(_) => "group_by",
            _ => "percentile",
        };
        if matches!(of, Ranked::PerStatus(_)) && !selection.order.is_empty() {
            let reason = "orders groups, not rows: leave out `order_by`";
            return Err(Error::invalid_input(method, reason));
        }
        about_all(selection, method)?;
        let items = self.matching(tenant, selection)?;
        Ok(match of {
            Ranked::Score => said(at(share, items.iter().filter_map(|item| item.score))),
            Ranked::Note => said(at(share, items.into_iter().filter_map(|item| item.note))),
            Ranked::Price => said(at(share, items.iter().map(|item| item.price))),
            Ranked::DeletedAt => said(at(share, items.iter().filter_map(|item| item.deleted_at))),
            Ranked::ContinuousScore => {
                said(between(share, items.iter().filter_map(|item| item.score).map(f64::from)))
            }
            Ranked::ContinuousPrice => {
                said(between(share, items.iter().filter_map(|item| item.price.to_f64())))
            }
            Ranked::PerStatus(least) => per_status(share, &items, least),
        })
    }
}

fn per_status(share: f64, items: &[Item], least: Option<i32>) -> String {
    let mut lines = Vec::new();
    // As their names are ordered.
    for status in [Status::Active, Status::Retired, Status::Shadow] {
        let of_it = || items.iter().filter(|item| item.status == status);
        let score = at(share, of_it().filter_map(|item| item.score));
        let price = at(share, of_it().map(|item| item.price));
        let is_chosen = least.is_none_or(|least| score.is_some_and(|score| score >= least));
        if of_it().next().is_some() && is_chosen {
            lines.push((status, (score, price)));
        }
    }
    said(lines)
}

/// The least value that at least this share of the values is not above.
fn at<T: Ord>(share: f64, values: impl Iterator<Item = T>) -> Option<T> {
    let mut values: Vec<T> = values.collect();
    values.sort();
    let least = share * values.len() as f64;
    values.into_iter().zip(1..).find(|(_, rank)| f64::from(*rank) >= least).map(|(value, _)| value)
}

/// In proportion between the values below and above.
fn between(share: f64, values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let place = share * (values.len().checked_sub(1)? as f64);
    let (low, high) = (values[place.floor() as usize], values[place.ceil() as usize]);
    Some(low + place.fract() * (high - low))
}

fn said(answer: impl Debug) -> String {
    format!("{answer:?}")
}
