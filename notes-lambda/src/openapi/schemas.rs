//! The JSON schemas of the values, bodies and problem documents.

use notes_core::{Category, Content, PageLimit, SyncToken, Title};
use serde_json::{Map, Value, json};

use super::naming::{EXAMPLE_ID, UUID_V7, reference};
use super::problem_schemas;
use crate::problem::validation::ValidationErrors;

/// The pattern of a title or a category: not blank, and without control characters.
///
/// White space is what Unicode calls so, which differs from `\s` of ECMA-262, so it is written out. Invisible
/// characters whose code point has more than four hexadecimal digits are missing: regular expression engines disagree
/// on how to write those. The API is stricter than the pattern there.
const LABEL: &str = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8][^\x00-\x1f\x7f-\x9f]*$";

/// All schemas by their names.
pub(super) fn all() -> Map<String, Value> {
    let mut all = problem_schemas::all();
    let mut add = |name: &str, schema| all.insert(name.to_owned(), schema);
    add(
        "NoteId",
        json!({
            "description": "A note's id: a UUID of version 7 that the creator of the note chose. It carries the time of creation.",
            "type": "string",
            "format": "uuid",
            "pattern": format!("^{UUID_V7}$"),
            "examples": [EXAMPLE_ID],
        }),
    );
    add(
        "EntityTag",
        json!({
            "description": "Names one state of a note. It is opaque: send it as it was received, with its quotes.",
            "type": "string",
            "pattern": "^\"[!#-~]*\"$",
            "examples": [format!("\"{EXAMPLE_ID}\"")],
        }),
    );
    add(
        "Title",
        json!({
            "description": "Not blank, no control characters. Characters are Unicode scalar values; white space and invisible ones alone are blank.",
            "type": "string",
            "minLength": 1,
            "maxLength": Title::MAX_CHARS,
            "pattern": LABEL,
            "examples": ["Milk"],
        }),
    );
    add(
        "Content",
        json!({
            "description": format!("At most {} bytes of UTF-8; may be empty.", Content::MAX_BYTES),
            "type": "string",
            "maxLength": Content::MAX_BYTES,
            "examples": ["2 litres"],
        }),
    );
    add(
        "Category",
        json!({
            "description": "A label. Not blank, which white space and invisible characters alone are; no control characters; white space at both ends is removed.",
            "type": "string",
            "minLength": 1,
            "maxLength": Category::MAX_CHARS,
            "pattern": LABEL,
            "examples": ["shop"],
        }),
    );
    add("Note", note());
    add("NoteSummary", note_summary());
    add("NewNote", new_note());
    add("NotePatch", note_patch());
    add("Page", page());
    add("Changes", changes());
    add("Problem", problem());
    add("ValidationError", validation_error());
    all
}

fn note() -> Value {
    json!({
        "description": "A note. What it does not have is left out.",
        "type": "object",
        "required": ["id", "title", "content", "createdAt", "updatedAt", "etag"],
        "properties": {
            "id": reference("NoteId"),
            "title": reference("Title"),
            "content": reference("Content"),
            "category": reference("Category"),
            "createdAt": {
                "description": "The time that the id carries.",
                "type": "string",
                "format": "date-time",
            },
            "updatedAt": {"type": "string", "format": "date-time"},
            "expiresAt": {
                "description": "When the note expires, in whole seconds.",
                "type": "string",
                "format": "date-time",
            },
            "etag": reference("EntityTag"),
        },
    })
}

/// A note without its content: the same members as a note in all else.
fn note_summary() -> Value {
    let mut summary = note();
    summary["description"] = "A note without its content, as `view=summary` shows it.".into();
    if let Some(properties) = summary["properties"].as_object_mut() {
        properties.remove("content");
    }
    if let Some(required) = summary["required"].as_array_mut() {
        required.retain(|name| name != "content");
    }
    summary
}

fn new_note() -> Value {
    json!({
        "description": "A note to create.",
        "type": "object",
        "required": ["title", "content"],
        "additionalProperties": false,
        "properties": {
            "title": reference("Title"),
            "content": reference("Content"),
            "category": or_null("Category"),
            "expiresAt": expires_at("Absent for the operator's retention, `null` for never."),
        },
    })
}

fn note_patch() -> Value {
    json!({
        "description": "Changes to a note: a JSON merge patch (RFC 7396). What is absent stays as it is; `null` removes.",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "title": reference("Title"),
            "content": reference("Content"),
            "category": or_null("Category"),
            "expiresAt": expires_at("`null` for never."),
        },
    })
}

/// A schema of this name, or `null`.
fn or_null(name: &str) -> Value {
    json!({"anyOf": [reference(name), {"type": "null"}]})
}

fn expires_at(absence: &str) -> Value {
    json!({
        "description": format!("When the note expires: in the future, and before the year 10000; rounded up to whole seconds. {absence}"),
        "type": ["string", "null"],
        "format": "date-time",
    })
}

fn page() -> Value {
    json!({
        "description": "A page of a list.",
        "type": "object",
        "required": ["items"],
        "properties": {
            "items": {
                "description": "May be fewer than asked for, or none: only an absent `nextCursor` means that the list is complete.",
                "type": "array",
                "items": {"anyOf": [reference("Note"), reference("NoteSummary")]},
                "maxItems": PageLimit::MAX,
            },
            "nextCursor": {
                "description": "The cursor of the next page; absent on the last page.",
                "type": "string",
            },
            "unreadable": {
                "description": "The ids of items that can't be shown; absent where there are none.",
                "type": "array",
                "items": {"type": "string"},
            },
        },
    })
}

fn changes() -> Value {
    json!({
        "description": "What has changed. An id is in one of the lists at most.",
        "type": "object",
        "required": ["items", "asOf", "token", "more"],
        "properties": {
            "items": {
                "description": "The notes that are there, as they are now. They replace what the copy has, also if that looks newer.",
                "type": "array",
                "items": reference("Note"),
                "maxItems": PageLimit::MAX,
            },
            "gone": {
                "description": "The ids of notes that are deleted or expired, which the copy has to remove; absent where there are none.",
                "type": "array",
                "items": reference("NoteId"),
                "maxItems": PageLimit::MAX,
            },
            "unreadable": {
                "description": "The ids of items that can't be shown, of which the copy keeps what it has; absent where there are none.",
                "type": "array",
                "items": {"type": "string"},
                "maxItems": PageLimit::MAX,
            },
            "asOf": {
                "description": "The server's time: what expires by then, the copy removes when there is no more.",
                "type": "string",
                "format": "date-time",
            },
            "token": {
                "description": "What to ask for next. It is opaque: save it together with the changes, and send it as it was received.",
                "type": "string",
                "minLength": 1,
                "maxLength": SyncToken::MAX_BYTES,
            },
            "more": {
                "description": "Whether to go on at once. If not, the copy is complete, and notes that a pass without `since` has not named are gone.",
                "type": "boolean",
            },
        },
    })
}

fn problem() -> Value {
    json!({
        "description": "A problem document (RFC 9457). Decide by `type` and status; `title` and `detail` are for people.",
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {
                "description": "The address of the problem type's documentation.",
                "type": "string",
                "format": "uri",
            },
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "current": {
                "description": "Of a precondition that failed: the note in its present state, unless it can't be shown.",
                "$ref": "#/components/schemas/Note",
            },
            "errors": {
                "description": "All errors of the request; of very many, the first.",
                "type": "array",
                "items": reference("ValidationError"),
                "maxItems": ValidationErrors::MAX_LISTED,
            },
        },
    })
}

fn validation_error() -> Value {
    json!({
        "description": "One thing that is wrong with a request, and where.",
        "type": "object",
        "required": ["detail"],
        "oneOf": [{"required": ["pointer"]}, {"required": ["parameter"]}],
        "properties": {
            "detail": {"type": "string"},
            "pointer": {
                "description": "Where in the body: a JSON pointer (RFC 6901); empty for the whole.",
                "type": "string",
                "format": "json-pointer",
            },
            "parameter": {"description": "The name of a query parameter.", "type": "string"},
        },
    })
}
