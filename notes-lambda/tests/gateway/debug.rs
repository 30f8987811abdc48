use lambda_runtime::{Context, LambdaEvent};
use notes_core::{NoteStore, UserId};
use notes_lambda::{Gateway, NoteJson};
use tower_service::Service;

use crate::support::{ALICE, NOTE, api, clock, event, identity_of, store};

/// An invocation whose deadline is far away.
fn in_time() -> Context {
    let mut context = Context::default();
    context.deadline = 1 << 42;
    context
}

/// What an operator logs by habit: `{:?}`.
#[tokio::test]
async fn no_debug_of_a_response_shows_what_an_author_has_written() {
    let event = event("http-get");
    let mut gateway = Gateway::new(api(store().await), identity_of(&event));
    let Ok(response) = gateway.call(LambdaEvent::new(event, in_time())).await;
    assert_eq!(response.status(), 200);
    assert!(serde_json::to_string(&response).unwrap().contains("Bread"));

    let alice: UserId = ALICE.parse().unwrap();
    let store = store().await;
    let note = store.get(&alice, NOTE.parse().unwrap(), clock()).await;
    let note = note.unwrap().unwrap();
    for shown in [
        format!("{response:?} {gateway:?}"),
        format!("{:?}", NoteJson::from(&note)),
    ] {
        for written in ["Bread", "Rye"] {
            assert!(!shown.contains(written), "{shown}");
        }
        assert!(shown.contains(NOTE), "{shown}");
    }
}
