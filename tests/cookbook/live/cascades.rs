//! References that come to take their rows along.

use chrono::{DateTime, Utc};
use repo_core::{Error, Repository, schema};
use uuid::Uuid;

use crate::before::{self, Line, NewLine, Order, SHOP};
use crate::place::Place;
use crate::rebuild;

mod cascading {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "lines", tenant)]
    pub struct Line {
        pub id: Uuid,
        pub tenant_id: Uuid,
        #[repository(references = Order, on_delete = cascade)]
        pub order_id: Uuid,
    }
}

mod recorded {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "lines", tenant, audited)]
    pub struct Line {
        pub id: Uuid,
        pub tenant_id: Uuid,
        #[repository(references = Order, on_delete = cascade)]
        pub order_id: Uuid,
    }
}

mod loose {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "albums", tenant, soft_delete)]
    pub struct Album {
        pub id: Uuid,
        pub tenant_id: Uuid,
        pub deleted_at: Option<DateTime<Utc>>,
    }

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "photos", tenant, soft_delete)]
    pub struct Photo {
        pub id: Uuid,
        pub tenant_id: Uuid,
        #[repository(references = Album)]
        pub album_id: Uuid,
        pub deleted_at: Option<DateTime<Utc>>,
    }
}

mod tied {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "albums", tenant, soft_delete)]
    pub struct Album {
        pub id: Uuid,
        pub tenant_id: Uuid,
        pub deleted_at: Option<DateTime<Utc>>,
        #[repository(deletion_id)]
        pub deletion_id: Option<Uuid>,
    }

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "photos", tenant, soft_delete)]
    pub struct Photo {
        pub id: Uuid,
        pub tenant_id: Uuid,
        #[repository(references = Album, on_delete = cascade)]
        pub album_id: Uuid,
        pub deleted_at: Option<DateTime<Utc>>,
        #[repository(deletion_id)]
        pub deletion_id: Option<Uuid>,
    }
}

pub(crate) async fn a_new_cascade(place: &Place) {
    let old = place.program(&schema![Order, Line]).await;
    let first = before::orders(&old).create(before::order("A1")).await.unwrap();
    let lines = old.tenant(SHOP).repo::<Line>();
    lines.create(NewLine { order_id: first.id }).await.unwrap();
    let schema = schema![Order, cascading::Line];
    let restricts = "the foreign key `lines_order_id_fkey` of `lines` has ON DELETE RESTRICT instead of ON DELETE CASCADE";
    assert_eq!(place.findings(&schema).await, [restricts]);

    if place.is_sqlite() {
        rebuild::anew(place, &schema, "lines", "id, tenant_id, order_id").await;
    }
    place.migrate("A cascade").await;
    let new = place.program(&schema).await;
    assert!(place.findings(&schema).await.is_empty());
    before::goes_on(&old, &first).await;
    lines.create(NewLine { order_id: first.id }).await.unwrap();
    new.tenant(SHOP).repo::<Order>().delete(first.id).await.unwrap();
    assert_eq!(lines.count().await.unwrap(), 0);
}

pub(crate) async fn a_cascade_of_rows_that_become_audited(place: &Place) {
    let old = place.program(&schema![Order, cascading::Line]).await;
    let first = before::orders(&old).create(before::order("A1")).await.unwrap();
    let lines = old.tenant(SHOP).repo::<cascading::Line>();
    lines.create(cascading::NewLine { order_id: first.id }).await.unwrap();
    let schema = schema![Order, recorded::Line];
    let cascades = "the foreign key `lines_order_id_fkey` of `lines` has ON DELETE CASCADE instead of ON DELETE NO ACTION";
    assert_eq!(place.findings(&schema).await[0], cascades);

    if place.is_sqlite() {
        rebuild::anew(place, &schema, "lines", "id, tenant_id, order_id").await;
    }
    for sql in place.now("A cascade") {
        place.run(&sql.replace("ON DELETE CASCADE", "ON DELETE NO ACTION")).await;
    }
    let new = place.program(&schema).await;
    assert!(place.findings(&schema).await.is_empty());
    let refused = before::orders(&old).delete(first.id).await;
    assert!(matches!(refused, Err(Error::ForeignKey { .. })), "{refused:?}");
    let shop = new.tenant(SHOP).actor("ann");
    shop.repo::<Order>().delete(first.id).await.unwrap();
    assert_eq!(lines.count().await.unwrap(), 0);
    assert_eq!(shop.audit().query().count().await.unwrap(), 1);
}

pub(crate) async fn a_cascade_of_rows_that_are_marked(place: &Place) {
    let old = place.program(&schema![loose::Album, loose::Photo]).await;
    let album = old.tenant(SHOP).repo::<loose::Album>().create(loose::NewAlbum {}).await.unwrap();
    let photos = old.tenant(SHOP).repo::<loose::Photo>();
    photos.create(loose::NewPhoto { album_id: album.id }).await.unwrap();
    let schema = schema![tied::Album, tied::Photo];

    let of_id = if place.is_sqlite() { "BLOB CHECK (length(deletion_id) = 16)" } else { "uuid" };
    for table in ["albums", "photos"] {
        let check = format!("CONSTRAINT {table}_deletion_id_check CHECK");
        let of_id = of_id.replace("CHECK", &check);
        place.run(&format!("ALTER TABLE {table} ADD COLUMN deletion_id {of_id};\n")).await;
    }
    if place.is_sqlite() {
        let columns = "id, tenant_id, album_id, deleted_at, deletion_id";
        rebuild::anew(place, &schema, "photos", columns).await;
    }
    for sql in place.now("A cascade") {
        let sql = sql.replace("lines", "photos").replace("orders", "albums");
        place.run(&sql.replace("order_id", "album_id")).await;
    }
    let new = place.program(&schema).await;
    assert_eq!(place.findings(&schema).await, [""; 0]);

    let albums = new.tenant(SHOP).repo::<tied::Album>();
    old.tenant(SHOP).repo::<loose::Album>().delete(album.id).await.unwrap();
    assert_eq!(photos.count().await.unwrap(), 1, "the old program takes no children along");
    albums.restore(album.id).await.unwrap();
    albums.delete(album.id).await.unwrap();
    assert_eq!(photos.count().await.unwrap(), 0);
    albums.restore(album.id).await.unwrap();
    assert_eq!(photos.count().await.unwrap(), 1);
}
