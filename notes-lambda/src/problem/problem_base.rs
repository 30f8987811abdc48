//! What the `type` URIs of problems start with.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use http::uri::Authority;

/// What the `type` URI of every problem starts with. The name of the type follows, such as `note-not-found`.
///
/// By default it is the address of the page that documents the types ([problems](crate::problems)). A deployment that
/// documents them itself, or that promises its clients URIs of its own, has another base. It is an absolute URI of any
/// scheme, ends in `/`, `#`, `:` or `=`, and is part of what clients compare: once chosen, it never changes.
///
/// ```
/// use notes_lambda::ProblemBase;
///
/// let base: ProblemBase = "https://notes.example/problems/".parse()?;
/// assert!("https://notes.example/problems".parse::<ProblemBase>().is_err());
/// # Ok::<(), notes_lambda::InvalidProblemBase>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProblemBase(Cow<'static, str>);

/// The documentation, with a section for each type. It is part of the URIs that clients know, so it never changes:
/// see `docs/adr/0007-problem-types.md`.
const DOCUMENTATION: &str = "https://docs.rs/notes-lambda/latest/notes_lambda/problems/index.html#";

impl Default for ProblemBase {
    fn default() -> Self {
        Self(Cow::Borrowed(DOCUMENTATION))
    }
}

impl fmt::Display for ProblemBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for ProblemBase {
    type Err = InvalidProblemBase;

    fn from_str(text: &str) -> Result<Self, InvalidProblemBase> {
        let (scheme, rest) = text.split_once(':').ok_or(InvalidProblemBase)?;
        let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && (scheme.bytes()).all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        // RFC 3986 §2: unreserved and reserved characters, and percent-encoded bytes.
        let are_in_uris = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte));
        let mut escapes = text.split('%').skip(1).map(|escape| escape.bytes().take(2));
        let are_escapes = escapes.all(|hex| hex.filter(u8::is_ascii_hexdigit).count() == 2);
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => {
                let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
                let (authority, path) = rest.split_at(end);
                (Some(authority), path)
            }
            None => (None, rest),
        };
        // Without anything after the authority, a name would become part of the host or the port.
        let has_path = !path.is_empty() && !path.contains(['[', ']']);
        let names_something = authority.map_or(!path.trim_matches('/').is_empty(), is_authority);
        let has_end = text.ends_with(['/', '#', ':', '=']);
        let is_base =
            is_scheme && are_in_uris && are_escapes && names_something && has_path && has_end;
        if is_base && text.matches('#').count() <= 1 {
            Ok(Self(Cow::Owned(text.to_owned())))
        } else {
            Err(InvalidProblemBase)
        }
    }
}

/// Whether this is a host, perhaps with a port that is a number.
fn is_authority(text: &str) -> bool {
    let authority = text.parse::<Authority>();
    authority.is_ok_and(|authority| {
        !authority.host().is_empty()
            && (authority.port().is_some() || text.ends_with(authority.host()))
    })
}

/// A text is not a [`ProblemBase`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a base is an absolute URI that ends in /, #, : or =, such as https://notes.example/problems/"
)]
#[non_exhaustive]
pub struct InvalidProblemBase;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_an_absolute_uri_after_which_a_name_can_follow() {
        for text in [
            DOCUMENTATION,
            "https://notes.example/",
            "https://notes.example/problems#",
            "https://notes.example/problems#notes/",
            "http://[::1]:8080/problems?type=",
            "https://notes.example/Z%C3%BCrich/",
            "tag:notes.example,2026:problems:",
            "urn:example:notes:",
        ] {
            let base: ProblemBase = text.parse().unwrap();
            assert_eq!(base.to_string(), text);
        }
        assert_eq!(DOCUMENTATION.parse(), Ok(ProblemBase::default()));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "/problems/",
            "//notes.example/problems/",
            "notes.example/problems/",
            "https://notes.example/problems",
            "https:",
            "https://",
            "https:///",
            ":",
            "://notes.example/",
            "1https://notes.example/",
            "ht tps://notes.example/",
            "https://notes.example/a b/",
            "https://notes.example/\"/",
            "https://notes.example/<a>/",
            "https://notes.example/Z\u{fc}rich/",
            "https://notes.example/100%/",
            "https://notes.example/%4/",
            "https://notes.example/%zz/",
            "https://notes.example/\n/",
            "https://notes.example/a#b#",
            "https://#",
            "https://?=",
            "https://:443/",
            "https://notes.example:",
            "https://notes.example=",
            "https://notes.example:port/",
            "https://notes.example/[/",
            "urn:[:",
        ] {
            assert_eq!(
                text.parse::<ProblemBase>(),
                Err(InvalidProblemBase),
                "{text:?}"
            );
        }
    }
}
