use std::error::Error;
use std::fmt;

/// Shows an error with all its causes in one line, each after a colon: what a log should have.
///
/// It is made of the texts of `Display`. The `Debug` of a cause may hold anything, such as what a store has
/// answered, and does not belong into a log.
///
/// ```
/// use std::io;
///
/// use notes_core::{ErrorChain, StoreError, StoreErrorKind};
///
/// let error = StoreError::new(StoreErrorKind::Unavailable, io::Error::other("connection reset"));
/// assert_eq!(
///     ErrorChain(&error).to_string(),
///     "the store does not answer: connection reset"
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
