use notes_core::{NoteId, Order};

/// The factor of the milliseconds: the least power of ten above every value of the remaining bits
/// (2⁷⁴ ≈ 0.19 × 10²³), so that the two parts of a key never overlap.
const RANDOM_RANGE: u128 = 10_u128.pow(23);
/// How many bits of an id are neither time, version nor variant.
const RANDOM_BITS: u32 = 74;

/// The sort key of a note: `milliseconds × 10²³ + the 74 remaining bits` of its id, in decimal.
///
/// It has at most 38 digits, which is the precision of DynamoDB's numbers ([data types][types]). Keys have the
/// order of their ids, and the first 13 digits are the time of creation in milliseconds.
///
/// ```
/// use notes_dynamo::{note_id, sort_key};
///
/// let id = "019b5e4c-9c1b-7e2a-8000-5e0c1f7a3b2d".parse()?;
/// assert_eq!(sort_key(id), "176681363765916721973606223869262637");
/// assert_eq!(note_id(&sort_key(id)), Some(id));
/// # Ok::<(), notes_core::InvalidNoteId>(())
/// ```
///
/// [types]: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
#[must_use]
pub fn sort_key(id: NoteId) -> String {
    let ordinal = id.ordinal();
    let rest = ordinal & ((1 << RANDOM_BITS) - 1);
    ((ordinal >> RANDOM_BITS) * RANDOM_RANGE + rest).to_string()
}

/// The id whose [`sort_key`] this is, or `None` if it is the key of no id: not a whole number, too large, or one whose
/// last 23 digits are no 74 bits. The text has to be DynamoDB's, without leading zeros.
///
/// ```
/// assert!(notes_dynamo::note_id("176681363765916721973606223869262637").is_some());
/// // Its last 23 digits are more than 74 bits.
/// assert_eq!(notes_dynamo::note_id("99999999999999999999999"), None);
/// ```
#[must_use]
pub fn note_id(sort_key: &str) -> Option<NoteId> {
    let key: u128 = sort_key.parse().ok()?;
    let (millis, rest) = (key / RANDOM_RANGE, key % RANDOM_RANGE);
    let id = NoteId::from_ordinal(millis << RANDOM_BITS | rest)?;
    // Other spellings of the same number, such as 007, are refused.
    (self::sort_key(id) == sort_key).then_some(id)
}

/// The position from which a list in this order continues after the item with this sort key: the next page has
/// every id that comes after the item, and none that comes before it.
///
/// For the key of an id, that is the id. For a number that is the key of no id, it is the nearest id on the side
/// that the list has already read, or the first or the last id if the number is below or above all keys.
pub(crate) fn position(number: &str, order: Order) -> NoteId {
    if let Some(id) = note_id(number) {
        return id;
    }
    if number.starts_with('-') {
        return NoteId::FIRST;
    }
    let (whole, _fraction) = number.split_once('.').unwrap_or((number, ""));
    let Ok(key) = whole.parse::<u128>() else {
        // More digits than a u128 holds, or an exponent: a number far from all keys, or between 0 and 1.
        return if number.to_ascii_lowercase().contains("e-") {
            NoteId::FIRST
        } else {
            NoteId::LAST
        };
    };
    let rest = (key % RANDOM_RANGE).min((1 << RANDOM_BITS) - 1);
    let last_below = (key / RANDOM_RANGE) << RANDOM_BITS | rest;
    NoteId::from_ordinal(match order {
        Order::Oldest => last_below,
        Order::Newest => last_below + 1,
    })
    .unwrap_or(NoteId::LAST)
}

#[cfg(test)]
mod tests {
    use notes_core::Timestamp;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn keys_are_lossless_and_ordered_as_ids(a in 0..1_u128 << 122, b in 0..1_u128 << 122) {
            let (a, b) = (NoteId::from_ordinal(a).unwrap(), NoteId::from_ordinal(b).unwrap());
            let (x, y) = (sort_key(a), sort_key(b));
            prop_assert_eq!(note_id(&x), Some(a));
            prop_assert_eq!(x.parse::<u128>().unwrap().cmp(&y.parse().unwrap()), a.cmp(&b));
        }
    }

    #[test]
    fn only_canonical_text_is_a_key() {
        assert_eq!(note_id("7"), NoteId::from_ordinal(7));
        for text in ["", "+7", "007", "7.0", "7e0", " 7", "-7"] {
            assert_eq!(note_id(text), None, "{text}");
        }
        let last = sort_key(NoteId::from_ordinal((1 << 122) - 1).unwrap());
        let above = (last.parse::<u128>().unwrap() + 1).to_string();
        assert_eq!(note_id(&above), None);
        assert_eq!(note_id(&u128::MAX.to_string()), None);
    }

    #[test]
    fn a_key_has_at_most_38_digits() {
        let last = NoteId::from_ordinal((1 << 122) - 1).unwrap();
        assert_eq!(sort_key(last), "28147497671065518889465931478580854783");
    }

    #[test]
    fn a_key_starts_with_the_time_in_milliseconds() {
        let now = Timestamp::from_millis(1_795_373_220_123);
        assert!(sort_key(NoteId::generate(now)).starts_with("1795373220123"));
    }

    #[test]
    fn a_number_between_ids_is_no_id_but_has_a_position_on_either_side() {
        let gap = format!("5{}", "9".repeat(23));
        let between = NoteId::from_ordinal(6 << RANDOM_BITS).unwrap();
        assert_eq!(note_id(&gap), None);
        assert_eq!(position(&gap, Order::Newest), between);
        let id = |ordinal| NoteId::from_ordinal(ordinal).unwrap();
        assert_eq!(position(&gap, Order::Oldest), id((6 << RANDOM_BITS) - 1));
        assert_eq!(position("7.5", Order::Newest), id(8));
        assert_eq!(position("7.5", Order::Oldest), id(7));
        assert_eq!(position("7", Order::Newest), id(7));
    }

    #[test]
    fn a_number_outside_of_all_ids_has_a_position_at_their_end() {
        for order in [Order::Newest, Order::Oldest] {
            for below in ["-1", "-0.5", "-1E+125", "1E-130"] {
                assert_eq!(position(below, order), NoteId::FIRST, "{below}");
            }
            let above = (sort_key(NoteId::LAST).parse::<u128>().unwrap() + 1).to_string();
            for above in [&*above, &"9".repeat(38), &"9".repeat(60), "1E+125"] {
                assert_eq!(position(above, order), NoteId::LAST, "{above}");
            }
        }
    }
}
