use uuid::{Uuid, Variant};

use crate::value::timestamp::Timestamp;

/// How many bits of a UUIDv7 are neither time, version nor variant. They are random in a generated one.
const REST_BITS: u32 = 74;
/// How many of them come after the variant.
const LOW_REST_BITS: u32 = 62;

/// The smallest UUIDv7.
pub(crate) const FIRST: Uuid = Uuid::from_u128(0x7000_8000_0000_0000_0000);
/// The greatest UUIDv7.
pub(crate) const LAST: Uuid = Uuid::from_u128(0xffff_ffff_ffff_7fff_bfff_ffff_ffff_ffff);

/// A new UUIDv7 of the time `now` and 74 random bits.
pub(crate) fn generate(now: Timestamp) -> Uuid {
    let nanos = u32::try_from(now.as_millis() % 1_000 * 1_000_000).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix_time(now.as_secs(), nanos, 0, 0))
}

/// Whether this is a UUID of version 7 of RFC 9562, by its version and variant.
pub(crate) fn is_v7(uuid: Uuid) -> bool {
    uuid.get_version_num() == 7 && uuid.get_variant() == Variant::RFC4122
}

/// Parses the canonical text and no other: 36 characters, lower case.
pub(crate) fn parse(text: &str) -> Option<Uuid> {
    let uuid = Uuid::try_parse(text).ok()?;
    let mut canonical = Uuid::encode_buffer();
    (is_v7(uuid) && *uuid.hyphenated().encode_lower(&mut canonical) == *text).then_some(uuid)
}

/// The time in a UUIDv7.
pub(crate) fn created_at(uuid: Uuid) -> Timestamp {
    Timestamp::from_millis((ordinal(uuid) >> REST_BITS) as u64)
}

/// The time in a UUIDv7 as defined by
/// [drafts of 2021](https://datatracker.ietf.org/doc/html/draft-peabody-dispatch-new-uuid-format-02), with seconds
/// in the first 36 bits. Libraries that follow these drafts are still in use.
pub(crate) fn created_at_by_old_draft(uuid: Uuid) -> Timestamp {
    let secs = (uuid.as_u128() >> 92) as u64;
    Timestamp::from_millis(secs * 1_000)
}

/// The 122 bits that are neither version nor variant, as a number: in the order of the UUIDs and without gaps.
pub(crate) fn ordinal(uuid: Uuid) -> u128 {
    let bits = uuid.as_u128();
    let rand_a = bits >> 64 & 0xfff;
    bits >> 80 << REST_BITS | rand_a << LOW_REST_BITS | low_rest(uuid)
}

/// The last 62 bits, random in a generated UUID.
pub(crate) fn low_rest(uuid: Uuid) -> u128 {
    uuid.as_u128() & ((1 << LOW_REST_BITS) - 1)
}

/// The UUIDv7 with this [`ordinal`], or `None` if it has more than 122 bits.
pub(crate) fn from_ordinal(ordinal: u128) -> Option<Uuid> {
    let rand_a = ordinal >> LOW_REST_BITS & 0xfff;
    let low = ordinal & ((1 << LOW_REST_BITS) - 1);
    let time = ordinal >> REST_BITS;
    (time < 1 << 48)
        .then(|| Uuid::from_u128(time << 80 | 7 << 76 | rand_a << 64 | 0b10 << LOW_REST_BITS | low))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ordinals_are_dense_ordered_and_lossless(a in 0..1_u128 << 122, b in 0..1_u128 << 122) {
            let (x, y) = (from_ordinal(a).unwrap(), from_ordinal(b).unwrap());
            prop_assert!(is_v7(x));
            prop_assert_eq!(ordinal(x), a);
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
            prop_assert_eq!(parse(&x.to_string()), Some(x));
        }
    }

    #[test]
    fn a_generated_uuid_carries_the_time_and_differs() {
        let now = Timestamp::from_millis(1_795_373_220_123);
        let (a, b) = (generate(now), generate(now));
        assert!(is_v7(a));
        assert_eq!(created_at(a), now);
        assert_ne!(a, b);
    }

    #[test]
    fn only_canonical_text_of_version_7_is_read() {
        for text in [
            "",
            "019b5e4c-9c1b-7e2a-8000-00000000000",
            "019B5E4C-9C1B-7E2A-8000-000000000000",
            "019b5e4c9c1b7e2a8000000000000000",
            "{019b5e4c-9c1b-7e2a-8000-000000000000}",
            "urn:uuid:019b5e4c-9c1b-7e2a-8000-000000000000",
            "019b5e4c-9c1b-4e2a-8000-000000000000",
            "019b5e4c-9c1b-7e2a-c000-000000000000",
            "00000000-0000-0000-0000-000000000000",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert!(parse("019b5e4c-9c1b-7e2a-8000-000000000000").is_some());
    }

    #[test]
    fn there_is_nothing_after_the_last_ordinal() {
        assert_eq!(from_ordinal(0), Some(FIRST));
        assert_eq!(from_ordinal((1 << 122) - 1), Some(LAST));
        assert_eq!(from_ordinal(1 << 122), None);
    }
}
