//! A pooler that loses the server after it did what it was asked, and says so in the server's stead.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use repo_core::{Error, Repository, schema};
use repo_postgres::Options;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

use crate::scratch::Scratch;

#[derive(Debug, Clone, Repository)]
#[repository(table = "parcels")]
struct Parcel {
    id: Uuid,
    label: String,
}

/// What is said instead of the next answer: a severity and a state.
type Lost = Arc<Mutex<Option<(&'static str, &'static str)>>>;

/// The URL of a pooler before the server of `url`.
async fn pooler(url: &str, lost: &Lost) -> String {
    let (scheme, rest) = url.split_once("://").unwrap();
    let (user, rest) = rest.rsplit_once('@').unwrap();
    let (server, path) = rest.split_once('/').unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (server, lost) = (server.to_owned(), Arc::clone(lost));
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let server = TcpStream::connect(&server).await.unwrap();
            tokio::spawn(forward(client, server, Arc::clone(&lost)));
        }
    });
    format!("{scheme}://{user}@127.0.0.1:{port}/{path}&sslmode=disable")
}

async fn forward(mut client: TcpStream, mut server: TcpStream, lost: Lost) {
    let (mut asked, mut answer) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(size @ 1..) = read else { return };
                server.write_all(&asked[..size]).await.unwrap();
                let lost = lost.lock().unwrap().take();
                if let Some((severity, state)) = lost {
                    // The server did it.
                    let answered = server.read(&mut answer).await.unwrap();
                    assert!(answered > 0, "the server goes on");
                    let lost = error(severity, state, "server conn crashed?");
                    client.write_all(&lost).await.unwrap();
                    return;
                }
            }
            read = server.read(&mut answer) => {
                let Ok(size @ 1..) = read else { return };
                client.write_all(&answer[..size]).await.unwrap();
            }
        }
    }
}

/// An `ErrorResponse`: <https://www.postgresql.org/docs/15/protocol-message-formats.html>
pub(crate) fn error(severity: &str, state: &str, message: &str) -> Vec<u8> {
    let fields = format!("S{severity}\0V{severity}\0C{state}\0M{message}\0\0");
    let size = u32::try_from(fields.len() + 4).unwrap();
    [b"E".as_slice(), &size.to_be_bytes(), fields.as_bytes()].concat()
}

#[tokio::test]
async fn a_write_that_a_pooler_lost_sight_of_is_not_said_to_be_undone() {
    let Some(scratch) = Scratch::new().await else { return };
    let lost = Lost::default();
    let url = pooler(&scratch.url, &lost).await;
    let db = Options::new(&url).unwrap().pool_size(1).connect().await.unwrap();
    db.create_tables(&schema![Parcel]).await.unwrap();
    let parcels = db.session().repo::<Parcel>();
    for (severity, state) in
        [("FATAL", "08P01"), ("FATAL", "08006"), ("FATAL", "08007"), ("ERROR", "40003")]
    {
        parcels.create(NewParcel { label: "before".to_owned() }).await.unwrap();
        *lost.lock().unwrap() = Some((severity, state));
        let error = parcels.create(NewParcel { label: state.to_owned() }).await.unwrap_err();
        assert!(matches!(error, Error::CommitUnknown { .. }), "{state}: {error:?}");
        assert!(!error.is_retryable(), "{state}");
        let stored = parcels.filter(Parcel::LABEL.eq(state)).count().await;
        assert_eq!(stored.unwrap(), 1, "{state}: the server had committed it");
    }
    // What only reads is done again without harm.
    *lost.lock().unwrap() = Some(("FATAL", "08P01"));
    let error = parcels.count().await.unwrap_err();
    assert!(matches!(error, Error::Connection { .. }) && error.is_retryable(), "{error:?}");
}

/// The URL of a pooler that refuses a parameter by the name, and how often it did.
async fn refusing(url: &str, parameter: &'static str) -> (String, Arc<AtomicUsize>) {
    let (start, rest) = url.rsplit_once('@').unwrap();
    let (server, path) = rest.split_once('/').unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (server, refused) = (server.to_owned(), Arc::<AtomicUsize>::default());
    let counter = Arc::clone(&refused);
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut asked = vec![0; 1 << 12];
            let size = client.peek(&mut asked).await.unwrap();
            if String::from_utf8_lossy(&asked[..size]).contains(parameter) {
                counter.fetch_add(1, Ordering::Relaxed);
                let _ = client.read(&mut asked).await;
                let message = format!("unsupported startup parameter in options: {parameter}");
                client.write_all(&error("FATAL", "08P01", &message)).await.unwrap();
                continue;
            }
            let server = TcpStream::connect(&server).await.unwrap();
            tokio::spawn(forward(client, server, Lost::default()));
        }
    });
    (format!("{start}@127.0.0.1:{port}/{path}&sslmode=disable"), refused)
}

#[tokio::test]
async fn a_pooler_that_does_not_know_a_setting_is_asked_once() {
    let Some(scratch) = Scratch::new().await else { return };
    let (url, refused) = refusing(&scratch.url, "client_connection_check_interval").await;
    let db = Options::new(&url).unwrap().pool_size(3).connect().await.unwrap();
    db.create_tables(&schema![Parcel]).await.unwrap();
    let session = db.session();
    let mut held = Vec::new();
    for _ in 0..3 {
        let tx = session.begin().await.unwrap();
        tx.repo::<Parcel>().create(NewParcel { label: "a".to_owned() }).await.unwrap();
        held.push(tx);
    }
    for tx in held {
        tx.commit().await.unwrap();
    }
    assert_eq!(refused.load(Ordering::Relaxed), 1);
    let (url, refused) = refusing(&scratch.url, "search_path").await;
    let error = Options::new(&url).unwrap().connect().await.unwrap_err();
    assert!(matches!(error, Error::Configuration { .. }) && !error.is_retryable(), "{error:?}");
    assert!(error.to_string().contains("ALTER ROLE"), "{error}");
    assert_eq!(refused.load(Ordering::Relaxed), 2);
}
