use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use notes_core::{NoteId, NoteStore, Notes, StoreErrorKind, Update, UserId};
use notes_dynamo::{DynamoNoteStore, ensure_table};
use notes_lambda::Api;

use crate::checker::Settings;
use crate::client::{Client, Habits, Known, KnownNote};
use crate::clock::{Clock, SERVERS};
use crate::fault::Fault;
use crate::history::{Field, Fields, History, Record};
use crate::network::Network;
use crate::sabotage::{Sabotage, Sabotaged};

/// Many users at several servers over one faulty network, on one thread and in simulated time: what
/// happens, and in which order, follows from the seed.
///
/// Users work in phases. Between two of them, time may jump, the engine removes what is over, and some accounts are
/// erased, after which their ids are used again.
#[derive(Clone, Debug)]
pub(crate) struct Simulation {
    pub(crate) seed: u64,
    pub(crate) requests: usize,
    pub(crate) phases: usize,
    /// How long the pauses between phases are, in any order.
    pub(crate) pauses: &'static [Duration],
    pub(crate) fault_percent: usize,
    pub(crate) users: usize,
    pub(crate) clients_of_user: usize,
    pub(crate) habits: Habits,
    /// How long an id is accepted for a creation.
    pub(crate) acceptance_window: Duration,
    /// How long after their last write notes expire whose authors did not say when.
    pub(crate) retention: Option<Duration>,
    /// Of 100 users, how many are erased between two phases.
    pub(crate) erased_percent: u8,
    /// Whether the clients of a user all know one note from the start, that none has created yet.
    pub(crate) one_note: bool,
    pub(crate) sabotage: Option<Sabotage>,
}

/// What a simulation left.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) records: Vec<Record>,
    pub(crate) settings: Settings,
    pub(crate) requests: usize,
    pub(crate) faults: BTreeMap<Fault, usize>,
    pub(crate) erasures: usize,
    pub(crate) swept: usize,
}

impl Outcome {
    /// How many responses there were of which kind.
    pub(crate) fn responses(&self) -> BTreeMap<String, usize> {
        let mut responses = BTreeMap::new();
        for record in &self.records {
            let mut name = format!("{:?}", record.response);
            name.truncate(name.find('(').unwrap_or(name.len()));
            *responses.entry(name).or_default() += 1;
        }
        responses
    }
}

const TABLE: &str = "notes";

impl Simulation {
    pub(crate) fn run(&self) -> Outcome {
        match self.sabotage {
            None => self.run_on(|store| store),
            Some(sabotage) => self.run_on(|store| Sabotaged::new(store, sabotage)),
        }
    }

    fn run_on<S>(&self, make: impl Fn(DynamoNoteStore) -> S) -> Outcome
    where
        S: NoteStore + 'static,
    {
        // The SDK draws from it how long it waits between attempts.
        fastrand::seed(self.seed);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build();
        runtime.unwrap().block_on(async {
            let clock = Clock::start();
            let network = Network::new(self.seed, self.sabotage, clock.clone());
            let client = network.client();
            ensure_table(&client, TABLE).await.unwrap();
            let stores: Vec<_> = (0..SERVERS)
                .map(|_| Arc::new(make(DynamoNoteStore::new(client.clone(), TABLE))))
                .collect();
            let history = History::default();
            let mut random = fastrand::Rng::with_seed(self.seed);
            let mut users: Vec<_> = (0..self.users)
                .map(|number| self.user(number, &stores, &clock.another(), &history, &mut random))
                .collect();

            let mut pauses: Vec<_> = self.pauses.iter().cycle().take(self.phases).collect();
            random.shuffle(&mut pauses);
            let (mut erasures, mut swept) = (0, 0);
            for (phase, pause) in (1..).zip(pauses) {
                network.set_fault_percent(self.fault_percent);
                let until = self.requests * phase / self.phases;
                let clients = users.iter_mut().flat_map(|user| &mut user.clients);
                join_all(clients.map(|client| client.work(until))).await;
                tokio::time::sleep(*pause).await;
                swept += network.sweep();
                let erased: Vec<_> = users
                    .iter_mut()
                    .filter(|_| random.u8(..100) < self.erased_percent)
                    .collect();
                if !erased.is_empty() {
                    // No request of an erased user may come any more.
                    network.settle().await;
                    erasures += erased.len();
                    join_all(erased.into_iter().map(|user| user.erase(&network))).await;
                }
            }

            network.set_fault_percent(0);
            network.settle().await;
            for user in &mut users {
                user.clients[0].list().await;
            }
            Outcome {
                records: history.records(),
                settings: Settings {
                    retention: self.retention.map(|retention| retention.as_secs()),
                    expiry_margin: Update::EXPIRY_MARGIN.as_secs(),
                },
                requests: history.requests(),
                faults: network.faults(),
                erasures,
                swept,
            }
        })
    }

    fn user<S: NoteStore + 'static>(
        &self,
        number: usize,
        stores: &[Arc<S>],
        clock: &Clock,
        history: &History,
        random: &mut fastrand::Rng,
    ) -> User<S> {
        let first = self.one_note.then(|| {
            let stamp = Some(format!("creation of user {number}"));
            KnownNote {
                id: NoteId::generate(clock.at_server(0)).to_string(),
                creation: Fields::from([
                    (Field::Title, stamp.clone()),
                    (Field::Content, stamp),
                    (Field::Category, None),
                    (Field::Expiry, None),
                ]),
                tags: Vec::new(),
                expiries: BTreeSet::new(),
            }
        });
        let known: Known = Arc::new(Mutex::new(first.into_iter().collect()));
        let id: UserId = format!("user {number}").parse().unwrap();
        let services: Vec<_> = (0..SERVERS)
            .zip(stores)
            .map(|(server, store)| {
                let clock = clock.clone();
                let notes = Notes::new(Arc::clone(store))
                    .with_acceptance_window(self.acceptance_window)
                    .with_clock(move || clock.at_server(server));
                match self.retention {
                    Some(retention) => notes.with_retention(retention),
                    None => notes,
                }
            })
            .collect();
        let clients = services
            .iter()
            .cycle()
            .skip(number)
            .take(self.clients_of_user);
        let clients = clients.enumerate().map(|(of_user, notes)| Client {
            number: number * self.clients_of_user + of_user,
            api: Api::new(notes.clone()),
            user: id.clone(),
            life: 0,
            notes: Known::clone(&known),
            habits: self.habits,
            random: random.fork(),
            clock: clock.clone(),
            history: history.clone(),
        });
        User {
            clients: clients.collect(),
            service: services[0].clone(),
            id,
            notes: known,
        }
    }
}

struct User<S> {
    id: UserId,
    service: Notes<Arc<S>>,
    clients: Vec<Client<Arc<S>>>,
    notes: Known,
}

impl<S: NoteStore + 'static> User<S> {
    /// Erases all that the user has, and uses some of the ids again: at once if nothing was ever in doubt, and when
    /// nothing is under way any more if something was.
    async fn erase(&mut self, network: &Network) {
        // What came of the erasure before this one.
        self.clients[0].list().await;
        let mut in_doubt = false;
        while let Err(error) = self.service.erase(&self.id).await {
            in_doubt |= error.kind() == StoreErrorKind::OutcomeUnknown;
        }
        if in_doubt {
            network.rest().await;
        }
        for client in &mut self.clients {
            client.life += 1;
        }
        for note in &mut *self.notes.lock().unwrap() {
            note.tags.clear();
        }
        self.clients[0].create_all_again().await;
    }
}
