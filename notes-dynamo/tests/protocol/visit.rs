use std::collections::BTreeSet;

use stateright::{Checker, Expectation, HasDiscoveries, Model};

use crate::protocol::Protocol;

/// What a visit of every state found, or of those until certain properties are decided.
pub(crate) struct Visit {
    pub(crate) states: usize,
    /// The properties that do not hold in every state.
    pub(crate) broken: BTreeSet<&'static str>,
    /// What holds in some state.
    pub(crate) reached: BTreeSet<&'static str>,
}

impl Visit {
    pub(crate) fn of(model: Protocol, until: HasDiscoveries) -> Self {
        let checker = model.checker().threads(2).finish_when(until);
        let checker = checker.spawn_bfs().join();
        let found = checker.discoveries().into_keys();
        let (reached, broken) = found
            .partition(|name| checker.model().property(name).expectation == Expectation::Sometimes);
        Self {
            states: checker.unique_state_count(),
            broken,
            reached,
        }
    }
}
