use crate::client::client;

#[tokio::test]
async fn a_deleted_note_is_204_without_a_body_and_gone() {
    let client = client();
    let (path, _) = client.note().await;
    let response = client.delete(&path).send().await;
    assert_eq!(response.status, 204);
    assert!(response.body.is_empty());
    assert!(!response.has_header("content-type") && !response.has_header("etag"));
    assert_eq!(response.header("cache-control"), "private, no-cache");
    client
        .get(&path)
        .send()
        .await
        .is_problem(404, "note-not-found");
    assert!(client.get("/notes").send().await.titles().is_empty());
}

#[tokio::test]
async fn what_does_not_exist_is_404() {
    let client = client();
    let (path, tag) = client.note().await;
    client.delete(&path).send().await;
    let absent = format!("/notes/{}", client.id_at(0));
    for call in [
        client.delete(&path),
        client.delete(&path).header("if-match", tag),
        client.delete(&path).header("if-match", "*"),
        client.delete(&absent),
    ] {
        call.send().await.is_problem(404, "note-not-found");
    }
}

#[tokio::test]
async fn a_note_in_the_expected_state_is_deleted() {
    let client = client();
    for known in ["{}", "*", "\"x\",{}"] {
        let (path, tag) = client.note().await;
        let call = client
            .delete(&path)
            .header("if-match", known.replace("{}", &tag));
        assert_eq!(call.send().await.status, 204);
    }
}

#[tokio::test]
async fn a_note_in_another_state_is_412_with_its_tag() {
    let client = client();
    let (path, old) = client.note().await;
    let patched = client.patch(&path, r#"{"title":"b"}"#).send().await;
    let weak = format!("W/{}", patched.header("etag"));
    for known in [&old, &weak, "\"x\""] {
        let response = client.delete(&path).header("if-match", known).send().await;
        response.is_problem(412, "precondition-failed");
        assert_eq!(response.header("etag"), patched.header("etag"));
    }
    assert_eq!(client.get(&path).send().await.status, 200);
}
