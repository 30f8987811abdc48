use notes_core::conformance::Harness;
use notes_core::{Content, NoteStore};
use serde_json::json;

use crate::client::{Client, client};

/// Creates notes with these titles, a second apart.
async fn create<S: NoteStore + 'static>(client: &Client<S>, titles: &[&str]) {
    for title in titles {
        let body = json!({"title": title, "content": ""});
        assert_eq!(client.post(body).send().await.status, 201);
        client.wait_millis(1_000);
    }
}

/// The titles of each page, following the cursors.
async fn pages<S: NoteStore + 'static>(client: &Client<S>, query: &str) -> Vec<Vec<String>> {
    let mut pages = vec![];
    let mut uri = format!("/notes?{query}");
    loop {
        let response = client.get(&uri).send().await;
        assert_eq!(response.status, 200);
        pages.push(response.titles());
        match response.json()["nextCursor"].as_str() {
            Some(cursor) => uri = format!("/notes?{query}&cursor={cursor}"),
            None => return pages,
        }
    }
}

#[tokio::test]
async fn an_empty_list_has_items_and_no_more() {
    let client = client();
    let response = client.get("/notes").send().await;
    assert_eq!(response.status, 200);
    assert_eq!(response.json(), json!({"items": []}));
    assert_eq!(response.header("cache-control"), "private, no-cache");
    assert_eq!(response.header("content-type"), "application/json");
    assert!(!response.has_header("etag"));
}

#[tokio::test]
async fn an_item_is_the_note_as_get_shows_it() {
    let client = client();
    let (path, _) = client.note().await;
    let list = client.get("/notes").send().await.json();
    assert_eq!(
        list,
        json!({"items": [client.get(&path).send().await.json()]})
    );
}

#[tokio::test]
async fn the_newest_is_first_unless_asked_otherwise() {
    let client = client();
    create(&client, &["a", "b", "c"]).await;
    assert_eq!(client.get("/notes").send().await.titles(), ["c", "b", "a"]);
    let response = client.get("/notes?order=newest").send().await;
    assert_eq!(response.titles(), ["c", "b", "a"]);
    let response = client.get("/notes?order=oldest").send().await;
    assert_eq!(response.titles(), ["a", "b", "c"]);
}

#[tokio::test]
async fn a_page_has_20_notes_unless_asked_otherwise_and_at_most_100() {
    let client = client();
    create(&client, &["x"; 101]).await;
    assert_eq!(client.get("/notes").send().await.titles().len(), 20);
    assert_eq!(client.get("/notes?limit=1").send().await.titles().len(), 1);
    let response = client.get("/notes?limit=100").send().await;
    assert_eq!(response.titles().len(), 100);
    let response = client.get("/notes?limit=101").send().await;
    response.is_problem(400, "invalid-request");
}

#[tokio::test]
async fn cursors_lead_through_all_notes_once() {
    let client = client();
    create(&client, &["a", "b", "c", "d", "e"]).await;
    assert_eq!(
        pages(&client, "limit=2").await.concat(),
        ["e", "d", "c", "b", "a"]
    );
    let oldest = pages(&client, "limit=3&order=oldest").await;
    assert_eq!(oldest, [vec!["a", "b", "c"], vec!["d", "e"]]);
}

#[tokio::test]
async fn a_cursor_keeps_its_order_by_itself_and_refuses_the_other() {
    let client = client();
    create(&client, &["a", "b", "c"]).await;
    let first = client
        .get("/notes?limit=1&order=oldest")
        .send()
        .await
        .json();
    let cursor = first["nextCursor"].as_str().unwrap();
    let response = client.get(&format!("/notes?cursor={cursor}")).send().await;
    assert_eq!(response.titles(), ["b", "c"]);
    let response = client
        .get(&format!("/notes?cursor={cursor}&order=newest"))
        .send()
        .await;
    response.is_problem(400, "invalid-request");
    assert_eq!(response.places(), ["cursor"]);
}

#[tokio::test]
async fn a_cursor_of_another_user_shows_nothing_of_that_user() {
    let client = client();
    create(&client, &["a", "b"]).await;
    let first = client.get("/notes?limit=1").send().await.json();
    let cursor = first["nextCursor"].as_str().unwrap();
    let response = client
        .get(&format!("/notes?cursor={cursor}"))
        .user("bob")
        .send()
        .await;
    assert_eq!(response.json(), json!({"items": []}));
}

#[tokio::test]
async fn a_stretch_of_time_excludes_both_of_its_ends() {
    let client = client();
    let start = client.now();
    create(&client, &["a", "b", "c"]).await;
    let end = notes_core::Timestamp::from_millis(start.as_millis() + 2_000);
    let stretch = format!("createdAfter={start}&createdBefore={end}");
    assert_eq!(pages(&client, &stretch).await, [["b"]]);
    let reversed = format!("createdAfter={end}&createdBefore={start}");
    assert_eq!(pages(&client, &reversed).await.concat(), [""; 0]);
    let offset = "createdAfter=2026-11-22T19:47:01.123%2B01:00";
    assert_eq!(pages(&client, offset).await, [["c"]]);
}

#[tokio::test]
async fn a_category_leaves_out_the_notes_of_others() {
    let client = client();
    for (title, category) in [
        ("a", json!("shop")),
        ("b", json!(null)),
        ("c", json!("Shop")),
        ("d", json!("shop")),
    ] {
        let body = json!({"title": title, "content": "", "category": category});
        assert_eq!(client.post(body).send().await.status, 201);
        client.wait_millis(1_000);
    }
    assert_eq!(pages(&client, "category=shop").await.concat(), ["d", "a"]);
    assert_eq!(
        pages(&client, "category=%20shop+&limit=1&order=oldest")
            .await
            .concat(),
        ["a", "d"]
    );
    assert_eq!(pages(&client, "category=work").await.concat(), [""; 0]);
    let refused = client.get("/notes?category=%20").send().await;
    refused.is_problem(400, "invalid-request");
    assert_eq!(refused.places(), ["category"]);
}

#[tokio::test]
async fn a_summary_is_the_note_without_its_content() {
    let client = client();
    let body = json!({"title": "a", "content": "long", "category": "shop", "expiresAt": "2999-12-31T00:00:00Z"});
    assert_eq!(client.post(body).send().await.status, 201);
    let full = client.get("/notes?view=full").send().await.json();
    assert_eq!(full, client.get("/notes").send().await.json());
    assert_eq!(full["items"][0]["content"], "long");
    let mut summary = client.get("/notes?view=summary").send().await.json();
    assert!(summary["items"][0].get("content").is_none());
    summary["items"][0]["content"] = json!("long");
    assert_eq!(summary, full);
    let refused = client.get("/notes?view=titles").send().await;
    refused.is_problem(400, "invalid-request");
    assert_eq!(refused.places(), ["view"]);
}

#[tokio::test]
async fn a_bound_of_time_is_rfc_3339_and_nothing_else() {
    let client = client();
    create(&client, &["a"]).await;
    for bound in ["createdAfter", "createdBefore"] {
        for time in [
            "2026-11-22T18:47:00%2B24:00",
            "2026-11-22T18:47:00-99:00",
            "2026-11-22T18:47:60Z",
            "9999-12-31T23:59:59-00:01",
        ] {
            let response = client.get(&format!("/notes?{bound}={time}")).send().await;
            response.is_problem(400, "invalid-request");
            assert_eq!(response.places(), [bound], "{time}");
        }
    }
    let all = "createdAfter=2016-12-31T23:59:60Z&createdBefore=9999-12-31T23:59:59.9999999999Z";
    assert_eq!(pages(&client, all).await, [["a"]]);
}

#[tokio::test]
async fn all_errors_of_a_query_are_named_at_once() {
    let client = client();
    let query = "limit=0&order=up&cursor=x&createdAfter=now&createdBefore=&page=2";
    let response = client.get(&format!("/notes?{query}")).send().await;
    response.is_problem(400, "invalid-request");
    let errors = response.json()["errors"].clone();
    assert!(
        errors
            .as_array()
            .unwrap()
            .iter()
            .all(|error| error["parameter"].is_string())
    );
    assert_eq!(
        response.places(),
        [
            "limit",
            "cursor",
            "order",
            "createdAfter",
            "createdBefore",
            "page"
        ]
    );
    let response = client.get("/notes?limit=1&limit=1").send().await;
    assert_eq!(response.places(), ["limit"]);
}

#[tokio::test]
async fn an_unreadable_item_is_named_and_hides_no_other() {
    let client = client();
    create(&client, &["a"]).await;
    let id = client.id_at(0);
    client.store.plant_unreadable(&client.user, id).await;
    client.wait_millis(1_000);
    create(&client, &["b"]).await;
    let response = client.get("/notes").send().await;
    assert_eq!(response.titles(), ["b", "a"]);
    assert_eq!(response.json()["unreadable"], json!([id.to_string()]));
    assert_eq!(pages(&client, "limit=1").await.concat(), ["b", "a"]);
}

#[tokio::test]
async fn pages_of_large_notes_are_cut_and_lose_nothing() {
    let client = client();
    for number in 0..6 {
        let content = "\u{1}".repeat(Content::MAX_BYTES);
        let body = json!({"title": number.to_string(), "content": content});
        assert_eq!(client.post(body).send().await.status, 201);
        client.wait_millis(1);
    }
    let unreadable = client.id_at(-3);
    client
        .store
        .plant_unreadable(&client.user, unreadable)
        .await;
    let mut uri = "/notes?order=oldest&limit=100".to_owned();
    let (mut titles, mut named) = (vec![], false);
    loop {
        let response = client.get(&uri).send().await;
        let body = std::str::from_utf8(&response.body).unwrap();
        let envelope = json!({"statusCode": 200, "headers": {}, "body": body});
        assert!(envelope.to_string().len() < 5_500_000);
        let page = response.json();
        titles.extend(response.titles());
        named |= page["unreadable"] == json!([unreadable.to_string()]);
        match page["nextCursor"].as_str() {
            Some(cursor) => uri = format!("/notes?limit=100&cursor={cursor}"),
            None => break,
        }
    }
    let all: Vec<_> = (0..6).map(|number| number.to_string()).collect();
    assert_eq!(titles, all);
    assert!(named);
}
