//! The example `axum_service`: its application, asked over HTTP.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

#[expect(dead_code, reason = "its main: a test starts the application itself")]
#[path = "../examples/axum_service.rs"]
mod axum_service;
mod support;

use axum_service::{Keys, app};
use notes_core::{MemoryNoteStore, Notes};
use notes_testing::serve;
use reqwest::Method;
use support::note;
use support::response::{Response, send};
use support::user::User;

/// Somebody with this key, at a fresh application that knows Alice and Bob.
async fn somebody(key: &str) -> User {
    let keys = ["alice=open-sesame", "bob=xyzzy"].map(str::to_owned);
    let app = app(
        Notes::new(MemoryNoteStore::new()),
        Keys::read(keys).unwrap(),
    );
    let url = format!("http://{}", serve(app).await.unwrap());
    User {
        token: key.to_owned(),
        ..User::new(&url)
    }
}

async fn get(user: &User, path: &str) -> Response {
    send(user.request(Method::GET, path)).await
}

#[tokio::test]
async fn a_user_whom_the_application_knows_has_notes() {
    let alice = somebody("open-sesame").await;
    let created = alice.create(&note("Milk")).await.expect(201);
    let path = created.header("location");
    assert_eq!(get(&alice, path).await.expect(200).json(), created.json());
    let id = created.id();
    alice.delete(&id).await.expect(204);
    assert!(alice.all().await.is_empty());
}

#[tokio::test]
async fn users_are_told_apart_by_what_the_application_verified() {
    let alice = somebody("open-sesame").await;
    let id = alice.create(&note("Milk")).await.expect(201).id();
    let bob = User {
        token: "xyzzy".to_owned(),
        ..alice.clone()
    };
    bob.get(&id).await.expect_problem(404, "note-not-found");
    assert!(bob.all().await.is_empty());
    assert_eq!(alice.all().await.len(), 1);
}

#[tokio::test]
async fn whom_the_application_does_not_know_gets_no_notes() {
    for key in ["alice", "open-sesame2", "Open-sesame", "0"] {
        let nobody = somebody(key).await;
        let response = nobody.list("").await;
        response.expect_unauthenticated();
    }
    let nobody = somebody("").await;
    let request = nobody.anonymous(Method::POST, "/notes").json(&note("Milk"));
    send(request).await.expect_unauthenticated();
}

#[tokio::test]
async fn the_applications_own_routes_are_there() {
    let alice = somebody("open-sesame").await;
    assert_eq!(
        get(&alice, "/me").await.expect(200).body,
        "You are alice.\n"
    );
    let nobody = send(alice.anonymous(Method::GET, "/me")).await;
    let nobody = nobody.expect(401);
    assert_eq!(nobody.header("www-authenticate"), "Bearer");
    assert_eq!(nobody.body, "Who are you?\n");
    let healthy = send(alice.anonymous(Method::GET, "/health")).await;
    assert_eq!(healthy.expect(200).body, "fine\n");
    get(&alice, "/").await.expect(404);
}

#[tokio::test]
async fn what_the_path_does_not_have_is_a_problem_document() {
    let alice = somebody("open-sesame").await;
    let put = send(alice.request(Method::PUT, "/notes")).await;
    put.expect_problem(405, "method-not-allowed");
    let odd = get(&alice, "/notes/1").await;
    odd.expect_problem(404, "unknown-path");
}

#[test]
fn a_user_without_a_key_is_refused() {
    let lines = ["alice".to_owned()];
    let error = Keys::read(lines).unwrap_err();
    assert_eq!(error.to_string(), "a user is given as NAME=KEY");
}
