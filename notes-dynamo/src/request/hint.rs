use std::error::Error;

use aws_sdk_dynamodb::error::BoxError;

/// What the SDK says of a likely mistake, in part, and what the mistake is. The SDK speaks of its own parts there, and
/// the engine of a resource.
const HINTS: [(&str, &str); 4] = [
    ("no identity resolver", "the client has no credentials"),
    ("missing signing region", "the client has no region"),
    ("Missing Region", "the client has no region"),
    (
        "ResourceNotFoundException",
        "there is no such table in this account and region",
    ),
];

/// An error under a phrase that says what to look at.
#[derive(Debug, thiserror::Error)]
#[error("{hint}")]
struct Explained {
    hint: &'static str,
    source: BoxError,
}

/// The error, under a hint if there is one for it. Only the hint depends on the SDK's texts, and no kind of error: if
/// they change, it is missing.
pub(crate) fn with_hint(source: BoxError) -> BoxError {
    match hint_of(&*source) {
        Some(hint) => Explained { hint, source }.into(),
        None => source,
    }
}

fn hint_of(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let text = error.to_string();
    let found = HINTS.iter().find(|(part, _)| text.contains(part));
    match found {
        Some((_, hint)) => Some(hint),
        None => hint_of(error.source()?),
    }
}
