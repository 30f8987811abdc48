use std::fmt;

/// A place in the order in which a store gives changes: up to 32 bytes, which only the store understands.
///
/// Stores make positions, and tokens carry them from one page to the next.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ChangePosition(Vec<u8>);

impl ChangePosition {
    /// The greatest length in bytes.
    pub const MAX_BYTES: usize = 32;

    /// The bytes, as the store made them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl TryFrom<&[u8]> for ChangePosition {
    type Error = InvalidChangePosition;

    fn try_from(bytes: &[u8]) -> Result<Self, InvalidChangePosition> {
        if bytes.len() > Self::MAX_BYTES {
            return Err(InvalidChangePosition);
        }
        Ok(Self(bytes.to_vec()))
    }
}

/// Shows the bytes in hexadecimal.
impl fmt::Debug for ChangePosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChangePosition(")?;
        for byte in &self.0 {
            write!(f, "{byte:02x}")?;
        }
        f.write_str(")")
    }
}

/// A position has more than [`ChangePosition::MAX_BYTES`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a position has at most 32 bytes")]
pub struct InvalidChangePosition;
