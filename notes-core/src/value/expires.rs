use crate::value::expiry::Expiry;
use crate::value::timestamp::Timestamp;

/// Whether and when a note expires, and who has decided that.
///
/// All three cases are part of the port, and a store keeps them apart: an update may renew the expiry of a
/// retained note only.
///
/// ```
/// use notes_core::Expires;
///
/// let expiry = "2026-11-22T18:47:00Z".parse()?;
/// assert_eq!(Expires::Chosen(expiry).expiry(), Some(expiry));
/// assert_eq!(Expires::Never.expiry(), None);
/// assert!(Expires::Retained(expiry).is_retained());
/// # Ok::<(), notes_core::InvalidTimestamp>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Expires {
    /// It never expires.
    #[default]
    Never,
    /// It expires when its author has said.
    Chosen(Expiry),
    /// It expires when the retention setting says. Each write of the note renews this expiry.
    Retained(Expiry),
}

impl Expires {
    /// The expiry, if there is one.
    #[must_use]
    pub const fn expiry(self) -> Option<Expiry> {
        match self {
            Self::Never => None,
            Self::Chosen(expiry) | Self::Retained(expiry) => Some(expiry),
        }
    }

    /// Whether the expiry comes from the retention setting.
    #[must_use]
    pub const fn is_retained(self) -> bool {
        matches!(self, Self::Retained(_))
    }

    /// Whether a note that expires then has not expired at `now`.
    #[must_use]
    pub fn is_after(self, now: Timestamp) -> bool {
        self.expiry().is_none_or(|expiry| expiry.is_after(now))
    }
}
