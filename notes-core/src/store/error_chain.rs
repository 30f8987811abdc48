use std::error::Error;
use std::fmt;

/// Shows an error and all its causes in one line, separated by colons, for a log.
///
/// It uses each error's `Display`. The `Debug` of a cause may contain anything, such as the response of a
/// store with the text of notes, and does not belong into a log.
///
/// ```
/// use std::io;
///
/// use notes_core::{ErrorChain, StoreError, StoreErrorKind};
///
/// let error = StoreError::new(StoreErrorKind::Unavailable, io::Error::other("connection reset"));
/// assert_eq!(
///     ErrorChain(&error).to_string(),
///     "the store does not respond: connection reset"
/// );
/// ```
#[derive(Clone, Copy)]
pub struct ErrorChain<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for ErrorChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl fmt::Debug for ErrorChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ErrorChain({self})")
    }
}
