use std::time::{Duration, Instant};

use crate::endpoint::hanging;
use crate::function::{ALL, FUNCTIONS, Function, is_problem, new_id, of_note, variables_with_sync};

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_hangs_is_503_before_the_deadline_and_the_function_goes_on() {
    const TIMEOUT: Duration = Duration::from_millis(1_500);
    let endpoint = hanging().await;
    let mut function = Function::start(ALL, &variables_with_sync(&endpoint)).await;
    let id = new_id();
    for (_, name) in FUNCTIONS {
        let event = of_note(name, id);
        let start = Instant::now();
        let response = function.invoke(&event, TIMEOUT).await;
        assert!(start.elapsed() < TIMEOUT, "{:?}", start.elapsed());
        assert_eq!(response["headers"]["retry-after"], "1");
        match name {
            "http-get" | "http-list-encoded-query" | "http-changes" => {
                is_problem(&response, 503, "unavailable");
            }
            _ => is_problem(&response, 503, "outcome-unknown"),
        }
        if name == "http-create" {
            assert_eq!(response["headers"]["idempotency-key"], id.to_string());
        }
    }
    function.end_quietly().await;
}
