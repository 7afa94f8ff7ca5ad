//! Foreign keys: the row referred to exists, and is of the same tenant.

use repo_core::{Error, ReferenceSide, Repository, schema};
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, NOBODY, acme, bolt, by_hand};

pub(crate) async fn a_row_refers_to_rows_that_are_there(fixture: Fixture) {
    let db = fixture.with(&schema![Remark, Member, Team, Country]).await;
    let session = acme(&db);
    let code = "NO".to_owned();
    let country = session.repo::<Country>().create(NewCountry { code }).await.unwrap();
    let team = session.repo::<Team>().create(team("one")).await.unwrap();
    let members = session.repo::<Member>();
    let eve = members.create(member("eve", &team)).await.unwrap();
    let new =
        NewMember { country_id: Some(country.id), mentor_id: Some(eve.id), ..member("ada", &team) };
    let ada = members.create(new).await.unwrap();
    assert_eq!(members.list_by_team_id(team.id).await.unwrap(), [eve.clone(), ada.clone()]);
    assert_eq!(members.list_by_mentor_id(eve.id).await.unwrap(), std::slice::from_ref(&ada));
    assert_eq!(members.list_by_country_id(country.id).await.unwrap(), [ada]);
}

pub(crate) async fn a_reference_to_nothing_is_refused(fixture: Fixture) {
    let db = fixture.with(&schema![Member, Team, Country]).await;
    let session = acme(&db);
    let team = session.repo::<Team>().create(team("one")).await.unwrap();
    let members = session.repo::<Member>();
    let eve = members.create(member("eve", &team)).await.unwrap();
    let lost = || NewMember { team_id: NOBODY, ..member("ada", &team) };
    assert_error!(members.create(lost()).await, Error::ForeignKey { entity: "Member", .. });
    let abroad = NewMember { country_id: Some(99), ..member("ada", &team) };
    assert_error!(members.create(abroad).await, Error::ForeignKey { entity: "Member", .. });
    let many = members.create_many([member("ada", &team), lost()]).await;
    assert_error!(many, Error::ForeignKey { entity: "Member", .. });
    let patch = MemberPatch::new().team_id(NOBODY);
    assert_error!(members.patch(eve.id, patch).await, Error::ForeignKey { entity: "Member", .. });
    let moved = Member { mentor_id: Some(NOBODY), ..eve.clone() };
    assert_error!(members.update(&moved).await, Error::ForeignKey { entity: "Member", .. });
    assert_eq!(members.all().await.unwrap(), [eve]);
}

pub(crate) async fn a_parent_stays_while_a_row_refers_to_it(fixture: Fixture) {
    let db = fixture.with(&schema![Member, Team, Country]).await;
    let session = acme(&db);
    let (teams, members) = (session.repo::<Team>(), session.repo::<Member>());
    let team = teams.create(team("one")).await.unwrap();
    let eve = members.create(member("eve", &team)).await.unwrap();
    assert_error!(teams.delete(team.id).await, Error::ForeignKey { entity: "Team", .. });
    assert!(teams.exists(team.id).await.unwrap());
    members.delete(eve.id).await.unwrap();
    teams.delete(team.id).await.unwrap();
}

pub(crate) async fn a_cascade_removes_the_rows_of_its_parent_only(fixture: Fixture) {
    let db = fixture.with(&schema![Remark, Member, Team, Country]).await;
    let session = acme(&db);
    let team = session.repo::<Team>().create(team("one")).await.unwrap();
    let (members, remarks) = (session.repo::<Member>(), session.repo::<Remark>());
    let eve = members.create(member("eve", &team)).await.unwrap();
    let ada = members.create(member("ada", &team)).await.unwrap();
    let remark = |member_id: Uuid| NewRemark { member_id, text: "x".to_owned() };
    remarks.create_many([remark(eve.id), remark(ada.id), remark(eve.id)]).await.unwrap();
    members.delete(eve.id).await.unwrap();
    let left = remarks.all().await.unwrap();
    assert_eq!(left.iter().map(|it| it.member_id).collect::<Vec<_>>(), [ada.id]);
}

pub(crate) async fn a_row_of_another_tenant_cannot_be_referred_to(fixture: Fixture) {
    let db = fixture.with(&schema![Member, Team, Country]).await;
    let theirs = bolt(&db).repo::<Team>().create(team("theirs")).await.unwrap();
    let ours = acme(&db).repo::<Team>().create(team("ours")).await.unwrap();
    let members = acme(&db).repo::<Member>();
    let foreign = members.create(member("eve", &theirs)).await;
    assert_error!(foreign, Error::ForeignKey { entity: "Member", .. });
    let eve = members.create(member("eve", &ours)).await.unwrap();
    let patch = MemberPatch::new().team_id(theirs.id);
    assert_error!(members.patch(eve.id, patch).await, Error::ForeignKey { entity: "Member", .. });
}

pub(crate) async fn nor_by_sql_that_somebody_writes_by_hand(fixture: Fixture) {
    let db = fixture.with(&schema![Member, Team, Country]).await;
    bolt(&db).repo::<Team>().create(team("theirs")).await.unwrap();
    let ours = acme(&db).repo::<Team>().create(team("ours")).await.unwrap();
    acme(&db).repo::<Member>().create(member("eve", &ours)).await.unwrap();
    let mut raw = by_hand(&db).await;
    let stolen = "UPDATE members SET team_id = (SELECT id FROM teams WHERE name = 'theirs')";
    assert!(raw.execute_script(stolen).await.is_err());
    raw.rollback().await.unwrap();
    let given_away =
        "UPDATE members SET tenant_id = (SELECT tenant_id FROM teams WHERE name = 'theirs')";
    let mut raw = by_hand(&db).await;
    assert!(raw.execute_script(given_away).await.is_err());
    raw.rollback().await.unwrap();
}

pub(crate) async fn a_purge_stops_at_a_row_that_refers_to_it(fixture: Fixture) {
    let db = fixture.with(&schema![Folder, File]).await;
    let (folders, files) = (acme(&db).repo::<Folder>(), acme(&db).repo::<File>());
    let folder = folders.create(NewFolder { name: "a".to_owned() }).await.unwrap();
    let file = files.create(NewFile { folder_id: folder.id }).await.unwrap();
    folders.delete(folder.id).await.unwrap();
    assert_eq!(files.get(file.id).await.unwrap(), file, "a mark cascades to nothing");
    assert_error!(folders.purge(folder.id).await, Error::ForeignKey { entity: "Folder", .. });
    folders.restore(folder.id).await.unwrap();
    folders.delete(folder.id).await.unwrap();
    files.delete(file.id).await.unwrap();
    folders.purge(folder.id).await.unwrap();
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "codes")]
struct Code {
    id: Uuid,
    #[repository(unique)]
    name: String,
}

pub(crate) async fn an_error_tells_the_side_of_the_reference(fixture: Fixture) {
    let db = fixture.with(&schema![Member, Team, Country, Folder, File, Code]).await;
    let session = acme(&db);
    let (teams, members) = (session.repo::<Team>(), session.repo::<Member>());
    let team = teams.create(team("one")).await.unwrap();
    let eve = members.create(member("eve", &team)).await.unwrap();
    let lost = || NewMember { team_id: NOBODY, ..member("ada", &team) };
    let patch = || MemberPatch::new().team_id(NOBODY);
    let all = || members.filter(Member::ID.eq(eve.id));
    for refused in [
        members.create(lost()).await.map(drop),
        members.create_many([lost()]).await.map(drop),
        members.patch(eve.id, patch()).await.map(drop),
        all().patch_all(patch()).await.map(drop),
        members.update(&Member { team_id: NOBODY, ..eve.clone() }).await.map(drop),
    ] {
        let message = refused.as_ref().map_err(|error| error.cause().to_string());
        let told = "`Member.team_id` would refer to a `Team` that is not there";
        assert_eq!(message, Err(told.to_owned()));
        assert_error!(
            refused,
            Error::ForeignKey { entity: "Member", side: ReferenceSide::Child, .. }
        );
    }
    for refused in [
        teams.delete(team.id).await,
        teams.delete_many([team.id]).await.map(drop),
        teams.filter(Team::ID.eq(team.id)).delete_all().await.map(drop),
        teams.filter(Team::ID.eq(team.id)).delete_in_chunks(5).await.map(drop),
    ] {
        let message = refused.as_ref().map_err(|error| error.cause().to_string());
        assert_eq!(message, Err("`Member.team_id` still refers to this `Team`".to_owned()));
        assert_error!(
            refused,
            Error::ForeignKey { entity: "Team", side: ReferenceSide::Parent, .. }
        );
    }
    let mut raw = by_hand(&db).await;
    raw.execute_script("CREATE TABLE badges (name TEXT REFERENCES codes (name))").await.unwrap();
    raw.commit().await.unwrap();
    let codes = session.repo::<Code>();
    let code = codes.create(NewCode { name: "a".to_owned() }).await.unwrap();
    let mut raw = by_hand(&db).await;
    raw.execute_script("INSERT INTO badges VALUES ('a')").await.unwrap();
    raw.commit().await.unwrap();
    let refused = codes.patch(code.id, CodePatch::new().name("b")).await;
    assert_error!(
        refused,
        Error::ForeignKey { entity: "Code", side: ReferenceSide::Either, reference: None, .. }
    );
    let tx = session.begin().await.unwrap();
    tx.repo::<Team>().delete(team.id).await.unwrap_err();
    let after = tx.repo::<Team>().count().await.unwrap_err().to_string();
    assert!(after.ends_with("a row still refers to this `Team`"), "{after}");
    tx.rollback().await.unwrap();
    let (folders, files) = (session.repo::<Folder>(), session.repo::<File>());
    let folder = folders.create(NewFolder { name: "a".to_owned() }).await.unwrap();
    files.create(NewFile { folder_id: folder.id }).await.unwrap();
    folders.delete(folder.id).await.unwrap();
    let purged = folders.purge(folder.id).await;
    assert_error!(purged, Error::ForeignKey { entity: "Folder", side: ReferenceSide::Parent, .. });
    let mut raw = by_hand(&db).await;
    let removed = raw.execute_script("DELETE FROM teams").await;
    assert_error!(removed, Error::ForeignKey { side: ReferenceSide::Either, .. });
    raw.rollback().await.unwrap();
}

/// Called as statements are written.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "a SET of boxes", tenant)]
struct Carton {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(column = "how to DELETE FROM it")]
    note: String,
}

/// The same, and each change is recorded.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "labels to DELETE FROM boxes", tenant, audited)]
struct Sticker {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(column = "a SET carton", references = Carton)]
    carton_id: Uuid,
    #[repository(unique)]
    text: String,
}

pub(crate) async fn the_side_of_a_reference_is_told_whatever_tables_and_columns_are_called(
    fixture: Fixture,
) {
    let db = fixture.with(&schema![Carton, Sticker]).await;
    let session = acme(&db).actor("alice");
    let (cartons, stickers) = (session.repo::<Carton>(), session.repo::<Sticker>());
    let carton = cartons.create(NewCarton { note: "a".to_owned() }).await.unwrap();
    let new = |carton_id, text: &str| NewSticker { carton_id, text: text.to_owned() };
    let sticker = stickers.create(new(carton.id, "a")).await.unwrap();
    let lost = StickerPatch::new().carton_id(NOBODY);
    for refused in [
        stickers.create(new(NOBODY, "b")).await.map(drop),
        stickers.create_many([new(NOBODY, "b")]).await.map(drop),
        stickers.upsert(Sticker::TEXT, new(NOBODY, "a")).await.map(drop),
        stickers.patch(sticker.id, lost.clone()).await.map(drop),
        stickers.query().patch_all(lost.clone()).await.map(drop),
    ] {
        assert_error!(
            refused,
            Error::ForeignKey { entity: "Sticker", side: ReferenceSide::Child, .. }
        );
    }
    for refused in [
        cartons.delete(carton.id).await,
        cartons.delete_many([carton.id]).await.map(drop),
        cartons.query().delete_all().await.map(drop),
    ] {
        assert_error!(
            refused,
            Error::ForeignKey { entity: "Carton", side: ReferenceSide::Parent, .. }
        );
    }
}

/// What the application refers to, and from where, is not known.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "tags to DELETE FROM cartons")]
struct Tag {
    id: Uuid,
    #[repository(unique)]
    name: String,
}

pub(crate) async fn a_change_of_what_the_application_refers_to_is_no_removal(fixture: Fixture) {
    let db = fixture.with(&schema![Tag]).await;
    let mut raw = by_hand(&db).await;
    let script =
        "CREATE TABLE tagged (name TEXT REFERENCES \"tags to DELETE FROM cartons\" (name))";
    raw.execute_script(script).await.unwrap();
    raw.commit().await.unwrap();
    let tags = db.session().repo::<Tag>();
    let tag = tags.create(NewTag { name: "a".to_owned() }).await.unwrap();
    let mut raw = by_hand(&db).await;
    raw.execute_script("INSERT INTO tagged VALUES ('a')").await.unwrap();
    raw.commit().await.unwrap();
    let refused = tags.patch(tag.id, TagPatch::new().name("b")).await;
    assert_error!(refused, Error::ForeignKey { entity: "Tag", side: ReferenceSide::Either, .. });
    let removed = tags.delete(tag.id).await;
    assert_error!(removed, Error::ForeignKey { entity: "Tag", side: ReferenceSide::Parent, .. });
}
