//! The `Idempotency-Key` of a creation, which becomes the note's id.

use http::{HeaderMap, HeaderName};
use notes_core::{InvalidNoteId, NoteId};

use crate::problem::Problem;

/// The header
/// ([draft](https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/)) by which
/// the creator of a note names it. A repetition has the same key, and so the same id.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The id that the client chose, if it did: bare, or in quotes as the draft's structured string.
pub(crate) fn read(headers: &HeaderMap) -> Result<Option<NoteId>, Problem> {
    let mut keys = headers.get_all(IDEMPOTENCY_KEY).iter();
    let (key, another) = (keys.next(), keys.next());
    // Refused even when they are equal: which one a proxy in between looked at is not known.
    if another.is_some() {
        let why = "There is more than one Idempotency-Key.";
        return Err(Problem::InvalidIdempotencyKey(why.into()));
    }
    let Some(key) = key else { return Ok(None) };
    let id = key.to_str().map_err(|_| InvalidNoteId).and_then(|key| {
        let key = key.trim();
        let quoted = key.strip_prefix('"').and_then(|key| key.strip_suffix('"'));
        quoted.unwrap_or(key).parse()
    });
    match id {
        Ok(id) => Ok(Some(id)),
        Err(invalid) => Err(Problem::InvalidIdempotencyKey(
            format!("It has to name the note: {invalid}.").into(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "019b5e4c-9c1b-7e2a-8000-5e0c1f7a3b2d";

    fn read_one(value: &[u8]) -> Result<Option<NoteId>, Problem> {
        let mut headers = HeaderMap::new();
        headers.insert(IDEMPOTENCY_KEY, value.try_into().unwrap());
        read(&headers)
    }

    #[test]
    fn a_key_is_an_id_bare_or_in_quotes() {
        for key in [ID.to_owned(), format!("\"{ID}\""), format!(" \"{ID}\" ")] {
            let id = read_one(key.as_bytes()).unwrap();
            assert_eq!(id, Some(ID.parse().unwrap()));
        }
        assert_eq!(read(&HeaderMap::new()).unwrap(), None);
    }

    #[test]
    fn anything_else_is_refused() {
        let quoted = format!("\"{ID}\"");
        for key in [
            "",
            "\"",
            "\"\"",
            "order-17",
            &format!("\"{ID}"),
            &format!("{ID}\""),
            &format!("'{ID}'"),
            &format!("{ID}, {ID}"),
            &format!("{quoted};a=1"),
            &format!("\"{quoted}\""),
            &ID.to_uppercase(),
            "9c5b94b1-35ad-49bb-b118-8e8fc24abf80",
        ] {
            let refused = read_one(key.as_bytes());
            assert!(
                matches!(refused, Err(Problem::InvalidIdempotencyKey(_))),
                "{key}"
            );
        }
        assert!(read_one(b"\xff").is_err());
    }

    #[test]
    fn two_keys_are_refused_even_when_they_are_the_same() {
        let mut headers = HeaderMap::new();
        headers.append(IDEMPOTENCY_KEY, ID.parse().unwrap());
        headers.append(IDEMPOTENCY_KEY, ID.parse().unwrap());
        assert!(matches!(
            read(&headers),
            Err(Problem::InvalidIdempotencyKey(_))
        ));
    }
}
