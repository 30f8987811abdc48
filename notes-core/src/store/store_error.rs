use std::error::Error;
use std::fmt;

use serde::Serialize;

use crate::store::error_chain::ErrorChain;

/// The error of a store.
///
/// A program acts on the [`kind`](Self::kind). A person finds the details in the chain of
/// [`source`](Error::source)s, which a store keeps whole. `Display` is one phrase without the sources;
/// [`ErrorChain`] shows them too.
///
/// `Debug` shows the kind and the `Display` of the causes, but never their `Debug`: that of an error of the
/// AWS SDK contains the whole response, and with it the text of notes.
pub struct StoreError {
    kind: StoreErrorKind,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// The kinds of [`StoreError`]. A kind is serialised as its name, such as `OutcomeUnknown`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The store gets too many requests at the moment. Nothing was written.
    Throttled,
    /// The store could not be reached, failed on its side, or did not respond to a read. Nothing was written.
    Unavailable,
    /// Concurrent writes got in the way at each attempt. Nothing was written.
    Contended,
    /// A write was sent, and it is not known whether it was executed. It is safe to repeat the same call with
    /// the same id or revision: its outcome tells.
    OutcomeUnknown,
    /// The item is larger than the store allows. Nothing was written.
    TooLarge,
    /// An item was found that can't be read as a note. Nothing was written, except maybe by an update: see
    /// [`NoteStore::update`](crate::NoteStore::update).
    Corrupt,
    /// The store does not permit this request, for lack of permissions or valid credentials. Nothing was
    /// written.
    Denied,
    /// The store does not keep what the call needs: see [`NoteStore::changes`](crate::NoteStore::changes). Nothing was
    /// written.
    Unsupported,
    /// Any other error, such as a missing table, or a client without region or credentials. Nothing was
    /// written.
    Other,
}

impl StoreError {
    /// An error of this kind, with its source.
    pub fn new(kind: StoreErrorKind, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            kind,
            source: Some(source.into()),
        }
    }

    /// The kind of the error, by which a program decides what to do.
    #[must_use]
    pub const fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// Whether the same call, with the same id and revision, may succeed later. Pause before each retry and
    /// limit their number: a store may stay unavailable for long.
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
            | StoreErrorKind::Unsupported
            | StoreErrorKind::Other => false,
        }
    }
}

impl From<StoreErrorKind> for StoreError {
    fn from(kind: StoreErrorKind) -> Self {
        Self { kind, source: None }
    }
}

impl fmt::Display for StoreErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Throttled => "the store refuses more requests for now",
            Self::Unavailable => "the store does not respond",
            Self::Contended => "the note was changed by others at each attempt",
            Self::OutcomeUnknown => "it is not known whether the write happened",
            Self::TooLarge => "the item is too large for the store",
            Self::Corrupt => "the stored item is not a note",
            Self::Denied => "the store denies access",
            Self::Unsupported => "the store does not keep changes",
            Self::Other => "the store failed",
        })
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
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
