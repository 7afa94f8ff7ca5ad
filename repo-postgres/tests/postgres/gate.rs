//! A proxy that says something else than the server to who sends certain words, and hangs up.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::pooler::error;

/// What an `ErrorResponse` tells: severity, state and message.
pub(crate) type Said = (&'static str, &'static str, &'static str);

/// What is looked for in what is sent, and what is said to it, if anything.
type Rules = Arc<Mutex<Vec<(&'static str, Option<Said>)>>>;

/// A URL by which not everything reaches the server.
pub(crate) struct Gate {
    pub(crate) url: String,
    rules: Rules,
}

impl Gate {
    /// Before the server of `url`, which has parameters.
    pub(crate) async fn new(url: &str) -> Self {
        let (start, rest) = url.rsplit_once('@').unwrap();
        let (server, path) = rest.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = format!("{start}@127.0.0.1:{port}/{path}&sslmode=disable");
        let (server, rules) = (server.to_owned(), Rules::default());
        let kept = Arc::clone(&rules);
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let server = TcpStream::connect(&server).await.unwrap();
                tokio::spawn(forward(client, server, Arc::clone(&kept)));
            }
        });
        Self { url, rules }
    }

    /// From now on the answer to these words is this error.
    pub(crate) fn refuse(&self, words: &'static str, said: Said) {
        self.rules.lock().unwrap().push((words, Some(said)));
    }

    /// From now on there is no answer to these words, which do not reach the server.
    pub(crate) fn hang_up_at(&self, words: &'static str) {
        self.rules.lock().unwrap().push((words, None));
    }
}

async fn forward(mut client: TcpStream, mut server: TcpStream, rules: Rules) {
    let (mut asked, mut answer) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(size @ 1..) = read else { return };
                let text = String::from_utf8_lossy(&asked[..size]);
                let is_met = |(words, _): &&(&str, Option<Said>)| text.contains(words);
                let met = rules.lock().unwrap().iter().find(is_met).copied();
                if let Some((_, said)) = met {
                    if let Some((severity, state, message)) = said {
                        client.write_all(&error(severity, state, message)).await.unwrap();
                    }
                    return;
                }
                server.write_all(&asked[..size]).await.unwrap();
            }
            read = server.read(&mut answer) => {
                let Ok(size @ 1..) = read else { return };
                client.write_all(&answer[..size]).await.unwrap();
            }
        }
    }
}
