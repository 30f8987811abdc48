//! DynamoDB as the functions see it: an engine, or something that is none.

use axum::Router;
use notes_dynamo::ensure_table;
use notes_testing::{Engine, serve};

pub(crate) const TABLE: &str = "notes";

/// An engine with the table.
pub(crate) async fn engine() -> Engine {
    let engine = Engine::in_memory().unwrap();
    ensure_table(&engine.client(), TABLE).await.unwrap();
    engine
}

/// The URL of a port where nothing listens: no system gives it to a program that asks for any port.
pub(crate) fn nowhere() -> String {
    "http://127.0.0.1:1".to_owned()
}

/// The URL of an endpoint that responds so.
pub(crate) async fn url_of(router: Router) -> String {
    format!("http://{}", serve(router).await.unwrap())
}

/// The URL of an endpoint that takes requests and never responds.
pub(crate) async fn hanging() -> String {
    url_of(Router::new().fallback(std::future::pending::<()>)).await
}
