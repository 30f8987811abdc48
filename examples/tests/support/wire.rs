use std::io;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::DEADLINE;
use super::user::User;

/// A connection on which a test writes what it likes.
#[derive(Debug)]
pub(crate) struct Wire(TcpStream);

impl Wire {
    pub(crate) async fn open(url: &str) -> Self {
        let address = url.strip_prefix("http://").unwrap();
        Self(TcpStream::connect(address).await.unwrap())
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes).await
    }

    /// Says that nothing more will come.
    pub(crate) async fn end(&mut self) -> io::Result<()> {
        self.0.shutdown().await
    }

    /// So many bytes.
    pub(crate) async fn read(&mut self, count: usize) -> Vec<u8> {
        let mut read = vec![0; count];
        let all = timeout(DEADLINE, self.0.read_exact(&mut read)).await;
        all.unwrap().unwrap();
        read
    }

    /// What comes until this, and this.
    pub(crate) async fn read_until(&mut self, end: &str) -> String {
        let mut read = Vec::new();
        while !read.ends_with(end.as_bytes()) {
            let byte = timeout(DEADLINE, self.0.read_u8()).await.unwrap();
            read.push(byte.unwrap());
        }
        String::from_utf8(read).unwrap()
    }

    /// What comes until the server closes the connection, be it by a reset.
    pub(crate) async fn read_to_end(&mut self) -> Vec<u8> {
        let mut read = Vec::new();
        let closed = timeout(DEADLINE, self.0.read_to_end(&mut read)).await;
        assert!(closed.is_ok(), "the connection stays open after {read:?}");
        read
    }
}

/// A creation that the server is at work on, because half of its body is yet to come.
#[derive(Debug)]
pub(crate) struct HalfSent {
    wire: Wire,
    rest: Vec<u8>,
}

impl HalfSent {
    pub(crate) async fn creation(user: &User, key: &str, note: &Value) -> Self {
        let body = note.to_string().into_bytes();
        let head = format!(
            "POST /notes HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
             Idempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Expect: 100-continue\r\nConnection: close\r\n\r\n",
            user.host(),
            user.token,
            body.len()
        );
        let mut wire = Wire::open(&user.url).await;
        wire.send(head.as_bytes()).await.unwrap();
        // The server asks for the body once the handler of the request reads it.
        let asked = wire.read_until("\r\n\r\n").await;
        assert!(asked.starts_with("HTTP/1.1 100 "), "{asked}");
        let (half, rest) = body.split_at(body.len() / 2);
        wire.send(half).await.unwrap();
        Self {
            wire,
            rest: rest.to_vec(),
        }
    }

    /// Sends the rest, and returns the status of the response.
    pub(crate) async fn finish(mut self) -> u16 {
        self.wire.send(&self.rest).await.unwrap();
        let response = String::from_utf8(self.wire.read_to_end().await).unwrap();
        let status = response
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        status.unwrap_or_else(|| panic!("no response: {response:?}"))
    }
}
