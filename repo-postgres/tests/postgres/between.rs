//! A proxy that changes what is said between the server and whoever connects by it.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A URL by which what is said can be changed.
pub(crate) struct Between {
    pub(crate) url: String,
    changes: Changes,
}

/// What is looked for in what either side sends, and what is sent instead.
type Changes = Arc<Mutex<Vec<(Vec<u8>, Vec<u8>)>>>;

impl Between {
    /// Before the server of `url`, which has parameters.
    pub(crate) async fn new(url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap();
        let (user, rest) = rest.rsplit_once('@').unwrap();
        let (server, path) = rest.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = format!("{scheme}://{user}@127.0.0.1:{port}/{path}&sslmode=disable");
        let (server, changes) = (server.to_owned(), Changes::default());
        let changing = Arc::clone(&changes);
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let server = TcpStream::connect(&server).await.unwrap();
                let ((asking, to_client), (answering, to_server)) =
                    (client.into_split(), server.into_split());
                tokio::spawn(forward(asking, to_server, Arc::clone(&changing)));
                tokio::spawn(forward(answering, to_client, Arc::clone(&changing)));
            }
        });
        Self { url, changes }
    }

    /// From now on `to` is sent in place of `from`, where that is sent in one piece.
    pub(crate) fn change(&self, from: &[u8], to: &[u8]) {
        self.changes.lock().unwrap().push((from.to_vec(), to.to_vec()));
    }
}

async fn forward(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    changes: Changes,
) {
    let mut said = vec![0; 1 << 16];
    while let Ok(size @ 1..) = from.read(&mut said).await {
        let mut sent = said[..size].to_vec();
        for (from, to) in changes.lock().unwrap().iter() {
            let place = sent.windows(from.len()).position(|part| part == from);
            if let Some(start) = place {
                sent.splice(start..start + from.len(), to.iter().copied());
            }
        }
        if to.write_all(&sent).await.is_err() {
            break;
        }
    }
}
