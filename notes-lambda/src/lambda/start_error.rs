//! The error of a function that can't start.

use std::error::Error;
use std::fmt;

use notes_core::{ErrorChain, StoreError};

/// Why a function can't start, or can't continue.
///
/// It stands for the error that it was made of: its [`Display`](fmt::Display) and its [`source`](Error::source) are
/// that error's. Its [`Debug`](fmt::Debug) is different, because Rust prints that when a `main` returns an error: a
/// single line of the error and all its causes, without quotes and type names.
///
/// The functions of this crate return it, and `?` makes it of a [`StoreError`]. Any other error becomes one with
/// [`new`](Self::new):
///
/// ```
/// use notes_lambda::StartError;
///
/// fn greeting() -> Result<String, StartError> {
///     std::fs::read_to_string("/no/greeting").map_err(StartError::new)
/// }
///
/// let line = format!("{:?}", greeting().unwrap_err());
/// assert!(line.starts_with("No such file or directory"));
/// ```
#[derive(thiserror::Error)]
#[error(transparent)]
pub struct StartError(Box<dyn Error + Send + Sync>);

impl StartError {
    /// Makes one of any error, or of a text that says why.
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(error.into())
    }
}

impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", ErrorChain(self))
    }
}

impl From<StoreError> for StartError {
    fn from(error: StoreError) -> Self {
        Self::new(error)
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use notes_core::StoreErrorKind;

    use super::*;

    #[test]
    fn a_reason_not_to_start_is_one_line_with_its_causes() {
        let error = StoreError::new(StoreErrorKind::Denied, io::Error::other("the cause"));
        let own = error.to_string();
        let line = format!("{:?}", StartError::from(error));
        assert_eq!(line, format!("{own}: the cause"));
        assert_eq!(line.lines().count(), 1);
    }

    #[test]
    fn an_error_shows_itself_and_its_source_once_each() {
        let error = StoreError::new(StoreErrorKind::Denied, io::Error::other("the cause"));
        let own = error.to_string();
        let error = StartError::new(error);
        assert_eq!(error.to_string(), own);
        assert_eq!(error.source().unwrap().to_string(), "the cause");
        let text = StartError::new("why");
        assert_eq!(format!("{text} {text:?}"), "why why");
        assert!(text.source().is_none());
    }
}
