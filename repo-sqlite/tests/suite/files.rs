//! Files that cannot be opened, or not be written.

use std::fs;

use repo_core::Error;
use repo_core::backend::Access;
use repo_sqlite::{Options, Synchronous};

use crate::support::{File, add, count, open, statement};

async fn try_open(url: &str) -> Result<(), Error> {
    Options::new(url)?.connect_backend().await.map(drop)
}

#[tokio::test]
async fn a_file_that_cannot_be_a_database_is_one_clear_line() {
    let file = File::new();
    let folder = file.folder.path().display();
    fs::write(file.folder.path().join("letter.txt"), "Dear Sir or Madam, ".repeat(100))
        .expect("a file");
    for (url, words) in [
        (format!("sqlite://{folder}/missing/notes.db"), "does not exist"),
        (format!("sqlite://{folder}/notes.db?mode=rw"), "does not exist"),
        (format!("sqlite://{folder}/notes.db?mode=ro"), "does not exist"),
        (format!("sqlite://{folder}"), "is a folder"),
        (format!("sqlite://{folder}/letter.txt"), "is not a SQLite database"),
        (format!("sqlite://{folder}/letter.txt?mode=ro"), "is not a SQLite database"),
    ] {
        let error = try_open(&url).await.expect_err(&url);
        let text = error.to_string();
        assert!(matches!(error, Error::Configuration { .. }), "{url}: {error:?}");
        assert!(text.contains(words) && !text.contains('\n'), "{url}: {text}");
    }
    assert!(!file.folder.path().join("notes.db").exists(), "nothing was made");
}

#[tokio::test]
async fn a_file_whose_text_is_not_utf_8_is_refused_as_it_is() {
    for encoding in ["UTF-16le", "UTF-16be"] {
        let file = File::new();
        let text = format!("PRAGMA encoding = '{encoding}'; CREATE TABLE t (a TEXT)");
        file.stranger().execute_batch(&text).expect("a table");
        for url in [file.url(), format!("{}?mode=ro", file.url())] {
            let error = try_open(&url).await.expect_err(encoding);
            assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
            assert!(error.to_string().contains(encoding), "{error}");
        }
        let mode = "PRAGMA journal_mode";
        let mode: String = file.stranger().query_row(mode, [], |row| row.get(0)).expect("a mode");
        assert_eq!(mode, "delete", "the file is as it was");
    }
    let options = Options::new("sqlite::memory:").expect("a URL");
    let refused = options.pragma("encoding", "'UTF-16'").expect_err("a pragma of ours");
    assert!(refused.to_string().contains("UTF-8"), "{refused}");
}

#[tokio::test]
async fn a_file_opened_for_reading_is_read_and_not_written() {
    let file = File::new();
    let backend = file.notes().await;
    add(&*backend, "one").await.expect("a note");
    let url = format!("{}?mode=ro", file.url());
    let reading = open(Options::new(&url).expect("a URL")).await;
    assert_eq!(count(&*reading).await.expect("a count"), 1);
    let error = add(&*reading, "two").await.expect_err("it is read-only");
    assert!(matches!(error, Error::ReadOnly { .. }), "{error}");
    add(&*backend, "two").await.expect("the other is not");
    assert_eq!(count(&*reading).await.expect("a count"), 2);
}

#[tokio::test]
async fn a_file_that_was_removed_or_replaced_is_told_by_the_health_of_the_database() {
    let file = File::new();
    let backend = file.notes().await;
    backend.health().await.expect("it is there");
    let path = file.folder.path().join("notes.db");
    let moved = file.folder.path().join("moved.db");
    fs::rename(&path, &moved).expect("another name");
    let is_told = |health: Result<_, Error>| match health {
        Err(Error::Connection { source }) => source.message.contains("moved, removed or replaced"),
        _ => false,
    };
    assert!(is_told(backend.health().await.map(drop)), "there is none");
    fs::copy(&moved, &path).expect("another file");
    assert!(is_told(backend.health().await.map(drop)), "there is another one");
    fs::rename(&moved, &path).expect("its name");
    backend.health().await.expect("it is there again");
}

#[tokio::test]
async fn closing_leaves_one_file_that_holds_everything() {
    let file = File::new();
    let backend = file.notes().await;
    add(&*backend, "one").await.expect("a note");
    assert_eq!(count(&*backend).await.expect("a count"), 1);
    backend.close().await;
    let error = count(&*backend).await.expect_err("it is closed");
    assert!(matches!(error, Error::Closed), "{error}");
    let files: Vec<_> = fs::read_dir(file.folder.path())
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(files, ["notes.db"]);
    assert_eq!(count(&*open(file.options()).await).await.expect("a count"), 1);
}

#[tokio::test]
async fn the_settings_are_those_of_the_options() {
    let file = File::new();
    let options = file.options().synchronous(Synchronous::Normal).pragma("cache_size", "-4321");
    let backend = open(options.expect("a free pragma")).await;
    for (pragma, access, expected) in [
        ("synchronous", Access::Write, 1),
        ("cache_size", Access::Write, -4321),
        ("cache_size", Access::Read, -4321),
        ("foreign_keys", Access::Write, 1),
        ("foreign_keys", Access::Read, 1),
        ("recursive_triggers", Access::Write, 1),
        ("trusted_schema", Access::Read, 0),
    ] {
        let mut value = None;
        let sql = format!("PRAGMA {pragma}");
        let on_row = &mut |row: &dyn repo_core::backend::Row| {
            value = Some(crate::support::integer(row)?);
            Ok(())
        };
        backend.run(statement(access, &sql, &[]), on_row).await.expect(pragma);
        assert_eq!(value, Some(expected), "{pragma}");
    }
    for pragma in ["JOURNAL_MODE", "short_column_names", "ignore_check_constraints"] {
        let error = file.options().pragma(pragma, "0").expect_err("it is relied on");
        assert!(matches!(error, Error::Configuration { .. }), "{error}");
    }
}
