//! What a query asks for: the tables that it looks at, and the key at the end of its order.

use super::Selection;
use crate::column::OrderKey;
use crate::relation::link::Source;
use crate::schema::table::Table;

impl Selection {
    /// The tables of other rows that it looks at.
    pub(crate) fn linked(&self) -> Vec<&'static Table> {
        let mut tables: Vec<_> = self.order.iter().flat_map(|key| key.source.linked()).collect();
        self.filters.iter().for_each(|node| node.linked(&mut tables));
        tables
    }

    /// Whether rows are chosen by rows of other tables, which changes of them may change.
    pub(crate) fn is_linked(&self) -> bool {
        let mut tables = Vec::new();
        self.filters.iter().for_each(|node| node.linked(&mut tables));
        !tables.is_empty()
    }

    /// Appends the key, in the direction of the last order given, unless it is there already.
    pub(super) fn complete_order(&mut self, table: &Table) {
        let descending = self.order.last().is_some_and(|key| key.descending);
        let across = table.roles.tenant.filter(|_| self.tenant.is_none());
        for column in std::iter::once(table.roles.id).chain(across) {
            let source = Source::Own(column);
            if self.order.iter().all(|key| key.source != source) {
                self.order.push(OrderKey::new(source, descending));
            }
        }
    }
}
