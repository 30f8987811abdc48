//! The message of a failed case: both values where they differ, and the line of the case.

use std::cell::RefCell;
use std::fmt::{Display, Write};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::note::fingerprint::Fingerprint;
use crate::note::stored::Note;
use crate::notes::CreateOutcome;
use crate::store::note_store::{DeleteOutcome, InsertOutcome, Occupant, Page, Purged};
use crate::store::store_error::{StoreError, StoreErrorKind};
use crate::store::update::UpdateOutcome;
use crate::value::category::Category;
use crate::value::expiry::Expiry;
use crate::value::note_id::NoteId;
use crate::value::revision::Revision;

/// Texts up to this length, in characters, are shown as a whole.
const SHORT: usize = 200;

/// How many characters of a longer text are shown before and after the first difference.
const AROUND: usize = 40;

/// The most differences that are shown.
const MOST_DIFFERENCES: usize = 20;

thread_local! {
    /// The lines that have called the helpers which are running on this thread; the line of the case comes first.
    static CALLS: RefCell<Vec<&'static Location<'static>>> = const { RefCell::new(Vec::new()) };
}

/// Wraps the future of a helper, so that a failure in it shows the line that called the helper.
/// `#[track_caller]` alone does not work for async functions.
#[track_caller]
pub(super) fn called<F: Future>(helper: F) -> Called<F> {
    Called {
        from: Location::caller(),
        helper: Box::pin(helper),
    }
}

pub(super) struct Called<F> {
    from: &'static Location<'static>,
    helper: Pin<Box<F>>,
}

impl<F: Future> Future for Called<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let _call = Call::of(self.from);
        self.helper.as_mut().poll(context)
    }
}

/// Marks a helper as running until this is dropped.
pub(super) struct Call(());

impl Call {
    pub(super) fn of(from: &'static Location<'static>) -> Self {
        CALLS.with_borrow_mut(|calls| calls.push(from));
        Self(())
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        CALLS.with_borrow_mut(Vec::pop);
    }
}

/// The line of the case that is running on this thread.
#[track_caller]
pub(super) fn line_of_the_case() -> &'static Location<'static> {
    let first = CALLS.with_borrow(|calls| calls.first().copied());
    first.unwrap_or_else(Location::caller)
}

/// Fails the case.
#[track_caller]
pub(super) fn fail(what: impl Display) -> ! {
    panic!("{what}\nin the case at {}", line_of_the_case());
}

/// The result of a method of the store that must not fail here.
#[track_caller]
pub(super) fn expect_success<T>(method: &str, result: Result<T, StoreError>) -> T {
    result.unwrap_or_else(|error| fail(format_args!("{method} fails: {error:?}")))
}

/// Like `assert_eq!`, but it shows only the differences, and the texts of notes, which their `Debug` hides.
macro_rules! assert_same {
    ($actual:expr, $expected:expr $(,)?) => {
        assert_same!($actual, $expected, "")
    };
    ($actual:expr, $expected:expr, $($what:tt)+) => {
        match (&$actual, &$expected) {
            (actual, expected) => {
                if *actual != *expected {
                    let (actual, expected) = (
                        $crate::conformance::report::Shown::parts(actual),
                        $crate::conformance::report::Shown::parts(expected),
                    );
                    let difference = $crate::conformance::report::difference(&actual, &expected);
                    let what = format!($($what)+);
                    $crate::conformance::report::fail(format!("{what}\n{difference}").trim());
                }
            }
        }
    };
}
pub(super) use assert_same;

/// A value that can be shown as a list of named texts.
pub(super) trait Shown {
    fn parts(&self) -> Vec<(String, String)>;
}

/// The parts of a value that belongs to another value, with the name that it has there as a prefix.
fn under<T: Shown + ?Sized>(name: impl Display, value: &T) -> Vec<(String, String)> {
    let parts = value.parts().into_iter();
    parts
        .map(|(part, text)| (format!("{name} {part}").trim_end().to_owned(), text))
        .collect()
}

/// One named text. A value that is a single text has an empty name.
fn part(name: &str, text: impl Into<String>) -> (String, String) {
    (name.to_owned(), text.into())
}

/// Shows these types by their `Debug`, as one text.
macro_rules! shown_by_debug {
    ($($type:ty),*) => {
        $(impl Shown for $type {
            fn parts(&self) -> Vec<(String, String)> {
                vec![part("", format!("{self:?}"))]
            }
        })*
    };
}

shown_by_debug!(bool, u32, u64, usize, Fingerprint, Purged, StoreErrorKind);

/// Shows these types by their `Display`, as one text.
macro_rules! shown_by_display {
    ($($type:ty),*) => {
        $(impl Shown for $type {
            fn parts(&self) -> Vec<(String, String)> {
                vec![part("", self.to_string())]
            }
        })*
    };
}

shown_by_display!(str, String, Expiry, NoteId, Revision);

impl Shown for Category {
    fn parts(&self) -> Vec<(String, String)> {
        self.as_str().parts()
    }
}

impl Shown for Note {
    fn parts(&self) -> Vec<(String, String)> {
        let optional = |value: Option<String>| value.unwrap_or_else(|| "none".to_owned());
        vec![
            part("id", self.id.to_string()),
            part("user", self.user.as_str()),
            part("title", self.title.as_str()),
            part("content", self.content.as_str()),
            part(
                "category",
                optional(self.category.clone().map(String::from)),
            ),
            part(
                "expiry",
                optional(self.expiry().map(|expiry| expiry.to_string())),
            ),
            part("retained", self.expires.is_retained().to_string()),
            part("revision", self.revision.to_string()),
        ]
    }
}

impl<T: Shown + ?Sized> Shown for &T {
    fn parts(&self) -> Vec<(String, String)> {
        (**self).parts()
    }
}

impl<T: Shown> Shown for Option<T> {
    fn parts(&self) -> Vec<(String, String)> {
        self.as_ref()
            .map_or_else(|| vec![part("", "none")], T::parts)
    }
}

impl<T: Shown> Shown for [T] {
    fn parts(&self) -> Vec<(String, String)> {
        let count = part("count", self.len().to_string());
        let items = self.iter().enumerate();
        let items = items.flat_map(|(index, item)| under(format_args!("[{index}]"), item));
        std::iter::once(count).chain(items).collect()
    }
}

impl<T: Shown> Shown for Vec<T> {
    fn parts(&self) -> Vec<(String, String)> {
        self.as_slice().parts()
    }
}

impl<T: Shown, const N: usize> Shown for [T; N] {
    fn parts(&self) -> Vec<(String, String)> {
        self.as_slice().parts()
    }
}

impl<A: Shown, B: Shown> Shown for (A, B) {
    fn parts(&self) -> Vec<(String, String)> {
        [under("first", &self.0), under("second", &self.1)].concat()
    }
}

impl Shown for Page {
    fn parts(&self) -> Vec<(String, String)> {
        [
            under("notes", &self.notes),
            under("unreadable", &self.unreadable),
            under("next", &self.next),
        ]
        .concat()
    }
}

/// The parts of an outcome: its name, and the note in it.
fn outcome(name: &str, note: Option<&Note>) -> Vec<(String, String)> {
    let name = vec![part("outcome", name)];
    [name, note.map(Shown::parts).unwrap_or_default()].concat()
}

impl Shown for InsertOutcome {
    fn parts(&self) -> Vec<(String, String)> {
        match self {
            Self::Taken(Occupant::Live { note, fingerprint }) => [
                outcome("Taken by a live note", Some(note)),
                under("fingerprint", fingerprint),
            ]
            .concat(),
            other => outcome(&format!("{other:?}"), None),
        }
    }
}

impl Shown for UpdateOutcome {
    fn parts(&self) -> Vec<(String, String)> {
        match self {
            Self::Updated(note) => outcome("Updated", Some(note)),
            Self::Stale(Some(note)) => outcome("Stale", Some(note)),
            Self::Stale(None) | Self::Missing => outcome(&format!("{self:?}"), None),
        }
    }
}

impl Shown for DeleteOutcome {
    fn parts(&self) -> Vec<(String, String)> {
        match self {
            Self::Stale(Some(note)) => outcome("Stale", Some(note)),
            Self::Deleted | Self::Stale(None) | Self::Missing => {
                outcome(&format!("{self:?}"), None)
            }
        }
    }
}

impl Shown for CreateOutcome {
    fn parts(&self) -> Vec<(String, String)> {
        match self {
            Self::Created(note) => outcome("Created", Some(note)),
            Self::Replayed(note) => outcome("Replayed", Some(note)),
            other => outcome(&format!("{other:?}"), None),
        }
    }
}

/// The parts in which two values differ.
pub(super) fn difference(actual: &[(String, String)], expected: &[(String, String)]) -> String {
    let mut shown = String::new();
    let mut differences = 0;
    for index in 0..actual.len().max(expected.len()) {
        let (is, right) = (actual.get(index), expected.get(index));
        if is == right {
            continue;
        }
        differences += 1;
        if differences > MOST_DIFFERENCES {
            let _ = writeln!(shown, "and so on");
            break;
        }
        match (is, right) {
            (Some((name, is)), Some((of, right))) if name == of => {
                let _ = writeln!(shown, "{}", difference_of_texts(name, is, right));
            }
            (is, right) => {
                for (whose, part) in [("actual", is), ("expected", right)] {
                    if let Some((name, text)) = part {
                        let _ = writeln!(shown, "{whose} {name}: {}", excerpt(text, 0));
                    }
                }
            }
        }
    }
    shown
}

fn difference_of_texts(name: &str, actual: &str, expected: &str) -> String {
    let pairs = actual.chars().zip(expected.chars());
    let position = pairs
        .take_while(|(actual, expected)| actual == expected)
        .count();
    let (actual_count, expected_count) = (actual.chars().count(), expected.chars().count());
    let place = if actual_count.max(expected_count) > SHORT {
        format!(" (from character {position} on, of {actual_count} and {expected_count})")
    } else {
        String::new()
    };
    format!(
        "{name}{place}:\n  actual   {}\n  expected {}",
        excerpt(actual, position),
        excerpt(expected, position)
    )
}

/// A short text as a whole; of a long one, what is around this position.
fn excerpt(text: &str, position: usize) -> String {
    let count = text.chars().count();
    if count <= SHORT {
        return format!("{text:?}");
    }
    let start = position.saturating_sub(AROUND);
    let around: String = text.chars().skip(start).take(2 * AROUND).collect();
    let before = if start > 0 { "…" } else { "" };
    let after = if start + 2 * AROUND < count {
        "…"
    } else {
        ""
    };
    format!("{before}{around:?}{after}")
}

#[cfg(test)]
mod tests {
    use std::panic;
    use std::task::Waker;

    use super::*;
    use crate::conformance::account::Account;
    use crate::store::memory::MemoryNoteStore;
    use crate::value::content::Content;

    /// The message of a case that fails.
    fn message(case: impl FnOnce() + panic::UnwindSafe) -> String {
        let payload = panic::catch_unwind(case).expect_err("the case fails");
        *payload.downcast::<String>().expect("a message")
    }

    fn note_with(content: &str) -> Note {
        let memory = MemoryNoteStore::new();
        let account = Account::named(&memory, "alice");
        let id = "019b5e4c-9c1b-7e2a-8000-5e0c1f7a3b2d".parse().unwrap();
        Note {
            content: content.parse().unwrap(),
            ..account.note(id)
        }
    }

    #[test]
    fn a_failure_shows_both_texts_and_nothing_that_is_the_same() {
        let (actual, expected) = (note_with("milk\u{301}"), note_with("milk"));
        let message = message(move || assert_same!(Some(actual), Some(expected)));
        assert!(message.contains("content:\n"), "{message}");
        assert!(message.contains(r#"actual   "milk\u{301}""#), "{message}");
        assert!(message.contains("expected \"milk\""), "{message}");
        assert!(!message.contains("title"), "{message}");
    }

    #[test]
    fn a_failure_shows_where_long_texts_differ() {
        let text = "x".repeat(Content::MAX_BYTES);
        let cut = note_with(&text[..65_535]);
        let message = message(move || assert_same!(vec![cut], [note_with(&text)]));
        let place = "[0] content (from character 65535 on, of 65535 and 350000)";
        assert!(message.contains(place), "{message}");
        assert!(message.len() < 1_000, "{message}");
    }

    #[test]
    fn a_failure_in_a_helper_names_the_line_of_the_case() {
        #[track_caller]
        fn helper() -> impl Future<Output = ()> {
            called(async { inner_helper().await })
        }
        #[track_caller]
        fn inner_helper() -> impl Future<Output = ()> {
            called(async { fail("it fails") })
        }
        let (line, case) = (line!(), helper());
        let mut case = Box::pin(case);
        let message = message(panic::AssertUnwindSafe(|| {
            let mut context = Context::from_waker(Waker::noop());
            let _ = case.as_mut().poll(&mut context);
        }));
        let place = format!("it fails\nin the case at {}:{line}:", file!());
        assert!(message.starts_with(&place), "{message}");
    }
}
