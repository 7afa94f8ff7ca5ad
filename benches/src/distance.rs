//! A server that is farther away: what is sent to it and what it answers arrives later.
//!
//! Applications seldom run on the machine of their database. Between two machines of one data centre a round trip
//! takes some hundred microseconds, which counts once for each statement that is waited for.

use std::io::{Read, Result, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// What arrived, and when it is to arrive.
type Parcel = (Instant, Vec<u8>);

/// Opens a port of this machine behind which `server` is, `round_trip` farther away, until the process ends.
///
/// # Errors
///
/// There is no port.
pub fn farther(server: SocketAddr, round_trip: Duration) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for client in listener.incoming() {
            // A connection that cannot be made is closed, and whoever made it sees that.
            let _ = client.and_then(|client| join(client, server, round_trip / 2));
        }
    });
    Ok(address)
}

/// Carries both ways what two ends say, each time `later`.
fn join(client: TcpStream, server: SocketAddr, later: Duration) -> Result<()> {
    let server = TcpStream::connect(server)?;
    for (from, to) in [(&client, &server), (&server, &client)] {
        to.set_nodelay(true)?;
        let (from, to, (sender, receiver)) = (from.try_clone()?, to.try_clone()?, channel());
        thread::spawn(move || take(from, later, &sender));
        thread::spawn(move || give(to, &receiver));
    }
    Ok(())
}

/// Takes what arrives, until the end.
fn take(mut from: TcpStream, later: Duration, parcels: &Sender<Parcel>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if parcels.send((Instant::now() + later, buffer[..length].to_vec())).is_err() {
            break;
        }
    }
}

/// Hands over each parcel when it is time, and then the end.
fn give(mut to: TcpStream, parcels: &Receiver<Parcel>) {
    for (due, bytes) in parcels {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if to.write_all(&bytes).is_err() {
            break;
        }
    }
    // The other end may be gone already.
    let _ = to.shutdown(Shutdown::Write);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_arrives_later_and_in_order_and_the_end_does_too() -> Result<()> {
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let far = farther(server.local_addr()?, Duration::from_millis(20))?;
        let mut client = TcpStream::connect(far)?;
        let (mut server, _) = server.accept()?;
        let started = Instant::now();
        client.write_all(b"one ")?;
        client.write_all(b"two")?;
        client.shutdown(Shutdown::Write)?;
        let (mut heard, mut answered) = (String::new(), String::new());
        server.read_to_string(&mut heard)?;
        server.write_all(b"three")?;
        drop(server);
        client.read_to_string(&mut answered)?;
        assert_eq!((&heard[..], &answered[..]), ("one two", "three"));
        // Not a measure: it cannot be less, however fast the machine is.
        assert!(started.elapsed() >= Duration::from_millis(20));
        Ok(())
    }
}
