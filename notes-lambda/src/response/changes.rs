//! The JSON form of a page of changes, cut so that it fits into a response.

use std::num::NonZeroUsize;

use notes_core::{Changed, ChangedState, SyncToken, Timestamp};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::response::envelope::Envelope;
use crate::response::items::Items;
use crate::response::note_json::NoteJson;

/// As many of the changes as fit into the envelope, but at least one if there are any.
#[derive(Debug)]
pub(crate) struct ChangesJson {
    items: Items,
    gone: Ids,
    unreadable: Ids,
}

/// How far the client is after a page, and at which time it was read.
#[derive(Debug)]
pub(crate) struct Progress<'a> {
    pub(crate) as_of: Timestamp,
    pub(crate) token: &'a SyncToken,
    pub(crate) more: bool,
}

impl ChangesJson {
    /// The changes that fit, and their number if it is not all of them.
    pub(crate) fn of(changes: &[Changed]) -> serde_json::Result<(Self, Option<NonZeroUsize>)> {
        let len: usize = changes.iter().map(likely_len).sum();
        let mut envelope = Envelope::for_text(len);
        let mut json = Self {
            // With room for what `finish` adds.
            items: Items::with_capacity(len + 512),
            gone: Ids::default(),
            unreadable: Ids::default(),
        };
        for (index, change) in changes.iter().enumerate() {
            let fits = match &change.state {
                ChangedState::Live(note) => {
                    let note = NoteJson::from(note);
                    json.items.push(&note, &mut envelope, index == 0)?
                }
                ChangedState::Gone(id) => json.gone.push(id, &mut envelope, index == 0)?,
                ChangedState::Unreadable(id) => {
                    json.unreadable.push(id, &mut envelope, index == 0)?
                }
            };
            // The first change is shown in any case: without it, the client could never get past it.
            if !fits {
                return Ok((json, NonZeroUsize::new(index)));
            }
        }
        Ok((json, None))
    }

    /// The whole JSON. Only `gone` and `unreadable` are left out where there are none.
    pub(crate) fn finish(self, progress: &Progress<'_>) -> serde_json::Result<Vec<u8>> {
        let mut json = self.items.finish();
        if !self.gone.0.is_empty() {
            json.add("gone", &self.gone.0)?;
        }
        if !self.unreadable.0.is_empty() {
            json.add("unreadable", &self.unreadable.0)?;
        }
        json.add("asOf", &progress.as_of.to_string())?;
        json.add("token", progress.token)?;
        json.add("more", &progress.more)?;
        Ok(json.finish())
    }
}

/// A list of ids, each serialised once.
#[derive(Debug, Default)]
struct Ids(Vec<Box<RawValue>>);

impl Ids {
    /// Adds an id as [`Items::push`] adds a note.
    fn push(
        &mut self,
        id: &impl Serialize,
        envelope: &mut Envelope,
        must: bool,
    ) -> serde_json::Result<bool> {
        let id = to_raw_value(id)?;
        let is_added = envelope.try_reserve(id.get().as_bytes()) || must;
        if is_added {
            self.0.push(id);
        }
        Ok(is_added)
    }
}

/// How many bytes the JSON of a change is likely to have.
fn likely_len(change: &Changed) -> usize {
    match &change.state {
        ChangedState::Live(note) => NoteJson::from(note).likely_len(),
        ChangedState::Gone(_) => 40,
        ChangedState::Unreadable(id) => id.len() + 3,
    }
}

#[cfg(test)]
mod tests {
    use notes_core::{ChangePosition, Content, Expires, Note, NoteId, Title};
    use serde_json::{Value, json};

    use super::*;

    fn change(ordinal: u128, state: ChangedState) -> Changed {
        let position = ordinal.to_be_bytes();
        Changed::new(ChangePosition::try_from(&position[..]).unwrap(), state)
    }

    fn live(ordinal: u128, content: &str) -> Changed {
        let id = NoteId::from_ordinal(ordinal).unwrap();
        let title = "\"".repeat(Title::MAX_CHARS).parse().unwrap();
        let user = "alice".parse().unwrap();
        let expiry = 1_900_000_000.try_into().unwrap();
        let note = Note::new(user, id, title, content.parse().unwrap())
            .with_category("\\".repeat(64).parse().unwrap())
            .with_expires(Expires::Chosen(expiry));
        change(ordinal, ChangedState::Live(note))
    }

    fn gone(ordinal: u128) -> Changed {
        change(
            ordinal,
            ChangedState::Gone(NoteId::from_ordinal(ordinal).unwrap()),
        )
    }

    /// The text of a token between two passes.
    const TOKEN: &str = "Aa3XBHQBogSVQRsA";

    fn body(json: ChangesJson) -> String {
        let progress = Progress {
            as_of: Timestamp::from_millis(1_795_373_220_123),
            token: &TOKEN.parse().unwrap(),
            more: false,
        };
        String::from_utf8(json.finish(&progress).unwrap()).unwrap()
    }

    #[test]
    fn each_change_is_in_the_list_of_what_has_become_of_it() {
        let none = ChangesJson::of(&[]).unwrap().0;
        assert_eq!(
            body(none),
            format!(
                r#"{{"items":[],"asOf":"2026-11-22T18:47:00.123Z","token":"{TOKEN}","more":false}}"#
            )
        );
        let unreadable = change(4, ChangedState::Unreadable("-7".to_owned()));
        let changes = [gone(1), live(2, "a"), live(3, "b"), unreadable];
        let (json, cut) = ChangesJson::of(&changes).unwrap();
        assert_eq!(cut, None);
        let page: Value = serde_json::from_str(&body(json)).unwrap();
        let contents: Vec<_> = page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| &item["content"])
            .collect();
        assert_eq!(contents, ["a", "b"]);
        assert_eq!(page["gone"], json!([NoteId::from_ordinal(1).unwrap()]));
        assert_eq!(page["unreadable"], json!(["-7"]));
    }

    #[test]
    fn the_envelope_of_the_worst_page_stays_below_the_limit_and_the_rest_is_cut_off() {
        for (character, notes) in [("\u{1}", 2), ("\"", 3), ("\n", 5), ("a", 15)] {
            let content = character.repeat(Content::MAX_BYTES);
            let changes: Vec<_> = (0..100)
                .map(|ordinal| match ordinal {
                    0..50 => gone(ordinal),
                    _ => live(ordinal, &content),
                })
                .collect();
            let (json, cut) = ChangesJson::of(&changes).unwrap();
            assert_eq!(cut.unwrap().get(), 50 + notes);
            let body = body(json);
            let page: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(page["items"].as_array().unwrap().len(), notes);
            let envelope = json!({"statusCode": 200, "body": body, "isBase64Encoded": false});
            assert!(serde_json::to_string(&envelope).unwrap().len() < 5_500_000);
        }
    }

    #[test]
    fn the_first_change_is_shown_however_large_it_is() {
        let large = "\"".repeat(3_000_000);
        let unreadable = |ordinal| change(ordinal, ChangedState::Unreadable(large.clone()));
        let changes = [unreadable(1), gone(2)];
        let (json, cut) = ChangesJson::of(&changes).unwrap();
        assert_eq!((json.unreadable.0.len(), json.gone.0.len()), (1, 0));
        assert_eq!(cut, NonZeroUsize::new(1));
    }
}
