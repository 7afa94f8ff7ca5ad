//! What an import takes and what it refuses: by no way around a policy, all or none, and by the line.

use repo_core::{Action, Error, Repository, schema};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{ACME, Fixture, acme, bolt};
use crate::portable::{FORMATS, Format, elsewhere};

pub(crate) async fn secrets_are_left_out_unless_they_are_asked_for(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket, Safe]).await;
    let tickets = acme(&db).repo::<Ticket>();
    tickets.create(ticket("a").reporter(Some("hunter2".to_owned()))).await.unwrap();
    let safes = acme(&db).repo::<Safe>();
    safes.create(NewSafe { pin: "hunter2".to_owned() }).await.unwrap();
    for format in FORMATS {
        let (mut file, mut safe) = (Vec::new(), Vec::new());
        match format {
            Format::JsonLines => {
                tickets.query().export_json_lines(&mut file).await.unwrap();
                safes.query().export_json_lines(&mut safe).await.unwrap();
            }
            Format::Csv => {
                tickets.query().export_csv(&mut file).await.unwrap();
                safes.query().export_csv(&mut safe).await.unwrap();
            }
        }
        let (file, safe) = (String::from_utf8(file).unwrap(), String::from_utf8(safe).unwrap());
        assert!(!file.contains("hunter2") && !safe.contains("hunter2"), "{file}\n{safe}");
        assert!(file.contains(r#""redacted":["reporter"]"#), "{file}");
        let there = elsewhere(&schema![Ticket, Safe]).await;
        let there = there.tenant(ACME);
        format.import(&there.repo::<Ticket>(), &file).await.unwrap();
        let row = there.repo::<Ticket>().query().one().await.unwrap();
        assert_eq!(row.reporter, None, "what was left out is not there");
        let error = format.import(&there.repo::<Safe>(), &safe).await.unwrap_err();
        assert!(matches!(error.cause(), Error::Redacted { column: "pin", .. }), "{error:?}");
        assert_eq!(error.line(), Some(1));
        assert_eq!(there.repo::<Safe>().count().await.unwrap(), 0);
        let forged = file.replace(r#""redacted":["reporter"]"#, r#""redacted":["owner"]"#);
        let error = format.import(&there.repo::<Ticket>(), &forged).await.unwrap_err();
        assert_eq!(error.to_string(), "line 1: `owner` is left out, and is not sensitive");
    }
}

pub(crate) async fn a_file_of_another_tenant_is_taken_over_only_by_saying_so(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let (ours, theirs) = (acme(&db).repo::<Ticket>(), bolt(&db).repo::<Ticket>());
    theirs.create_many([ticket("one"), ticket("two")]).await.unwrap();
    for format in FORMATS {
        let file = format.export(theirs.query()).await;
        let error = format.import(&ours, &file).await.unwrap_err();
        assert!(matches!(error.cause(), Error::TenantMismatch { .. }), "{error:?}");
        assert_eq!(error.line(), Some(if format == Format::Csv { 3 } else { 2 }));
        assert_eq!(ours.query().with_deleted().count().await.unwrap(), 0);
    }
    let file = Format::Csv.export(theirs.query()).await;
    ours.import_csv(file.as_bytes()).into_this_tenant().await.unwrap();
    let before = theirs.all().await.unwrap();
    let after = ours.all().await.unwrap();
    assert_eq!(after.len(), 2);
    for (ours, theirs) in after.iter().zip(&before) {
        assert_eq!(*ours, Ticket { tenant_id: ACME, ..theirs.clone() });
    }
    let file = Format::JsonLines.export(theirs.query()).await;
    let again = ours.import_json_lines(file.as_bytes()).into_this_tenant().fresh_ids().await;
    assert!(again.unwrap_err().is_conflict(), "the codes are taken, whatever the ids");
    let mut all = Vec::new();
    let over_all = db.all_tenants("a copy").repo::<Ticket>();
    assert_eq!(over_all.query().export_csv(&mut all).await.unwrap(), 4);
}

pub(crate) async fn a_row_that_is_there_is_a_conflict_on_its_line(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let items = db.session().repo::<Item>();
    let new = (0..1_600).map(|n| NewItem { name: n.to_string(), size: None, shelf: None });
    let rows = items.create_many(new).await.unwrap();
    for format in FORMATS {
        let file = format.export(items.query()).await;
        items.query().delete_all().await.unwrap();
        let kept = NewItem { name: "1500".to_owned(), size: Some(1), shelf: None };
        let kept = items.create(kept).await.unwrap();
        let error = format.import(&items, &file).await.unwrap_err();
        assert!(error.is_conflict(), "{error:?}");
        let is_name =
            matches!(error.cause(), Error::Conflict { columns, .. } if *columns == ["name"]);
        assert!(is_name, "{error:?}");
        assert_eq!(error.line(), Some(if format == Format::Csv { 1_503 } else { 1_502 }));
        assert_eq!(items.all().await.unwrap(), std::slice::from_ref(&kept), "all or none");
        let survived: Result<(), Error> = db
            .session()
            .transaction(async |tx| {
                let items = tx.repo::<Item>();
                assert!(format.import(&items, &file).await.unwrap_err().is_conflict());
                items.delete(kept.id).await?;
                assert_eq!(format.import(&items, &file).await?, 1_600);
                let again = format.import(&items, &file).await.unwrap_err();
                assert_eq!(again.line(), Some(if format == Format::Csv { 3 } else { 2 }));
                Ok(())
            })
            .await;
        survived.unwrap();
        assert_eq!(items.all().await.unwrap(), rows);
    }
}

pub(crate) async fn ids_are_kept_or_made_anew(fixture: Fixture) {
    let db = fixture.with(&schema![Item, Counter]).await;
    let (items, counters) = (db.session().repo::<Item>(), db.session().repo::<Counter>());
    let item = NewItem { name: "a".to_owned(), size: None, shelf: None };
    let item = items.create(item).await.unwrap();
    for value in [1, 2] {
        let counter = NewCounter { name: value.to_string(), value };
        counters.create(counter).await.unwrap();
    }
    for format in FORMATS {
        let file = format.export(items.query()).await;
        items.query().delete_all().await.unwrap();
        let import = match format {
            Format::JsonLines => items.import_json_lines(file.as_bytes()),
            Format::Csv => items.import_csv(file.as_bytes()),
        };
        assert_eq!(import.fresh_ids().await.unwrap(), 1);
        let found = items.query().one().await.unwrap();
        assert!(found.id != item.id && found.name == "a", "{found:?}");
        let file = format.export(counters.query()).await;
        let before = counters.all().await.unwrap();
        let refused = format.import(&counters, &file).await.unwrap_err();
        assert!(
            refused.is_invalid_input() && refused.to_string().contains("fresh_ids"),
            "{refused}"
        );
        counters.query().delete_all().await.unwrap();
        let import = match format {
            Format::JsonLines => counters.import_json_lines(file.as_bytes()),
            Format::Csv => counters.import_csv(file.as_bytes()),
        };
        assert_eq!(import.fresh_ids().await.unwrap(), 2);
        let after = counters.all().await.unwrap();
        assert!(after[0].id > before[1].id && after[1].id > after[0].id);
        assert_eq!([1, 2], [after[0].value, after[1].value], "in the order of the file");
        let next = NewCounter { name: format!("next {format:?}"), value: 0 };
        let next = counters.create(next).await.unwrap();
        assert!(next.id > after[1].id, "the database goes on from there");
        counters.delete(next.id).await.unwrap();
    }
}

pub(crate) async fn each_imported_row_is_an_entry(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let claims = acme(&db).actor("alice").repo::<Claim>();
    let new = |code: &str| NewClaim {
        code: code.to_owned(),
        status: Status::New,
        amount: Decimal::new(1250, 2),
        note: None,
        account: Some("hunter2".to_owned()),
    };
    claims.create_many([new("a"), new("b")]).await.unwrap();
    let file = Format::JsonLines.export(claims.query()).await;
    let there = elsewhere(&schema![Claim]).await;
    let refused = Format::JsonLines.import(&there.tenant(ACME).repo::<Claim>(), &file).await;
    assert_error!(refused, Error::MissingActor { .. });
    let session = there.tenant(ACME).actor("bob").because("moved");
    Format::JsonLines.import(&session.repo::<Claim>(), &file).await.unwrap();
    let entries = session.audit().recent(10).all().await.unwrap();
    assert_eq!(entries.len(), 2);
    for entry in &entries {
        assert_eq!((entry.action, entry.reason.as_deref()), (Action::Create, Some("moved")));
        let after = entry.after.as_ref().unwrap().as_str();
        assert!(after.contains("\"amount\":\"12.50\"") && !after.contains("hunter2"), "{after}");
    }
    assert_eq!(session.repo::<Claim>().all().await.unwrap(), claims.all().await.unwrap());
}

pub(crate) async fn a_live_row_under_a_deleted_parent_comes_back_as_it_was(fixture: Fixture) {
    let db = fixture.with(&schema![Folder, File]).await;
    let session = acme(&db);
    let (folders, files) = (session.repo::<Folder>(), session.repo::<File>());
    let folder = folders.create(NewFolder { name: "a".to_owned() }).await.unwrap();
    let kept = files.create(NewFile { folder_id: folder.id }).await.unwrap();
    folders.delete(folder.id).await.unwrap();
    let file = Format::Csv.export(files.query()).await;
    files.query().delete_all().await.unwrap();
    assert_eq!(Format::Csv.import(&files, &file).await.unwrap(), 1);
    assert_eq!(files.get(kept.id).await.unwrap(), kept);
    let new = files.create(NewFile { folder_id: folder.id }).await;
    assert_error!(new, Error::ParentDeleted { .. });
    let nowhere = file.replace(&folder.id.to_string(), &Uuid::from_u128(1).to_string());
    let nowhere = nowhere.replace(&kept.id.to_string(), &Uuid::from_u128(2).to_string());
    let error = Format::Csv.import(&files, &nowhere).await.unwrap_err();
    assert!(matches!(error.cause(), Error::ForeignKey { .. }), "{error:?}");
    assert_eq!(error.line(), Some(3));
}

pub(crate) async fn no_live_row_is_imported_under_a_deleted_one_that_takes_it_along(
    fixture: Fixture,
) {
    let db = fixture.with(&schema![Person, Project, Task]).await;
    let session = acme(&db).actor("alice");
    let (projects, tasks) = (session.repo::<Project>(), session.repo::<Task>());
    let project = projects.create(NewProject { name: "a".to_owned() }).await.unwrap();
    let task =
        NewTask { code: "t".to_owned(), project_id: project.id, parent_id: None, owner_id: None };
    let task = tasks.create(task).await.unwrap();
    let file = Format::Csv.export(tasks.query()).await;
    tasks.delete(task.id).await.unwrap();
    tasks.purge(task.id).await.unwrap();
    projects.delete(project.id).await.unwrap();
    let error = Format::Csv.import(&tasks, &file).await.unwrap_err();
    assert!(matches!(error.cause(), Error::ParentDeleted { .. }), "{error:?}");
    assert_eq!(error.line(), Some(3));
    projects.restore(project.id).await.unwrap();
    assert_eq!(Format::Csv.import(&tasks, &file).await.unwrap(), 1);
}

pub(crate) async fn a_table_of_somebody_else_needs_only_what_a_caller_gives(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&schema![Ticket]).await;
    let tickets = acme(&db).repo::<Ticket>();
    let csv = "\u{feff}code,title,status,weight,owner,queue,number,reporter\n\
               a,\"one, two\",new,1,,inbox,,\n\
               \n\
               b,\"\",in_progress,2,\"\",inbox,7,ann";
    let count = tickets.import_csv(csv.as_bytes()).fresh_ids().await.unwrap();
    assert_eq!(count, 2);
    let rows = tickets.query().order_by(Ticket::CODE.asc()).all().await.unwrap();
    let expected = (ACME, 1, repo_core::Clock::now(&clock));
    assert!(rows.iter().all(|row| (row.tenant_id, row.version, row.created_at) == expected));
    assert_eq!((&*rows[0].title, rows[0].owner.as_deref()), ("one, two", None));
    assert_eq!((&*rows[1].title, rows[1].owner.as_deref()), ("", Some("")));
    let lines = "\n{\"code\":\"c\",\"title\":\"t\",\"status\":\"new\",\"weight\":1,\"owner\":null,\
                 \"queue\":\"q\",\"number\":null,\"reporter\":null}\n\n";
    assert_eq!(tickets.import_json_lines(lines.as_bytes()).fresh_ids().await.unwrap(), 1);
    let error = tickets.import_csv(csv.as_bytes()).await.unwrap_err();
    assert_eq!(error.to_string(), "line 1: `id` is missing: `fresh_ids` makes new ones");
}

/// What has an id of its own form, unless the file gives one.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "badges", tenant)]
struct Badge {
    #[repository(assigned, default = format!("badge_{}", Uuid::now_v7().simple()))]
    id: String,
    tenant_id: Uuid,
    #[repository(default = 5)]
    level: i32,
    #[repository(default = Some("grey".to_owned()))]
    color: Option<String>,
    #[repository(json, default = vec!["new".to_owned()])]
    marks: Vec<String>,
    holder: Option<String>,
    name: String,
}

pub(crate) async fn a_file_from_elsewhere_may_leave_out_what_a_new_row_may(fixture: Fixture) {
    let db = fixture.with(&schema![Badge]).await;
    let badges = acme(&db).repo::<Badge>();
    let csv = "name,holder\na,\nb,ann\n";
    assert_eq!(badges.import_csv(csv.as_bytes()).await.unwrap(), 2);
    let lines = "{\"name\":\"c\"}\n{\"name\":\"d\",\"holder\":\"bob\",\"level\":7}\n\
                 {\"id\":\"own\",\"name\":\"e\",\"color\":null,\"marks\":[]}\n";
    assert_eq!(badges.import_json_lines(lines.as_bytes()).await.unwrap(), 3);
    let rows = badges.query().order_by(Badge::NAME.asc()).all().await.unwrap();
    let seen = |row: &Badge| (row.level, row.color.clone(), row.marks.len(), row.holder.clone());
    let grey = || Some("grey".to_owned());
    let expected = [
        (5, grey(), 1, None),
        (5, grey(), 1, Some("ann".to_owned())),
        (5, grey(), 1, None),
        (7, grey(), 1, Some("bob".to_owned())),
        (5, None, 0, None),
    ];
    assert_eq!(rows.iter().map(seen).collect::<Vec<_>>(), expected);
    assert!(rows[..4].iter().all(|row| row.id.starts_with("badge_")) && rows[4].id == "own");
    for (file, expected) in [
        ("holder\nann\n", "line 1: `name` is missing"),
        ("name\na\n", "line 1: `holder` is missing"),
        ("name,holder,level\na,,\n", "line 2: `level` has no value, and must have one"),
    ] {
        let error = badges.import_csv(file.as_bytes()).await.unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    for (file, expected) in [
        ("{\"name\":\"a\"}\n{\"holder\":\"ann\"}", "line 2: `name` is missing"),
        ("{\"name\":\"a\",\"level\":null}", "line 1: `level` has no value, and must have one"),
    ] {
        let error = badges.import_json_lines(file.as_bytes()).await.unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    // An export leaves nothing out: where something is missing, it was lost.
    let mut export = Vec::new();
    badges.query().export_json_lines(&mut export).await.unwrap();
    let export = String::from_utf8(export).unwrap();
    let there = elsewhere(&schema![Badge]).await;
    let there = there.tenant(ACME).repo::<Badge>();
    for lost in ["\"holder\":null,", "\"level\":5,", "\"color\":\"grey\","] {
        let error = there.import_json_lines(export.replace(lost, "").as_bytes()).await.unwrap_err();
        assert!(error.to_string().ends_with("is missing"), "{error}");
    }
    there.import_json_lines(export.as_bytes()).await.unwrap();
    assert_eq!(there.query().order_by(Badge::NAME.asc()).all().await.unwrap(), rows);
}

pub(crate) async fn what_is_wrong_with_a_file_is_named(fixture: Fixture) {
    let db = fixture.with(&schema![Item, Sample]).await;
    let items = db.session().repo::<Item>();
    let id = "00000000-0000-0000-0000-000000000007";
    let header = |table: &str, format: u32| {
        format!("#{{\"format\":{format},\"table\":\"{table}\",\"columns\":[],\"redacted\":[]}}\n")
    };
    let csv = |rows: &str| format!("id,name,size,shelf\n{rows}").replace("ID", id);
    for (file, expected) in [
        (String::new(), "`file` is empty"),
        (header("itmes", 1), "line 1: `file` holds rows of `itmes`, not of `items`"),
        (header("items", 2), "line 1: `file` has the format 2, and 1 is what is read"),
        ("#{}\n".to_owned(), "line 1: `file` has a first line that is none of an export"),
        (header("items", 1), "`file` has no line with the names of its columns"),
        (
            "id,nmae\n".to_owned(),
            "line 1: `file` has a column `nmae`, which `Item` has not: did you mean `name`?",
        ),
        ("id,name,size,name\n".to_owned(), "line 1: `name` is there twice"),
        ("id,name,size\n".to_owned(), "line 1: `shelf` is missing"),
        (csv("ID,a,,\nID,b,1"), "line 3: `file` has 3 fields where there are 4 columns"),
        (csv("ID,a,1.5,"), "line 2: `size` is not a 32-bit integer"),
        (csv("ID,\"a\nb\",1,\nID,,1,"), "line 4: `name` has no value, and must have one"),
        (csv("7,a,1,"), "line 2: `id` is not a UUID"),
        (csv("ID,a\"b,1,"), "line 2: `file` has a quote that nothing closes"),
        (
            csv("ID,a\"b\",1,"),
            "line 2: `file` has a quote or a line break in a field without quotes",
        ),
        (csv("ID,\"a\"b,1,"), "line 2: `file` has something after a quote that closes a field"),
        (csv("ID,a\u{0},1,"), "line 2: `name` holds a NUL character"),
    ] {
        let error = items.import_csv(file.as_bytes()).await.unwrap_err();
        let is_named = error.to_string() == expected
            || (expected.ends_with("closes") && error.to_string().contains("without quotes"));
        assert!(is_named, "{file}\n{error}\n{expected}");
        assert!(error.is_invalid_input());
    }
    let line = |size: &str| format!(r#"{{"id":"{id}","name":"a","size":{size},"shelf":null}}"#);
    for (file, expected) in [
        ("{\"export\":7}".to_owned(), "line 1: `file` has a first line that is none of an export"),
        ("[]".to_owned(), "line 1: `file` is no JSON object at column 0"),
        (line("\"a\""), "line 1: `size` is not a 32-bit integer"),
        (line("true"), "line 1: `size` is not a 32-bit integer"),
        (line("2147483648"), "line 1: `size` is not a 32-bit integer"),
        (line("1,\"size\":2"), "line 1: `size` is there twice"),
        (
            line("1,\"sizes\":2"),
            "line 1: `file` has a column `sizes`, which `Item` has not: did you mean `size`?",
        ),
        (line("1").replace("null", "7"), "line 1: `shelf` is not a text"),
        (line("1").replace("\"name\":\"a\",", ""), "line 1: `name` is missing"),
        (format!("{}\n{{", line("1")), "line 2: `file` is no JSON object at column 1"),
    ] {
        let error = items.import_json_lines(file.as_bytes()).await.unwrap_err();
        assert_eq!(error.to_string(), expected, "{file}");
    }
    let error = items.import_csv(&b"id\n\xff\n"[..]).await.unwrap_err();
    assert!(error.to_string().starts_with("line 1: "), "{error}");
    assert_eq!(items.count().await.unwrap(), 0);
}
