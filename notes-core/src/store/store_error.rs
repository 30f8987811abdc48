use std::error::Error;
use std::fmt;

use crate::store::error_chain::ErrorChain;

/// Why a store could not do what it was asked to.
///
/// What a caller can act on is the [`kind`](Self::kind); what a person needs to know is in the chain
/// of [`source`](Error::source)s, which a store keeps whole. `Display` is one phrase without it;
/// [`ErrorChain`] shows all of it.
///
/// `Debug` shows the kind and the texts of the causes, and never their own `Debug`: that of an AWS SDK's
/// error holds the whole response, and with it what users have written.
pub struct StoreError {
    kind: StoreErrorKind,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// The kinds of [`StoreError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The store refused for now because of too many requests. Nothing was written.
    Throttled,
    /// The store could not be reached, or did not answer a read. Nothing was written.
    Unavailable,
    /// Rivals changed the note each time, so that it could not be written. Nothing was written.
    Contended,
    /// A write was sent, and whether it happened is not known. Repeating the same call with the same
    /// id or revision is safe and finds out.
    OutcomeUnknown,
    /// The store does not take an item of this size. Nothing was written.
    TooLarge,
    /// An item was found that is not a note as it is written here. Nothing was written, unless it comes
    /// from an update: see [`NoteStore::update`](crate::NoteStore::update).
    Corrupt,
    /// The store does not let this caller do this. Nothing was written.
    Denied,
    /// Anything else, such as a missing table, or a client that has no region or no credentials. Nothing
    /// was written.
    Other,
}

impl StoreError {
    /// An error of this kind, with its cause.
    pub fn new(kind: StoreErrorKind, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            kind,
            source: Some(source.into()),
        }
    }

    /// What kind of failure it is.
    #[must_use]
    pub const fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// Whether the same call, with the same id and revision, may succeed later. Repeat it with a pause
    /// before each attempt and a bound on their number: a store may stay as it is for long.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self.kind {
            StoreErrorKind::Throttled
            | StoreErrorKind::Unavailable
            | StoreErrorKind::Contended
            | StoreErrorKind::OutcomeUnknown => true,
            StoreErrorKind::TooLarge
            | StoreErrorKind::Corrupt
            | StoreErrorKind::Denied
            | StoreErrorKind::Other => false,
        }
    }
}

impl From<StoreErrorKind> for StoreError {
    fn from(kind: StoreErrorKind) -> Self {
        Self { kind, source: None }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            StoreErrorKind::Throttled => "the store refuses more requests for now",
            StoreErrorKind::Unavailable => "the store does not answer",
            StoreErrorKind::Contended => "the note was changed by others at each attempt",
            StoreErrorKind::OutcomeUnknown => "it is not known whether the write happened",
            StoreErrorKind::TooLarge => "the item is too large for the store",
            StoreErrorKind::Corrupt => "the stored item is not a note",
            StoreErrorKind::Denied => "the store denies access",
            StoreErrorKind::Other => "the store failed",
        })
    }
}

impl fmt::Debug for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreError({:?}: {})", self.kind, ErrorChain(self))
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source = self.source.as_deref()?;
        Some(source)
    }
}
