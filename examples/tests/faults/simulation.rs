use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures_util::future::join_all;
use notes_core::{NoteId, NoteStore, Notes, Timestamp, UserId};
use notes_dynamo::{DynamoNoteStore, ensure_table};
use notes_lambda::Api;

use crate::client::{Client, Habits, Known, KnownNote};
use crate::fault::Fault;
use crate::history::{History, Record};
use crate::network::Network;
use crate::sabotage::{Sabotage, Sabotaged};

/// Many users at several servers over one faulty network, on one thread and in simulated time: what
/// happens, and in which order, follows from the seed.
#[derive(Clone, Debug)]
pub(crate) struct Simulation {
    pub(crate) seed: u64,
    pub(crate) requests: usize,
    pub(crate) fault_percent: usize,
    pub(crate) users: usize,
    pub(crate) clients_of_user: usize,
    pub(crate) habits: Habits,
    /// Whether the clients of a user all know one note from the start, that none has created yet.
    pub(crate) one_note: bool,
    pub(crate) sabotage: Option<Sabotage>,
}

/// What a simulation left.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) records: Vec<Record>,
    pub(crate) requests: usize,
    pub(crate) faults: BTreeMap<Fault, usize>,
}

impl Outcome {
    /// How many answers there were of which kind.
    pub(crate) fn answers(&self) -> BTreeMap<String, usize> {
        let mut answers = BTreeMap::new();
        for record in &self.records {
            let mut name = format!("{:?}", record.answer);
            name.truncate(name.find('(').unwrap_or(name.len()));
            *answers.entry(name).or_default() += 1;
        }
        answers
    }
}

const TABLE: &str = "notes";
const SERVERS: u64 = 3;
/// How far the servers' clocks are apart: about as long as a request takes.
const SKEW_MILLIS: u64 = 1_000;

/// The time at a moment. No two readings are the same, or the order of two revisions would depend on
/// their random bits.
pub(crate) fn time(moment: u64) -> Timestamp {
    Timestamp::from_millis(1_795_373_220_000 + moment * SERVERS)
}

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
            let network = Network::new(self.seed, self.sabotage);
            let client = network.client();
            ensure_table(&client, TABLE).await.unwrap();
            let history = History::default();
            let servers: Vec<_> = (0..SERVERS)
                .map(|server| {
                    let store = make(DynamoNoteStore::new(client.clone(), TABLE));
                    let clock = history.clone();
                    Api::new(Notes::new(store).with_clock(move || {
                        let now = time(clock.moment()).as_millis();
                        Timestamp::from_millis(now + server * SKEW_MILLIS)
                    }))
                })
                .collect();
            let mut random = fastrand::Rng::with_seed(self.seed);
            let mut number = 0;
            let mut client = |api: &Api<S>, user: &User| {
                number += 1;
                Client {
                    number,
                    api: api.clone(),
                    user: user.id.clone(),
                    notes: Known::clone(&user.notes),
                    habits: self.habits,
                    random: random.fork(),
                    history: history.clone(),
                }
            };
            let users: Vec<_> = (0..self.users).map(|it| self.user(it, &history)).collect();

            network.set_fault_percent(self.fault_percent);
            let clients = users.iter().flat_map(|it| vec![it; self.clients_of_user]);
            let working = clients
                .zip(servers.iter().cycle())
                .map(|(user, server)| client(server, user).work(self.requests));
            join_all(working).await;

            network.set_fault_percent(0);
            network.settle().await;
            for user in &users {
                client(&servers[0], user).list().await;
            }
            Outcome {
                records: history.records(),
                requests: history.requests(),
                faults: network.faults(),
            }
        })
    }

    fn user(&self, number: usize, history: &History) -> User {
        let first = self.one_note.then(|| KnownNote {
            id: NoteId::generate(time(history.moment())).to_string(),
            title: format!("creation of user {number}"),
            tags: Vec::new(),
        });
        User {
            id: format!("user {number}").parse().unwrap(),
            notes: Arc::new(Mutex::new(first.into_iter().collect())),
        }
    }
}

struct User {
    id: UserId,
    notes: Known,
}
