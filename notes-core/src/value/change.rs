/// A change of an optional value. In a merge patch
/// ([RFC 7396](https://www.rfc-editor.org/rfc/rfc7396)) it is a member that is absent, is `null`, or has a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Change<T> {
    /// Not mentioned: leave it as it is.
    #[default]
    Keep,
    /// Remove it.
    Clear,
    /// Give it this value.
    Set(T),
}

impl<T> Change<T> {
    /// Applies the change to a value.
    pub fn apply(self, value: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *value = None,
            Self::Set(new) => *value = Some(new),
        }
    }

    /// Whether the value would be the same after the change.
    pub fn keeps(&self, value: Option<&T>) -> bool
    where
        T: PartialEq,
    {
        match self {
            Self::Keep => true,
            Self::Clear => value.is_none(),
            Self::Set(new) => value == Some(new),
        }
    }
}
