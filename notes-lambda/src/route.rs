use http::Method;
use notes_core::NoteId;

use crate::problem::Problem;

/// The operations, by method and path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Create,
    List,
    Get(NoteId),
    Update(NoteId),
    Delete(NoteId),
}

impl Route {
    /// The path decides first: an unknown one is not found whatever the method.
    ///
    /// A note has one path, that of its canonical id: any other spelling is an unknown path.
    pub(crate) fn of(method: &Method, path: &str) -> Result<Self, Problem> {
        if path == "/notes" {
            return match *method {
                Method::GET | Method::HEAD => Ok(Self::List),
                Method::POST => Ok(Self::Create),
                _ => Err(Problem::MethodNotAllowed("GET, HEAD, POST")),
            };
        }
        let id = path.strip_prefix("/notes/").ok_or(Problem::UnknownPath)?;
        let id = id.parse().map_err(|_| Problem::UnknownPath)?;
        match *method {
            Method::GET | Method::HEAD => Ok(Self::Get(id)),
            Method::PATCH => Ok(Self::Update(id)),
            Method::DELETE => Ok(Self::Delete(id)),
            _ => Err(Problem::MethodNotAllowed("GET, HEAD, PATCH, DELETE")),
        }
    }
}

#[cfg(test)]
mod tests {
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
    fn a_known_path_says_which_methods_it_has() {
        let allow = |method, path: &str| match Route::of(&method, path) {
            Err(Problem::MethodNotAllowed(allow)) => allow,
            other => panic!("{other:?}"),
        };
        assert_eq!(allow(Method::DELETE, "/notes"), "GET, HEAD, POST");
        let note = format!("/notes/{ID}");
        assert_eq!(allow(Method::PUT, &note), "GET, HEAD, PATCH, DELETE");
    }
}
