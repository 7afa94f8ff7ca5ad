//! What windows answer: the rows on one side of another row in the order, wherever that row is now.

use repo_core::{Error, Result};

use super::read::{check_size, refuse_limits};
use super::{Model, order};
use crate::answer::Windowed;
use crate::entity::{Item, Line};
use crate::operation::{Operation, Selection, Use, Walk};

impl Model {
    pub(super) fn walk(&mut self, tenant: i64, walk: &Walk) {
        let mut meanwhile = walk.meanwhile.as_deref();
        let mut beside: Option<Item> = None;
        loop {
            let window =
                self.window(tenant, &walk.selection, walk.size, walk.backwards, beside.as_ref());
            match &window {
                Ok(window) if walk.as_lines => {
                    self.trace.add("window", &Ok(window.map::<Line>()));
                }
                window => self.trace.add("window", window),
            }
            let Ok(window) = window else { return };
            if let Some(operation) = meanwhile.take() {
                self.operate(tenant, operation);
            }
            let (next, more) = if walk.backwards {
                (window.items.first(), window.has_previous)
            } else {
                (window.items.last(), window.has_next)
            };
            beside = next.cloned();
            if beside.is_none() || !more {
                return;
            }
        }
    }

    pub(super) fn chunks(
        &mut self,
        tenant: i64,
        selection: &Selection,
        size: u64,
        meanwhile: Option<&Operation>,
    ) {
        let (mut beside, mut meanwhile): (Option<Item>, _) = (None, meanwhile);
        loop {
            let window = self.window(tenant, selection, size, false, beside.as_ref());
            // The first query is gone with the first chunk: the second one does not know that it is at the end.
            let is_first = beside.is_none();
            let more = window.as_ref().is_ok_and(|window| window.has_next);
            let items = window.map(|window| Some(window.items).filter(|items| !items.is_empty()));
            self.trace.add("chunk", &items);
            if let Some(operation) = meanwhile.take() {
                self.operate(tenant, operation);
            }
            let Ok(Some(items)) = items else { return };
            beside = items.last().cloned();
            if !more && !is_first {
                return self.trace.add("chunk", &Ok(None::<Vec<Item>>));
            }
        }
    }

    pub(super) fn stray(&mut self, maker: usize, made_by: &Selection, use_of: Use) {
        let tenant = self.tenants[maker];
        let cursor = match self.window(tenant, made_by, 1, false, None) {
            Ok(window) => window.items.into_iter().next(),
            Err(error) => return self.trace.add::<()>("maker", &Err(error)),
        };
        let Some(cursor) = cursor else { return self.trace.note("no cursor") };
        let refused = |reason| Err(Error::InvalidCursor { reason });
        let window = match use_of {
            Use::SameQuery => self.window(tenant, made_by, 2, false, Some(&cursor)),
            Use::Changed => refused("it was changed"),
            _ => refused("entity, tenant, filter or order differ"),
        };
        self.trace.add("user", &window);
    }

    fn window(
        &self,
        tenant: i64,
        selection: &Selection,
        size: u64,
        backwards: bool,
        beside: Option<&Item>,
    ) -> Result<Windowed<Item>> {
        refuse_limits(selection, "window")?;
        self.check_lock(selection)?;
        check_size("window size", size)?;
        let mut items = self.matching(Some(tenant), selection)?;
        if let Some(beside) = beside {
            items.retain(|item| {
                let ordering = order::compare(&selection.order, item, beside);
                if backwards { ordering.is_lt() } else { ordering.is_gt() }
            });
        }
        let size = size as usize;
        let more = items.len() > size;
        let items = if backwards {
            items.split_off(items.len().saturating_sub(size))
        } else {
            items.into_iter().take(size).collect()
        };
        let (has_previous, has_next) =
            if backwards { (more, beside.is_some()) } else { (beside.is_some(), more) };
        Ok(Windowed { items, has_previous, has_next })
    }
}
