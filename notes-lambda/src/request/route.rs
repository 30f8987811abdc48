//! Which operation a request asks for.

use http::Method;
use notes_core::NoteId;

use crate::operation::Operation;
use crate::problem::Problem;

/// An operation, with the note that its path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Create,
    List,
    Get(NoteId),
    Update(NoteId),
    Delete(NoteId),
    Changes,
}

impl Route {
    /// The path of the changes, which is there only with sync. It is no path of a note, as `changes` is no id.
    pub(crate) const CHANGES: &str = "/notes/changes";

    /// The methods that any path of the API has.
    pub(crate) const METHODS: &str = "GET, HEAD, POST, PATCH, DELETE";

    /// The route of a request. The path is looked at first: an unknown path is 404 whatever the method is.
    ///
    /// A note has exactly one path, the one with its canonical id. With any other spelling of the id, such as in upper
    /// case, the path is unknown.
    pub(crate) fn of(method: &Method, path: &str) -> Result<Self, Problem> {
        if path == Self::CHANGES {
            return match *method {
                Method::GET | Method::HEAD => Ok(Self::Changes),
                _ => Err(Problem::MethodNotAllowed(METHODS_OF_CHANGES)),
            };
        }
        let id = note_of(path).ok_or(Problem::UnknownPath)?;
        match (method, id) {
            (&Method::GET | &Method::HEAD, None) => Ok(Self::List),
            (&Method::POST, None) => Ok(Self::Create),
            (&Method::GET | &Method::HEAD, Some(id)) => Ok(Self::Get(id)),
            (&Method::PATCH, Some(id)) => Ok(Self::Update(id)),
            (&Method::DELETE, Some(id)) => Ok(Self::Delete(id)),
            _ => Err(Problem::MethodNotAllowed(methods(id))),
        }
    }

    /// The methods of a path, as the value of `Allow`; `None` if the path is unknown.
    pub(crate) fn methods(path: &str) -> Option<&'static str> {
        if path == Self::CHANGES {
            return Some(METHODS_OF_CHANGES);
        }
        note_of(path).map(methods)
    }

    /// The operation, without the note.
    pub(crate) fn operation(self) -> Operation {
        match self {
            Self::Create => Operation::Create,
            Self::List => Operation::List,
            Self::Get(_) => Operation::Get,
            Self::Update(_) => Operation::Update,
            Self::Delete(_) => Operation::Delete,
            Self::Changes => Operation::Changes,
        }
    }

    /// The note that the path names.
    pub(crate) fn note(self) -> Option<NoteId> {
        match self {
            Self::Create | Self::List | Self::Changes => None,
            Self::Get(id) | Self::Update(id) | Self::Delete(id) => Some(id),
        }
    }
}

/// The note that a path names: `None` for an unknown path, `Some(None)` for the path of all notes.
#[expect(
    clippy::option_option,
    reason = "whether the path is known, and whether it names a note, are two questions"
)]
fn note_of(path: &str) -> Option<Option<NoteId>> {
    match path.strip_prefix("/notes")? {
        "" => Some(None),
        id => id.strip_prefix('/')?.parse().ok().map(Some),
    }
}

const METHODS_OF_CHANGES: &str = "GET, HEAD";

fn methods(note: Option<NoteId>) -> &'static str {
    match note {
        None => "GET, HEAD, POST",
        Some(_) => "GET, HEAD, PATCH, DELETE",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const ID: &str = "019b5e4c-9c1b-7e2a-8000-5e0c1f7a3b2d";

    #[test]
    fn each_method_and_path_has_its_operation() {
        let id: NoteId = ID.parse().unwrap();
        let note = format!("/notes/{ID}");
        for (method, path, route) in [
            (Method::POST, "/notes", Route::Create),
            (Method::GET, "/notes", Route::List),
            (Method::HEAD, "/notes", Route::List),
            (Method::GET, &note, Route::Get(id)),
            (Method::HEAD, &note, Route::Get(id)),
            (Method::PATCH, &note, Route::Update(id)),
            (Method::DELETE, &note, Route::Delete(id)),
            (Method::GET, "/notes/changes", Route::Changes),
            (Method::HEAD, "/notes/changes", Route::Changes),
        ] {
            assert_eq!(Route::of(&method, path).unwrap(), route);
        }
    }

    #[test]
    fn any_other_path_is_unknown_whatever_the_method() {
        for path in [
            "",
            "/",
            "*",
            "/note",
            "/notes/",
            "//notes",
            "/Notes",
            "/notes/1",
            "/prod/notes",
            "/notes/changes/",
            "/notes/Changes",
            "/changes",
            &format!("/notes/{}", ID.to_uppercase()),
            &format!("/notes/{ID}/"),
            &format!("/notes/%30{}", &ID[1..]),
        ] {
            for method in [Method::GET, Method::POST, Method::OPTIONS] {
                let route = Route::of(&method, path);
                assert!(matches!(route, Err(Problem::UnknownPath)), "{path}");
            }
        }
    }

    #[test]
    fn all_methods_are_those_of_all_paths() {
        let of_notes = Route::methods("/notes").unwrap();
        let of_a_note = Route::methods(&format!("/notes/{ID}")).unwrap();
        let of_both: BTreeSet<_> = [of_notes, of_a_note]
            .iter()
            .flat_map(|methods| methods.split(", "))
            .collect();
        assert_eq!(Route::METHODS.split(", ").collect::<BTreeSet<_>>(), of_both);
    }

    #[test]
    fn a_known_path_says_which_methods_it_has() {
        let allow = |method, path: &str| match Route::of(&method, path) {
            Err(Problem::MethodNotAllowed(allow)) => allow,
            other => panic!("{other:?}"),
        };
        assert_eq!(allow(Method::DELETE, "/notes"), "GET, HEAD, POST");
        let note = format!("/notes/{ID}");
        assert_eq!(allow(Method::PUT, &note), "GET, HEAD, PATCH, DELETE");
        assert_eq!(allow(Method::PATCH, "/notes/changes"), "GET, HEAD");
    }
}
