//! Unit tests of code that uses notes, with a mock of the port where a real store would not do what the test is about:
//! `cargo test -p notes-examples --example with_mocks`.
//!
//! A test that only needs a store that works takes `MemoryNoteStore`. It has no feature and no expectations.
#![allow(clippy::print_stdout, reason = "a program that a person starts")]

use notes_core::{
    Category, CreateOutcome, ListQuery, MemoryNoteStore, NewNote, NoteStore, Notes, Order,
    PageLimit, StoreError, UserId,
};

/// What a mail of every morning says of a user's tasks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reminder {
    /// The titles of the oldest tasks.
    Tasks(Vec<String>),
    /// Nothing is to be done, so no mail is sent.
    Nothing,
    /// The store is busy: try it again later in the morning.
    Later,
}

/// The reminder for one user.
///
/// # Errors
/// Where a repetition would not help.
pub(crate) async fn reminder(
    notes: &Notes<impl NoteStore>,
    user: &UserId,
) -> Result<Reminder, StoreError> {
    let oldest = ListQuery::default()
        .with_order(Order::Oldest)
        .with_limit(PageLimit::LARGEST);
    let page = match notes.list(user, &oldest).await {
        Ok(page) => page,
        Err(error) if error.is_retryable() => return Ok(Reminder::Later),
        Err(error) => return Err(error),
    };
    let tasks = page.notes.iter().filter(|note| {
        let category = note.category.as_ref().map(Category::as_str);
        category == Some("task")
    });
    let titles: Vec<_> = tasks.map(|task| task.title.as_str().to_owned()).collect();
    Ok(if titles.is_empty() {
        Reminder::Nothing
    } else {
        Reminder::Tasks(titles)
    })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (notes, user) = (Notes::new(MemoryNoteStore::new()), "alice".parse()?);
    let task = NewNote::new("Call the bank".parse()?, "".parse()?);
    let task = task.with_category("task".parse()?);
    let outcome = notes.create(&user, notes.new_id(), task).await?;
    assert!(matches!(outcome, CreateOutcome::Created(_)), "{outcome:?}");
    println!("{:?}", reminder(&notes, &user).await?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use notes_core::{MockNoteStore, Page, StoreErrorKind};

    use super::*;

    fn alice() -> UserId {
        "alice".parse().unwrap()
    }

    /// No mock: the store in memory does all that this test needs.
    #[tokio::test]
    async fn a_reminder_has_the_tasks_and_no_other_notes() {
        let notes = Notes::new(MemoryNoteStore::new());
        for (title, category) in [("Call the bank", "task"), ("Milk", "shopping")] {
            let new = NewNote::new(title.parse().unwrap(), "".parse().unwrap());
            let new = new.with_category(category.parse().unwrap());
            let outcome = notes.create(&alice(), notes.new_id(), new).await.unwrap();
            assert!(matches!(outcome, CreateOutcome::Created(_)));
        }
        let reminder = reminder(&notes, &alice()).await.unwrap();
        assert_eq!(reminder, Reminder::Tasks(vec!["Call the bank".to_owned()]));
    }

    /// A store in memory is never busy, so the mock is.
    #[tokio::test]
    async fn a_busy_store_is_asked_again_later() {
        let mut store = MockNoteStore::new();
        let throttled = |_: &UserId, _: &ListQuery, _| Err(StoreErrorKind::Throttled.into());
        store.expect_list().times(1).returning(throttled);
        let reminder = reminder(&Notes::new(store), &alice()).await.unwrap();
        assert_eq!(reminder, Reminder::Later);
    }

    #[tokio::test]
    async fn what_a_repetition_does_not_mend_is_an_error() {
        let mut store = MockNoteStore::new();
        let denied = |_: &UserId, _: &ListQuery, _| Err(StoreErrorKind::Denied.into());
        store.expect_list().times(1).returning(denied);
        let error = reminder(&Notes::new(store), &alice()).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Denied);
    }

    /// The mock sees what was asked for: the request has to be the cheap one.
    #[tokio::test]
    async fn one_page_of_the_oldest_notes_is_asked_for() {
        let mut store = MockNoteStore::new();
        store
            .expect_list()
            .withf(|user, query, _| {
                *user == alice()
                    && query.order == Order::Oldest
                    && query.limit == PageLimit::LARGEST
            })
            .times(1)
            .returning(|_, _, _| Ok(Page::default()));
        let reminder = reminder(&Notes::new(store), &alice()).await.unwrap();
        assert_eq!(reminder, Reminder::Nothing);
    }
}
