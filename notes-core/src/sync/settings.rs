use sha2::{Digest, Sha256};

use crate::sync::horizon::Horizon;
use crate::sync::token;
use crate::value::user_id::UserId;

/// The settings of sync, which all processes of a service share.
///
/// ```
/// use std::time::Duration;
///
/// use notes_core::{MemoryNoteStore, Notes, SyncSettings};
///
/// let month = Duration::from_secs(30 * 24 * 60 * 60);
/// let settings = SyncSettings::new("2026-11").with_horizon(month.try_into()?);
/// let notes = Notes::new(MemoryNoteStore::new()).with_sync(settings);
/// # Ok::<(), notes_core::InvalidHorizon>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SyncSettings {
    /// A text that all tokens are bound to: with another epoch, all clients begin again.
    ///
    /// It has to be a new one, never used before, after each of these:
    /// - Every process that writes has sync on for the first time: what others wrote before is in no pass.
    /// - A process has written without sync, such as after a rollback.
    /// - The notes were restored from a backup.
    /// - The horizon was changed. Tokens of another horizon are refused anyway; but when it is changed back, tokens
    ///   from before would be accepted again, although what is deleted or expired was kept for less.
    pub epoch: String,
    /// How old tokens may be, and how long deleted and expired notes are kept for them.
    pub horizon: Horizon,
}

impl SyncSettings {
    /// Settings with this epoch and the default horizon.
    pub fn new(epoch: impl Into<String>) -> Self {
        Self {
            epoch: epoch.into(),
            horizon: Horizon::default(),
        }
    }

    /// Sets the horizon.
    #[must_use]
    pub const fn with_horizon(mut self, horizon: Horizon) -> Self {
        self.horizon = horizon;
        self
    }

    /// What ties a token to these settings and this user.
    pub(crate) fn check(&self, user: &UserId) -> [u8; 4] {
        let mut hash = Sha256::new();
        hash.update([token::VERSION]);
        // The lengths tell "ab" + "c" from "a" + "bc".
        hash.update((self.epoch.len() as u64).to_be_bytes());
        hash.update(&self.epoch);
        hash.update(self.horizon.as_duration().as_nanos().to_be_bytes());
        hash.update((user.as_str().len() as u64).to_be_bytes());
        hash.update(user.as_str());
        let mut check = [0; 4];
        check.copy_from_slice(&hash.finalize()[..4]);
        check
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A token of version 1 is accepted as long as its check is made in this way.
    #[test]
    fn the_check_of_version_1_never_changes() {
        let check = SyncSettings::new("2026-11").check(&"alice".parse().unwrap());
        assert_eq!(check, [0xad, 0xd7, 0x04, 0x74]);
    }

    #[test]
    fn a_check_is_of_one_epoch_one_horizon_and_one_user() {
        let of = |epoch: &str, more_millis, user: &str| {
            let horizon = Horizon::MIN + Duration::from_millis(more_millis);
            let settings = SyncSettings::new(epoch).with_horizon(horizon.try_into().unwrap());
            settings.check(&user.parse().unwrap())
        };
        let checks = [
            of("a", 0, "bc"),
            of("ab", 0, "c"),
            of("b", 0, "bc"),
            of("a", 1, "bc"),
            of("a", 0, "b"),
        ];
        for (i, a) in checks.iter().enumerate() {
            for (j, b) in checks.iter().enumerate() {
                assert_eq!(a == b, i == j);
            }
        }
    }
}
