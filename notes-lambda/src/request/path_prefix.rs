use std::fmt::Write;

/// What was taken away from the front of a request's path before it came to the API, as an extension
/// of the request: a stage, the base path of a custom domain, or where a router has mounted the API.
///
/// The `Location` of a new note begins with it. Behind API Gateway, `Gateway` knows it by itself; a
/// server says it:
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
    /// From a path, percent-encoded or not, of any text.
    ///
    /// What can't be in a path is percent-encoded, what is encoded already stays as it is, and there
    /// is one slash in front: a path of two begins with a host.
    #[must_use]
    pub fn new(path: &str) -> Self {
        let path = path.trim_matches('/');
        let mut encoded = String::with_capacity(path.len() + 1);
        if !path.is_empty() {
            encoded.push('/');
        }
        for (at, byte) in path.bytes().enumerate() {
            if is_in_paths(byte) || (byte == b'%' && begins_escape(&path.as_bytes()[at..])) {
                encoded.push(char::from(byte));
            } else {
                // A string takes whatever is written.
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
        Self(encoded)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a path may have it as it is: `pchar` and the slash
/// ([RFC 3986 §3.3](https://www.rfc-editor.org/rfc/rfc3986#section-3.3)).
fn is_in_paths(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&byte)
}

fn begins_escape(bytes: &[u8]) -> bool {
    matches!(bytes, [b'%', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Uri};
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

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
        #![proptest_config(ProptestConfig {
            rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default()
        })]

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
