use std::collections::{BTreeMap, BTreeSet};

use crate::history::{Action, Answer, Record, Sighting};

/// A promise that a history shows broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Violation {
    /// An answer that no request should get.
    UnexpectedAnswer,
    /// Something is there that nobody asked for.
    NobodyAskedFor,
    /// A write that was said not to be done was done.
    NotWrittenButDone,
    /// One creation made several notes.
    TwoNotes,
    /// A note that was there is gone, and nobody may have deleted it.
    GoneWithoutDeletion,
    /// A creation is told that its note is gone, and nobody may have deleted it.
    SpentWithoutDeletion,
    /// A note is shown after its deletion was acknowledged.
    DeletedIsBack,
    /// Two deletions of one note were acknowledged.
    DeletedTwice,
    /// An acknowledged write is not there later, and nobody may have replaced it.
    WriteLost,
    /// Two writes replaced the same state.
    TwoReplacedOneState,
    /// A write was done more often than it was asked for.
    DoneTwice,
    /// A replaced state is there again.
    ReplacedIsBack,
    /// One tag names two states.
    TwoStatesOfOneTag,
    /// A condition failed, and nobody may have replaced the state that it named.
    ConflictWithoutRival,
}

/// A violation, and what shows it.
pub(crate) type Finding = (Violation, String);

/// All that a history shows broken.
pub(crate) fn check(records: &[Record]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut notes: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let mut ids: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for record in records {
        notes.entry(&record.note).or_default().push(record);
        if let Some(sighting) = record.sighting() {
            ids.entry(&sighting.title).or_default().insert(&record.note);
        }
    }
    let twice = ids.iter().filter(|(_, ids)| ids.len() > 1);
    findings.extend(twice.map(|it| (Violation::TwoNotes, format!("{it:?}"))));
    for requests in notes.into_values() {
        let note = Note::of(&requests);
        let found = note.violations();
        findings.extend(found.into_iter().map(|(violation, record)| {
            let told = format!("{record:#?} in {requests:#?}");
            (violation, told)
        }));
    }
    findings
}

/// What happened to one note.
struct Note<'a> {
    requests: &'a [&'a Record],
    /// The requests that showed it.
    shown: Vec<(&'a Record, &'a Sighting)>,
    /// The writes of content that may be done.
    writes: Vec<&'a Record>,
    /// The deletions that may be done.
    deletions: Vec<&'a Record>,
}

impl<'a> Note<'a> {
    fn of(requests: &'a [&'a Record]) -> Self {
        let may_be_done = || requests.iter().copied().filter(|it| it.may_be_done());
        Self {
            requests,
            shown: requests
                .iter()
                .filter_map(|it| Some((*it, it.sighting()?)))
                .collect(),
            writes: may_be_done().filter(|it| it.writes().is_some()).collect(),
            deletions: may_be_done().filter(|it| it.is_delete()).collect(),
        }
    }

    fn violations(&self) -> Vec<(Violation, &'a Record)> {
        let mut found = Vec::new();
        for &request in self.requests {
            let violation = match &request.answer {
                Answer::Note(sighting) => self.of_sighting(request, sighting),
                Answer::Deleted => self.of_deleted(request),
                Answer::Missing => self.of_missing(request),
                Answer::Stale => self.of_stale(request),
                Answer::Spent => {
                    (!self.may_be_deleted_by(request)).then_some(Violation::SpentWithoutDeletion)
                }
                Answer::NotWritten | Answer::Unknown => None,
                Answer::Other(_) => Some(Violation::UnexpectedAnswer),
            };
            found.extend(violation.map(|it| (it, request)));
        }
        found
    }

    fn of_sighting(&self, request: &Record, sighting: &Sighting) -> Option<Violation> {
        let content = Some(sighting.content.as_str());
        let by_then = |it: &&&Record| it.begun < request.ended && it.writes() == content;
        if !self.writes.iter().any(|it| by_then(&it)) {
            let refused = self.requests.iter().any(|it| by_then(&it));
            return Some(if refused {
                Violation::NotWrittenButDone
            } else {
                Violation::NobodyAskedFor
            });
        }
        // Only a patch answers with what it wrote: a creation may be a replay.
        let patched = matches!(request.action, Action::Patch { .. });
        if patched && request.writes() != content {
            return Some(Violation::WriteLost);
        }
        let is_deleted = |it: &&Record| it.answer == Answer::Deleted && it.ended < request.begun;
        if self.deletions.iter().any(is_deleted) {
            return Some(Violation::DeletedIsBack);
        }
        if self.is_outdated(request, sighting) {
            return Some(Violation::WriteLost);
        }
        if self.was_replaced(request, sighting) {
            return Some(Violation::ReplacedIsBack);
        }
        if self.is_done_twice(sighting) {
            return Some(Violation::DoneTwice);
        }
        let mut of_tag = self.shown.iter().filter(|(_, it)| it.tag == sighting.tag);
        if of_tag.any(|(_, it)| *it != sighting) {
            return Some(Violation::TwoStatesOfOneTag);
        }
        let replaced = request.if_match()?;
        let others = self.done().filter(|it| it.if_match() == Some(replaced));
        let mut others = others.filter(|it| it.writes() != request.writes());
        others.next().map(|_| Violation::TwoReplacedOneState)
    }

    /// The writes and deletions that certainly were done.
    fn done(&self) -> impl Iterator<Item = &&'a Record> {
        let is_shown = |it: &&&Record| {
            self.shown
                .iter()
                .any(|(_, s)| it.writes() == Some(&s.content))
        };
        let written = self.writes.iter().filter(is_shown);
        let deleted = self.deletions.iter().filter(|it| it.is_acknowledged());
        written.chain(deleted)
    }

    /// Whether all that can have made the state that is shown was over before an acknowledged write
    /// began, which was over before it was shown.
    fn is_outdated(&self, request: &Record, sighting: &Sighting) -> bool {
        let made = |it: &&&Record| it.writes() == Some(&sighting.content);
        let made_until = |it: &Record| match it.action {
            // All else comes after it, whenever it is done.
            Action::Create { .. } => 0,
            _ => it.done_by(),
        };
        let last = self
            .writes
            .iter()
            .filter(made)
            .map(|it| made_until(it))
            .max();
        self.writes.iter().any(|it| {
            matches!(it.action, Action::Patch { .. })
                && it.is_acknowledged()
                && it.writes() != Some(&sighting.content)
                && it.ended < request.begun
                && last < Some(it.begun)
        })
    }

    /// Whether there are more states with this content than requests to write it.
    fn is_done_twice(&self, sighting: &Sighting) -> bool {
        let same = |it: &&(_, &Sighting)| it.1.content == sighting.content;
        let tags: BTreeSet<_> = self
            .shown
            .iter()
            .filter(same)
            .map(|(_, it)| &it.tag)
            .collect();
        let made = |it: &&&Record| it.writes() == Some(&sighting.content);
        let requests = self.writes.iter().filter(made);
        let is_creation = |it: &&Record| matches!(it.action, Action::Create { .. });
        let (creations, patches): (Vec<&&Record>, Vec<&&Record>) =
            requests.partition(|it| is_creation(it));
        // A creation is done once, however often it was sent.
        tags.len() > creations.len().min(1) + patches.len()
    }

    /// Whether this very state was shown before, and another one since.
    fn was_replaced(&self, request: &Record, sighting: &Sighting) -> bool {
        let same = self.shown.iter().filter(|(_, it)| it.tag == sighting.tag);
        let first = same.map(|(it, _)| it.ended).min();
        self.shown.iter().any(|(it, other)| {
            other.tag != sighting.tag && first < Some(it.begun) && it.ended < request.begun
        })
    }

    fn of_deleted(&self, request: &Record) -> Option<Violation> {
        let is_other = |it: &&Record| it.answer == Answer::Deleted && *it != request;
        if self.deletions.iter().any(is_other) {
            return Some(Violation::DeletedTwice);
        }
        let replaced = request.if_match()?;
        let mut written = self.done().filter(|it| it.writes().is_some());
        let twice = written.any(|it| it.if_match() == Some(replaced));
        twice.then_some(Violation::TwoReplacedOneState)
    }

    fn of_missing(&self, request: &Record) -> Option<Violation> {
        let was_there = self.shown.iter().any(|(it, _)| it.ended < request.begun);
        let gone = was_there && !self.may_be_deleted_by(request);
        gone.then_some(Violation::GoneWithoutDeletion)
    }

    fn may_be_deleted_by(&self, request: &Record) -> bool {
        let mut others = self.deletions.iter().filter(|it| **it != request);
        others.any(|it| it.begun < request.ended)
    }

    fn of_stale(&self, request: &Record) -> Option<Violation> {
        let expected = request.if_match()?;
        let named = self.shown.iter().filter(|(_, it)| it.tag == expected);
        // It was the note's state at some time from then on.
        let (last, sighting) = named.max_by_key(|(it, _)| it.begun)?;
        let writes = self.writes.iter().chain(&self.deletions);
        let may_replace = writes
            .filter(|it| **it != request && it.begun < request.ended && it.done_by() >= last.begun);
        // One write with this content made the state; any other one is a rival.
        let made = |it: &&&Record| it.writes() == Some(&sighting.content);
        let (made, others): (Vec<&&Record>, Vec<&&Record>) = may_replace.partition(made);
        (others.is_empty() && made.len() < 2).then_some(Violation::ConflictWithoutRival)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found when a note was created, and then a request got this answer.
    fn found(action: Action, answer: Answer) -> Vec<Violation> {
        let created = Record {
            client: 0,
            note: "a".to_owned(),
            action: Action::Create {
                title: "Milk".to_owned(),
            },
            begun: 1,
            ended: 2,
            answer: Answer::Note(milk()),
        };
        let next = Record {
            action,
            begun: 3,
            ended: 4,
            answer,
            ..created.clone()
        };
        check(&[created, next]).into_iter().map(|it| it.0).collect()
    }

    fn milk() -> Sighting {
        Sighting {
            title: "Milk".to_owned(),
            content: "Milk".to_owned(),
            tag: "1".to_owned(),
        }
    }

    #[test]
    fn a_note_that_stays_is_no_violation() {
        assert_eq!(found(Action::Read, Answer::Note(milk())), []);
        let delete = Action::Delete { if_match: None };
        assert_eq!(found(delete, Answer::Deleted), []);
    }

    /// Someone creates a note and is refused, then again with this answer, while others read and delete it.
    fn found_of_refused_creation(again: Answer) -> Vec<Violation> {
        let request = |begun, ended, action, answer| Record {
            client: 0,
            note: "a".to_owned(),
            action,
            begun,
            ended,
            answer,
        };
        let create = || Action::Create {
            title: "Milk".to_owned(),
        };
        let delete = Action::Delete { if_match: None };
        let records = [
            request(1, 2, create(), Answer::NotWritten),
            request(4, 5, Action::Read, Answer::Note(milk())),
            request(6, 7, delete, Answer::Deleted),
            request(3, 8, create(), again),
        ];
        check(&records).into_iter().map(|it| it.0).collect()
    }

    #[test]
    fn a_creation_that_finds_its_id_spent_may_have_spent_it() {
        assert_eq!(found_of_refused_creation(Answer::Spent), []);
        let guilty = found_of_refused_creation(Answer::NotWritten);
        assert_eq!(guilty, [Violation::NotWrittenButDone]);
    }

    #[test]
    fn what_no_broken_protocol_here_does_is_found() {
        let create = || Action::Create {
            title: "Milk".to_owned(),
        };
        let delete = || Action::Delete {
            if_match: Some("1".to_owned()),
        };
        let other = Sighting {
            title: "Bread".to_owned(),
            ..milk()
        };
        for (action, answer, violation) in [
            (
                Action::Read,
                Answer::Missing,
                Violation::GoneWithoutDeletion,
            ),
            (delete(), Answer::Missing, Violation::GoneWithoutDeletion),
            (delete(), Answer::Stale, Violation::ConflictWithoutRival),
            (create(), Answer::Spent, Violation::SpentWithoutDeletion),
            (
                Action::Read,
                Answer::Note(other),
                Violation::TwoStatesOfOneTag,
            ),
            (
                Action::Read,
                Answer::Other("500".to_owned()),
                Violation::UnexpectedAnswer,
            ),
        ] {
            assert!(found(action, answer).contains(&violation), "{violation:?}");
        }
    }
}
