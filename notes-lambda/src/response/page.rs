//! The JSON form of a page, cut so that it fits into a response.

use notes_core::{Order, Page};
use serde_json::value::to_raw_value;

use crate::cursor::Cursor;
use crate::response::envelope::Envelope;
use crate::response::items::Items;
use crate::response::note_json::{NoteJson, View};

/// The JSON of a page: as many of its notes as fit into the envelope, but at least one if there are any. If notes are
/// cut off, the cursor leads to them.
///
/// Only `items` is always there. `nextCursor` is absent on the last page, and `unreadable`, the ids of items that can't
/// be read as notes, if there are none. All of those are named, even those that lie beyond the cut: a store does not
/// say where they lie between the notes. The next page may name them again, but none is left out.
pub(crate) fn page_json(page: &Page, order: Order, view: View) -> serde_json::Result<Vec<u8>> {
    let unreadable = match page.unreadable.as_slice() {
        [] => None,
        ids => Some(to_raw_value(ids)?),
    };
    let unreadable_len: usize = page.unreadable.iter().map(|id| id.len() + 3).sum();
    let notes_len: usize = page
        .notes
        .iter()
        .map(|note| NoteJson::viewed(note, view).likely_len())
        .sum();
    let mut envelope = Envelope::for_text(notes_len + unreadable_len);
    if let Some(unreadable) = &unreadable {
        envelope.try_reserve(unreadable.get().as_bytes());
    }
    let mut next = page.next;
    let mut last = None;
    let mut items = Items::with_capacity(notes_len);
    for note in &page.notes {
        // The first note is shown in any case: without it, the list could never get past it.
        if !items.push(&NoteJson::viewed(note, view), &mut envelope, last.is_none())? {
            next = last;
            break;
        }
        last = Some(note.id);
    }
    let mut json = items.finish();
    if let Some(position) = next {
        json.add("nextCursor", &Cursor::new(order, position).to_string())?;
    }
    if let Some(unreadable) = unreadable {
        json.add("unreadable", &unreadable)?;
    }
    Ok(json.finish())
}

#[cfg(test)]
mod tests {
    use notes_core::{Content, Expires, Note, NoteId, Title};
    use serde_json::{Value, json};

    use super::*;

    fn note(ordinal: u128, content: &str) -> Note {
        let id = NoteId::from_ordinal(ordinal).unwrap();
        let title = "\"".repeat(Title::MAX_CHARS).parse().unwrap();
        let expiry = 1_900_000_000.try_into().unwrap();
        Note::new(
            "alice".parse().unwrap(),
            id,
            title,
            content.parse().unwrap(),
        )
        .with_category("\\".repeat(64).parse().unwrap())
        .with_expires(Expires::Chosen(expiry))
    }

    /// A page of more of the largest notes than fit, of this character.
    fn full_page(character: &str) -> Page {
        let content = character.repeat(Content::MAX_BYTES / character.len());
        let notes = (1..=20).map(|ordinal| note(ordinal, &content));
        Page::new(notes.collect()).with_next(NoteId::from_ordinal(20).unwrap())
    }

    fn body(page: &Page) -> String {
        let json = page_json(page, Order::Oldest, View::Full).unwrap();
        String::from_utf8(json).unwrap()
    }

    #[test]
    fn the_envelope_of_the_worst_page_stays_below_the_limit() {
        for (character, notes) in [
            ("\u{1}", 2),
            ("\"", 3),
            ("\\", 3),
            ("\n", 5),
            ("\u{1f95b}", 15),
            ("a", 15),
        ] {
            let body = body(&full_page(character));
            let page: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(page["items"].as_array().unwrap().len(), notes);
            let envelope = json!({
                "statusCode": 200,
                "headers": {"content-type": "application/json", "cache-control": "private, no-cache"},
                "isBase64Encoded": false,
                "body": body,
            });
            assert!(serde_json::to_string(&envelope).unwrap().len() < 5_500_000);
        }
    }

    #[test]
    fn the_largest_page_that_is_not_counted_fits() {
        for character in ["\u{1}", "\"", "\\", "a"] {
            // A hundred of these are just below what is counted.
            let content = character.repeat(6_380);
            let notes: Vec<_> = (1..=100).map(|ordinal| note(ordinal, &content)).collect();
            let body = body(&Page::new(notes).with_next(NoteId::from_ordinal(100).unwrap()));
            let page: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(page["items"].as_array().unwrap().len(), 100);
            assert!(serde_json::to_string(&body).unwrap().len() < 5_500_000);
        }
    }

    #[test]
    fn a_cut_page_goes_on_after_its_last_note() {
        let page: Value = serde_json::from_str(&body(&full_page("\u{1}"))).unwrap();
        let next = Cursor::new(Order::Oldest, NoteId::from_ordinal(2).unwrap());
        assert_eq!(page["nextCursor"], next.to_string());
    }

    #[test]
    fn a_summary_is_the_note_without_its_content_and_more_of_them_fit() {
        let page = full_page("\u{1}");
        let json = page_json(&page, Order::Oldest, View::Summary).unwrap();
        let mut json: Value = serde_json::from_slice(&json).unwrap();
        let items = json["items"].as_array_mut().unwrap();
        assert_eq!(items.len(), page.notes.len());
        for (item, note) in items.iter_mut().zip(&page.notes) {
            assert!(item.get("content").is_none());
            item["content"] = note.content.as_str().into();
            assert_eq!(item, &serde_json::to_value(NoteJson::from(note)).unwrap());
        }
    }

    #[test]
    fn a_page_that_is_not_cut_goes_on_where_the_store_says() {
        let page = Page::new(vec![note(1, "")]).with_next(NoteId::from_ordinal(9).unwrap());
        let page: Value = serde_json::from_str(&body(&page)).unwrap();
        let next = Cursor::new(Order::Oldest, NoteId::from_ordinal(9).unwrap());
        assert_eq!(page["nextCursor"], next.to_string());
        assert_eq!(body(&Page::default()), r#"{"items":[]}"#);
    }

    #[test]
    fn a_cut_page_still_names_all_that_is_unreadable() {
        let unreadable: Vec<_> = (0..100)
            .map(|number| "\"".repeat(10_000) + &number.to_string())
            .collect();
        let page = full_page("a").with_unreadable(unreadable.clone());
        let page: Value = serde_json::from_str(&body(&page)).unwrap();
        assert_eq!(page["unreadable"], json!(unreadable));
        assert_eq!(page["items"].as_array().unwrap().len(), 4);
        assert!(page["nextCursor"].is_string());
    }
}
