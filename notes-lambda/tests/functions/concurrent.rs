//! Lambda Managed Instances give one process several invocations at a time.

use std::sync::Arc;

use axum::Router;
use axum::routing::post;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::endpoint::url_of;
use crate::function::{ALL, Function, TIMEOUT, about, is_problem, new_id, variables};

#[tokio::test(flavor = "multi_thread")]
async fn a_managed_instance_serves_several_invocations_at_the_same_time() {
    const TOGETHER: usize = 8;
    let barrier = Arc::new(Barrier::new(TOGETHER));
    // No request has a response before all have come, but that of the warm-up.
    let endpoint = url_of(Router::new().route(
        "/",
        post(async move |body: String| {
            if !body.contains("\\u0001") {
                barrier.wait().await;
            }
            "{}"
        }),
    ));
    let mut variables = variables(&endpoint.await);
    variables.push(("AWS_LAMBDA_MAX_CONCURRENCY", TOGETHER.to_string()));
    let function = Function::start(ALL, &variables).await;
    function.lambda.asked(TOGETHER).await;
    let mut invocations = JoinSet::new();
    for _ in 0..TOGETHER {
        let lambda = function.lambda.clone();
        let event = serde_json::to_vec(&about("http-get", new_id())).unwrap();
        invocations.spawn(async move { lambda.invoke(event, TIMEOUT).await.response() });
    }
    for response in invocations.join_all().await {
        is_problem(&response, 404, "note-not-found");
    }
    function.lambda.asked(2 * TOGETHER).await;
    function.end_quietly().await;
}
