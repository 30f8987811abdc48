//! Names by which the parts of the description refer to each other, and the note of its examples.

use notes_core::{Expires, Note, NoteId};
use serde_json::{Value, json};

/// The regular expression of a UUIDv7 in its canonical form, without anchors.
pub(super) const UUID_V7: &str =
    "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";

/// The id of the note that all examples show.
pub(super) const EXAMPLE_ID: &str = "019b5e4c-9c1b-7e2a-8000-5e0c1f7a3b2d";

/// The token of the examples, which is between two passes.
pub(super) const EXAMPLE_TOKEN: &str = "Aa3XBHQBogSVQRsA";

/// A reference to the schema with this name.
pub(super) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// The name of the schema of the problem type with this slug.
pub(super) fn schema_name(slug: &str) -> String {
    slug.split('-')
        .flat_map(|word| {
            let (first, rest) = word.split_at(1);
            [first.to_ascii_uppercase(), rest.to_owned()]
        })
        .collect()
}

/// The same as an id.
pub(super) fn example_id() -> Option<NoteId> {
    EXAMPLE_ID.parse().ok()
}

/// The note that all examples show.
pub(super) fn example_note() -> Option<Note> {
    let id: NoteId = example_id()?;
    let (title, content) = ("Milk".parse().ok()?, "2 litres".parse().ok()?);
    let note = Note::new("alice".parse().ok()?, id, title, content)
        .with_category("shop".parse().ok()?)
        .with_expires(Expires::Chosen("2999-12-31T00:00:00Z".parse().ok()?));
    Some(note)
}
