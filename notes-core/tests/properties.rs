//! Laws of the domain, for any value.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;
use notes_core::{
    Category, Change, Content, Expires, Expiry, Fingerprint, ListQuery, NewNote, Note, NoteId,
    NotePatch, Order, PageLimit, Revision, Timestamp, Title, UserId,
};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Texts on both sides of every rule: blank, padded, with control characters, of any script.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~]{0,300}",
        "[ \t\u{a0}]{0,3}[a-zé🥛]{0,70}[ \n\u{3000}]{0,3}",
        "[\u{0}-\u{9f}]{1,4}",
        "[\u{200b}\u{feff}\u{3164}\u{2800}\u{e0061} 👩\u{200d}🔬]{1,4}",
    ]
}

/// As Unicode has it, but for the two symbols whose picture is blank.
fn is_white_or_invisible(char: char) -> bool {
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    char.is_whitespace() || ignorable.contains(char) || "\u{2800}\u{1d159}".contains(char)
}

fn titles() -> impl Strategy<Value = Title> {
    "[A-Za-z🥛][^\\p{Cc}]{0,20}".prop_map(|text| text.parse().expect("a title"))
}

fn contents() -> impl Strategy<Value = Content> {
    any::<String>().prop_map(|text| text.parse().expect("a content"))
}

fn categories() -> impl Strategy<Value = Category> {
    "[a-zé🥛]{1,64}".prop_map(|text| text.parse().expect("a category"))
}

fn timestamps() -> impl Strategy<Value = Timestamp> {
    (0..=Timestamp::MAX.as_millis()).prop_map(Timestamp::from_millis)
}

fn expiries() -> impl Strategy<Value = Expiry> {
    (0..=Timestamp::MAX.as_secs()).prop_map(|secs| secs.try_into().expect("an expiry"))
}

fn ids() -> impl Strategy<Value = NoteId> {
    (0..1_u128 << 122).prop_map(|ordinal| NoteId::from_ordinal(ordinal).expect("an id"))
}

/// Values of which two are often the same, so that patches meet notes that they don't change.
fn notes() -> impl Strategy<Value = Note> {
    let values = (0..2_u8, 0..2_u8, 0..3_u8, 0..3_u64, any::<bool>(), ids());
    values.prop_map(|(title, content, category, expiry, retained, id)| {
        let expires = expiry > 0;
        let user = "alice".parse().expect("a user id");
        let mut note = Note::new(user, id, few(title), few(content));
        note.category = (category > 0).then(|| few(category));
        let expiry = || expiry.try_into().expect("an expiry");
        note.with_expires(match (expires, retained) {
            (false, _) => Expires::Never,
            (true, false) => Expires::Chosen(expiry()),
            (true, true) => Expires::Retained(expiry()),
        })
    })
}

fn patches() -> impl Strategy<Value = NotePatch> {
    let values = (0..3_u8, 0..3_u8, 0..4_u8, 0..4_u64);
    values.prop_map(|(title, content, category, expiry)| {
        let mut patch = NotePatch::default();
        patch.title = (title < 2).then(|| few(title));
        patch.content = (content < 2).then(|| few(content));
        patch.category = match category {
            0 => Change::Clear,
            3 => Change::Keep,
            number => Change::Set(few(number)),
        };
        patch.expiry = match expiry {
            0 => Change::Clear,
            3 => Change::Keep,
            secs => Change::Set(secs.try_into().expect("an expiry")),
        };
        patch
    })
}

fn few<T: FromStr<Err: Debug>>(number: u8) -> T {
    number.to_string().parse().expect("a value")
}

fn patched(note: &Note, patch: &NotePatch) -> Note {
    let mut note = note.clone();
    patch.clone().apply(&mut note);
    note
}

/// A text is a value or it is not, whichever way it comes; a value comes back from its text.
fn check_text<T>(text: &str) -> Result<(), TestCaseError>
where
    T: Clone + Debug + PartialEq + FromStr<Err: Debug + Display + PartialEq>,
    T: TryFrom<String, Error = <T as FromStr>::Err> + Into<String> + Serialize + DeserializeOwned,
{
    let json = serde_json::to_string(text).expect("JSON");
    let deserialized = serde_json::from_str::<T>(&json);
    let parsed = text.parse::<T>();
    prop_assert_eq!(&T::try_from(text.to_owned()), &parsed);
    match parsed {
        Err(error) => {
            let message = deserialized.expect_err("an invalid value").to_string();
            prop_assert!(message.starts_with(&error.to_string()), "{}", message);
        }
        Ok(value) => {
            prop_assert_eq!(deserialized.expect("a valid value"), value.clone());
            let canonical: String = value.clone().into();
            prop_assert_eq!(&canonical.parse::<T>(), &Ok(value.clone()));
            let serialized = serde_json::to_value(&value).expect("JSON");
            prop_assert_eq!(serialized, serde_json::Value::String(canonical));
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn text_values_are_what_their_text_says(text in texts()) {
        check_text::<UserId>(&text)?;
        check_text::<Title>(&text)?;
        check_text::<Content>(&text)?;
        check_text::<Category>(&text)?;
        check_text::<NoteId>(&text)?;
    }

    #[test]
    fn text_values_obey_their_limits(text in texts()) {
        let chars = text.chars().count();
        let is_blank = text.chars().all(is_white_or_invisible);
        let is_plain = !text.contains(char::is_control);
        let is_user = (1..=UserId::MAX_BYTES).contains(&text.len()) && is_plain;
        prop_assert_eq!(text.parse::<UserId>().is_ok(), is_user);
        let is_title = !is_blank && chars <= Title::MAX_CHARS && is_plain;
        prop_assert_eq!(text.parse::<Title>().is_ok(), is_title);
        let trimmed = text.trim().chars().count();
        let is_category = !is_blank && trimmed <= Category::MAX_CHARS && is_plain;
        prop_assert_eq!(text.parse::<Category>().is_ok(), is_category);
        prop_assert!(text.parse::<Content>().is_ok());
    }

    #[test]
    fn text_is_kept_as_given_but_for_the_ends_of_a_category(text in texts()) {
        if let Ok(title) = text.parse::<Title>() {
            prop_assert_eq!(title.as_str(), &text);
        }
        if let Ok(category) = text.parse::<Category>() {
            prop_assert_eq!(category.as_str(), text.trim());
        }
        let content: Content = text.parse().expect("a content");
        prop_assert_eq!(content.as_str(), &text);
    }

    #[test]
    fn debug_never_shows_what_a_person_wrote(text in "[g-z]{9,20}") {
        let shown = format!(
            "{:?} {:?} {:?} {:?}",
            text.parse::<UserId>(),
            text.parse::<Title>(),
            text.parse::<Content>(),
            text.parse::<Category>(),
        );
        prop_assert!(!shown.contains(&text), "{}", shown);
    }

    #[test]
    fn ids_come_back_from_text_and_ordinal(id in ids()) {
        check_text::<NoteId>(&id.to_string())?;
        prop_assert_eq!(NoteId::from_ordinal(id.ordinal()), Some(id));
        prop_assert!(id.to_string().to_uppercase().parse::<NoteId>().is_err());
    }

    #[test]
    fn revisions_come_back_from_text_and_bytes(a in ids(), b in ids()) {
        let (one, two) = (Revision::from(a), Revision::from(b));
        prop_assert_eq!(one.to_string().parse(), Ok(one));
        prop_assert_eq!(Revision::try_from(one.into_bytes()), Ok(one));
        prop_assert_eq!(one.cmp(&two), one.into_bytes().cmp(&two.into_bytes()));
        prop_assert_eq!(one.written_at(), a.created_at());
    }

    #[test]
    fn sixteen_bytes_are_a_revision_if_their_text_is_one(bytes: [u8; 16]) {
        let text = uuid::Uuid::from_bytes(bytes).to_string();
        prop_assert_eq!(Revision::try_from(bytes), text.parse());
    }

    #[test]
    fn the_next_revision_is_greater(id in ids(), now in timestamps()) {
        let revision = Revision::from(id);
        if let Some(next) = revision.next(now) {
            prop_assert!(next > revision);
            prop_assert!(next.written_at() >= now.max(revision.written_at()));
        } else {
            prop_assert_eq!(id.ordinal() >> 74, (1 << 48) - 1);
        }
    }

    #[test]
    fn timestamps_come_back_from_text(timestamp in timestamps()) {
        let text = timestamp.to_string();
        prop_assert_eq!(text.parse(), Ok(timestamp));
        prop_assert_eq!(Timestamp::parse_rounding_up(&text), Ok(timestamp));
    }

    #[test]
    fn expiries_come_back_from_text_and_json(expiry in expiries()) {
        prop_assert_eq!(expiry.to_string().parse(), Ok(expiry));
        let json = serde_json::to_string(&expiry).expect("JSON");
        prop_assert_eq!(&json, &expiry.as_secs().to_string());
        prop_assert_eq!(serde_json::from_str::<Expiry>(&json).expect("an expiry"), expiry);
    }

    #[test]
    fn no_expiry_is_later_than_the_last_timestamp(secs: u64) {
        let is_expiry = secs <= Timestamp::MAX.as_secs();
        prop_assert_eq!(Expiry::try_from(secs).is_ok(), is_expiry);
        let json = secs.to_string();
        prop_assert_eq!(serde_json::from_str::<Expiry>(&json).is_ok(), is_expiry);
    }

    #[test]
    fn an_expiry_with_a_fraction_is_rounded_up(
        second in 0..Timestamp::MAX.as_secs(),
        nanos in prop_oneof![Just(0_u64), Just(1), 0..1_000_000_000_u64],
    ) {
        let whole = Expiry::try_from(second).expect("an expiry").to_string();
        let text = format!("{}.{nanos:09}Z", whole.trim_end_matches('Z'));
        let expiry: Expiry = text.parse().expect("an expiry");
        prop_assert_eq!(expiry.as_secs(), second + u64::from(nanos > 0));
        // So a note is never hidden before the moment that its author named.
        let floor: Timestamp = text.parse().expect("a timestamp");
        prop_assert!(expiry.as_secs() * 1_000 >= floor.as_millis());
    }

    #[test]
    fn a_note_is_live_until_the_millisecond_of_its_expiry(expiry in expiries(), other in timestamps()) {
        let millis = expiry.as_secs() * 1_000;
        prop_assert!(!expiry.is_after(Timestamp::from_millis(millis)));
        if let Some(before) = millis.checked_sub(1) {
            prop_assert!(expiry.is_after(Timestamp::from_millis(before)));
        }
        prop_assert_eq!(expiry.is_after(other), other.as_millis() < millis);
    }

    #[test]
    fn fingerprints_come_back_from_bytes_and_tell_requests_apart(
        title in titles(),
        content in contents(),
        category in prop::option::of(categories()),
        expiry in expiries(),
    ) {
        let mut new = NewNote::new(title, content).with_expiry(expiry);
        new.category = category;
        let fingerprint = Fingerprint::of(&new);
        prop_assert_eq!(Fingerprint::from(fingerprint.into_bytes()), fingerprint);
        prop_assert_eq!(Fingerprint::of(&new.clone()), fingerprint);
        let longer = format!("{}.", new.content.as_str()).parse().expect("a content");
        let mut other = new;
        other.content = longer;
        prop_assert_ne!(Fingerprint::of(&other), fingerprint);
    }

    #[test]
    fn an_empty_patch_changes_nothing(note in notes()) {
        let empty = NotePatch::default();
        prop_assert!(empty.is_empty());
        prop_assert!(empty.changes_nothing_in(&note));
        prop_assert_eq!(patched(&note, &empty), note);
    }

    #[test]
    fn a_patch_applied_twice_is_a_patch_applied_once(note in notes(), patch in patches()) {
        let once = patched(&note, &patch);
        prop_assert!(patch.changes_nothing_in(&once));
        prop_assert_eq!(patched(&once, &patch), once);
    }

    #[test]
    fn a_patch_changes_nothing_where_the_note_is_the_same_after_it(
        note in notes(),
        patch in patches(),
    ) {
        let is_same = patched(&note, &patch) == note;
        prop_assert_eq!(patch.changes_nothing_in(&note), is_same);
        prop_assert!(is_same || !patch.is_empty());
    }

    #[test]
    fn a_patch_changes_just_what_it_mentions(note in notes(), patch in patches()) {
        let after = patched(&note, &patch);
        prop_assert_eq!(after.title, patch.title.unwrap_or(note.title));
        prop_assert_eq!(after.content, patch.content.unwrap_or(note.content));
        prop_assert_eq!(after.category, changed(patch.category, note.category));
        let author_says = patch.expiry != Change::Keep;
        let was_retained = note.expires.is_retained();
        prop_assert_eq!(after.expires.is_retained(), was_retained && !author_says);
        prop_assert_eq!(after.expires.expiry(), changed(patch.expiry, note.expires.expiry()));
        prop_assert_eq!(after.user, note.user);
        prop_assert_eq!((after.id, after.revision), (note.id, note.revision));
    }

    #[test]
    fn the_range_of_a_query_is_what_its_fields_say(
        ordinals in prop::collection::vec(near_ordinals(), 1..20),
        after in prop::option::of(0..7_u64),
        before in prop::option::of(0..7_u64),
        position in prop::option::of(near_ordinals()),
        newest: bool,
        limit in 1..=PageLimit::MAX,
    ) {
        let id = |ordinal| NoteId::from_ordinal(ordinal).expect("an id");
        let mut query = ListQuery::default()
            .with_limit(limit.try_into().expect("a limit"))
            .with_order(if newest { Order::Newest } else { Order::Oldest });
        query.created_after = after.map(Timestamp::from_millis);
        query.created_before = before.map(Timestamp::from_millis);
        query.position = position.map(id);
        let range = query.range();
        for ordinal in ordinals {
            let created = ordinal >> 74;
            let wanted = after.is_none_or(|after| created > u128::from(after))
                && before.is_none_or(|before| created < u128::from(before))
                && position.is_none_or(|at| if newest { ordinal < at } else { ordinal > at });
            let is_in_range = range.as_ref().is_some_and(|range| range.contains(&id(ordinal)));
            prop_assert_eq!(is_in_range, wanted, "{:?} in {:?}", id(ordinal), query);
        }
        if let Some(range) = range {
            prop_assert!(range.start() <= range.end());
        }
    }
}

/// Ordinals of the first milliseconds and the very last, close to the edges of each.
fn near_ordinals() -> impl Strategy<Value = u128> {
    let millis = prop_oneof![0..7_u128, Just((1 << 48) - 1)];
    let rest = prop_oneof![Just(0_u128), Just(1), Just((1 << 74) - 1), 0..1_u128 << 74];
    (millis, rest).prop_map(|(millis, rest)| millis << 74 | rest)
}

fn changed<T>(change: Change<T>, before: Option<T>) -> Option<T> {
    match change {
        Change::Keep => before,
        Change::Clear => None,
        Change::Set(value) => Some(value),
    }
}

/// So that what other systems write for "never" is read.
#[test]
fn the_last_second_has_no_fraction_to_round_up() {
    for fraction in ["", ".001", ".9999999", ".999999999999"] {
        let text = format!("9999-12-31T23:59:59{fraction}Z");
        let expiry: Expiry = text.parse().expect("an expiry");
        assert_eq!(expiry.as_secs(), Timestamp::MAX.as_secs(), "{text}");
    }
    assert!("9999-12-31T23:59:59-00:01".parse::<Expiry>().is_err());
}

#[test]
fn text_values_take_their_largest_and_nothing_larger() {
    let text = |chars| "𝄞".repeat(chars);
    assert!(text(Title::MAX_CHARS).parse::<Title>().is_ok());
    assert!(text(Title::MAX_CHARS + 1).parse::<Title>().is_err());
    assert!(text(Category::MAX_CHARS).parse::<Category>().is_ok());
    assert!(text(Category::MAX_CHARS + 1).parse::<Category>().is_err());
    let bytes = |bytes| "x".repeat(bytes);
    assert!(bytes(UserId::MAX_BYTES).parse::<UserId>().is_ok());
    assert!(bytes(UserId::MAX_BYTES + 1).parse::<UserId>().is_err());
    assert!(bytes(Content::MAX_BYTES).parse::<Content>().is_ok());
    assert!(bytes(Content::MAX_BYTES + 1).parse::<Content>().is_err());
    assert!(text(Content::MAX_BYTES / 4 + 1).parse::<Content>().is_err());
}

#[test]
fn a_page_has_1_to_100_notes() {
    for limit in 0..=u8::MAX {
        let is_limit = (1..=100).contains(&limit);
        assert_eq!(PageLimit::try_from(limit).is_ok(), is_limit, "{limit}");
    }
    assert_eq!(PageLimit::default().get(), 20);
    assert_eq!(PageLimit::LARGEST.get(), 100);
}
