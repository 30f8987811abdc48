//! The examples of [RFC 7396, appendix A](https://www.rfc-editor.org/rfc/rfc7396#appendix-A), with a
//! note's optional members in place of `a` and `b`. What would make of a note something else than a
//! note (values of other types, patches that are no objects) is refused.

use notes_core::MemoryNoteStore;
use serde_json::{Value, json};

use crate::client::{Client, client};

const A: &str = "category";
const B: &str = "expiresAt";
const YEAR_2030: &str = "2030-01-01T00:00:00Z";

/// The path of a note with these members beside those that it needs.
async fn note_with(client: &Client<MemoryNoteStore>, members: Value) -> String {
    let mut note = json!({"title": "t", "content": "c"});
    let note_members = note.as_object_mut().unwrap();
    note_members.extend(members.as_object().unwrap().clone());
    let created = client.post(note).send().await;
    assert_eq!(created.status, 201);
    created.header("location").to_owned()
}

#[tokio::test]
async fn the_examples_that_a_note_can_be_give_what_the_rfc_says() {
    let client = client();
    for (original, patch, result) in [
        (json!({A: "b"}), json!({A: "c"}), json!({A: "c"})),
        (
            json!({A: "b"}),
            json!({B: YEAR_2030}),
            json!({A: "b", B: YEAR_2030}),
        ),
        (json!({A: "b"}), json!({A: null}), json!({})),
        (
            json!({A: "b", B: YEAR_2030}),
            json!({A: null}),
            json!({B: YEAR_2030}),
        ),
        (
            json!({A: "b", B: YEAR_2030}),
            json!({B: null}),
            json!({A: "b"}),
        ),
        (json!({}), json!({A: "b", B: null}), json!({A: "b"})),
        (json!({}), json!({A: null}), json!({})),
    ] {
        let path = note_with(&client, original).await;
        let patched = client.patch(&path, patch.clone()).send().await;
        assert_eq!(patched.status, 200, "{patch}");
        let note = patched.json();
        for member in [A, B] {
            assert_eq!(note.get(member), result.get(member), "{patch}");
        }
        assert_eq!(
            (&note["title"], &note["content"]),
            (&json!("t"), &json!("c"))
        );
        assert_eq!(client.get(&path).send().await.json(), note);
    }
}

#[tokio::test]
async fn the_examples_that_no_note_can_be_are_400_and_change_nothing() {
    let client = client();
    let path = note_with(&client, json!({A: "b"})).await;
    let before = client.get(&path).send().await.json();
    for (patch, place) in [
        (json!({A: ["b"]}), "/category"),
        (json!({A: [1]}), "/category"),
        (json!({A: 1}), "/category"),
        (json!({A: {"bb": {"ccc": null}}}), "/category"),
        (json!({A: {"b": "d", "c": null}}), "/category"),
        (json!({"e": null}), "/e"),
        (json!(["c"]), ""),
        (json!(["c", "d"]), ""),
        (json!(null), ""),
        (json!("bar"), ""),
    ] {
        let response = client.patch(&path, patch.clone()).send().await;
        response.is_problem(400, "invalid-request");
        assert_eq!(response.places(), [place], "{patch}");
    }
    assert_eq!(client.get(&path).send().await.json(), before);
}
