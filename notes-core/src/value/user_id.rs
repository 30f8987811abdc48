use crate::value::text_value::text_value;

text_value! {
    /// Identifies the owner of notes: 1 to 255 bytes without control characters. Its meaning is up to
    /// the system that issues it.
    ///
    /// ```
    /// use notes_core::UserId;
    ///
    /// let user: UserId = "auth0|5f7c8ec7c33c6c004bbafe82".parse()?;
    /// assert_eq!(user.as_str(), "auth0|5f7c8ec7c33c6c004bbafe82");
    /// assert!("".parse::<UserId>().is_err());
    /// # Ok::<(), notes_core::InvalidUserId>(())
    /// ```
    UserId, InvalidUserId, check
}

impl UserId {
    /// The greatest length in bytes.
    pub const MAX_BYTES: usize = 255;
}

/// Why a text is not a [`UserId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidUserId {
    /// It is empty.
    #[error("a user id may not be empty")]
    Empty,
    /// It has more than [`UserId::MAX_BYTES`] bytes.
    #[error("a user id has at most 255 bytes, this one has {0}")]
    TooLong(usize),
    /// It contains a control character.
    #[error("a user id may not contain control characters")]
    ControlCharacter,
}

fn check(text: String) -> Result<String, InvalidUserId> {
    match text.len() {
        0 => Err(InvalidUserId::Empty),
        bytes if bytes > UserId::MAX_BYTES => Err(InvalidUserId::TooLong(bytes)),
        _ if text.contains(char::is_control) => Err(InvalidUserId::ControlCharacter),
        _ => Ok(text),
    }
}
