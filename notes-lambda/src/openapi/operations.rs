//! The operations of the description: parameters, bodies and responses.

use http::StatusCode;
use notes_core::{
    ChangePosition, Changed, ChangedState, NoteId, Notes, Order, Page, PageLimit, Revisions,
    SyncToken, Timestamp, Update,
};
use serde_json::{Value, json};

use super::example_response::{ExampleResponse, responses};
use super::naming::{EXAMPLE_ID, EXAMPLE_TOKEN, UUID_V7, example_id, example_note, reference};
use super::problems;
use crate::cursor::Cursor;
use crate::handler::{changes, create, get, list, update};
use crate::operation::Operation;
use crate::problem::Problem;
use crate::request::body::MAX_BYTES;
use crate::request::idempotency_key::IDEMPOTENCY_KEY;
use crate::request::query;
use crate::response::changes::{ChangesJson, Progress};
use crate::response::note_json::View;
use crate::response::reply;

/// What `If-Match` means for `/notes`.
const LIST_MATCH: &str = "The list of notes has no entity tag: only `*` names it.";

/// All paths with their operations.
pub(super) fn paths() -> Value {
    let (list, get, changes) = (list(), get(), changes());
    json!({
        "/notes": {
            "get": list,
            "head": head(&list),
            "post": create(),
        },
        "/notes/changes": {
            "get": changes,
            "head": head(&changes),
        },
        "/notes/{id}": {
            "parameters": [{
                "name": "id",
                "in": "path",
                "required": true,
                "description": "The note's id. Any other spelling of it is an unknown path.",
                "schema": reference("NoteId"),
            }],
            "get": get,
            "head": head(&get),
            "patch": update(),
            "delete": delete(),
        },
    })
}

fn create() -> Value {
    let example = json!({
        "title": "Milk",
        "content": "2 litres",
        "category": "shop",
        "expiresAt": "2999-12-31T00:00:00Z",
    });
    let mut examples = vec![];
    for (replayed, description) in [
        (false, "The note is created."),
        (true, "The note as it is now: it was created before."),
    ] {
        let created = example_note().map_or(Err(Problem::Internal), |note| {
            create::created(None, &note, replayed)
        });
        let example = ExampleResponse::success(description, "Note", created)
            .with_header(IDEMPOTENCY_KEY.as_str(), EXAMPLE_ID)
            .linked(links());
        examples.push(example);
    }
    examples.extend(problems::examples(Operation::Create));
    json!({
        "operationId": "createNote",
        "tags": ["notes"],
        "summary": "Creates a note",
        "description": "The creator names the note by an `Idempotency-Key`. Repeated with one key, as often as it takes, \
            it makes at most one note, and never one again that was deleted. Without a key, the API chooses one, and the response has it.",
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "description": key_description(),
                "schema": {"type": "string", "pattern": format!("^({UUID_V7}|\"{UUID_V7}\")$")},
            },
            tags("If-Match", LIST_MATCH),
            tags("If-None-Match", "The list of notes has no entity tag: `*` refuses the request."),
        ],
        "requestBody": request_body(&[create::MEDIA_TYPE], "NewNote", &example),
        "responses": responses(examples),
    })
}

fn key_description() -> String {
    let (days, minutes) = (
        Notes::<()>::DEFAULT_ACCEPTANCE_WINDOW.as_secs() / 86_400,
        Notes::<()>::MAX_AHEAD.as_secs() / 60,
    );
    format!(
        "The note's id to be: a UUID of version 7 such as `{EXAMPLE_ID}`, bare or in double quotes. \
         It is dated at most {minutes} minutes ahead, and at most {days} days ago unless the operator \
         chose another time."
    )
}

fn list() -> Value {
    let mut page = Page::new(example_note().into_iter().collect());
    page.unreadable = vec!["019b5e4c-9c1b-7e2a-8000-5e0c1f7a3b2e".to_owned()];
    page.next = example_id();
    let summary = list::listed(page.clone(), Order::Newest, View::Summary);
    let page = list::listed(page, Order::Newest, View::Full);
    let next = json!({"NextPage": {
        "operationId": "listNotes",
        "description": "The next page, if there is a `nextCursor`.",
        "parameters": {query::CURSOR: "$response.body#/nextCursor"},
    }});
    let mut examples = vec![
        ExampleResponse::success("A page.", "Page", page).linked(next),
        ExampleResponse::success("A page of summaries.", "Page", summary),
        ExampleResponse::success(
            "`If-None-Match` is `*`.",
            "",
            Ok(reply::empty(StatusCode::NOT_MODIFIED)),
        ),
    ];
    examples.extend(problems::examples(Operation::List));
    json!({
        "operationId": "listNotes",
        "tags": ["notes"],
        "summary": "Lists the caller's notes, by time of creation",
        "parameters": [
            parameter(query::LIMIT, "The most notes in the page.", &json!({
                "type": "integer",
                "minimum": 1,
                "maximum": PageLimit::MAX,
                "default": PageLimit::default().get(),
            })),
            parameter(query::CURSOR, "The `nextCursor` of the page before, as it was received.", &json!({
                "type": "string",
                "minLength": 1,
                "maxLength": Cursor::LENGTH,
            })),
            parameter(query::ORDER, "By default that of the cursor, or else `newest`. With a cursor, no other than its own.", &json!({
                "type": "string",
                "enum": [Order::Newest, Order::Oldest],
            })),
            parameter(query::CREATED_AFTER, "Only notes created later than this.", &json!({
                "type": "string",
                "format": "date-time",
            })),
            parameter(query::CREATED_BEFORE, "Only notes created earlier than this.", &json!({
                "type": "string",
                "format": "date-time",
            })),
            parameter(query::CATEGORY, "Only notes of this category. A page may have few of them, or none, and still a `nextCursor`.", &reference("Category")),
            parameter(query::VIEW, "`summary` leaves out the content of each note.", &json!({
                "type": "string",
                "enum": ["full", "summary"],
                "default": "full",
            })),
            tags("If-Match", LIST_MATCH),
            tags("If-None-Match", "The list of notes has no entity tag: only `*` names it."),
        ],
        "responses": responses(examples),
    })
}

fn changes() -> Value {
    let gone: Option<NoteId> = "019b5e4c-9c1b-7e2a-8000-5e0c1f7a3b2f".parse().ok();
    let unreadable = "019b5e4c-9c1b-7e2a-8000-5e0c1f7a3b2e".to_owned();
    let states = example_note().map(ChangedState::Live).into_iter();
    let states = states.chain(gone.map(ChangedState::Gone));
    let states = states.chain([ChangedState::Unreadable(unreadable)]);
    let changes: Vec<_> = states
        .filter_map(|state| Some(Changed::new(ChangePosition::try_from(&[][..]).ok()?, state)))
        .collect();
    let page = EXAMPLE_TOKEN
        .parse()
        .map_or(Err(Problem::Internal), |token| {
            let (json, _) = ChangesJson::of(&changes)?;
            let as_of = Timestamp::from_millis(1_795_373_220_123);
            let progress = Progress {
                as_of,
                token: &token,
                more: false,
            };
            changes::changed(json, &progress)
        });
    let next = json!({"NextPage": {
        "operationId": "listChanges",
        "description": "What has changed since, at once if there is `more`, and else when the client wants to know.",
        "parameters": {query::SINCE: "$response.body#/token"},
    }});
    let mut examples = vec![
        ExampleResponse::success("A page of changes.", "Changes", page).linked(next),
        ExampleResponse::success(
            "`If-None-Match` is `*`.",
            "",
            Ok(reply::empty(StatusCode::NOT_MODIFIED)),
        ),
    ];
    examples.extend(problems::examples(Operation::Changes));
    json!({
        "operationId": "listChanges",
        "tags": ["notes"],
        "summary": "Lists what has changed in the caller's notes, for a client that keeps a copy",
        "description": "Without `since`, all notes. Go on with the `token` of each page while there is `more`: then the copy has every \
            note that was not written meanwhile exactly as it is. Only where the operator has turned sync on.",
        "parameters": [
            parameter(query::SINCE, "The `token` of the page before, as it was received. Absent: the client has no copy.", &json!({
                "type": "string",
                "minLength": 1,
                "maxLength": SyncToken::MAX_BYTES,
            })),
            parameter(query::LIMIT, "The most changes in the page.", &json!({
                "type": "integer",
                "minimum": 1,
                "maximum": PageLimit::MAX,
                "default": PageLimit::MAX,
            })),
            tags("If-Match", LIST_MATCH),
            tags("If-None-Match", "The changes have no entity tag: only `*` names them."),
        ],
        "responses": responses(examples),
    })
}

fn get() -> Value {
    let mut examples = vec![shown("The note.")];
    if let Some(id) = example_id() {
        let unchanged = get::not_modified(id.into());
        examples.push(ExampleResponse::success(
            "`If-None-Match` names the note's present state.",
            "",
            Ok(unchanged),
        ));
    }
    examples.extend(problems::examples(Operation::Get));
    json!({
        "operationId": "getNote",
        "tags": ["notes"],
        "summary": "Shows a note",
        "parameters": [
            tags("If-Match", &format!("The states that may be shown: at most {} strong entity tags, or `*`.", Revisions::MAX)),
            tags("If-None-Match", &format!("The states that the client has: at most {} entity tags, or `*`.", Revisions::MAX)),
        ],
        "responses": responses(examples),
    })
}

fn update() -> Value {
    let example = json!({
        "title": "Oat milk",
        "content": "1 litre",
        "category": null,
        "expiresAt": null,
    });
    let mut examples = vec![shown("The note as it is now.")];
    examples.extend(problems::examples(Operation::Update));
    json!({
        "operationId": "updateNote",
        "tags": ["notes"],
        "summary": "Changes a note",
        "description": format!(
            "A patch that would change nothing succeeds, whatever `If-Match` says. One that moves or removes the \
             expiry does not find a note that expires within {} seconds.",
            Update::EXPIRY_MARGIN.as_secs(),
        ),
        "parameters": [if_match(), if_none_match()],
        "requestBody": request_body(&update::MEDIA_TYPES, "NotePatch", &example),
        "responses": responses(examples),
    })
}

fn delete() -> Value {
    let deleted = reply::empty(StatusCode::NO_CONTENT);
    let mut examples = vec![ExampleResponse::success(
        "The note is gone.",
        "",
        Ok(deleted),
    )];
    examples.extend(problems::examples(Operation::Delete));
    json!({
        "operationId": "deleteNote",
        "tags": ["notes"],
        "summary": "Deletes a note",
        "parameters": [if_match(), if_none_match()],
        "responses": responses(examples),
    })
}

/// The description of HEAD, from that of GET: the same without bodies.
fn head(get: &Value) -> Value {
    let mut head = get.clone();
    let id = get["operationId"].as_str().unwrap_or_default();
    head["operationId"] = format!("{id}Head").into();
    head["summary"] = "The headers that a GET would have".into();
    if let Some(responses) = head["responses"].as_object_mut() {
        for response in responses.values_mut().filter_map(Value::as_object_mut) {
            response.remove("content");
            response.remove("links");
        }
    }
    head
}

/// The response that shows the example note.
fn shown(description: &str) -> ExampleResponse {
    let response = example_note().map_or(Err(Problem::Internal), |note| {
        Ok(reply::note(StatusCode::OK, &note)?)
    });
    ExampleResponse::success(description, "Note", response)
}

/// Links from a note that was created to the operations on it.
fn links() -> Value {
    let link = |operation: &str| {
        json!({
            "operationId": operation,
            "parameters": {"id": "$response.body#/id"},
        })
    };
    json!({
        "GetNote": link("getNote"),
        "UpdateNote": link("updateNote"),
        "DeleteNote": link("deleteNote"),
    })
}

fn request_body(media_types: &[&str], schema: &str, example: &Value) -> Value {
    let content = media_types.iter().map(|&name| {
        let media_type = json!({"schema": reference(schema), "example": example});
        (name.to_owned(), media_type)
    });
    json!({
        "description": format!("At most {MAX_BYTES} bytes of UTF-8, no member more than once."),
        "required": true,
        "content": content.collect::<serde_json::Map<_, _>>(),
    })
}

fn parameter(name: &str, description: &str, schema: &Value) -> Value {
    json!({"name": name, "in": "query", "description": description, "schema": schema})
}

fn if_match() -> Value {
    let most = Revisions::MAX;
    tags(
        "If-Match",
        &format!(
            "The states that the request may replace: at most {most} strong entity tags, or `*`. \
             A weak tag names none."
        ),
    )
}

fn if_none_match() -> Value {
    tags(
        "If-None-Match",
        &format!(
            "The states that the request may not replace: at most {} entity tags, or `*` for any.",
            Revisions::MAX
        ),
    )
}

/// A header of entity tags, with the pattern that the code accepts: elements of the list may be empty, and so may the
/// whole list. It has no example, because pages to try requests on would send the example, and it would match no note.
fn tags(name: &str, description: &str) -> Value {
    let tag = r#"(W/)?"[!#-~\x80-\xff]*""#;
    let list = format!(r"[ \t,]*({tag}([ \t]*,[ \t,]*{tag})*[ \t,]*)?");
    json!({
        "name": name,
        "in": "header",
        "description": description,
        "schema": {"type": "string", "pattern": format!(r"^(\*|{list})$")},
    })
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::request::route::Route;

    #[test]
    fn each_path_has_the_methods_that_the_code_has_and_no_others() {
        let paths = paths();
        for (path, operations) in paths.as_object().unwrap() {
            let path = path.replace("{id}", EXAMPLE_ID);
            let mut methods = Route::methods(&path).unwrap().split(", ").count();
            for (method, operation) in operations.as_object().unwrap() {
                if method == "parameters" {
                    continue;
                }
                let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                let route = Route::of(&method, &path).unwrap().operation();
                let id = operation["operationId"].as_str().unwrap();
                let name = format!("{route:?}").to_lowercase();
                let id = id.to_lowercase();
                assert!(id.contains(&name), "{method} {path}: {id}");
                methods -= 1;
            }
            assert_eq!(methods, 0, "{path}");
        }
        assert_eq!(paths.as_object().unwrap().len(), 3);
    }
}
