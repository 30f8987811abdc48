//! Nothing that a user has written is in an error, however it is shown: `{:?}` ends up in logs.

use std::num::NonZeroU32;

use notes_core::{ErrorChain, ListQuery, NoteStore, StoreError};
use serde_json::{Value, json};

use crate::given::{FIRST, NEW, NOW, alice, deletion, id, insertion, item, key, update, with};
use crate::wire::{Reply, Wire};

const SECRET: &str = "the secret of alice";

/// What the engine responds with: items that can't be read, conditions that fail on them, and what is no response of
/// its own, each with the secret.
fn replies() -> Vec<Reply> {
    let spoiled = |changes: Value| with(item(FIRST), changes);
    let items = [
        spoiled(json!({"title": {"S": format!("\u{1}{SECRET}")}})),
        spoiled(json!({"content": {"L": [{"S": SECRET}]}})),
        spoiled(json!({"category": {"S": SECRET.repeat(9)}})),
        spoiled(json!({"retained": {"S": SECRET}})),
        spoiled(json!({"expiresAt": {"S": SECRET}})),
        spoiled(json!({"revision": {"S": SECRET}})),
        spoiled(json!({"creation": {"S": SECRET}})),
        spoiled(json!({"deleted": {"S": SECRET}})),
        spoiled(json!({"userId": {"S": format!("\u{1}{SECRET}")}})),
        json!({"content": {"S": SECRET}}),
    ];
    let mut replies = Vec::new();
    for item in &items {
        replies.push(Reply::condition_failed(Some(item)));
        replies.push(Reply::ok(
            &json!({"Item": item, "Items": [item], "Attributes": item}),
        ));
    }
    let quoted = json!({"Item": {"content": {"S": SECRET}}}).to_string();
    for status in [200, 400, 500] {
        replies.push(Reply::Response(status, SECRET.to_owned()));
        replies.push(Reply::Response(
            status,
            quoted[..quoted.len() - 1].to_owned(),
        ));
        replies.push(Reply::Response(status, format!("{{\"{SECRET}\": 1")));
        replies.push(Reply::Response(
            status,
            json!({"Items": SECRET, "Item": SECRET}).to_string(),
        ));
        replies.push(Reply::Response(
            status,
            json!({"__type": "X", "data": SECRET}).to_string(),
        ));
    }
    replies
}

/// The errors of all calls that meet this reply at each attempt.
async fn errors(reply: &Reply) -> Vec<StoreError> {
    let wire = || Wire::new(vec![reply.clone(); 8]).store();
    let (user, mut insertion, mut update) = (alice(), insertion(), update());
    insertion.note.content = SECRET.parse().unwrap();
    update.patch.content = Some(SECRET.parse().unwrap());
    let found = Reply::ok(&json!({"Items": [key()]}));
    let purged = Wire::new([found].into_iter().chain(vec![reply.clone(); 8]));
    [
        wire().insert(&insertion, NOW).await.err(),
        wire().get(&user, id(), NOW).await.err(),
        wire().list(&user, &ListQuery::default(), NOW).await.err(),
        wire().update(&user, id(), &update, NOW).await.err(),
        wire().delete(&user, id(), &deletion(), NOW).await.err(),
        wire().purge(&user, NonZeroU32::MIN).await.err(),
        purged.store().purge(&user, NonZeroU32::MIN).await.err(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[tokio::test]
async fn no_error_shows_what_a_user_has_written() {
    let mut shown = 0;
    for reply in replies() {
        for error in errors(&reply).await {
            let texts = [
                format!("{error}"),
                format!("{error:?}"),
                format!("{error:#?}"),
                ErrorChain(&error).to_string(),
                format!("{:?}", ErrorChain(&error)),
                format!("{:?}", Some(Box::new(error))),
            ];
            for text in texts {
                assert!(!text.contains("secret"), "{reply:?}: {text}");
                assert!(!text.contains(NEW), "{text}");
            }
            shown += 1;
        }
    }
    assert!(shown > 100, "{shown}");
}
