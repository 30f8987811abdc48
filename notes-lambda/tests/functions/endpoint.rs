//! DynamoDB as the functions see it: an engine, or something that is none.

use std::net::TcpListener as StdListener;

use axum::Router;
use notes_dynamo::ensure_table;
use notes_examples::Engine;
use tokio::net::TcpListener;

pub(crate) const TABLE: &str = "notes";

/// An engine with the table.
pub(crate) async fn engine() -> Engine {
    let engine = Engine::in_memory().unwrap();
    ensure_table(&engine.client(), TABLE).await.unwrap();
    engine
}

/// The URL of a port where nothing listens.
pub(crate) fn nowhere() -> String {
    let listener = StdListener::bind(("127.0.0.1", 0)).unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// The URL of an endpoint that answers so.
pub(crate) async fn serve(router: Router) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
    format!("http://{address}")
}

/// The URL of an endpoint that takes requests and never answers.
pub(crate) async fn hanging() -> String {
    serve(Router::new().fallback(std::future::pending::<()>)).await
}
