use sha2::{Digest, Sha256};

use crate::note::new_note::NewNote;
use crate::value::category::Category;
use crate::value::expiry_choice::ExpiryChoice;

/// Identifies the request that created a note, in 8 bytes: a version byte and 7 bytes of a SHA-256 hash of
/// the validated fields.
///
/// It is stored with the note and never changes, so a retry of the creation is recognised even after the
/// note has been changed. It covers only what was requested, without defaults: a retry that comes after
/// the retention setting was changed is still the same request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 8]);

/// The version of the encoding below. A new encoding needs a new version, as stored fingerprints stay.
const VERSION: u8 = 1;

impl Fingerprint {
    /// The fingerprint of a request to create a note.
    #[must_use]
    pub fn of(new: &NewNote) -> Self {
        let mut hash = Sha256::new();
        let mut text = |text: Option<&str>| {
            // The length tells "ab" + "c" from "a" + "bc". No text is u64::MAX bytes long, so that stands for
            // a field that is absent.
            let length = text.map_or(u64::MAX, |text| text.len() as u64);
            hash.update(length.to_be_bytes());
            hash.update(text.unwrap_or_default());
        };
        text(Some(new.title.as_str()));
        text(Some(new.content.as_str()));
        text(new.category.as_ref().map(Category::as_str));
        match new.expiry {
            ExpiryChoice::Retention => hash.update([0]),
            ExpiryChoice::Never => hash.update([1]),
            ExpiryChoice::At(expiry) => {
                hash.update([2]);
                hash.update(expiry.as_secs().to_be_bytes());
            }
        }
        let mut bytes = [VERSION; 8];
        bytes[1..].copy_from_slice(&hash.finalize()[..7]);
        Self(bytes)
    }

    /// The 8 bytes, as a store keeps them.
    #[must_use]
    pub const fn into_bytes(self) -> [u8; 8] {
        self.0
    }
}

impl From<[u8; 8]> for Fingerprint {
    fn from(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new_note(title: &str, content: &str, category: Option<&str>) -> NewNote {
        let new = NewNote::new(title.parse().unwrap(), content.parse().unwrap());
        match category {
            None => new,
            Some(category) => new.with_category(category.parse().unwrap()),
        }
    }

    /// It is stored with every note: if the encoding changed, every retry would look like a reused id.
    #[test]
    fn the_encoding_of_version_1_never_changes() {
        let bytes = Fingerprint::of(&new_note("Milk", "2 litres", Some("shop"))).into_bytes();
        assert_eq!(bytes, [1, 238, 25, 101, 217, 134, 138, 75]);
    }

    #[test]
    fn every_field_counts_and_fields_do_not_run_together() {
        let mut requests = vec![
            new_note("ab", "c", None),
            new_note("a", "bc", None),
            new_note("ab", "", Some("c")),
            new_note("ab", "c", Some("c")),
        ];
        let new = || new_note("ab", "c", None);
        requests.push(new().without_expiry());
        for secs in [0, 1] {
            requests.push(new().with_expiry(secs.try_into().unwrap()));
        }
        for (i, a) in requests.iter().enumerate() {
            for (j, b) in requests.iter().enumerate() {
                assert_eq!(Fingerprint::of(a) == Fingerprint::of(b), i == j);
            }
        }
    }
}
