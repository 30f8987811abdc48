//! Histories made by hand: what a protocol that keeps its promises may do, and what none may.

use super::*;
use crate::history::Fields;

/// A request of which only what it asks for and the response matter.
fn request((begun, ended): (u64, u64), action: Action, response: Response) -> Record {
    Record {
        client: 0,
        note: "a".to_owned(),
        life: 0,
        action,
        begun,
        ended,
        times: (begun * 1_000, ended * 1_000),
        response,
    }
}

/// A note with this text in all its fields. Moments are its seconds.
fn fields(text: &str, expiry: Option<u64>) -> Fields {
    let expiry = expiry.map(|second| notes_core::Expiry::try_from(second).unwrap().to_string());
    Fields::from([
        (Field::Title, Some(text.to_owned())),
        (Field::Content, Some(text.to_owned())),
        (Field::Category, Some(text.to_owned())),
        (Field::Expiry, expiry),
    ])
}

fn create(text: &str) -> Action {
    Action::Create(fields(text, None))
}

fn patch(text: &str, condition: Condition) -> Action {
    let mut fields = fields(text, None);
    fields.remove(&Field::Expiry);
    Action::Patch(fields, condition)
}

fn move_expiry(expiry: Option<u64>) -> Action {
    let mut fields = fields("", expiry);
    fields.retain(|field, _| *field == Field::Expiry);
    Action::Patch(fields, Condition::None)
}

fn is(tag: &str) -> Condition {
    Condition::Is(tag.to_owned())
}

fn is_not(tag: &str) -> Condition {
    Condition::IsNot(tag.to_owned())
}

const DELETE: Action = Action::Delete(Condition::None);

fn shown(text: &str, expiry: Option<u64>, tag: &str) -> Response {
    Response::Note(Sighting {
        fields: fields(text, expiry),
        tag: tag.to_owned(),
    })
}

/// As the creation makes it.
fn milk() -> Response {
    shown("Milk", None, "1")
}

/// The first request, which creates the note that is asked for next.
fn created() -> Record {
    request((1, 2), create("Milk"), milk())
}

fn found(records: &[Record]) -> Vec<Violation> {
    found_under(None, records)
}

/// What is found where the retention setting is so many seconds.
fn found_under(retention: Option<u64>, records: &[Record]) -> Vec<Violation> {
    let settings = Settings {
        retention,
        expiry_margin: 30,
    };
    let found = check(records, settings);
    found.into_iter().map(|(violation, _)| violation).collect()
}

#[track_caller]
fn assert_innocent(records: &[Record]) {
    assert_eq!(found(records), []);
}

#[track_caller]
fn assert_guilty(records: &[Record], violation: Violation) {
    let found = found(records);
    assert!(found.contains(&violation), "{found:?}");
}

/// What is found when a note was created, and then a request got this response.
#[track_caller]
fn assert_next_is_guilty(action: Action, response: Response, violation: Violation) {
    assert_guilty(&[created(), request((3, 4), action, response)], violation);
}

#[test]
fn a_note_that_stays_is_no_violation() {
    assert_innocent(&[created(), request((3, 4), Action::Read, milk())]);
    assert_innocent(&[created(), request((3, 4), DELETE, Response::Deleted)]);
}

#[test]
fn what_no_broken_protocol_here_does_is_found() {
    let read = Action::Read;
    let delete = || Action::Delete(is("1"));
    let other = shown("Bread", None, "1");
    for (action, response, violation) in [
        (
            read.clone(),
            Response::Missing,
            Violation::GoneWithoutDeletion,
        ),
        (delete(), Response::Missing, Violation::GoneWithoutDeletion),
        (delete(), Response::Stale, Violation::ConflictWithoutRival),
        (
            create("Milk"),
            Response::Spent,
            Violation::SpentWithoutDeletion,
        ),
        (read.clone(), other, Violation::NobodyAskedFor),
        (
            read,
            Response::Other("403".to_owned()),
            Violation::UnexpectedResponse,
        ),
        (delete(), Response::Failed, Violation::UnexpectedResponse),
        (DELETE, Response::Stale, Violation::ConflictWithoutCondition),
        (
            patch("Bread", Condition::None),
            Response::Stale,
            Violation::ConflictWithoutCondition,
        ),
        (
            create("Milk"),
            Response::OtherContents,
            Violation::OtherContentsOfNobody,
        ),
        (
            Action::Delete(is_not("1")),
            Response::Deleted,
            Violation::ExcludedIsReplaced,
        ),
        (
            patch("Bread", is_not("1")),
            shown("Bread", None, "2"),
            Violation::ExcludedIsReplaced,
        ),
    ] {
        assert_next_is_guilty(action, response, violation);
    }
}

/// Someone asks for a creation and is told that it was not done. Then the same is asked for again, while others see the
/// note and delete it: whether that is innocent depends on what the second request is told.
fn refused_creation(again: Response) -> [Record; 4] {
    [
        request((1, 2), create("Milk"), Response::NotWritten),
        request((4, 5), Action::Read, milk()),
        request((6, 7), DELETE, Response::Deleted),
        request((3, 8), create("Milk"), again),
    ]
}

#[test]
fn a_creation_that_finds_its_id_spent_may_have_spent_it() {
    assert_innocent(&refused_creation(Response::Spent));
}

#[test]
fn a_creation_that_is_told_that_it_happened_or_may_have_did_it() {
    assert_innocent(&refused_creation(milk()));
    assert_innocent(&refused_creation(Response::Unknown));
}

#[test]
fn a_creation_that_is_told_anything_else_did_not_do_it() {
    for response in [
        Response::NotWritten,
        Response::Failed,
        Response::TooLate,
        Response::OtherContents,
    ] {
        assert_guilty(&refused_creation(response), Violation::NotWrittenButDone);
    }
}

#[test]
fn a_creation_that_finds_its_id_spent_does_nothing_after_that() {
    let again = request((9, 10), Action::Read, milk());
    let records = [&refused_creation(Response::Spent)[..], &[again]].concat();
    assert_guilty(&records, Violation::DeletedIsBack);
}

#[test]
fn an_id_can_be_anothers_only_if_there_is_another() {
    let other = |response| request((1, 4), create("Bread"), response);
    let records = |response| {
        [
            request((2, 3), create("Milk"), response),
            other(Response::OtherContents),
        ]
    };
    assert_innocent(&records(milk()));
    assert_innocent(&records(Response::Unknown));
    assert_guilty(
        &records(Response::NotWritten),
        Violation::OtherContentsOfNobody,
    );
}

/// A note is created, an update is told this, and the update's text is seen.
fn seen_update(response: Response) -> [Record; 3] {
    let bread = shown("Bread", None, "2");
    [
        created(),
        request((3, 5), patch("Bread", is("1")), response),
        request((4, 6), Action::Read, bread),
    ]
}

#[test]
fn an_update_that_is_refused_hides_no_late_attempt() {
    assert_innocent(&seen_update(shown("Bread", None, "2")));
    assert_innocent(&seen_update(Response::Unknown));
    for response in [
        Response::Missing,
        Response::Stale,
        Response::NotWritten,
        Response::Failed,
        Response::TooLate,
    ] {
        assert_guilty(&seen_update(response), Violation::NotWrittenButDone);
    }
}

/// A note is created, a deletion is told this, and the note is gone.
fn seen_deletion(response: Response) -> [Record; 3] {
    [
        created(),
        request((3, 5), Action::Delete(is("1")), response),
        request((4, 6), Action::Read, Response::Missing),
    ]
}

#[test]
fn a_deletion_that_is_refused_hides_no_late_attempt() {
    assert_innocent(&seen_deletion(Response::Deleted));
    assert_innocent(&seen_deletion(Response::Unknown));
    for response in [
        Response::Missing,
        Response::Stale,
        Response::NotWritten,
        Response::Failed,
    ] {
        assert_guilty(&seen_deletion(response), Violation::GoneWithoutDeletion);
    }
}

#[test]
fn a_write_of_one_field_leaves_the_others() {
    let title = Fields::from([(Field::Title, Some("Bread".to_owned()))]);
    let write = Action::Patch(title.clone(), Condition::None);
    let response = |rest: &str| {
        let mut fields = fields(rest, None);
        fields.extend(title.clone());
        Response::Note(Sighting {
            fields,
            tag: "2".to_owned(),
        })
    };
    assert_innocent(&[created(), request((3, 4), write.clone(), response("Milk"))]);
    assert_next_is_guilty(write.clone(), response("Bread"), Violation::NobodyAskedFor);
    assert_next_is_guilty(write, milk(), Violation::WriteLost);
    // The two of them together leave nothing of the first state.
    let both = [
        request(
            (3, 4),
            patch("Bread", Condition::None),
            shown("Bread", None, "2"),
        ),
        request((5, 6), Action::Read, response("Milk")),
    ];
    assert_guilty(&[&[created()], &both[..]].concat(), Violation::WriteLost);
}

#[test]
fn a_condition_that_excludes_a_state_fails_only_on_that() {
    let bread = request(
        (3, 4),
        patch("Bread", Condition::None),
        shown("Bread", None, "2"),
    );
    let stale = |tag| request((5, 6), patch("Beer", is_not(tag)), Response::Stale);
    assert_innocent(&[created(), bread.clone(), stale("2")]);
    assert_guilty(
        &[created(), bread.clone(), stale("1")],
        Violation::ConflictWithoutCondition,
    );
    let beer = |tag| request((5, 6), patch("Beer", is_not(tag)), shown("Beer", None, "3"));
    assert_innocent(&[created(), bread.clone(), beer("1")]);
    assert_guilty(
        &[created(), bread, beer("2")],
        Violation::ExcludedIsReplaced,
    );
}

/// A note that expires in this second is asked for.
fn expiring(second: u64, request: Record) -> [Record; 2] {
    let creation = Action::Create(fields("Milk", Some(second)));
    [
        self::request((1, 2), creation, shown("Milk", Some(second), "1")),
        request,
    ]
}

#[test]
fn a_note_is_gone_when_it_expires_and_not_before() {
    let missing = |moments| request(moments, Action::Read, Response::Missing);
    let spent = |moments| {
        let creation = Action::Create(fields("Milk", Some(100)));
        request(moments, creation, Response::Spent)
    };
    // Some server's clock is two seconds ahead.
    for ended in [98, 100, 200] {
        assert_innocent(&expiring(100, missing((97, ended))));
        assert_innocent(&expiring(100, spent((97, ended))));
    }
    assert_guilty(
        &expiring(100, missing((96, 97))),
        Violation::GoneWithoutDeletion,
    );
    assert_guilty(
        &expiring(100, spent((96, 97))),
        Violation::SpentWithoutDeletion,
    );
}

#[test]
fn a_note_that_has_expired_by_every_clock_is_not_shown() {
    let read = |moments| request(moments, Action::Read, shown("Milk", Some(100), "1"));
    assert_innocent(&expiring(100, read((99, 105))));
    assert_guilty(&expiring(100, read((100, 101))), Violation::ExpiredIsShown);
}

#[test]
fn a_creation_is_not_acknowledged_for_a_note_that_has_expired() {
    let creation = Action::Create(fields("Milk", Some(100)));
    let response = shown("Milk", Some(100), "1");
    assert_guilty(
        &[request((100, 101), creation, response)],
        Violation::ExpiredIsShown,
    );
}

#[test]
fn a_note_is_missing_for_a_write_that_moves_its_expiry_some_time_before() {
    let at = |moments, action| expiring(100, request(moments, action, Response::Missing));
    assert_innocent(&at((67, 68), move_expiry(Some(300))));
    assert_innocent(&at((67, 68), move_expiry(None)));
    assert_guilty(
        &at((66, 67), move_expiry(Some(300))),
        Violation::GoneWithoutDeletion,
    );
    assert_guilty(
        &at((67, 68), patch("Bread", Condition::None)),
        Violation::GoneWithoutDeletion,
    );
}

#[test]
fn a_note_that_was_seen_to_have_expired_does_not_come_back() {
    let [created, gone] = expiring(100, request((98, 99), Action::Read, Response::Missing));
    // Another server's clock is behind.
    let same = request((99, 100), Action::Read, shown("Milk", Some(100), "1"));
    assert_innocent(&[created.clone(), gone.clone(), same]);
    for expiry in [None, Some(300)] {
        let moved = request((3, 100), move_expiry(expiry), Response::Unknown);
        let back = request((101, 102), Action::Read, shown("Milk", expiry, "2"));
        let records = [created.clone(), moved, gone.clone(), back];
        assert_guilty(&records, Violation::ExpiredIsBack);
    }
}

#[test]
fn a_note_without_an_expiry_of_its_authors_expires_so_long_after_its_last_write() {
    let settings = Settings {
        retention: Some(100),
        expiry_margin: 30,
    };
    let mut asked = fields("Milk", None);
    asked.remove(&Field::Expiry);
    let creation = |expiry| {
        let response = shown("Milk", Some(expiry), "1");
        request((10, 11), Action::Create(asked.clone()), response)
    };
    for (expiry, is_innocent) in [(109, false), (110, true), (113, true), (114, false)] {
        let found = check(&[creation(expiry)], settings);
        assert_eq!(found.is_empty(), is_innocent, "{expiry}: {found:?}");
    }
    let missing = |ended| request((ended - 1, ended), Action::Read, Response::Missing);
    for (ended, is_innocent) in [(107, false), (108, true)] {
        let found = check(&[creation(112), missing(ended)], settings);
        assert_eq!(found.is_empty(), is_innocent, "{ended}: {found:?}");
    }
}

/// A creation that says nothing of the expiry.
fn create_retained() -> Action {
    let mut fields = fields("Milk", None);
    fields.remove(&Field::Expiry);
    Action::Create(fields)
}

/// It comes at second 1, where notes are retained for 100 seconds.
fn created_retained() -> Record {
    let response = shown("Milk", Some(102), "1");
    request((1, 2), create_retained(), response)
}

/// A change of other fields than the expiry at second 10, after which the note has this expiry.
fn changed(expiry: Option<u64>) -> Record {
    let response = shown("Bread", expiry, "9");
    request((10, 11), patch("Bread", Condition::None), response)
}

/// Notes whose author has said that they expire then, or never: at their creation, or by a change of it.
fn of_author(expiry: Option<u64>) -> [Vec<Record>; 3] {
    let creation = Action::Create(fields("Milk", expiry));
    let created = request((1, 2), creation, shown("Milk", expiry, "1"));
    let moved = request((5, 6), move_expiry(expiry), shown("Milk", expiry, "2"));
    // Another creation with the same id has not made the note.
    let other = request((3, 4), create_retained(), Response::Unknown);
    [
        vec![created.clone()],
        vec![created, other],
        vec![created_retained(), moved],
    ]
}

#[test]
fn what_an_author_has_said_of_the_expiry_the_retention_setting_does_not_change() {
    for expiry in [None, Some(500)] {
        for records in of_author(expiry) {
            let and = |next: &[Record]| found_under(Some(100), &[&records, next].concat());
            let missing = |moments| request(moments, Action::Read, Response::Missing);
            let in_doubt = Record {
                response: Response::Unknown,
                ..changed(None)
            };
            for change in [changed(expiry), in_doubt] {
                let found = and(&[change.clone(), missing((120, 121))]);
                assert_eq!(found, [Violation::GoneWithoutDeletion], "{change:?}");
                let creation = records[0].action.clone();
                let found = and(&[change, request((120, 121), creation, Response::Spent)]);
                assert_eq!(found, [Violation::SpentWithoutDeletion]);
            }
            // Not even some time before, as where the change would renew the note.
            let change = patch("Bread", Condition::None);
            let found = and(&[request((80, 81), change, Response::Missing)]);
            assert_eq!(found, [Violation::GoneWithoutDeletion]);

            let renewed = changed(Some(111));
            assert_eq!(and(&[renewed]), [Violation::NobodyAskedFor]);

            assert_eq!(and(&[changed(expiry)]), []);
            if expiry.is_some() {
                assert_eq!(and(&[changed(expiry), missing((500, 501))]), []);
            }
        }
    }
}

#[test]
fn what_an_author_may_not_have_said_yet_does_not_end_retention() {
    let said = move_expiry(None);
    for said in [
        request((5, 6), said.clone(), Response::Unknown),
        request((5, 12), said.clone(), shown("Bread", None, "10")),
        request((5, 6), said, Response::NotWritten),
    ] {
        let renewed = [created_retained(), said, changed(Some(111))];
        assert_eq!(found_under(Some(100), &renewed), []);
        let missing = request((111, 112), Action::Read, Response::Missing);
        let records = [&renewed[..], &[missing]].concat();
        assert_eq!(found_under(Some(100), &records), []);
    }
}

#[test]
fn an_expiry_by_the_retention_setting_is_moved_by_each_change_and_by_no_repeated_creation() {
    let then = |next: &[Record]| {
        let created = [created_retained(), changed(Some(111))];
        found_under(Some(100), &[&created, next].concat())
    };
    let missing = |ended| request((ended - 1, ended), Action::Read, Response::Missing);
    for (ended, is_innocent) in [(104, false), (108, false), (109, true)] {
        let found = then(&[missing(ended)]);
        assert_eq!(found.is_empty(), is_innocent, "{ended}: {found:?}");
    }
    // Some time before, it is missing for a change.
    for (ended, is_innocent) in [(78, false), (79, true)] {
        let change = patch("Beer", Condition::None);
        let found = then(&[request((ended - 1, ended), change, Response::Missing)]);
        assert_eq!(found.is_empty(), is_innocent, "{ended}: {found:?}");
    }
    let again = |expiry, tag| {
        let response = shown("Bread", Some(expiry), tag);
        request((50, 51), create_retained(), response)
    };
    assert_eq!(then(&[again(111, "9")]), []);
    assert_eq!(then(&[again(151, "10")]), [Violation::NobodyAskedFor]);
}

#[test]
fn a_purge_begins_another_life() {
    let next = |action, response| Record {
        life: 1,
        ..request((5, 6), action, response)
    };
    assert_innocent(&[created(), next(Action::Read, Response::Missing)]);
    assert_innocent(&[created(), next(create("Milk"), milk())]);
    assert_guilty(
        &[created(), next(Action::Read, milk())],
        Violation::NobodyAskedFor,
    );
}

#[test]
fn one_creation_makes_one_note() {
    let another = Record {
        note: "b".to_owned(),
        ..request((3, 4), create("Milk"), shown("Milk", None, "2"))
    };
    assert_guilty(&[created(), another], Violation::TwoNotes);
}

#[test]
fn an_update_that_is_done_twice_is_found_and_one_to_the_same_expiry_is_another() {
    let bread = |tag| shown("Bread", None, tag);
    let patch = request((3, 4), patch("Bread", Condition::None), bread("2"));
    let again = |tag| request((5, 6), Action::Read, bread(tag));
    assert_innocent(&[created(), patch.clone(), again("2")]);
    assert_guilty(&[created(), patch, again("3")], Violation::DoneTwice);
    let same = request(
        (3, 4),
        move_expiry(Some(100)),
        shown("Milk", Some(100), "2"),
    );
    let records = [
        &expiring(100, same)[..],
        &[request(
            (101, 102),
            Action::Create(fields("Milk", Some(100))),
            Response::Spent,
        )],
    ]
    .concat();
    assert_innocent(&records);
}
