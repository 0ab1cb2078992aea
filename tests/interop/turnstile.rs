//! A way to a broker that counts who comes.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Carries bytes to the broker, and counts who came.
pub fn turnstile(to: u16) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let came = Arc::new(AtomicUsize::new(0));
    let counted = came.clone();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (client, server) = (
                client.unwrap(),
                TcpStream::connect(("127.0.0.1", to)).unwrap(),
            );
            counted.fetch_add(1, Ordering::Relaxed);
            carry(client.try_clone().unwrap(), server.try_clone().unwrap());
            carry(server, client);
        }
    });
    (port, came)
}

fn carry(mut from: TcpStream, mut to: TcpStream) {
    thread::spawn(move || {
        // Either side may end first; then so does the other.
        let _count = io::copy(&mut from, &mut to);
        let _ended = to.shutdown(Shutdown::Both);
    });
}
