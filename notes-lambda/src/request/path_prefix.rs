//! What precedes the API's own paths in the path that the client uses.

use std::fmt::Write;

/// The prefix that was stripped from a request's path before it reached the API: a stage, the base path of a custom
/// domain, or the path at which a router mounts the API. It is put into the request's extensions.
///
/// The `Location` of a new note starts with it. Behind API Gateway, `Gateway` sets it by itself. In a server, whatever
/// strips the prefix sets it:
///
/// ```
/// use notes_lambda::PathPrefix;
///
/// let mut request = http::Request::post("/notes").body(String::new())?;
/// request.extensions_mut().insert(PathPrefix::new("/v1"));
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathPrefix(String);

impl PathPrefix {
    /// Makes a prefix of any text, percent-encoded or not.
    ///
    /// Characters that a path can't contain are percent-encoded; what is encoded already stays as it is. The result
    /// starts with exactly one slash, because a URI that starts with two names another host.
    #[must_use]
    pub fn new(path: &str) -> Self {
        let path = path.trim_matches('/');
        let mut encoded = String::with_capacity(path.len() + 1);
        if !path.is_empty() {
            encoded.push('/');
        }
        for (offset, byte) in path.bytes().enumerate() {
            if is_in_paths(byte) || (byte == b'%' && begins_escape(&path.as_bytes()[offset..])) {
                encoded.push(char::from(byte));
            } else {
                // Writing into a string can't fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
        Self(encoded)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a path may contain this byte without encoding: `pchar` and the slash
/// ([RFC 3986 §3.3](https://www.rfc-editor.org/rfc/rfc3986#section-3.3)).
fn is_in_paths(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&byte)
}

/// Whether these bytes start with a percent-encoded byte, such as `%2F`.
fn begins_escape(bytes: &[u8]) -> bool {
    matches!(bytes, [b'%', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Uri};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_can_not_be_in_a_path_is_encoded() {
        for (path, prefix) in [
            ("", ""),
            ("/", ""),
            ("//", ""),
            ("prod", "/prod"),
            ("/prod/", "/prod"),
            ("/team/v2", "/team/v2"),
            ("/a//b", "/a//b"),
            ("/Z\u{fc}rich", "/Z%C3%BCrich"),
            ("/a?b#c", "/a%3Fb%23c"),
            (
                "/a b\"<>\\^`{|}[]",
                "/a%20b%22%3C%3E%5C%5E%60%7B%7C%7D%5B%5D",
            ),
            ("/a\r\nSet-Cookie: b", "/a%0D%0ASet-Cookie:%20b"),
            ("/\u{0}\u{7f}", "/%00%7F"),
            ("//evil.example", "/evil.example"),
            ("/\\evil.example", "/%5Cevil.example"),
            ("https://evil.example", "/https://evil.example"),
            ("/-._~!$&'()*+,;=:@", "/-._~!$&'()*+,;=:@"),
        ] {
            assert_eq!(PathPrefix::new(path).as_str(), prefix, "{path:?}");
        }
    }

    #[test]
    fn what_is_encoded_already_stays_as_it_is() {
        for (path, prefix) in [
            ("/Z%C3%BCrich%2f", "/Z%C3%BCrich%2f"),
            ("/100%", "/100%25"),
            ("/%4", "/%254"),
            ("/%zz%%20", "/%25zz%25%20"),
        ] {
            let made = PathPrefix::new(path);
            assert_eq!(made.as_str(), prefix, "{path:?}");
            assert_eq!(PathPrefix::new(made.as_str()), made);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_path_that_leads_nowhere_else(text in any::<String>()) {
            let location = format!("{}/notes", PathPrefix::new(&text).as_str());
            prop_assert!(HeaderValue::try_from(&location).is_ok());
            let uri: Uri = location.parse().unwrap();
            prop_assert_eq!(uri.path(), &location);
            prop_assert!(location.starts_with('/') && !location.starts_with("//"));
        }
    }
}
