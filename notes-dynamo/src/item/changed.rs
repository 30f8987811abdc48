use aws_sdk_dynamodb::types::AttributeValue;
use notes_core::{NoteId, Revision, Timestamp};

use crate::item::expression::binary;

/// Two writes of a note within one window of 2²⁰ milliseconds, 17.5 minutes, get the same value, so the second one
/// leaves the index as it is and consumes nothing for it.
const WINDOW_BITS: u32 = 20;

/// The value of [`CHANGED`](crate::item::attributes::CHANGED) in an item: the window of the write's `now`, and the
/// id of the note.
///
/// It is the time of the write and not the revision, which may be dated later or earlier than the write. The id makes
/// it unique, so that reading can go on after any of a user's items.
pub(crate) fn changed(now: Timestamp, id: NoteId) -> AttributeValue {
    let mut bytes = window(now).to_vec();
    bytes.extend(Revision::from(id).into_bytes());
    binary(bytes)
}

/// The first bytes of the value in all items that were written in the window of this time. Among all values, they
/// sort before the first of those, and after all that were written in an earlier window.
pub(crate) fn window(time: Timestamp) -> [u8; 4] {
    // The greatest time has 48 bits, so no window has more than 28.
    let [.., a, b, c, d] = (time.as_millis() >> WINDOW_BITS).to_be_bytes();
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(now: u64, id: NoteId) -> Vec<u8> {
        let AttributeValue::B(bytes) = changed(Timestamp::from_millis(now), id) else {
            panic!("no binary value");
        };
        bytes.into_inner()
    }

    proptest! {
        /// Whoever asks for what was written since a time gets it, and no window before.
        #[test]
        fn what_was_written_since_a_time_sorts_behind_the_window_of_that_time(
            (written, since) in (0..=Timestamp::MAX.as_millis(), 0..=Timestamp::MAX.as_millis()),
            ordinal in 0..1_u128 << 122,
        ) {
            let id = NoteId::from_ordinal(ordinal).unwrap();
            let value = bytes(written, id);
            prop_assert_eq!(value.len(), 20);
            let floor = window(Timestamp::from_millis(since));
            let is_given = value.as_slice() > floor.as_slice();
            prop_assert_eq!(is_given, written >> 20 >= since >> 20);
            prop_assert!(is_given || written < since);
        }
    }

    #[test]
    fn a_window_has_17_and_a_half_minutes() {
        let id = NoteId::from_ordinal(7).unwrap();
        let begin = 1_766_813_637_659 >> 20 << 20;
        assert_eq!(bytes(begin, id), bytes(begin + (1 << 20) - 1, id));
        assert_ne!(bytes(begin, id), bytes(begin - 1, id));
        assert_ne!(bytes(begin, id), bytes(begin + (1 << 20), id));
    }
}
