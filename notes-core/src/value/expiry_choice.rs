use crate::value::expiry::Expiry;

/// What the author of a new note says about its expiry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ExpiryChoice {
    /// Nothing: the retention setting of the service decides.
    #[default]
    Retention,
    /// The note never expires, whatever the retention setting.
    Never,
    /// The note expires then, whatever the retention setting.
    At(Expiry),
}
