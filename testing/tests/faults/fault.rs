/// What may happen to one attempt of a request on its way to the engine and back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// It is refused for now, and not executed.
    Throttled,
    /// It meets a server's fault, and is not executed.
    FailedBefore,
    /// There is no connection.
    Refused,
    /// It never arrives, and nobody says so.
    Lost,
    /// It arrives and is executed, but maybe after the caller has given up.
    Late,
    /// It is executed and responded to, and, if it was done, executed once more later.
    Doubled,
    /// A batch is executed in part, and the response says so; anything else is executed and responded to.
    InPart,
    /// It is executed, and the response is a server's error.
    FailedAfter,
    /// It is executed, and something between the store and its engine responds with a client's error.
    ResponseFromBetween,
    /// It is executed, and the connection is closed before the response.
    Reset,
    /// It is executed, and half of the response comes before the connection is closed.
    Cut,
    /// It is executed, and no response comes.
    Silent,
}

impl Fault {
    pub(crate) const ALL: [Self; 12] = [
        Self::Throttled,
        Self::FailedBefore,
        Self::Refused,
        Self::Lost,
        Self::Late,
        Self::Doubled,
        Self::InPart,
        Self::FailedAfter,
        Self::ResponseFromBetween,
        Self::Reset,
        Self::Cut,
        Self::Silent,
    ];
}
