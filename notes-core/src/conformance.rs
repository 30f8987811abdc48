//! The conformance suite: tests whether a [`NoteStore`] keeps the guarantees of the port.
//!
//! Each case is one clause of the port's documentation, named as a sentence, or a guarantee of the
//! service that depends on the store. [`conformance!`] turns all of them into tests of one store; cases that
//! a store can't support are listed there, with the reason. A store is passed in as a [`Harness`]:
//!
//! ```
//! use notes_core::MemoryNoteStore;
//!
//! notes_core::conformance!(mod conformance_memory, notes_core::MemoryNoteStore::new());
//! ```
//!
//! Cases use the system's clock, and each has a user of its own, so they can also run on a store that is
//! in use. They do not remove their notes. The ids of their users start with `conformance`.
//!
//! # What is tested
//!
//! - **Each clause by itself**, at its limits: the shortest and the longest texts, the first and the last
//!   id, the last expiry, revisions one apart, a thousand hidden items in a row, pages of many megabytes.
//! - **Races between threads.** Tasks on one thread only alternate where they `.await`, so a store that checks
//!   and then writes, without an `.await` in between, passes every race between tasks. These cases have as
//!   many threads as there are cores (2 to 4), repeat for about a second, and check the outcome of each call
//!   and everything that readers have seen: nothing lost, no gap, no half-written note, no state that never
//!   existed. Whether two calls overlap is left to chance; on a single core they rarely do.
//! - **Two handles** to the same data ([`Harness::other_handle`]), as two processes have them: this finds
//!   caches and locks that only one handle knows.
//! - **Dropped futures.** Writes, reads and purges are dropped after their first poll, their second, and
//!   so on, as a server does at a deadline or when its client has disconnected. Each note must then be in
//!   the state before or after the write, and the store must still respond.
//! - **Items that can't be read**, of as many kinds as the harness can plant
//!   ([`Harness::unreadable_kinds`]).
//! - **Physical removal** ([`Harness::sweep`]): nothing is removed before its time, and a note whose expiry was
//!   moved or removed is not removed at the old time.
//! - **Changes** ([`Harness::keeps_changes`]). Their cases write with a `now` that is up to a month before the system's
//!   clock. A store that refuses such writes, as [`NoteStore::changes`] asks for, needs a clock in the harness by which
//!   it doesn't.
//! - **What a deletion leaves in the store** ([`Harness::stored_text`]).
//!
//! # What is not tested
//!
//! A store that passes may still break its guarantees where no case can check:
//!
//! - Wrong errors. The only error that the cases meet is `Corrupt`. Whether a write that failed with
//!   `Unavailable` was really not executed, and whether one that may have been fails as `OutcomeUnknown`, must
//!   be tested by the store's own tests, with interrupted and delayed connections and wrong responses.
//! - A request that is abandoned and executed much later ([late writes](crate::NoteStore#late-writes)).
//! - Which writes survive a crash, a failover, the restoration of a backup, or a full disk.
//! - Races that need more threads, more load or more time than a case has, and replicas that lag only
//!   sometimes.
//! - Copies of a deleted text that are not stored under its key: logs, backups, indexes, older versions.
//! - Whether items are ever removed after their time, and how long any call takes. A call that never returns
//!   fails its case after two minutes, unless it blocks its thread: then the case does not end.
//! - How much a call costs.
//! - Whether a write outside of the [bounds of sync](crate::sync_bounds) is refused.
//!
//! # When a case fails
//!
//! The message shows both values where they differ; of a long text, the position of the first difference and
//! the text around it. `in the case at` is followed by the line of the case, even when a helper has failed.
//!
//! # Without the macro
//!
//! Cases are functions that take a harness. Those with threads block the thread that they run on, so a store
//! that needs an async runtime needs a multi-threaded one. [`conformance!`] gives each case such a runtime of
//! tokio, which the threads of the case enter.
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
pub mod changes;
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
/// Some cases need more than the port: a second handle, access to what is stored, the removal of items whose
/// time has come. By default, the methods for that fail the cases that need them, with a message that says
/// so: implement the method, or list the cases after `except` with the reason.
#[async_trait]
pub trait Harness: Send + Sync {
    /// The store.
    fn store(&self) -> &dyn NoteStore;

    /// Another handle to the same data, as another process would have: a second connection or client. It shares
    /// only the stored data with the first, no cache and no lock.
    fn other_handle(&self) -> &dyn NoteStore {
        lacks("other_handle")
    }

    /// Whether the store keeps changes. If not, the cases of [`changes`] assert that
    /// [`NoteStore::changes`] fails as `Unsupported`.
    fn keeps_changes(&self) -> bool {
        true
    }

    /// Stores an item under the key of this note that can't be read as a note, bypassing the store's checks.
    async fn plant_unreadable(&self, user: &UserId, id: NoteId);

    /// The kinds of unreadable items: what another program, another version or a manual mistake may leave
    /// under the key of a note. By default, only the kind that
    /// [`plant_unreadable`](Self::plant_unreadable) plants.
    fn unreadable_kinds(&self) -> Vec<UnreadableKind> {
        vec![UnreadableKind {
            name: "unreadable",
            writes_see_it: true,
        }]
    }

    /// Like [`plant_unreadable`](Self::plant_unreadable), with the kind at this index of
    /// [`unreadable_kinds`](Self::unreadable_kinds).
    async fn plant_unreadable_of(&self, kind: usize, user: &UserId, id: NoteId) {
        let _the_only_one = kind;
        self.plant_unreadable(user, id).await;
    }

    /// Everything that is stored under the key of this note, as text, in whatever format. A case searches it for
    /// texts that must be gone. Empty if nothing is stored.
    async fn stored_text(&self, user: &UserId, id: NoteId) -> String {
        let _key = (user, id);
        lacks("stored_text")
    }

    /// Removes those items of the user that may be removed physically at `now` by their
    /// [`PurgeAt`](crate::PurgeAt), as the store itself will do later (such as by a time to live). If the
    /// store never removes items, or does it when an item is accessed, this does nothing.
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

/// A kind of items that can't be read as a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnreadableKind {
    /// What is wrong with the item, for the message of a failed case.
    pub name: &'static str,
    /// Whether a write detects what is wrong and leaves the item as it is. A store need not detect a value of
    /// the right type and size that breaks another rule, such as a blank title or an expiry with a
    /// fraction: then the item may be changed or deleted.
    pub writes_see_it: bool,
}

#[async_trait]
impl Harness for MemoryNoteStore {
    fn store(&self) -> &dyn NoteStore {
        self
    }

    fn other_handle(&self) -> &dyn NoteStore {
        // The store is only a pointer to the notes, with no state of its own, so one handle serves as both.
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
/// The expression is evaluated in each test, may `.await`, and returns a
/// [`Harness`](crate::conformance::Harness). Its paths must be absolute, or start with `crate`. The crate that
/// calls the macro needs `tokio` with the features `macros` and `rt-multi-thread`.
///
/// A case that a store can't support is listed with the reason. Its test is ignored and shows the reason in
/// each run; `cargo test -- --ignored` runs it nevertheless:
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
/// A misspelt name is a compile error:
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

/// Calls another macro with the given arguments, followed by the list of all cases.
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
                returns_nothing_for_an_id_never_used
                sees_every_acknowledged_write
                hides_a_deleted_note
                hides_a_note_from_the_second_of_its_expiry
                fails_as_corrupt_for_an_item_that_cannot_be_read
                of_a_note_that_changes_returns_whole_states_only
                never_goes_back_in_the_life_of_a_note
                given_up_at_any_poll_holds_nothing_up
            }
            list {
                is_empty_for_a_user_without_notes
                returns_the_newest_first
                returns_the_oldest_first
                orders_notes_of_one_millisecond_by_id
                returns_every_note_once_whatever_the_limit
                returns_every_note_once_over_several_large_pages
                returns_every_note_once_when_notes_are_large
                keeps_the_order_of_creation_when_notes_change
                excludes_both_bounds_of_time
                returns_an_empty_page_for_reversed_bounds
                returns_nothing_beyond_either_end_of_time
                goes_on_after_a_position
                goes_on_after_a_position_without_a_note
                goes_on_after_the_first_and_the_last_of_all_positions
                keeps_its_bounds_whatever_the_position
                returns_exactly_the_notes_of_a_category
                hides_deleted_notes
                hides_notes_from_the_second_of_their_expiry
                finds_notes_beyond_many_hidden_ones
                names_items_that_cannot_be_read_and_hides_no_others
                returns_notes_that_stay_once_while_others_come_and_go
                returns_notes_that_stay_once_while_each_page_has_rivals
                goes_on_behind_a_thousand_hidden_items
                returns_every_note_once_where_pages_are_of_many_megabytes
                of_notes_that_change_returns_whole_states_only
            }
            update {
                changes_one_field_and_keeps_the_others
                removes_and_restores_category_and_expiry
                changes_several_fields_at_once
                keeps_text_byte_for_byte
                takes_the_largest_values
                sets_the_new_revision_also_when_nothing_else_changes
                moves_the_expiry_of_a_note
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
                repeated_after_the_expiry_of_the_note_shows_that_it_has_happened
                expires_a_note_at_once
                repeated_after_a_rival_is_refused
                repeated_while_under_way_happens_once
                refuses_an_item_that_cannot_be_read
                of_concurrent_updates_of_one_revision_exactly_one_wins
                of_concurrent_updates_of_any_revision_the_greatest_stays
                of_concurrent_updates_of_different_fields_loses_none
                clears_what_is_absent
                moves_the_expiry_of_a_note_to_an_earlier_time
                takes_every_expiry_up_to_the_last
                compares_revisions_to_the_last_bit
                given_up_at_any_poll_has_happened_or_not
                of_updates_of_one_revision_by_threads_exactly_one_wins
                of_updates_by_threads_each_is_told_what_happened
                accepts_any_revision_but_those_named
                given_up_beside_another_holds_nothing_up
            }
            renewal {
                moves_the_expiry_of_a_retained_note
                is_refused_for_a_note_that_is_not_retained
                stops_when_the_author_sets_or_removes_the_expiry
                continues_after_a_change_of_other_fields
                moves_the_expiry_to_an_earlier_time
                stops_when_the_author_sets_the_same_expiry
                keeps_how_the_note_was_created
                keeps_a_note_that_might_have_been_removed_at_its_old_expiry
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
                spares_a_note_that_does_not_expire
                waits_for_the_time_that_was_asked_for
                waits_for_the_expiry_that_the_author_has_moved
                waits_for_the_expiry_of_a_note_that_had_none
                waits_for_the_expiry_that_a_renewal_has_moved
                spares_a_note_whose_expiry_was_removed
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
            changes {
                return_what_was_written_since
                count_by_now_and_not_by_id_or_revision
                return_a_deleted_note_as_gone
                return_an_expired_note_as_gone
                return_items_at_rest_whatever_the_limit
                return_items_at_rest_while_others_move
                continue_where_an_item_has_vanished
                find_a_write_of_17_minutes_ago
                see_every_acknowledged_write
                name_items_that_cannot_be_read_and_hide_no_others
                are_those_of_one_user
                return_large_notes_from_any_position
                are_the_live_notes_without_a_time
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
                keeps_a_copy_by_its_tokens
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
            // Each case listed after `except` makes a rule that matches its name. For each case of the suite,
            // the first rule that matches makes its test.
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
                        // The threads that a case starts are not in the test's runtime until they enter it.
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

    /// The cases that the macro lists.
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
        let files = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
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
