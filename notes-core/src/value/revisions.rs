use crate::value::revision::Revision;

/// A list of at most 100 revisions ([`Revisions::MAX`]), such as those that a write may replace. It may be empty.
///
/// The limit keeps the condition of a write within what engines accept.
///
/// ```
/// use notes_core::{NoteId, Revision, Revisions, Timestamp};
///
/// let id = NoteId::generate(Timestamp::now());
/// let revisions = Revisions::try_from(vec![Revision::from(id)])?;
/// assert!(revisions.contains(id.into()));
/// assert!(Revisions::try_from(vec![Revision::from(id); 101]).is_err());
/// # Ok::<(), notes_core::InvalidRevisions>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Revisions(Vec<Revision>);

impl Revisions {
    /// The most revisions in a list.
    pub const MAX: usize = 100;

    /// A list without revisions.
    pub const EMPTY: Self = Self(Vec::new());

    /// The revisions, in the order in which they were given.
    #[must_use]
    pub fn as_slice(&self) -> &[Revision] {
        &self.0
    }

    /// Whether the list has no revision.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the list has this revision.
    #[must_use]
    pub fn contains(&self, revision: Revision) -> bool {
        self.0.contains(&revision)
    }
}

impl From<Revision> for Revisions {
    fn from(revision: Revision) -> Self {
        Self(vec![revision])
    }
}

impl TryFrom<Vec<Revision>> for Revisions {
    type Error = InvalidRevisions;

    fn try_from(revisions: Vec<Revision>) -> Result<Self, InvalidRevisions> {
        if revisions.len() > Self::MAX {
            return Err(InvalidRevisions);
        }
        Ok(Self(revisions))
    }
}

/// A list is too long for [`Revisions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a list has at most 100 revisions")]
pub struct InvalidRevisions;
