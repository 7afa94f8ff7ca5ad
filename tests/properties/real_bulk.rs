//! Writes of many rows on a database.

use crate::entity::Item;
use crate::operation::Operation;
use crate::real::{Items, built, new, patch};
use crate::world::Run;

impl Run {
    pub(crate) async fn write_many(&mut self, items: &Items, operation: &Operation) {
        let trace = &mut self.trace;
        match operation {
            Operation::PatchAll(selection, changes) => {
                let patched = built(items.query(), selection).patch_all(patch(changes)).await;
                trace.add("patch_all", &patched);
            }
            Operation::PatchMany(patches) => {
                let patches = patches.iter().map(|(id, changes)| (id.uuid(), patch(changes)));
                trace.add("patch_many", &items.patch_many(patches).await);
            }
            Operation::DeleteAll(selection) => {
                trace.add("delete_all", &built(items.query(), selection).delete_all().await);
            }
            Operation::DeleteMany(ids) => {
                let deleted = items.delete_many(ids.iter().map(|id| id.uuid())).await;
                trace.add("delete_many", &deleted);
            }
            Operation::DeleteInChunks { selection, size, is_dry } => {
                let deletion = built(items.query(), selection).delete_in_chunks(*size);
                let deletion = if *is_dry { deletion.dry_run() } else { deletion };
                trace.add("delete_in_chunks", &deletion.await);
            }
            Operation::CreateManyPartial(drafts) => {
                let created = items.create_many_partial(drafts.iter().map(new)).await;
                trace.add("create_many_partial", &created);
            }
            Operation::Upsert(draft) => {
                trace.add("upsert", &items.upsert(Item::NAME, new(draft)).await);
            }
            Operation::UpsertMany(drafts) => {
                let upserted = items.upsert_many(Item::NAME, drafts.iter().map(new)).await;
                trace.add("upsert_many", &upserted);
            }
            _ => unreachable!("only writes of many rows come here"),
        }
    }
}
