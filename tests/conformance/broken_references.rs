//! Which reference an error is about, of several.

use chrono::{DateTime, Utc};
use repo_core::{Error, Repository, Result, schema};
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, NOBODY, acme, backend, bolt, by_hand};

/// What is recorded and refers to two tables, one of which marks its rows.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "loans", tenant, audited, versioned)]
struct Loan {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(references = Team)]
    team_id: Uuid,
    #[repository(references = Folder)]
    folder_id: Option<Uuid>,
    #[repository(unique)]
    number: i64,
    version: i64,
}

/// What goes with a team, unless a loan keeps it.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "desks", tenant)]
struct Desk {
    id: i64,
    tenant_id: Uuid,
    #[repository(references = Team, on_delete = cascade)]
    team_id: Uuid,
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "lamps", tenant, soft_delete)]
struct Lamp {
    id: i64,
    tenant_id: Uuid,
    #[repository(references = Desk)]
    desk_id: i64,
    deleted_at: Option<DateTime<Utc>>,
}

/// The reference that was refused: `Child.column Parent`.
fn told<T>(refused: Result<T>) -> String {
    let Err(error) = refused else { return "nothing was refused".to_owned() };
    match error.cause() {
        Error::ForeignKey { reference: Some(it), .. } => {
            format!("{}.{} {}", it.child, it.column, it.parent)
        }
        other => format!("{other:?}"),
    }
}

pub(crate) async fn an_error_names_the_reference_of_each_way_to_write(fixture: Fixture) {
    let db = fixture.with(&schema![Member, Team, Country]).await;
    let session = acme(&db);
    let members = session.repo::<Member>();
    let home = session.repo::<Team>().create(team("one")).await.unwrap();
    let eve = members.create(member("eve", &home)).await.unwrap();
    let theirs = bolt(&db).repo::<Team>().create(team("theirs")).await.unwrap();
    for (patch, expected) in [
        (MemberPatch::new().team_id(NOBODY), "Member.team_id Team"),
        (MemberPatch::new().team_id(theirs.id), "Member.team_id Team"),
        (MemberPatch::new().country_id(Some(99)), "Member.country_id Country"),
        (MemberPatch::new().mentor_id(Some(NOBODY)), "Member.mentor_id Member"),
    ] {
        let all = || members.filter(Member::ID.eq(eve.id));
        assert_eq!(told(members.patch(eve.id, patch.clone()).await), expected);
        assert_eq!(told(all().patch_all(patch.clone()).await), expected);
        assert_eq!(told(members.patch_many([(eve.id, patch.clone())]).await), expected);
        let inside: Result<()> = session
            .transaction(async |tx| {
                let members = tx.repo::<Member>();
                assert_eq!(told(members.patch(eve.id, patch.clone()).await), expected);
                Ok(())
            })
            .await;
        assert!(inside.is_err(), "it was the transaction's error");
    }
    let new = || member("ada", &home);
    for (new, expected) in [
        (NewMember { team_id: theirs.id, ..new() }, "Member.team_id Team"),
        (NewMember { country_id: Some(99), ..new() }, "Member.country_id Country"),
        (NewMember { mentor_id: Some(NOBODY), ..new() }, "Member.mentor_id Member"),
    ] {
        let again = || NewMember { name: new.name.clone(), ..new };
        assert_eq!(told(members.create(again()).await), expected);
        assert_eq!(told(members.create_many([member("bob", &home), again()]).await), expected);
        let partial = members.create_many_partial([member("bob", &home), again()]).await.unwrap();
        let refused = partial.into_iter().next_back().expect("two").map(drop);
        assert_eq!(told(refused), expected);
    }
    let moved = Member { mentor_id: Some(NOBODY), ..eve.clone() };
    assert_eq!(told(members.update(&moved).await), "Member.mentor_id Member");
    let pupil = NewMember { mentor_id: Some(eve.id), ..new() };
    members.create(pupil).await.unwrap();
    assert_eq!(told(members.delete(eve.id).await), "Member.mentor_id Member");
    assert_eq!(told(members.delete_many([eve.id]).await), "Member.mentor_id Member");
}

pub(crate) async fn an_error_names_the_reference_of_what_is_recorded(fixture: Fixture) {
    let schema = schema![Loan, Team, Folder, Desk, Lamp];
    let db = fixture.with(&schema).await;
    let session = acme(&db).actor("alice");
    let (loans, teams) = (session.repo::<Loan>(), session.repo::<Team>());
    let home = teams.create(team("one")).await.unwrap();
    let folders = session.repo::<Folder>();
    let folder = folders.create(NewFolder { name: "a".to_owned() }).await.unwrap();
    let new = |number| NewLoan { team_id: home.id, folder_id: Some(folder.id), number };
    let loan = loans.create(new(1)).await.unwrap();
    let lost = || NewLoan { team_id: NOBODY, ..new(2) };
    assert_eq!(told(loans.create(lost()).await), "Loan.team_id Team");
    assert_eq!(told(loans.create_many([lost()]).await), "Loan.team_id Team");
    assert_eq!(told(loans.create_or_get(Loan::NUMBER, lost()).await), "Loan.team_id Team");
    assert_eq!(told(loans.upsert(Loan::NUMBER, lost()).await), "Loan.team_id Team");
    let patch = LoanPatch::new().team_id(NOBODY);
    assert_eq!(told(loans.patch(loan.id, patch).await), "Loan.team_id Team");
    let file = format!("team_id,folder_id,number\n{NOBODY},,7\n");
    let imported = loans.import_csv(file.as_bytes()).fresh_ids().await;
    assert_eq!(told(imported), "Loan.team_id Team");
    assert_eq!(told(teams.delete(home.id).await), "Loan.team_id Team");
    folders.delete(folder.id).await.unwrap();
    assert_eq!(told(folders.purge(folder.id).await), "Loan.folder_id Folder");
    assert_eq!(told(folders.purge_many([folder.id]).await), "Loan.folder_id Folder");

    let other = teams.create(team("two")).await.unwrap();
    let desk = session.repo::<Desk>().create(NewDesk { team_id: other.id }).await.unwrap();
    session.repo::<Lamp>().create(NewLamp { desk_id: desk.id }).await.unwrap();
    let refused = teams.delete(other.id).await.unwrap_err();
    let words = "`Lamp.desk_id` still refers to a `Desk` that would go with this `Team`";
    assert_eq!(refused.to_string(), words);
    assert!(db.doctor(&schema).await.unwrap().is_empty(), "nothing is left of looking for it");
}

pub(crate) async fn a_reference_of_another_name_is_known_by_its_columns(fixture: Fixture) {
    let db = fixture.with(&schema![Member, Team, Country]).await;
    if db.system() == "postgres" {
        let rename = "ALTER TABLE members RENAME CONSTRAINT members_team_id_fkey TO of_a_team";
        let mut raw = by_hand(&db).await;
        raw.execute_script(rename).await.unwrap();
        raw.commit().await.unwrap();
    }
    let members = acme(&db).repo::<Member>();
    let home = acme(&db).repo::<Team>().create(team("one")).await.unwrap();
    let lost = NewMember { team_id: NOBODY, ..member("ada", &home) };
    let refused = members.create(lost).await;
    if backend(&db).has_row_level_security() {
        assert_error!(refused, Error::ForeignKey { reference: None, .. });
    } else {
        assert_eq!(told(refused), "Member.team_id Team");
    }
}
