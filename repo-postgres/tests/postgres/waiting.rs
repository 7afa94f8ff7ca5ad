//! Who finds no connection free: whatever comes first is taken, and nothing is lost where connecting takes long.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use repo_core::backend::Backend;
use repo_core::{Error, Kind, TransactionOptions};
use repo_postgres::{Options, Postgres};
use sqlx::Connection as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::scratch::{Scratch, count, read};

const PID: &str = "SELECT pg_backend_pid()::int8";
const LONG: Duration = Duration::from_secs(60);

/// A way to the server on which connecting takes some time.
struct Slow {
    url: String,
    milliseconds: Arc<AtomicU64>,
}

impl Slow {
    async fn new(url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap();
        let (user, rest) = rest.rsplit_once('@').unwrap();
        let (server, path) = rest.split_once('/').unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("{scheme}://{user}@{}/{path}", listener.local_addr().unwrap());
        let (server, milliseconds) = (server.to_owned(), Arc::<AtomicU64>::default());
        let takes = Arc::clone(&milliseconds);
        // In a runtime of its own, as others rest.
        std::thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                while let Ok((client, _)) = listener.accept().await {
                    let takes = Duration::from_millis(takes.load(Ordering::Relaxed));
                    tokio::spawn(forward(client, server.clone(), takes));
                }
            });
        });
        Self { url, milliseconds }
    }

    fn takes(&self, time: Duration) {
        self.milliseconds.store(u64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
    }

    fn options(&self) -> Options {
        Options::new(&self.url).unwrap()
    }
}

async fn forward(mut client: TcpStream, server: String, takes: Duration) {
    sleep(takes).await;
    let mut server = TcpStream::connect(server).await.unwrap();
    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
}

/// As many reads at once.
async fn at_once(db: &Postgres, reads: usize) -> repo_core::Result<()> {
    let mut tasks = JoinSet::new();
    for _ in 0..reads {
        let db = db.clone();
        tasks.spawn(async move { read(&db, PID, &[], Kind::I64).await.map(drop) });
    }
    tasks.join_all().await.into_iter().collect()
}

async fn has_idle(db: &Postgres, least: usize) {
    for _ in 0..400 {
        if db.health().await.unwrap().idle >= least {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("there are never {least} connections");
}

#[tokio::test]
async fn a_slow_connect_holds_up_nobody_whom_a_free_connection_could_serve() {
    let Some(scratch) = Scratch::new().await else { return };
    let slow = Slow::new(&scratch.url).await;
    let db = slow.options().pool_size(5).connect_backend().await.unwrap();
    slow.takes(Duration::from_millis(1_500));
    let started = Instant::now();
    at_once(&db, 20).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    // What was in the making is finished, and no more than the pool has.
    has_idle(&db, 4).await;
    sleep(Duration::from_millis(100)).await;
    let health = db.health().await.unwrap();
    assert!(health.idle <= 5, "{health:?}");
}

#[tokio::test]
async fn a_server_that_takes_fewer_connections_than_the_pool_has_serves_all() {
    let Some(scratch) = Scratch::of_a_role().await else { return };
    scratch.admin(&format!("ALTER ROLE {} CONNECTION LIMIT 2", scratch.role())).await;
    let db = scratch.connect().await;
    for _ in 0..10 {
        at_once(&db, 30).await.unwrap();
    }
    db.close().await;
}

#[tokio::test]
async fn a_full_server_is_waited_for_and_then_said_to_be_full() {
    let Some(scratch) = Scratch::of_a_role().await else { return };
    let options = scratch.options().connect_timeout(Duration::from_secs(3));
    scratch.admin(&format!("ALTER ROLE {} CONNECTION LIMIT 1", scratch.role())).await;
    let other = scratch.sqlx().await;
    let error = options.connect_backend().await.unwrap_err();
    let Error::Connection { source } = &error else { panic!("{error:?}") };
    assert_eq!(source.code.as_deref(), Some("53300"));
    let leaving = async {
        sleep(Duration::from_millis(300)).await;
        other.close().await.unwrap();
    };
    let (db, ()) = tokio::join!(scratch.connect(), leaving);
    count(&db, PID).await;
    db.close().await;
}

/// Whichever attempt it is that the end of the time cuts off.
#[tokio::test]
async fn what_the_server_said_is_told_where_it_answers_no_more() {
    let Some(scratch) = Scratch::of_a_role().await else { return };
    scratch.admin(&format!("ALTER ROLE {} CONNECTION LIMIT 0", scratch.role())).await;
    let slow = Slow::new(&scratch.url).await;
    let options = slow.options().connect_timeout(Duration::from_secs(2));
    let answers_no_more = async {
        sleep(Duration::from_millis(700)).await;
        slow.takes(LONG);
    };
    let (answer, ()) = tokio::join!(options.connect_backend(), answers_no_more);
    let error = answer.unwrap_err();
    let Error::Connection { source } = &error else { panic!("{error:?}") };
    assert_eq!(source.code.as_deref(), Some("53300"));
}

#[tokio::test]
async fn who_goes_away_while_connecting_hangs_takes_no_place_along() {
    let Some(scratch) = Scratch::new().await else { return };
    let slow = Slow::new(&scratch.url).await;
    let options = slow.options().pool_size(2).connect_timeout(Duration::from_secs(1));
    let db = options.connect_backend().await.unwrap();
    let begin = || db.begin(TransactionOptions::new());
    let held = begin().await.unwrap();
    slow.takes(LONG);
    for _ in 0..6 {
        let short = Duration::from_millis(20);
        timeout(short, read(&db, PID, &[], Kind::I64)).await.unwrap_err();
    }
    let (waited, rolled_back) = tokio::join!(read(&db, PID, &[], Kind::I64), held.rollback());
    waited.unwrap();
    rolled_back.unwrap();
    slow.takes(Duration::ZERO);
    let both = timeout(Duration::from_secs(10), async { tokio::try_join!(begin(), begin()) });
    both.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_connect_that_hangs_is_told_to_who_waits() {
    let Some(scratch) = Scratch::new().await else { return };
    let slow = Slow::new(&scratch.url).await;
    let options = slow.options().pool_size(2).connect_timeout(Duration::from_millis(300));
    let db = options.connect_backend().await.unwrap();
    let held = db.begin(TransactionOptions::new()).await.unwrap();
    slow.takes(LONG);
    for _ in 0..2 {
        let waiting = timeout(Duration::from_secs(5), read(&db, PID, &[], Kind::I64));
        let error = waiting.await.unwrap().unwrap_err();
        assert!(matches!(error, Error::Connection { .. }), "{error:?}");
    }
    held.rollback().await.unwrap();
    count(&db, PID).await;
}

#[tokio::test]
async fn who_waits_while_the_database_is_closed_is_served() {
    let Some(scratch) = Scratch::new().await else { return };
    let slow = Slow::new(&scratch.url).await;
    let db = slow.options().pool_size(2).connect_backend().await.unwrap();
    let held = db.begin(TransactionOptions::new()).await.unwrap();
    slow.takes(LONG);
    let closing = async {
        sleep(Duration::from_millis(50)).await;
        db.close().await;
        held.rollback().await.unwrap();
    };
    let (waited, ()) = tokio::join!(read(&db, PID, &[], Kind::I64), closing);
    waited.unwrap();
    assert!(matches!(read(&db, PID, &[], Kind::I64).await, Err(Error::Closed)));
}

#[test]
fn what_is_in_the_making_in_a_runtime_that_rests_is_in_nobodys_way() {
    let runtime = || Builder::new_current_thread().enable_all().build().unwrap();
    let (resting, working) = (runtime(), runtime());
    let Some(scratch) = working.block_on(Scratch::new()) else { return };
    let slow = working.block_on(Slow::new(&scratch.url));
    let db = working.block_on(slow.options().pool_size(1).connect_backend()).unwrap();
    slow.takes(LONG);
    resting.block_on(async {
        let short = Duration::from_millis(50);
        timeout(short, read(&db, PID, &[], Kind::I64)).await.unwrap_err();
    });
    slow.takes(Duration::ZERO);
    working.block_on(async {
        timeout(Duration::from_secs(5), count(&db, PID)).await.unwrap();
    });
    resting.block_on(async {
        timeout(Duration::from_secs(5), count(&db, PID)).await.unwrap();
    });
}

/// Blocks the thread until the future is done, whatever runtime the thread belongs to.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Thread(std::thread::Thread);
    impl Wake for Thread {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Thread(std::thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_blocks_the_thread_that_is_to_connect_does_not_wait_for_ever() {
    let Some(scratch) = Scratch::new().await else { return };
    let options = scratch.options().connect_timeout(Duration::from_millis(500));
    let db = options.pool_size(2).connect_backend().await.unwrap();
    // Nothing is idle for the second.
    let held = db.begin(TransactionOptions::default()).await.unwrap();
    let blocked = db.clone();
    let read = tokio::spawn(async move { block_on(read(&blocked, PID, &[], Kind::I64)).map(drop) });
    match timeout(LONG, read).await.expect("it ends").unwrap() {
        Ok(()) | Err(Error::Connection { .. }) => {}
        Err(error) => panic!("{error:?}"),
    }
    drop(held);
    at_once(&db, 2).await.unwrap();
}
