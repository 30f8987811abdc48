//! The OpenAPI description, held against the responses of the service.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::LazyLock;

use bytes::Bytes;
use futures_util::stream;
use http::Method;
use http_body::Frame;
use http_body_util::StreamBody;
use notes_core::conformance::Harness;
use notes_core::{MemoryNoteStore, NoteId, StoreError, StoreErrorKind};
use notes_lambda::Diagnostics;
use serde_json::Value;

use crate::changes::without_sync;
use crate::client::{Call, Response, client, milk};
use crate::failures;

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(&notes_lambda::openapi()).unwrap());

/// Something that the description says: of an operation, and of one of its statuses, that its body
/// may be of a schema, or that it may have a header.
pub(crate) type Claim = (String, String, String);

/// The claims that a response bears out. Fails the test when it is not as it is described.
#[track_caller]
pub(crate) fn borne_out(method: &Method, path: &str, response: &Response) -> BTreeSet<Claim> {
    let status = response.status.as_str();
    let path = match path.strip_prefix("/notes/") {
        Some("changes") => "/notes/changes",
        Some(_) => "/notes/{id}",
        None => path,
    };
    let operation = &DOCUMENT["paths"][path][method.as_str().to_lowercase()];
    let nowhere = &DOCUMENT["components"]["responses"];
    let described = match (operation, status) {
        (Value::Null, "404") => &nowhere["UnknownPath"],
        (Value::Null, "405") => &nowhere["MethodNotAllowed"],
        _ => &operation["responses"][status],
    };
    let id = operation["operationId"].as_str().unwrap_or_default();
    let claim = |what: &str| (id.to_owned(), status.to_owned(), what.to_owned());
    let mut claims = BTreeSet::new();

    // A test's store says so of a read or a deletion, too. A real one does not.
    let report: Option<&Diagnostics> = response.extensions.get();
    let error = report.and_then(|report| report.error.as_ref());
    let strange = match (error.map(|error| error.kind()), method) {
        (Some(StoreErrorKind::TooLarge), method) => {
            method == Method::GET || method == Method::DELETE
        }
        (Some(StoreErrorKind::OutcomeUnknown), method) => method == Method::GET,
        _ => false,
    };
    if strange {
        return claims;
    }

    assert!(described.is_object(), "{method} {path}: {status}");
    if !response.body.is_empty() {
        let schemas = schemas(described, response.header("content-type"));
        let schema = schema_of(response);
        assert!(schemas.contains(&schema), "{id} {status}: {schema}");
        claims.insert(claim(&schema));
    }
    let headers = described["headers"].as_object().unwrap();
    for (name, header) in headers {
        if response.has_header(name) {
            claims.insert(claim(name));
        } else {
            assert_ne!(header["required"], true, "{id} {status}: {name}");
        }
    }
    for name in response.headers.keys() {
        let known = headers
            .keys()
            .any(|header| name == header.to_lowercase().as_str());
        let of_http = ["content-type", "content-length"].contains(&name.as_str());
        assert!(known || of_http, "{id} {status}: {name}");
    }
    claims
}

/// The names of the schemas that a body of this media type may have.
fn schemas(described: &Value, media_type: &str) -> Vec<String> {
    let schema = &described["content"][media_type]["schema"];
    let name = |schema: &Value| {
        let reference = schema["$ref"].as_str().unwrap();
        reference.rsplit('/').next().unwrap().to_owned()
    };
    match schema["oneOf"].as_array() {
        Some(several) => several.iter().map(name).collect(),
        None => vec![name(schema)],
    }
}

/// The name of the schema that a body should have.
fn schema_of(response: &Response) -> String {
    let body = response.json();
    match body["type"].as_str() {
        Some(of_type) => {
            let all = DOCUMENT["components"]["schemas"].as_object().unwrap();
            let mut names = all.iter();
            let found = names.find(|(_, schema)| schema["properties"]["type"]["const"] == of_type);
            found.unwrap_or_else(|| panic!("{of_type}")).0.clone()
        }
        None if body["token"].is_string() => "Changes".to_owned(),
        None if body["items"].is_array() => "Page".to_owned(),
        None => "Note".to_owned(),
    }
}

/// All that the description says of responses, but for HEAD, which it takes from GET.
fn claims() -> BTreeSet<Claim> {
    let mut claims = BTreeSet::new();
    for path in DOCUMENT["paths"].as_object().unwrap().values() {
        for (method, operation) in path.as_object().unwrap() {
            if ["parameters", "head"].contains(&method.as_str()) {
                continue;
            }
            let id = operation["operationId"].as_str().unwrap();
            for (status, described) in operation["responses"].as_object().unwrap() {
                let headers = described["headers"].as_object().unwrap();
                let contents = described["content"].as_object().into_iter().flatten();
                let schemas = contents.flat_map(|(media_type, _)| schemas(described, media_type));
                for what in schemas.chain(headers.keys().cloned()) {
                    claims.insert((id.to_owned(), status.clone(), what));
                }
            }
        }
    }
    claims
}

/// Requests that together meet with every response that the description has, but for a broken body.
async fn calls() -> Vec<Call<MemoryNoteStore>> {
    let client = client();
    let (milk_path, _) = client.note().await;
    let keyed = |id: NoteId| client.post(milk()).header("idempotency-key", id);
    let live = client.id_at(0);
    let spent = client.id_at(1);
    keyed(live).send().await;
    let created = keyed(spent).send().await;
    client.delete(created.header("location")).send().await;

    let unreadable = client.id_at(2);
    client
        .store
        .plant_unreadable(&client.user, unreadable)
        .await;
    let unreadable = format!("/notes/{unreadable}");
    let absent = format!("/notes/{}", client.id_at(3));
    let to_delete = client.note().await.0;
    let long = "x".repeat(3_000_000);
    let patch = |body: &str| client.patch(&milk_path, body);
    let foreign = "\"another\"";
    let week = 7 * 24 * 60 * 60 * 1_000;
    let mut calls = vec![
        client.post(milk()),
        keyed(live),
        client.post(milk()).header("idempotency-key", "order-17"),
        keyed(client.id_at(-week - 1)),
        keyed(client.id_at(week)),
        client.post(milk()).without_header("content-type"),
        client.post(&long),
        client.post("{"),
        client.post("{}"),
        keyed(spent),
        client
            .post(r#"{"title":"Tea","content":""}"#)
            .header("idempotency-key", live),
        client.post(milk()).header("if-match", "?"),
        client.post(milk()).header("if-match", foreign),
        client.get("/notes?limit=1"),
        client.get("/notes").header("if-match", "?"),
        client.get("/notes").header("if-match", foreign),
        client.get("/notes").header("if-none-match", "*"),
        client.get("/notes?limit=0"),
        client.get("/notes/changes"),
        client.get("/notes/changes").header("if-match", "?"),
        client.get("/notes/changes").header("if-match", foreign),
        client.get("/notes/changes").header("if-none-match", "*"),
        client.get("/notes/changes?limit=0"),
        // Of a later version.
        client.get("/notes/changes?since=Aq3XBHQBogSVQRsA"),
        without_sync(&client),
        client.get(&milk_path),
        client.get(&milk_path).header("if-none-match", "*"),
        client.get(&milk_path).header("if-none-match", "?"),
        client.get(&milk_path).header("if-match", foreign),
        patch(r#"{"title":"Oat milk"}"#),
        patch("{}").without_header("content-type"),
        patch("{}").header("if-match", "?"),
        patch(&long),
        patch("{"),
        patch("[]"),
        patch(r#"{"title":"Tea"}"#).header("if-match", foreign),
        client
            .patch(&unreadable, r#"{"title":"Tea"}"#)
            .header("if-match", foreign),
        client.delete(&milk_path).header("if-match", "?"),
        client.delete(&milk_path).header("if-match", foreign),
        client.delete(&unreadable).header("if-match", foreign),
        client.delete(&to_delete),
    ];
    for path in [&absent, "/notes/1"] {
        calls.push(client.get(path));
        calls.push(client.patch(path, "{}"));
        calls.push(client.delete(path));
    }
    for nobody in [
        client.post(milk()),
        client.get("/notes"),
        client.get("/notes/changes"),
        client.get(&milk_path),
        patch("{}"),
        client.delete(&milk_path),
    ] {
        calls.push(nobody.nobody());
    }
    calls
}

#[tokio::test]
async fn every_response_that_is_described_happens() {
    let mut happened = BTreeSet::new();
    for call in calls().await {
        happened.extend(call.send().await.claims);
    }
    let ends: [fn() -> StoreError; 3] = [
        || StoreErrorKind::Unavailable.into(),
        || StoreErrorKind::OutcomeUnknown.into(),
        || StoreErrorKind::Denied.into(),
    ];
    for end in ends {
        let responses = failures::responses(end).await;
        happened.extend(responses.into_iter().flat_map(|response| response.claims));
    }
    let client = client();
    let (path, _) = client.note().await;
    for call in [client.post(""), client.patch(&path, "")] {
        let encoded = call.header("content-encoding", "gzip");
        happened.extend(encoded.send().await.claims);
    }
    for call in [client.post(""), client.patch(&path, "")] {
        let broken = Err::<Frame<Bytes>, _>(io::Error::other("reset"));
        let body = StreamBody::new(stream::iter([broken]));
        happened.extend(call.send_body(|_| body).await.claims);
    }
    let described = claims();
    assert!(described.len() > 100);
    let never: Vec<_> = described.difference(&happened).collect();
    assert!(never.is_empty(), "{never:#?}");
}

#[tokio::test]
async fn what_is_described_can_be_sent() {
    let client = client();
    let (path, _) = client.note().await;
    let paths = &DOCUMENT["paths"];
    let bodies = |operation: &Value| {
        let content = operation["requestBody"]["content"].as_object().unwrap();
        let body =
            |(media_type, media): (&String, &Value)| (media_type.clone(), media["example"].clone());
        content.iter().map(body).collect::<Vec<_>>()
    };
    for (media_type, example) in bodies(&paths["/notes"]["post"]) {
        let call = client.call(Method::POST, "/notes").body(example);
        let response = call.header("content-type", media_type).send().await;
        assert_eq!(response.status, 201);
        let named = &DOCUMENT["components"]["schemas"]["Note"]["properties"];
        let named = named.as_object().unwrap().keys();
        assert!(named.eq(response.json().as_object().unwrap().keys()));
    }
    for (media_type, example) in bodies(&paths["/notes/{id}"]["patch"]) {
        let call = client.call(Method::PATCH, &path).body(example);
        let response = call.header("content-type", media_type).send().await;
        assert_eq!(response.status, 200);
    }
    // Of a parameter that it does not know, the service says that.
    let parameters = paths["/notes"]["get"]["parameters"].as_array().unwrap();
    for parameter in parameters
        .iter()
        .filter(|parameter| parameter["in"] == "query")
    {
        let name = parameter["name"].as_str().unwrap();
        let response = client.get(&format!("/notes?{name}=")).send().await;
        assert_eq!(response.json()["errors"][0]["detail"], "is empty", "{name}");
    }
}

#[test]
fn the_page_for_client_authors_lists_each_problem_type_and_no_others() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/api.md");
    let page = std::fs::read_to_string(page).unwrap();
    let listed = page.lines().filter_map(|line| {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let status = cells.get(2).filter(|cell| cell.parse::<u16>().is_ok())?;
        Some([cells[1].trim_matches('`'), status, cells[3]].map(str::to_owned))
    });
    let schemas = DOCUMENT["components"]["schemas"].as_object().unwrap();
    let described = schemas.values().filter_map(|schema| {
        let of_type = schema["properties"]["type"]["const"].as_str()?;
        let slug = of_type.split('#').next_back()?.to_owned();
        let status = schema["properties"]["status"]["const"].to_string();
        Some([slug, status, schema["title"].as_str()?.to_owned()])
    });
    let listed: BTreeSet<_> = listed.collect();
    assert_eq!(listed, described.collect());
}

/// `docs/openapi.json`, which people and generators read.
#[test]
fn the_committed_description_is_that_of_the_code() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    let described = notes_lambda::openapi();
    if std::env::var_os("NOTES_REGENERATE").is_some() {
        std::fs::write(&file, &described).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == described,
        "docs/openapi.json is not what the code says. To write it anew:\n\
         NOTES_REGENERATE=1 cargo test --workspace --test http the_committed_description"
    );
}
