macro_rules! faults {
    ($($(#[$doc:meta])* $fault:ident: $($of:ident::$case:ident),+;)*) => {
        /// What a store does wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Fault {
            $($(#[$doc])* $fault,)*
        }

        impl Fault {
            /// Each fault with the cases that have to catch it.
            pub(crate) const ALL: &[(Self, &[&str])] = &[
                $((Self::$fault, &[$(concat!(stringify!($of), "::", stringify!($case))),+]),)*
            ];
        }
    };
}

faults! {
    // Keys.

    /// The key is the id alone.
    UsersShareIds: isolation::of_a_note_holds_for_every_method;
    /// The column of the user id has 128 characters.
    CutsUserIds: isolation::of_users_holds_whatever_they_are_called;
    IgnoresCaseOfUserIds: isolation::of_users_holds_whatever_they_are_called;
    TrimsUserIds: isolation::of_users_holds_whatever_they_are_called;
    NormalisesUserIds: isolation::of_users_holds_whatever_they_are_called;
    /// A list is a scan of all keys that start with the user id.
    ListsUsersByPrefix: isolation::of_users_holds_whatever_they_are_called;
    PurgesUsersByPrefix: isolation::of_users_holds_for_purges;
    /// Items that can't be read are looked up by their id, whoever has them.
    UnreadableItemsAreShared: isolation::of_unreadable_items_holds;
    /// As in the original, to the second there.
    KeyIsTheMillisecond:
        list::orders_notes_of_one_millisecond_by_id,
        insert::of_concurrent_inserts_of_different_ids_loses_none;
    /// The sort key went through a floating-point number.
    KeyIsADouble: insert::keeps_apart_ids_that_differ_in_one_bit;

    // Values.

    TrimsText: insert::keeps_text_byte_for_byte, update::keeps_text_byte_for_byte;
    NormalisesText: insert::keeps_text_byte_for_byte, update::keeps_text_byte_for_byte;
    DropsControlCharacters:
        insert::keeps_control_characters_of_the_content,
        update::keeps_text_byte_for_byte;
    CutsTitles: insert::stores_the_largest_values, update::takes_the_largest_values;
    CutsContents: insert::stores_the_largest_values, update::takes_the_largest_values;
    /// An empty text is not stored; then it is missing.
    EmptyContentIsNone:
        insert::stores_an_empty_content,
        insert::stores_the_smallest_values,
        update::changes_one_field_and_keeps_the_others;
    /// Only inserts take the text as it is.
    TrimsTextOfUpdates: update::keeps_text_byte_for_byte;
    ForgetsWhoSetTheExpiry:
        insert::stores_the_note_as_given,
        renewal::moves_the_expiry_of_a_retained_note,
        renewal::continues_after_a_change_of_other_fields;

    LastExpiryIsNever:
        insert::keeps_every_expiry_up_to_the_last,
        update::takes_every_expiry_up_to_the_last;
    /// The column has room until 2106.
    ExpiryHas32Bits:
        insert::keeps_every_expiry_up_to_the_last,
        update::takes_every_expiry_up_to_the_last;

    // The end of a note.

    ExpiresASecondLate:
        insert::never_reuses_the_id_of_an_expired_note,
        get::hides_a_note_from_the_second_of_its_expiry,
        list::hides_notes_from_the_second_of_their_expiry,
        update::never_brings_an_expired_note_back,
        delete::finds_an_expired_note_missing;
    ExpiresASecondEarly:
        insert::stores_the_smallest_values,
        get::hides_a_note_from_the_second_of_its_expiry,
        list::hides_notes_from_the_second_of_their_expiry,
        update::moves_the_expiry_of_a_note,
        delete::finds_an_expired_note_missing;
    /// All items are removed a day after they end.
    FreesIdsAfterADay:
        insert::keeps_the_id_of_an_expired_note_spent_as_long_as_asked,
        delete::keeps_the_id_spent_as_long_as_asked;
    /// An update of the expiry leaves the time of removal as it was.
    RemovalIgnoresUpdates:
        insert::keeps_the_id_of_an_expired_note_spent_as_long_as_asked,
        update::moves_the_expiry_of_a_note;
    /// A deletion leaves the time of removal as it was.
    RemovalIgnoresDeletions: delete::keeps_the_id_spent_as_long_as_asked;
    TombstoneExpiresWithTheNote: delete::outlasts_the_expiry_of_the_note;

    // Removal, which a sweep does.

    /// The time to live is the expiry.
    SweptAtTheExpiry: removal::waits_for_the_time_that_was_asked_for;
    SweptAfterAYear: removal::spares_a_note_that_does_not_expire;
    SweptAtTheFirstExpiry: removal::waits_for_the_expiry_that_the_author_has_moved;
    RenewedIsSweptAtTheOldExpiry: removal::waits_for_the_expiry_that_a_renewal_has_moved;
    NewExpirySweepsAtOnce: removal::waits_for_the_expiry_of_a_note_that_had_none;
    SweptThoughTheExpiryIsRemoved: removal::spares_a_note_whose_expiry_was_removed;
    ChangeMovesTheSweep: removal::is_not_moved_by_a_change_of_other_fields;
    SweptWithTheDeletedNote: removal::waits_as_long_as_a_deletion_asks;

    // insert

    OverwritesLiveNotes:
        insert::never_overwrites_a_live_note,
        insert::repeated_shows_that_it_has_happened,
        insert::of_concurrent_inserts_of_one_id_exactly_one_wins;
    OverwritesExpiredNotes: insert::never_reuses_the_id_of_an_expired_note;
    OverwritesTombstones:
        insert::never_reuses_the_id_of_a_deleted_note,
        service::repeats_a_creation_without_a_second_note;
    OverwritesWrongTypes: insert::never_overwrites_an_item_that_cannot_be_read;
    OverwritesUnreadableItems: insert::never_overwrites_an_item_that_cannot_be_read;
    /// What is in the way is not read.
    TellsTheRejectedNote: insert::never_overwrites_a_live_note;
    /// The fingerprint is made of the note when it is asked for.
    ForgetsTheFingerprint:
        insert::tells_the_note_as_it_is_now_and_how_it_was_created,
        service::repeats_a_creation_without_a_second_note;
    RepeatedInsertIsInserted: insert::repeated_shows_that_it_has_happened;
    StoresExpiredNotes: insert::never_stores_a_note_that_has_expired;
    RefusesOldIds: insert::takes_an_id_of_any_date;
    /// Without the end of a note there is another creation.
    ClearingForgetsTheFingerprint: insert::tells_how_it_was_created_after_every_kind_of_change;
    /// It looks, and then writes, and waits for nothing in between.
    InsertLooksThenWrites: insert::of_inserts_of_one_id_by_threads_exactly_one_wins;
    /// As short as can be: whether the key is there, and then the write.
    InsertAsksThenWrites: insert::of_inserts_of_one_id_by_threads_exactly_one_wins;
    InsertRewritesTheUserWithoutWaiting:
        insert::of_inserts_of_different_ids_by_threads_loses_none;
    /// A note that changes is read in two parts.
    RepeatedInsertTellsTornNotes: insert::repeated_while_the_note_changes_tells_whole_states_only;
    /// The list has a note some time after the note is there.
    InsertIsIndexedLater: insert::given_up_at_any_poll_has_happened_or_not;
    /// Writes come one after another, and wait for the last to end.
    WriteForgetsToEnd:
        insert::given_up_at_any_poll_has_happened_or_not,
        update::given_up_at_any_poll_has_happened_or_not,
        delete::given_up_at_any_poll_has_happened_or_not;
    InsertIsNotAtomic: insert::of_concurrent_inserts_of_one_id_exactly_one_wins;
    /// All notes of a user are one document, read and written as a whole.
    InsertRewritesTheUser: insert::of_concurrent_inserts_of_different_ids_loses_none;
    /// A repeated insertion writes the note that it has found once more.
    RepeatedInsertWritesWithoutWaiting: delete::of_a_note_that_threads_create_again_is_final;
    RepeatedInsertWrites: delete::of_a_note_that_is_created_again_meanwhile_is_final;

    // get

    GetShowsExpiredNotes: get::hides_a_note_from_the_second_of_its_expiry;
    GetShowsDeletedNotes:
        get::hides_a_deleted_note,
        delete::makes_a_note_invisible_and_its_id_spent;
    GetIsCached: get::sees_every_acknowledged_write;
    /// A search for the first key from here on, without a look at which one it is.
    GetFindsTheNextNote: get::returns_nothing_for_an_id_never_used;
    GetHidesWrongTypes: get::fails_as_corrupt_for_an_item_that_cannot_be_read;
    ReadForgetsToEnd: get::given_up_at_any_poll_holds_nothing_up;
    /// First the note without its content, as where they are kept in two places.
    InsertIsTorn: get::never_goes_back_in_the_life_of_a_note;
    /// Removed and inserted again.
    UpdateLeavesAGap:
        get::of_a_note_that_changes_returns_whole_states_only,
        list::of_notes_that_change_returns_whole_states_only;
    /// One field after the other.
    UpdateIsTorn: get::of_a_note_that_changes_returns_whole_states_only;
    /// Written first, and taken back where the condition does not hold.
    RefusedUpdateIsSeen: get::of_a_note_that_changes_returns_whole_states_only;
    GetHidesUnreadableItems: get::fails_as_corrupt_for_an_item_that_cannot_be_read;

    // list

    OldestFirst: list::returns_the_newest_first;
    NewestFirst: list::returns_the_oldest_first;
    OrdersByLastChange: list::keeps_the_order_of_creation_when_notes_change;
    ListShowsExpiredNotes:
        list::hides_notes_from_the_second_of_their_expiry,
        list::finds_notes_beyond_many_hidden_ones;
    ListShowsDeletedNotes: list::hides_deleted_notes;
    IgnoresTheLimit: list::returns_every_note_once_whatever_the_limit;
    GivesOneMore: list::returns_every_note_once_whatever_the_limit;
    /// `next` is the first note of the next page, which goes on after it.
    DropsANoteAtEachPage: list::returns_every_note_once_whatever_the_limit;
    /// `next` is the last note that was read, not the last one that was given.
    NextIsTheLastRead: list::returns_every_note_once_whatever_the_limit;
    PositionIsIncluded:
        list::goes_on_after_a_position,
        list::returns_every_note_once_whatever_the_limit;
    /// The key before the first is the last.
    PositionWraps: list::goes_on_after_the_first_and_the_last_of_all_positions;
    /// The position is looked up, and where it is gone nothing comes after it.
    PositionIsANote:
        list::goes_on_after_a_position_without_a_note,
        list::returns_notes_that_stay_once_while_each_page_has_rivals;
    PositionReplacesBounds: list::keeps_its_bounds_whatever_the_position;
    IncludesTheStart: list::excludes_both_bounds_of_time;
    IncludesTheEnd: list::excludes_both_bounds_of_time;
    BoundsAreSeconds: list::excludes_both_bounds_of_time;
    ReversedBoundsFail: list::returns_an_empty_page_for_reversed_bounds;
    /// What is before 1970 is at the end of time.
    BoundsWrap: list::returns_nothing_beyond_either_end_of_time;
    /// The limit counts what is hidden, and a page of fewer notes is taken for the last.
    ShortPageIsTheEnd: list::finds_notes_beyond_many_hidden_ones;
    EndsAfterAHundred:
        list::returns_every_note_once_over_several_large_pages,
        service::streams_every_note_once;
    EndsAfterAMegabyte: list::returns_every_note_once_when_notes_are_large;
    NeverEnds: list::is_empty_for_a_user_without_notes;
    /// Later pages show the notes as they were when the first was read.
    PagesAreASnapshot: list::returns_notes_that_stay_once_while_others_come_and_go;
    IgnoresTheCategory: list::returns_exactly_the_notes_of_a_category;
    CategoryIgnoresCase: list::returns_exactly_the_notes_of_a_category;
    UnreadableItemFailsTheList:
        list::names_items_that_cannot_be_read_and_hides_no_others,
        service::streams_every_note_once;
    EndsAfterSixteenMegabytes: list::returns_every_note_once_where_pages_are_of_many_megabytes;
    EndsAfterFiveHundredHiddenItems: list::goes_on_behind_a_thousand_hidden_items;
    UpdateIsUnlistedMeanwhile: list::of_notes_that_change_returns_whole_states_only;
    ListSkipsWrongTypes: list::names_items_that_cannot_be_read_and_hides_no_others;
    NewestNamesTheItemBefore: list::names_items_that_cannot_be_read_and_hides_no_others;
    UnreadableItemIsSkipped: list::names_items_that_cannot_be_read_and_hides_no_others;
    UnreadableItemEndsTheList: list::names_items_that_cannot_be_read_and_hides_no_others;
    UnreadableItemIsNeverPassed: list::names_items_that_cannot_be_read_and_hides_no_others;

    // What a write expects.

    IgnoresExpectations: update::refuses_a_foreign_revision, delete::refuses_a_foreign_revision;
    NoneExpectedIsAny: update::refuses_a_foreign_revision, delete::refuses_a_foreign_revision;
    ReadsTheFirstExpected:
        update::accepts_one_of_several_revisions,
        delete::accepts_one_of_several_revisions;
    ReadsTenExpected:
        update::accepts_the_longest_list_of_revisions,
        delete::accepts_one_of_several_revisions;
    RequiresARevision: update::accepts_any_revision;
    RevisionsMayShrink:
        update::refuses_a_revision_that_does_not_grow,
        update::repeated_after_a_rival_is_refused,
        update::of_concurrent_updates_of_any_revision_the_greatest_stays,
        delete::refuses_a_revision_that_does_not_grow;
    RevisionsGrowByTime:
        update::compares_revisions_to_the_last_bit,
        delete::compares_revisions_to_the_last_bit;
    RevisionsAreDoubles:
        update::compares_revisions_to_the_last_bit,
        delete::compares_revisions_to_the_last_bit;
    RevisionsAreSigned:
        update::compares_revisions_to_the_last_bit,
        delete::compares_revisions_to_the_last_bit;
    ExpectedRevisionsAreTimes:
        update::compares_revisions_to_the_last_bit,
        delete::compares_revisions_to_the_last_bit;
    NoneOfIsAny:
        update::accepts_any_revision_but_those_named,
        delete::accepts_any_revision_but_those_named;
    NoneOfIsOneOf:
        update::accepts_any_revision_but_those_named,
        delete::accepts_any_revision_but_those_named;
    NoneOfNothingIsNever:
        update::accepts_any_revision_but_those_named,
        delete::accepts_any_revision_but_those_named;
    NoneOfReadsTheFirst:
        update::accepts_any_revision_but_those_named,
        delete::accepts_any_revision_but_those_named;
    NoneOfComparesTimes: update::accepts_any_revision_but_those_named;
    StaleWithoutNote: update::refuses_a_foreign_revision, delete::refuses_a_foreign_revision;

    // update

    /// As in the original: a ghost that can't be read.
    UpdateCreates: update::never_creates_a_note;
    UpdateRevivesDeletedNotes: update::never_brings_a_deleted_note_back;
    UpdateRevivesExpiredNotes:
        update::never_brings_an_expired_note_back,
        update::expires_a_note_at_once;
    RepeatedMoveOfTheExpiryIsMissing: update::of_the_expiry_has_to_come_in_time;
    MovesTheExpiryToTheLast: update::of_the_expiry_has_to_come_in_time;
    UpdateRepairsUnreadableItems: update::refuses_an_item_that_cannot_be_read;
    UpdateRepairsWrongTypes: update::refuses_an_item_that_cannot_be_read;
    UpdateTellsAnUnreadableNote: update::refuses_an_item_that_cannot_be_read;
    UnreadableItemIsMissing:
        update::refuses_an_item_that_cannot_be_read,
        delete::refuses_an_item_that_cannot_be_read;
    ClearingTheAbsentIsStale: update::clears_what_is_absent;
    /// It is for keeping notes longer.
    ExpiryOnlyGrows: update::moves_the_expiry_of_a_note_to_an_earlier_time;
    UpdateLooksThenWrites: update::of_updates_of_one_revision_by_threads_exactly_one_wins;
    UnconditionalUpdateLooksThenWrites:
        update::of_updates_by_threads_each_is_told_what_happened,
        delete::of_a_note_that_threads_change_is_final;
    /// Calls have numbers, and each waits for its own: one that is given up is waited for.
    WaitsForCallsThatWereGivenUp: update::given_up_beside_another_holds_nothing_up;
    /// What is told is not what was written, but what was read before, with the patch.
    UpdateTellsASnapshot: update::of_updates_by_threads_each_is_told_what_happened;
    /// One field, a pause, and the others.
    UpdateIsDoneByHalves: update::given_up_at_any_poll_has_happened_or_not;
    UpdateIsNotAtomic: update::of_concurrent_updates_of_one_revision_exactly_one_wins;
    /// Without an expected revision, the note is read, changed and put.
    UnconditionalUpdateIsNotAtomic:
        update::of_concurrent_updates_of_different_fields_loses_none,
        update::of_concurrent_updates_of_any_revision_the_greatest_stays;
    KeepsTheRevision: update::changes_one_field_and_keeps_the_others;
    UnchangedNoteKeepsTheRevision: update::sets_the_new_revision_also_when_nothing_else_changes;
    OwnUpdateIsStale:
        update::repeated_shows_that_it_has_happened,
        update::repeated_while_under_way_happens_once;
    OwnUpdateExpires:
        update::repeated_after_the_expiry_of_the_note_shows_that_it_has_happened,
        update::expires_a_note_at_once;
    /// Any revision that the note ever had is taken for its own.
    RemembersAllRevisions: update::repeated_after_a_rival_is_refused;
    CategoryCannotBeRemoved: update::removes_and_restores_category_and_expiry;
    ExpiryCannotBeRemoved: update::removes_and_restores_category_and_expiry;
    /// A patch is taken for the whole note.
    PatchReplacesTheNote: update::changes_one_field_and_keeps_the_others;
    ChangesOneFieldOnly: update::changes_several_fields_at_once;
    RefusesAnExpiryInThePast: update::expires_a_note_at_once;
    RenewsEveryNote: renewal::is_refused_for_a_note_that_is_not_retained;
    RenewalIsTheAuthors: renewal::moves_the_expiry_of_a_retained_note;
    AuthorsExpiryIsRetained: renewal::stops_when_the_author_sets_or_removes_the_expiry;
    RenewalOnlyGrows: renewal::moves_the_expiry_to_an_earlier_time;
    SameExpiryIsNoChange: renewal::stops_when_the_author_sets_the_same_expiry;
    RenewalForgetsTheFingerprint: renewal::keeps_how_the_note_was_created;
    RenewalIsRemovedAtTheOldExpiry:
        renewal::keeps_a_note_that_might_have_been_removed_at_its_old_expiry,
        removal::waits_for_the_expiry_that_a_renewal_has_moved;
    ChangeStopsRetention: renewal::continues_after_a_change_of_other_fields;

    // delete

    DeleteFreesTheId:
        delete::makes_a_note_invisible_and_its_id_spent,
        insert::never_reuses_the_id_of_a_deleted_note;
    MissingIsDeleted: delete::finds_an_id_never_used_missing;
    DeleteSpendsUnusedIds: delete::finds_an_id_never_used_missing;
    DeleteFindsExpiredNotes: delete::finds_an_expired_note_missing;
    AnyTombstoneIsDeleted: delete::finds_a_note_deleted_by_another_missing;
    RepeatedDeleteIsMissing: delete::repeated_shows_that_it_has_happened;
    DeleteRemovesUnreadableItems: delete::refuses_an_item_that_cannot_be_read;
    DeleteRemovesWrongTypes: delete::refuses_an_item_that_cannot_be_read;
    DeleteFreesTheIdOfSpoiledTexts: delete::refuses_an_item_that_cannot_be_read;
    TombstoneKeepsTheTexts: delete::leaves_no_text_of_the_note;
    KeepsAHundredTombstones: delete::keeps_ids_spent_however_many_are_deleted;
    DeleteLooksThenWrites: delete::of_writes_of_one_revision_by_threads_exactly_one_wins;
    /// The note is removed, and the tombstone comes after a pause.
    DeleteRemovesFirst: delete::given_up_at_any_poll_has_happened_or_not;
    DeleteIsNotAtomic: delete::of_concurrent_writes_of_one_revision_exactly_one_wins;

    // purge

    PurgeLeavesTombstones:
        purge::removes_items_whatever_their_state,
        service::erases_all_of_a_user;
    PurgeLeavesExpiredNotes: purge::removes_items_whatever_their_state;
    PurgeFailsOnUnreadableItems: purge::removes_an_item_that_cannot_be_read;
    /// Items are deleted as notes are.
    PurgeSpendsIds: purge::leaves_the_user_able_to_begin_again;
    IgnoresTheBudget: purge::keeps_to_its_budget;
    SaysNoMore: purge::keeps_to_its_budget, purge::goes_on_until_nothing_is_left;
    AlwaysSaysMore: purge::of_a_user_without_items_removes_nothing;
    CountsTheBudget:
        purge::of_a_user_without_items_removes_nothing,
        service::erases_all_of_a_user;
    PurgesOneBatch: purge::removes_many_items, service::erases_all_of_a_user;
    PurgesEverybody: purge::leaves_the_items_of_other_users;
    PurgeLeavesWrongTypes: purge::removes_an_item_that_cannot_be_read;
    PurgeForgetsToEnd: purge::given_up_at_any_poll_leaves_whole_notes;
    /// All items are read, and those that stay are written back.
    PurgeLooksThenWrites: purge::by_a_thread_loses_no_note_of_another_user;

    // changes

    InsertIsNotCounted:
        changes::return_what_was_written_since,
        service::keeps_a_copy_by_its_tokens;
    UpdateIsNotCounted: changes::return_what_was_written_since;
    RenewalIsNotCounted: changes::return_what_was_written_since;
    DeleteIsNotCounted:
        changes::return_what_was_written_since,
        changes::return_a_deleted_note_as_gone;
    CountsByTheId: changes::count_by_now_and_not_by_id_or_revision;
    CountsByTheRevision: changes::count_by_now_and_not_by_id_or_revision;
    ChangesAreAfterTheTime:
        changes::return_what_was_written_since,
        changes::return_items_at_rest_while_others_move;
    ChangesHideDeletedNotes: changes::return_a_deleted_note_as_gone;
    ChangesHideExpiredNotes: changes::return_an_expired_note_as_gone;
    ChangesShowExpiredNotes: changes::return_an_expired_note_as_gone;
    /// Of what was written at the same time, a page has some and the next page none.
    ChangePositionIsTheTime: changes::return_items_at_rest_whatever_the_limit;
    ChangesIgnoreTheLimit: changes::return_items_at_rest_whatever_the_limit;
    /// The position is that of the item and not of the entry that led to it: the item may have moved ahead.
    ChangesContinueWhereTheItemIs: changes::return_items_at_rest_while_others_move;
    ChangePositionHasToExist: changes::continue_where_an_item_has_vanished;
    ForgetsChangesAfterTenMinutes: changes::find_a_write_of_17_minutes_ago;
    ChangesAreCached: changes::see_every_acknowledged_write;
    ChangesFailForUnreadableItems: changes::name_items_that_cannot_be_read_and_hide_no_others;
    ChangesSkipUnreadableItems: changes::name_items_that_cannot_be_read_and_hide_no_others;
    ChangesAreOfUsersByPrefix: changes::are_those_of_one_user;
    ChangesEndAfterAMegabyte: changes::return_large_notes_from_any_position;
    /// The harness says that it keeps none.
    DeniesItsChanges:
        changes::are_the_live_notes_without_a_time,
        service::keeps_a_copy_by_its_tokens;
    /// As any store that fails.
    KeepsNoChangesAndFailsAsOther: changes::are_the_live_notes_without_a_time;
    ChangesListTombstones: changes::are_the_live_notes_without_a_time;

    // Handles.

    HandleCachesNotes: handles::see_every_write_acknowledged_to_another;
    HandleCachesMisses: handles::see_every_write_acknowledged_to_another;
    HandleCachesLists: handles::see_every_write_acknowledged_to_another;
    UpdateTellsWhatItsHandleKnows: handles::change_the_note_as_it_is;
    HandleRemembersSpentIds: handles::see_what_another_has_purged;
    /// A lock of one process does not hold in another.
    HandleLocksAlone:
        handles::of_inserts_of_one_id_exactly_one_wins,
        handles::of_updates_of_one_revision_exactly_one_wins,
        handles::of_updates_each_is_told_what_happened,
        handles::of_writes_of_one_revision_exactly_one_wins;
}
