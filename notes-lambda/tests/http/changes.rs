//! `GET /notes/changes`: what a client that keeps a copy is told, and what a 412 shows.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use notes_core::{
    Content, MemoryNoteStore, MockNoteStore, Notes, StoreErrorKind, SyncSettings, SyncToken,
    Timestamp, Title, UserId,
};
use notes_lambda::{Api, Operation};
use serde_json::{Value, json};

use crate::client::{Call, Client, Response, call, client};

const HORIZON: Duration = Duration::from_secs(30 * 86_400);

fn settings() -> SyncSettings {
    SyncSettings::new("first").with_horizon(HORIZON.try_into().unwrap())
}

/// The API over the notes of this client, with other settings of sync.
fn api(client: &Client<MemoryNoteStore>, settings: SyncSettings) -> Api<MemoryNoteStore> {
    let now = client.now();
    Api::new(
        Notes::new(client.store.clone())
            .with_clock(move || now)
            .with_sync(settings),
    )
}

async fn ask(client: &Client<MemoryNoteStore>, query: &str) -> Response {
    let uri = format!("/notes/changes{query}");
    call(&api(client, settings()), &client.user, Method::GET, &uri)
        .send()
        .await
}

/// What a copy holds, by id.
type Copy = BTreeMap<String, Value>;

/// Applies pages to a copy until there are no more, each with this limit. Returns the token for what comes next, and
/// how many pages there were.
async fn pull(
    client: &Client<MemoryNoteStore>,
    copy: &mut Copy,
    mut token: Option<String>,
    limit: usize,
) -> (String, usize) {
    for pages in 1..1_000 {
        let since = token.map_or_else(String::new, |token| format!("&since={token}"));
        let response = ask(client, &format!("?limit={limit}{since}")).await;
        assert_eq!(response.status, 200);
        assert_eq!(response.header("cache-control"), "no-store");
        let page = response.json();
        for item in page["items"].as_array().unwrap() {
            copy.insert(item["id"].as_str().unwrap().to_owned(), item.clone());
        }
        for gone in page
            .get("gone")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            copy.remove(gone.as_str().unwrap());
        }
        token = Some(page["token"].as_str().unwrap().to_owned());
        if page["more"] == false {
            return (token.unwrap(), pages);
        }
    }
    panic!("there is no end");
}

async fn listed(client: &Client<MemoryNoteStore>) -> Copy {
    let list = client.get("/notes?limit=100").send().await.json();
    let items = list["items"].as_array().unwrap().iter();
    items
        .map(|item| (item["id"].as_str().unwrap().to_owned(), item.clone()))
        .collect()
}

#[tokio::test]
async fn a_copy_that_follows_its_tokens_is_the_notes() {
    for limit in [1, 2, 100] {
        let client = client();
        let mut paths = Vec::new();
        for _ in 0..5 {
            paths.push(client.note().await.0);
        }
        let mut copy = Copy::new();
        let (token, pages) = pull(&client, &mut copy, None, limit).await;
        assert!(limit > 1 || pages > 5, "{pages}");
        assert_eq!(copy, listed(&client).await);

        client.wait_millis(60_000);
        client
            .patch(&paths[1], r#"{"title":"Changed"}"#)
            .send()
            .await;
        client.delete(&paths[2]).send().await;
        client.note().await;
        let (token, _) = pull(&client, &mut copy, Some(token), limit).await;
        assert_eq!(copy, listed(&client).await);
        assert_eq!(copy.len(), 5);

        client.wait_millis(3 * 3_600_000);
        let (token, _) = pull(&client, &mut copy, Some(token), limit).await;
        let (_, pages) = pull(&client, &mut copy, Some(token), limit).await;
        assert_eq!(pages, 1, "nothing has changed");
        assert_eq!(copy, listed(&client).await);
    }
}

#[tokio::test]
async fn a_page_has_what_is_there_what_is_gone_and_the_time() {
    let client = client();
    let (kept, tag) = client.note().await;
    let (gone, _) = client.note().await;
    let first = ask(&client, "").await.json();
    assert_eq!(first["more"], true, "changes during the list follow");
    assert!(first.get("gone").is_none() && first.get("unreadable").is_none());
    client.wait_millis(1_000);
    client.delete(&gone).send().await;
    let token = first["token"].as_str().unwrap();
    let page = ask(&client, &format!("?since={token}")).await.json();
    let id = |path: &str| path.rsplit_once('/').unwrap().1.to_owned();
    assert_eq!(
        page["items"],
        json!([client.get(&kept).send().await.json()])
    );
    assert_eq!(page["items"][0]["etag"], tag);
    assert_eq!(page["gone"], json!([id(&gone)]));
    assert_eq!(page["asOf"], client.now().to_string());
    assert_eq!(page["more"], false);
    let head = call(
        &api(&client, settings()),
        &client.user,
        Method::HEAD,
        "/notes/changes",
    );
    let head = head.send().await;
    assert_eq!(
        (head.status.as_u16(), head.header("cache-control")),
        (200, "no-store")
    );
}

/// Seven of the largest notes are several responses, however many the client asks for.
#[tokio::test]
async fn pages_that_are_too_large_are_cut_and_nothing_is_lost_or_repeated_without_end() {
    let client = client();
    let large = "\u{1}".repeat(Content::MAX_BYTES);
    for _ in 0..7 {
        let title = "\"".repeat(Title::MAX_CHARS);
        let created = client
            .post(json!({"title": title, "content": large}))
            .send()
            .await;
        assert_eq!(created.status, 201);
    }
    let mut copy = Copy::new();
    // A listing of 2 + 2 + 2 + 1 notes, and then the same in the first pass.
    let (token, pages) = pull(&client, &mut copy, None, 100).await;
    assert_eq!((pages, copy.len()), (8, 7));
    assert_eq!(copy, listed_in_pages(&client).await);
    client.wait_millis(3 * 3_600_000);
    let (token, _) = pull(&client, &mut copy, Some(token), 100).await;
    assert_eq!(pull(&client, &mut copy, Some(token), 100).await.1, 1);
}

async fn listed_in_pages(client: &Client<MemoryNoteStore>) -> Copy {
    let (mut all, mut query) = (Copy::new(), String::new());
    loop {
        let page = client
            .get(&format!("/notes?limit=100{query}"))
            .send()
            .await
            .json();
        for item in page["items"].as_array().unwrap() {
            all.insert(item["id"].as_str().unwrap().to_owned(), item.clone());
        }
        let Some(cursor) = page.get("nextCursor") else {
            return all;
        };
        query = format!("&cursor={}", cursor.as_str().unwrap());
    }
}

#[tokio::test]
async fn a_token_that_is_too_old_or_anothers_begins_again() {
    let client = client();
    client.note().await;
    let token = ask(&client, "").await.json()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let uri = format!("/notes/changes?since={token}");
    let of = |settings, user: &str| {
        let user: UserId = user.parse().unwrap();
        call(&api(&client, settings), &user, Method::GET, &uri).send()
    };
    assert_eq!(of(settings(), "alice").await.status, 200);
    of(settings(), "bob").await.is_problem(410, "sync-restart");
    let epoch = SyncSettings::new("second").with_horizon(HORIZON.try_into().unwrap());
    of(epoch, "alice").await.is_problem(410, "sync-restart");
    for days in [29, 31] {
        let horizon = Duration::from_secs(days * 86_400);
        let other = SyncSettings::new("first").with_horizon(horizon.try_into().unwrap());
        of(other, "alice").await.is_problem(410, "sync-restart");
    }
    // Of a later version, which this one can't read.
    let later = ask(&client, "?since=Aq3XBHQBogSVQRsA").await;
    later.is_problem(410, "sync-restart");
    client.wait_millis(u64::try_from(HORIZON.as_millis()).unwrap());
    assert_eq!(ask(&client, &format!("?since={token}")).await.status, 200);
    client.wait_millis(1);
    let old = ask(&client, &format!("?since={token}")).await;
    old.is_problem(410, "sync-restart");
    assert!(old.header("cache-control").contains("no-store"));
}

#[tokio::test]
async fn what_is_no_token_and_what_is_no_parameter_is_named() {
    let client = client();
    for (query, parameters) in [
        ("?since=", vec!["since"]),
        ("?since=yesterday!", vec!["since"]),
        ("?since=AA", vec!["since"]),
        ("?limit=0", vec!["limit"]),
        ("?limit=101&since=%20", vec!["since", "limit"]),
        ("?cursor=1&order=newest", vec!["cursor", "order"]),
        (
            "?since=Aa3XBHQBogSVQRsA&since=Aa3XBHQBogSVQRsA",
            vec!["since"],
        ),
    ] {
        let response = ask(&client, query).await;
        response.is_problem(400, "invalid-request");
        let problem = response.json();
        let errors = problem["errors"].as_array().unwrap().iter();
        let named: Vec<_> = errors
            .map(|error| error["parameter"].as_str().unwrap())
            .collect();
        assert_eq!(named, parameters, "{query}");
    }
}

/// A request for changes to an API without sync.
pub(crate) fn without_sync(client: &Client<MemoryNoteStore>) -> Call<MemoryNoteStore> {
    let api = Api::new(Notes::new(client.store.clone()));
    call(&api, &client.user, Method::GET, "/notes/changes")
}

#[tokio::test]
async fn without_sync_there_is_no_such_path() {
    let client = client();
    let response = without_sync(&client).send().await;
    response.is_problem(404, "unknown-path");
    let off = Api::new(Notes::new(client.store.clone()));
    for method in [Method::HEAD, Method::POST, Method::DELETE] {
        let response = call(&off, &client.user, method.clone(), "/notes/changes");
        assert_eq!(response.send().await.status, 404, "{method}");
    }
    let with_sync = api(&client, settings());
    let post = call(&with_sync, &client.user, Method::POST, "/notes/changes")
        .send()
        .await;
    post.is_problem(405, "method-not-allowed");
    assert_eq!(post.header("allow"), "GET, HEAD");
    let other =
        with_sync.only::<fn(Operation) -> bool>(|operation| operation != Operation::Changes);
    let response = call(&other, &client.user, Method::GET, "/notes/changes")
        .send()
        .await;
    response.is_problem(404, "unknown-path");
}

#[tokio::test]
async fn a_store_that_keeps_no_changes_is_no_error_of_the_client() {
    let client = client();
    let mut store = MockNoteStore::new();
    store
        .expect_changes()
        .returning(|_, _, _| Err(StoreErrorKind::Unsupported.into()));
    let notes = Notes::new(store).with_sync(settings());
    let response = call(
        &Api::new(notes),
        &client.user,
        Method::GET,
        "/notes/changes",
    )
    .send()
    .await;
    response.is_problem(500, "internal-error");
}

#[tokio::test]
async fn a_failed_precondition_shows_the_note_as_it_is() {
    let client = client();
    let (path, old) = client.note().await;
    client.wait_millis(1_000);
    client.patch(&path, r#"{"title":"Changed"}"#).send().await;
    let now = client.get(&path).send().await.json();
    for call in [
        client
            .patch(&path, r#"{"title":"Mine"}"#)
            .header("if-match", &old),
        client.delete(&path).header("if-match", &old),
        client.get(&path).header("if-match", &old),
        client
            .patch(&path, r#"{"title":"Mine"}"#)
            .header("if-none-match", "*"),
    ] {
        let response = call.send().await;
        response.is_problem(412, "precondition-failed");
        assert_eq!(response.json()["current"], now);
        assert_eq!(response.header("etag"), now["etag"].as_str().unwrap());
    }
    let list = client.get("/notes").header("if-match", &old).send().await;
    list.is_problem(412, "precondition-failed");
    assert!(list.json().get("current").is_none());
}

/// Clients keep tokens across our releases.
#[tokio::test]
async fn a_token_of_version_1_is_what_it_was() {
    let client = client();
    let first = ask(&client, "").await.json();
    let text = first["token"].as_str().unwrap();
    assert_eq!(client.now(), Timestamp::from_millis(1_795_373_220_123));
    assert_eq!(text, TOKEN);
    assert!(text.parse::<SyncToken>().is_ok());
}

/// The check of the settings, of the user and of the version, and the time at which the listing began.
const TOKEN: &str = "AUKljvQBogSVQRsA";

/// RFC 9110, section 15.4.5: a 304 has the `Cache-Control` that the 200 would have. Section 13.2.1: a precondition does
/// not count where the response would be no success.
#[tokio::test]
async fn a_precondition_counts_after_the_token_and_its_304_is_not_stored_either() {
    let client = client();
    let ask = async |settings, uri: &str, (name, value)| {
        call(&api(&client, settings), &client.user, Method::GET, uri)
            .header(name, value)
            .send()
            .await
    };
    let (any, other) = (("if-none-match", "*"), ("if-match", "\"other\""));
    let unchanged = ask(settings(), "/notes/changes", any).await;
    assert_eq!(unchanged.status, 304);
    assert_eq!(unchanged.header("cache-control"), "no-store");

    let token = self::ask(&client, "").await.json()["token"].clone();
    let uri = format!("/notes/changes?since={}", token.as_str().unwrap());
    for condition in [any, other] {
        let second = SyncSettings::new("second").with_horizon(HORIZON.try_into().unwrap());
        let restart = ask(second, &uri, condition).await;
        assert_eq!(restart.status, 410);
    }
    let failed = ask(settings(), &uri, other).await;
    failed.is_problem(412, "precondition-failed");
}
