//! A server of a test's own.

use std::io;
use std::net::SocketAddr;

use axum::Router;
use tokio::net::TcpListener;

/// Serves these routes on a free loopback port, until the runtime that this is called on ends.
///
/// # Errors
/// When no port can be bound.
pub async fn serve(router: Router) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(axum::serve(listener, router).into_future());
    Ok(address)
}
