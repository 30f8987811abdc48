//! The conformance suite: how to know that a [`NoteStore`] keeps the promises of the port.
//!
//! Each case is one clause of the port's documentation, named as a sentence, or a promise of the
//! service that the store takes part in. [`conformance!`] turns all of them into tests of one store;
//! what a store can't support is named there, with the reason. A store joins by a [`Harness`]:
//!
//! ```
//! use notes_core::MemoryNoteStore;
//!
//! notes_core::conformance!(mod conformance_memory, notes_core::MemoryNoteStore::new());
//! ```
//!
//! Cases use the real time, a user of their own each, and concurrency where the clause is about it,
//! so they also run against a store that others use. They leave their notes behind: the users'
//! ids start with `conformance`.
//!
//! # What is tried
//!
//! - **Each clause by itself**, at its edges: the shortest and the longest texts, the first and the last
//!   id, the last expiry, revisions one apart, a thousand hidden items in a row, pages of many megabytes.
//! - **Races of threads.** Tasks of one thread meet only where they wait, so a store that looks and then
//!   writes, without an `.await` in between, passes every race of tasks. These cases have as many threads
//!   as there are cores (2 to 4), repeat for about a second, and check what each call was told and each
//!   reader has seen: nothing lost, no gap, no half-written note, no state that never was. Chance decides
//!   whether threads meet: on one core alone they hardly do.
//! - **Two handles** to the same data ([`Harness::other_handle`]), as two processes have them: caches and
//!   locks of one handle are found out.
//! - **Dropped futures.** Writes, reads and purges are dropped after their first poll, their second, and
//!   so on, as a server does at a deadline or when its client has gone: then each note is in a state before
//!   or after, and the store answers.
//! - **Items that can't be read**, of as many kinds as the harness can plant
//!   ([`Harness::unreadable_kinds`]).
//! - **Physical removal** ([`Harness::sweep`]): nothing goes before its time, and a note that got another
//!   end, or none, not at its old time.
//! - **What a deletion leaves** ([`Harness::stored_text`]).
//!
//! # What it can't see
//!
//! A store that passes may still break its promises where no case can look:
//!
//! - Errors that tell an untruth. The cases meet no error but `Corrupt`: whether a write that failed with
//!   `Unavailable` has really not happened, or one that may have happened fails as `OutcomeUnknown`, is for
//!   the store's own tests, with its connection cut, delayed and answered falsely.
//! - A request that is given up and executed much later ([late writes](crate::NoteStore#late-writes)).
//! - What survives a crash, a failover, a restored backup, or a full disk.
//! - Races that need more threads, more load or more time than a case has, and replicas that lag only
//!   sometimes.
//! - Copies of a deleted text outside of its key: logs, backups, indexes, older versions.
//! - Whether items are ever removed once their time has come, and how long any call takes. A call that
//!   never ends fails a case after two minutes where the suite polls it; one that blocks its thread can't be
//!   ended.
//! - How much a call costs.
//!
//! # When a case fails
//!
//! It shows both values where they differ: of long texts, the position and what is around it. `in the case
//! at` names the line of the case, also when a helper has failed.
//!
//! # Without the macro
//!
//! Cases are functions: call them with a harness. Those with threads block the thread that they run on, so
//! a store that needs a runtime needs one of several threads; [`conformance!`] gives each case one of
//! tokio's, and lets the threads of the case enter it.
//!
//! [`conformance!`]: crate::conformance!
#![allow(
    clippy::missing_panics_doc,
    reason = "a case panics when the store breaks its clause: that is what it is for"
)]

use async_trait::async_trait;

use crate::store::memory::MemoryNoteStore;
use crate::store::note_store::NoteStore;
use crate::value::note_id::NoteId;
use crate::value::timestamp::Timestamp;
use crate::value::user_id::UserId;

mod account;
pub mod delete;
pub mod get;
pub mod handles;
mod history;
pub mod insert;
pub mod isolation;
pub mod list;
pub mod purge;
pub mod removal;
pub mod renewal;
mod report;
pub mod service;
mod threads;
pub mod update;

#[doc(hidden)]
pub use threads::within_runtime;

/// A store under test.
///
/// Some cases need more than the port has: a second handle, a look at what is stored, the removal of
/// items whose time has come. A method for that which a harness does not have fails the cases that
/// need it, and says so: write it, or name the cases after `except`, with the reason.
#[async_trait]
pub trait Harness: Send + Sync {
    /// The store.
    fn store(&self) -> &dyn NoteStore;

    /// Another handle to the same data, as another process has one: a second connection or client,
    /// which shares with the first what is stored and nothing else, no cache and no lock.
    fn other_handle(&self) -> &dyn NoteStore {
        lacks("other_handle")
    }

    /// Puts an item under the key of this note that is there and can't be read as a note, past the
    /// store's own checks.
    async fn plant_unreadable(&self, user: &UserId, id: NoteId);

    /// The kinds of items that are there and can't be read: whatever another program, another version
    /// or a slip of a hand may leave under the key of a note. By default, the one kind that
    /// [`plant_unreadable`](Self::plant_unreadable) plants.
    fn unreadable_kinds(&self) -> Vec<UnreadableKind> {
        vec![UnreadableKind {
            name: "unreadable",
            writes_see_it: true,
        }]
    }

    /// As [`plant_unreadable`](Self::plant_unreadable), an item of one of the
    /// [`unreadable_kinds`](Self::unreadable_kinds), by its place there.
    async fn plant_unreadable_of(&self, kind: usize, user: &UserId, id: NoteId) {
        let _the_only_one = kind;
        self.plant_unreadable(user, id).await;
    }

    /// All that is stored under the key of this note, in whatever form it is kept there, as text: to
    /// look for texts that must be gone. Empty where nothing is stored.
    async fn stored_text(&self, user: &UserId, id: NoteId) -> String {
        let _key = (user, id);
        lacks("stored_text")
    }

    /// Removes those items of the user that may be removed physically at `now` by their
    /// [`PurgeAt`](crate::PurgeAt), as the store's own removal (its time to live) does some day. Where the
    /// store never removes, or does it when it is asked for an item, there is nothing to do.
    async fn sweep(&self, user: &UserId, now: Timestamp) {
        let _whose = (user, now);
        lacks("sweep")
    }
}

fn lacks(method: &str) -> ! {
    panic!(
        "the harness has no `{method}`, which this case needs: write it, or name the case after \
         `except`, with the reason"
    )
}

/// A kind of items that are there and can't be read as a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnreadableKind {
    /// What is wrong, for whoever reads that a case fails.
    pub name: &'static str,
    /// Whether a write sees what is wrong, and leaves the item as it is. It need not see that a value of
    /// the right type and size breaks another rule, such as a blank title or an expiry with a fraction:
    /// then the item may be changed or deleted.
    pub writes_see_it: bool,
}

#[async_trait]
impl Harness for MemoryNoteStore {
    fn store(&self) -> &dyn NoteStore {
        self
    }

    fn other_handle(&self) -> &dyn NoteStore {
        // A handle is no more than a pointer to the notes: a clone is the same one.
        self
    }

    async fn plant_unreadable(&self, user: &UserId, id: NoteId) {
        self.plant_unreadable(user, id);
    }

    async fn stored_text(&self, user: &UserId, id: NoteId) -> String {
        self.stored_text(user, id)
    }

    async fn sweep(&self, user: &UserId, now: Timestamp) {
        self.sweep(user, now);
    }
}

/// Makes a module of tests, one per case of the [suite](mod@crate::conformance), for one store.
///
/// The expression is evaluated in each test, may `.await`, and gives a
/// [`Harness`](crate::conformance::Harness); its paths are absolute, or start with `crate`. The crate
/// that calls it needs `tokio` with `macros` and `rt-multi-thread`.
///
/// A case that a store can't support is named, with the reason. Its test is ignored and shows the
/// reason in each run; `cargo test -- --ignored` runs it all the same:
///
/// ```
/// notes_core::conformance! {
///     mod conformance_of_a_cache, notes_core::MemoryNoteStore::new();
///     except {
///         get::sees_every_acknowledged_write: "the cache in front of it is up to a second behind",
///     }
/// }
/// ```
///
/// What is no case can't be excepted:
///
/// ```compile_fail,E0425
/// notes_core::conformance! {
///     mod conformance_of_a_cache, notes_core::MemoryNoteStore::new();
///     except {
///         get::sees_most_writes: "misspelt",
///     }
/// }
/// ```
#[macro_export]
macro_rules! conformance {
    (mod $module:ident, $harness:expr $(; $(except { $($exceptions:tt)* })?)?) => {
        $crate::__conformance_cases! {
            $crate::__conformance_tests,
            mod $module, $harness;
            except { $($($($exceptions)*)?)? }
        }
    };
}

/// Calls a macro with its arguments, and all cases after them.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_cases {
    ($($then:ident)::+, $($arguments:tt)*) => {
        $($then)::+! {
            ($)
            $($arguments)*
            insert {
                stores_the_note_as_given
                keeps_text_byte_for_byte
                keeps_control_characters_of_the_content
                stores_the_largest_values
                stores_the_smallest_values
                stores_an_empty_content
                takes_an_id_of_any_date
                keeps_apart_ids_that_differ_in_one_bit
                never_overwrites_a_live_note
                repeated_shows_that_it_has_happened
                tells_the_note_as_it_is_now_and_how_it_was_created
                never_reuses_the_id_of_a_deleted_note
                never_reuses_the_id_of_an_expired_note
                keeps_the_id_of_an_expired_note_spent_as_long_as_asked
                never_stores_a_note_that_has_expired
                never_overwrites_an_item_that_cannot_be_read
                of_concurrent_inserts_of_one_id_exactly_one_wins
                of_concurrent_inserts_of_different_ids_loses_none
                keeps_every_expiry_up_to_the_last
                tells_how_it_was_created_after_every_kind_of_change
                given_up_at_any_poll_has_happened_or_not
                of_inserts_of_one_id_by_threads_exactly_one_wins
                of_inserts_of_different_ids_by_threads_loses_none
                repeated_while_the_note_changes_tells_whole_states_only
            }
            get {
                gives_nothing_for_an_id_never_used
                sees_every_acknowledged_write
                hides_a_deleted_note
                hides_a_note_from_the_second_of_its_expiry
                fails_as_corrupt_for_an_item_that_cannot_be_read
                of_a_note_that_changes_gives_whole_states_only
                never_goes_back_in_the_life_of_a_note
                given_up_at_any_poll_holds_nothing_up
            }
            list {
                is_empty_for_a_user_without_notes
                gives_the_newest_first
                gives_the_oldest_first
                orders_notes_of_one_millisecond_by_id
                gives_every_note_once_whatever_the_limit
                gives_every_note_once_over_several_large_pages
                gives_every_note_once_when_notes_are_large
                keeps_the_order_of_creation_when_notes_change
                excludes_both_bounds_of_time
                gives_an_empty_page_for_reversed_bounds
                gives_nothing_beyond_either_end_of_time
                goes_on_after_a_position
                goes_on_after_a_position_without_a_note
                goes_on_after_the_first_and_the_last_of_all_positions
                keeps_its_bounds_whatever_the_position
                hides_deleted_notes
                hides_notes_from_the_second_of_their_expiry
                finds_notes_beyond_many_hidden_ones
                names_items_that_cannot_be_read_and_hides_no_others
                gives_notes_that_stay_once_while_others_come_and_go
                gives_notes_that_stay_once_while_each_page_has_rivals
                goes_on_behind_a_thousand_hidden_items
                gives_every_note_once_where_pages_are_of_many_megabytes
                of_notes_that_change_gives_whole_states_only
            }
            update {
                changes_one_field_and_keeps_the_others
                removes_and_restores_category_and_expiry
                changes_several_fields_at_once
                keeps_text_byte_for_byte
                takes_the_largest_values
                gives_the_new_revision_also_when_nothing_else_changes
                moves_the_end_of_a_note
                never_creates_a_note
                never_brings_a_deleted_note_back
                never_brings_an_expired_note_back
                of_the_expiry_has_to_come_in_time
                refuses_a_foreign_revision
                accepts_one_of_several_revisions
                accepts_the_longest_list_of_revisions
                accepts_any_revision
                refuses_a_revision_that_does_not_grow
                repeated_shows_that_it_has_happened
                repeated_after_the_end_of_the_note_shows_that_it_has_happened
                ends_a_note_at_once
                repeated_after_a_rival_is_refused
                repeated_while_under_way_happens_once
                refuses_an_item_that_cannot_be_read
                of_concurrent_updates_of_one_revision_exactly_one_wins
                of_concurrent_updates_of_any_revision_the_greatest_stays
                of_concurrent_updates_of_different_fields_loses_none
                clears_what_is_absent
                moves_the_end_of_a_note_to_an_earlier_time
                takes_every_expiry_up_to_the_last
                compares_revisions_to_the_last_bit
                given_up_at_any_poll_has_happened_or_not
                of_updates_of_one_revision_by_threads_exactly_one_wins
                of_updates_by_threads_each_is_told_what_happened
                accepts_any_revision_but_those_named
                given_up_beside_another_holds_nothing_up
            }
            renewal {
                moves_the_end_of_a_retained_note
                is_refused_for_a_note_that_is_not_retained
                is_over_when_the_author_sets_or_removes_the_end
                goes_on_after_a_change_of_other_fields
                moves_the_end_to_an_earlier_time
                is_over_when_the_author_sets_the_same_end
                keeps_how_the_note_was_created
                keeps_a_note_that_might_have_been_removed_at_its_old_end
            }
            delete {
                makes_a_note_invisible_and_its_id_spent
                outlasts_the_expiry_of_the_note
                keeps_the_id_spent_as_long_as_asked
                finds_an_id_never_used_missing
                finds_an_expired_note_missing
                finds_a_note_deleted_by_another_missing
                repeated_shows_that_it_has_happened
                refuses_a_foreign_revision
                accepts_one_of_several_revisions
                refuses_a_revision_that_does_not_grow
                refuses_an_item_that_cannot_be_read
                of_concurrent_writes_of_one_revision_exactly_one_wins
                of_a_note_that_is_created_again_meanwhile_is_final
                leaves_no_text_of_the_note
                keeps_ids_spent_however_many_are_deleted
                compares_revisions_to_the_last_bit
                given_up_at_any_poll_has_happened_or_not
                of_writes_of_one_revision_by_threads_exactly_one_wins
                of_a_note_that_threads_create_again_is_final
                accepts_any_revision_but_those_named
                of_a_note_that_threads_change_is_final
            }
            removal {
                spares_a_note_that_does_not_end
                waits_for_the_time_that_was_asked_for
                waits_for_the_end_that_the_author_has_moved
                waits_for_the_end_of_a_note_that_had_none
                waits_for_the_end_that_a_renewal_has_moved
                spares_a_note_whose_end_was_taken_away
                is_not_moved_by_a_change_of_other_fields
                waits_as_long_as_a_deletion_asks
            }
            purge {
                of_a_user_without_items_removes_nothing
                removes_items_whatever_their_state
                removes_an_item_that_cannot_be_read
                keeps_to_its_budget
                goes_on_until_nothing_is_left
                removes_many_items
                leaves_the_user_able_to_begin_again
                leaves_the_items_of_other_users
                given_up_at_any_poll_leaves_whole_notes
                by_a_thread_loses_no_note_of_another_user
            }
            handles {
                see_every_write_acknowledged_to_another
                change_the_note_as_it_is
                see_what_another_has_purged
                of_inserts_of_one_id_exactly_one_wins
                of_updates_of_one_revision_exactly_one_wins
                of_updates_each_is_told_what_happened
                of_writes_of_one_revision_exactly_one_wins
            }
            isolation {
                of_users_holds_whatever_they_are_called
                of_users_holds_for_purges
                of_a_note_holds_for_every_method
                of_unreadable_items_holds
            }
            service {
                repeats_a_creation_without_a_second_note
                streams_every_note_once
                erases_all_of_a_user
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_tests {
    (
        ($dollar:tt)
        mod $module:ident, $harness:expr;
        except { $($of:ident::$excepted:ident: $reason:literal),* $(,)? }
        $($method:ident { $($case:ident)* })*
    ) => {
        $(const _: () = { let _ = $crate::conformance::$of::$excepted; };)*

        #[cfg(test)]
        mod $module {
            // Only a macro can compare names: the first rule that matches a case makes its test.
            macro_rules! unless_excepted {
                $(($of $excepted $dollar test:item) => { #[ignore = $reason] $dollar test };)*
                ($dollar method:ident $dollar case:ident $dollar test:item) => { $dollar test };
            }

            $(mod $method {
                $(unless_excepted! {
                    $method $case
                    #[::tokio::test(flavor = "multi_thread")]
                    async fn $case() {
                        let harness = $harness;
                        // The threads of a case are outside the runtime that the test is in.
                        let runtime = ::tokio::runtime::Handle::current();
                        let enter = move |work: &mut dyn FnMut()| {
                            let _entered = runtime.enter();
                            work();
                        };
                        let case = $crate::conformance::$method::$case(&harness);
                        $crate::conformance::within_runtime(enter, case).await;
                    }
                })*
            })*
        }
    };
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    /// What the macro lists, as its lines: methods and cases.
    fn listed() -> Vec<String> {
        let source = include_str!("conformance.rs");
        let (_, list) = source.split_once("$($arguments)*\n").unwrap();
        let (list, _) = list.split_once("\n        }\n").unwrap();
        let (mut method, mut names) = ("", Vec::new());
        for line in list.lines().map(str::trim) {
            match line.strip_suffix(" {") {
                Some(name) => method = name,
                None if line == "}" => {}
                None => names.push(format!("{method}::{line}")),
            }
        }
        names
    }

    fn written() -> Vec<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/conformance");
        let files = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
        let mut names = Vec::new();
        for file in files {
            let method = file.file_stem().unwrap().to_str().unwrap().to_owned();
            let source = fs::read_to_string(&file).unwrap();
            for line in source.lines() {
                if let Some(rest) = line.strip_prefix("pub async fn ") {
                    let (case, _) = rest.split_once('(').unwrap();
                    names.push(format!("{method}::{case}"));
                }
            }
        }
        names
    }

    #[test]
    fn the_macro_lists_every_case_once() {
        let (mut listed, mut written) = (listed(), written());
        listed.sort();
        written.sort();
        assert_eq!(listed, written);
    }
}
