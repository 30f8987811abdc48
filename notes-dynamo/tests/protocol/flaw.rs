/// A place in which the protocol can be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// A deletion removes the item instead of leaving a tombstone.
    DeleteRemovesTheItem,
    /// A creation takes the key of an expired note.
    InsertReplacesTheExpired,
    /// TTL does not wait until no repetition of the creation is accepted.
    PurgeBeforeTheWindowEnds,
    /// An update does not ask for a smaller revision.
    RevisionsMayShrink,
    /// An update does not ask for the expected revision.
    ExpectationIsIgnored,
    /// Each attempt has a revision of its own.
    RevisionPerAttempt,
    /// A caller does not see that what it finds is its own write.
    OwnWriteIsForeign,
    /// A caller forgets that an earlier attempt may have been executed.
    AttemptsAreNotCounted,
    /// A caller that got no response says that nothing was written.
    UnknownIsNotWritten,
    /// The network executes an attempt once more that it refused.
    RefusedAttemptsAreDoubled,
}
