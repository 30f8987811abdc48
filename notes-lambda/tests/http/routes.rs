use http::Method;

use crate::client::{client, milk};

const ID: &str = "019b5e4c-9c1b-7e2a-8000-5e0c1f7a3b2d";

#[tokio::test]
async fn an_unknown_path_is_404_before_anything_else() {
    let client = client();
    for path in ["/", "/notes/", "/notes/1", "/v1/notes", "/notes/?limit=1"] {
        for method in [Method::GET, Method::POST, Method::PUT, Method::OPTIONS] {
            let response = client.call(method, path).nobody().send().await;
            response.is_problem(404, "unknown-path");
        }
    }
}

#[tokio::test]
async fn an_id_that_is_not_canonical_is_404() {
    let client = client();
    let (path, _) = client.note().await;
    let id = path.strip_prefix("/notes/").unwrap();
    for other in [
        format!("/notes/{}", id.to_uppercase()),
        format!("/notes/{}", id.replace('-', "")),
        format!("/notes/{{{id}}}"),
        format!("/notes/{id}/"),
        format!("//notes/{id}"),
    ] {
        if let Ok(uri) = other.parse::<http::Uri>() {
            let response = client.get(&uri.to_string()).send().await;
            response.is_problem(404, "unknown-path");
        }
    }
}

#[tokio::test]
async fn another_method_is_405_with_allow_before_the_identity() {
    let client = client();
    for method in [Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS] {
        let response = client.call(method, "/notes").nobody().send().await;
        response.is_problem(405, "method-not-allowed");
        assert_eq!(response.header("allow"), "GET, HEAD, POST");
    }
    let note = format!("/notes/{ID}");
    for method in [Method::PUT, Method::POST, Method::OPTIONS] {
        let response = client.call(method, &note).nobody().send().await;
        response.is_problem(405, "method-not-allowed");
        assert_eq!(response.header("allow"), "GET, HEAD, PATCH, DELETE");
    }
}

#[tokio::test]
async fn without_an_identity_every_operation_is_401_before_the_rest() {
    let client = client();
    let note = format!("/notes/{ID}");
    for call in [
        client.call(Method::POST, "/notes"),
        client.get("/notes?limit=x"),
        client.get(&note),
        client.patch(&note, "x"),
        client.delete(&note).header("if-match", "x"),
    ] {
        let response = call.nobody().send().await;
        response.is_problem(401, "unauthenticated");
        assert_eq!(response.header("www-authenticate"), "Bearer");
        assert!(!response.has_header("idempotency-key"));
    }
}

#[tokio::test]
async fn a_header_is_never_an_identity() {
    let client = client();
    let response = client
        .get("/notes")
        .nobody()
        .header("authorization", "Bearer alice")
        .header("x-user-id", "alice")
        .header("user", "alice")
        .send()
        .await;
    response.is_problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_user_never_sees_or_changes_the_notes_of_another() {
    let client = client();
    let (path, tag) = client.note().await;
    let list = client.get("/notes").user("bob").send().await;
    assert_eq!(list.json()["items"].as_array().unwrap().len(), 0);
    for call in [
        client.get(&path),
        client.patch(&path, "{}"),
        client.patch(&path, r#"{"title":"Bob's"}"#),
        client.delete(&path),
        client.delete(&path).header("if-match", &tag),
    ] {
        call.user("bob")
            .send()
            .await
            .is_problem(404, "note-not-found");
    }
    assert_eq!(client.get(&path).send().await.header("etag"), tag);
}

#[tokio::test]
async fn two_users_may_use_one_id() {
    let client = client();
    let id = client.id_at(0);
    for user in ["alice", "bob"] {
        let call = client.post(milk()).header("idempotency-key", id).user(user);
        let response = call.send().await;
        assert_eq!(response.status, 201);
        assert!(!response.has_header("idempotent-replayed"));
    }
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let client = client();
    let (path, tag) = client.note().await;
    let absent = format!("/notes/{ID}");
    for path in [&path, "/notes", "/notes?limit=0", &absent, "/nowhere"] {
        let get = client.get(path).send().await;
        let head = client.head(path).send().await;
        assert_eq!(head.status, get.status);
        assert_eq!(head.header("content-length"), get.body.len().to_string());
        assert!(head.body.is_empty());
        let mut headers = head.headers;
        headers.remove("content-length");
        assert_eq!(headers, get.headers);
    }
    let head = client.head(&path).header("if-none-match", tag).send().await;
    assert_eq!(head.status, 304);
    assert!(!head.has_header("content-length"));
}

#[tokio::test]
async fn accept_is_ignored() {
    let client = client();
    let response = client
        .get("/notes")
        .header("accept", "text/html")
        .send()
        .await;
    assert_eq!(response.header("content-type"), "application/json");
}

#[tokio::test]
async fn queries_of_other_routes_are_ignored() {
    let client = client();
    let (path, _) = client.note().await;
    let response = client.get(&format!("{path}?limit=x&utm=1")).send().await;
    assert_eq!(response.status, 200);
    let response = client.call(Method::POST, "/notes?limit=x");
    let response = response
        .header("content-type", "application/json")
        .body(milk())
        .send()
        .await;
    assert_eq!(response.status, 201);
    assert!(!response.header("location").contains('?'));
}
