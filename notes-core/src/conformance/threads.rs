//! Races between threads of the operating system. Tasks on one thread only alternate where they `.await`, so they
//! would never catch a store that checks and then writes without an `.await` in between.

use std::cell::RefCell;
use std::hint;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, ScopedJoinHandle, Thread};
use std::time::{Duration, Instant};

use super::report::{Call, fail, line_of_the_case};

/// Calls its argument inside the async runtime that the store under test needs.
type Enter = Arc<dyn Fn(&mut dyn FnMut()) + Send + Sync>;

/// How long the calls of one thread may take: a lock that is never released has to fail the case, not hang it.
const LIMIT: Duration = Duration::from_secs(120);

/// How long a race is repeated.
const TIME: Duration = Duration::from_millis(500);

/// A store that does at least this many rounds in [`TIME`] is a fast one. Its calls are short and overlap less
/// often, so the race is repeated for longer, until it has done [`ENOUGH_ROUNDS`].
const ROUNDS_OF_A_FAST_STORE: usize = 500;
const ENOUGH_ROUNDS: usize = 20_000;
const MOST_TIME: Duration = Duration::from_millis(1_500);

/// The greatest number of polls after which a case drops a future.
pub(super) const MOST_POLLS: usize = 64;

/// How many rounds a race has before its outcomes are checked.
pub(super) const BATCH: usize = 12;

thread_local! {
    static RUNTIME: RefCell<Option<Enter>> = const { RefCell::new(None) };
}

/// Runs a case whose threads have to be inside an async runtime. For [`conformance!`](crate::conformance!) it is
/// tokio's.
#[doc(hidden)]
pub fn within_runtime<F: Future>(
    enter: impl Fn(&mut dyn FnMut()) + Send + Sync + 'static,
    case: F,
) -> impl Future<Output = F::Output> {
    WithinRuntime {
        enter: Arc::new(enter),
        case: Box::pin(case),
    }
}

struct WithinRuntime<F> {
    enter: Enter,
    case: Pin<Box<F>>,
}

impl<F: Future> Future for WithinRuntime<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let enter = Some(Arc::clone(&self.enter));
        let _outer = Outer(RUNTIME.replace(enter));
        self.case.as_mut().poll(context)
    }
}

/// The runtime that holds again after a poll, also of a case that fails: other cases are polled on this thread, too.
struct Outer(Option<Enter>);

impl Drop for Outer {
    fn drop(&mut self) {
        RUNTIME.set(self.0.take());
    }
}

/// The number of threads in a race: as many as there are cores, since only running threads can collide.
pub(super) fn racers() -> usize {
    thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, 4))
}

/// Runs `work` on this many threads at the same time. Each gets its number.
#[track_caller]
pub(super) fn on_threads<T: Send>(count: usize, work: impl AsyncFn(usize) -> T + Sync) -> Vec<T> {
    let (case, runtime) = (line_of_the_case(), RUNTIME.with_borrow(Clone::clone));
    thread::scope(|scope| {
        let (runtime, work) = (runtime.as_ref(), &work);
        let threads: Vec<_> = (0..count)
            .map(|number| scope.spawn(move || run(case, runtime, work(number))))
            .collect();
        let results: Vec<_> = threads.into_iter().map(ScopedJoinHandle::join).collect();
        results
            .into_iter()
            .map(|result| result.unwrap_or_else(|_| fail("a thread of the case has failed")))
            .collect()
    })
}

/// Runs `work` on a thread of its own, and fails if it does not end in time.
#[track_caller]
pub(super) fn in_time<T: Send>(work: impl AsyncFn() -> T + Sync) -> T {
    let mut results = on_threads(1, async |_| work().await);
    results.remove(0)
}

/// Runs the future on this thread, inside the runtime if there is one, and fails the case if it takes longer than
/// [`LIMIT`].
fn run<T>(
    case: &'static Location<'static>,
    runtime: Option<&Enter>,
    work: impl Future<Output = T>,
) -> T {
    let _call = Call::of(case);
    let (mut work, mut result) = (pin!(work), None);
    let mut run = || result = block_on(work.as_mut(), LIMIT);
    match runtime {
        Some(enter) => enter(&mut run),
        None => run(),
    }
    result.unwrap_or_else(|| fail(format_args!("the store does not respond within {LIMIT:?}")))
}

/// Wakes a future by unparking the thread that polls it.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs the future to its end; `None` if that takes too long.
fn block_on<F: Future>(mut future: Pin<&mut F>, limit: Duration) -> Option<F::Output> {
    let end = Instant::now() + limit;
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(output);
        }
        let left = end.checked_duration_since(Instant::now())?;
        thread::park_timeout(left);
    }
}

/// The repetitions of a race: whether two threads collide is left to chance.
pub(super) struct Rounds {
    begin: Instant,
    batches: usize,
}

impl Rounds {
    pub(super) fn new() -> Self {
        Self {
            begin: Instant::now(),
            batches: 0,
        }
    }

    /// Whether this many rounds are enough.
    pub(super) fn are_over(&self, rounds: usize) -> bool {
        let time = self.begin.elapsed();
        let is_fast = rounds >= ROUNDS_OF_A_FAST_STORE;
        time >= TIME && (!is_fast || rounds >= ENOUGH_ROUNDS || time >= MOST_TIME)
    }
}

/// Iterates over the numbers of the batches.
impl Iterator for Rounds {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        if self.batches > 0 && self.are_over(self.batches * BATCH) {
            return None;
        }
        self.batches += 1;
        Some(self.batches - 1)
    }
}

/// Lets threads begin each round of a race at the same time.
pub(super) struct Gate {
    threads: usize,
    arrived: AtomicUsize,
    is_broken: AtomicBool,
}

impl Gate {
    pub(super) fn new(threads: usize) -> Self {
        Self {
            threads,
            arrived: AtomicUsize::new(0),
            is_broken: AtomicBool::new(false),
        }
    }

    /// Waits for the other threads. It spins, since a thread that has to be woken would start too late to
    /// collide with them.
    pub(super) fn pass(&self, round: usize) {
        let all = (round + 1) * self.threads;
        self.arrived.fetch_add(1, Ordering::AcqRel);
        for spins in 0_u32.. {
            if self.arrived.load(Ordering::Acquire) >= all {
                return;
            }
            if self.is_broken.load(Ordering::Relaxed) {
                fail("another thread of the case has failed");
            }
            if spins % 200 == 199 {
                thread::yield_now();
            } else {
                hint::spin_loop();
            }
        }
    }
}

/// Marks the gate as broken when its thread panics, so that the other threads fail instead of waiting.
pub(super) struct Racer<'a>(pub(super) &'a Gate);

impl Drop for Racer<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.is_broken.store(true, Ordering::Relaxed);
        }
    }
}

/// Runs `work` on all threads at the same time, once for each round of a batch. Returns the results by round and
/// thread.
#[track_caller]
pub(super) fn race<T: Send>(
    threads: usize,
    rounds: usize,
    work: impl AsyncFn(usize, usize) -> T + Sync,
) -> Vec<Vec<T>> {
    let gate = Gate::new(threads);
    let results = on_threads(threads, async |thread| {
        let _racer = Racer(&gate);
        let mut results = Vec::new();
        for round in 0..rounds {
            gate.pass(round);
            // A different short delay for each round and thread, so that the calls overlap in different ways.
            for _ in 0..(round * 7 + thread * 13) % 32 {
                hint::spin_loop();
            }
            results.push(work(round, thread).await);
        }
        results
    });
    let mut of_threads: Vec<_> = results.into_iter().map(Vec::into_iter).collect();
    (0..rounds)
        .map(|_| of_threads.iter_mut().filter_map(Iterator::next).collect())
        .collect()
}

/// Polls a future at most this many times and then drops it. Returns its output if it was ready.
pub(super) async fn polled<F: Future>(times: usize, future: F) -> Option<F::Output> {
    let mut future = Some(Box::pin(future));
    let mut left = times;
    std::future::poll_fn(move |context| {
        if left > 0 {
            left -= 1;
            let polled = future.as_mut().map(|future| future.as_mut().poll(context));
            if let Some(Poll::Ready(output)) = polled {
                return Poll::Ready(Some(output));
            }
        }
        if left > 0 {
            return Poll::Pending;
        }
        future = None;
        Poll::Ready(None)
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::future;
    use std::panic::{self, AssertUnwindSafe};

    use super::*;

    #[test]
    fn a_call_that_never_ends_is_given_up() {
        let never = pin!(future::pending::<()>());
        assert_eq!(block_on(never, Duration::from_millis(1)), None);
    }

    /// Which runtime holds: this counts how often it was entered.
    fn counted(entered: &Arc<AtomicUsize>) -> impl Fn(&mut dyn FnMut()) + Send + Sync + use<> {
        let entered = Arc::clone(entered);
        move |work| {
            entered.fetch_add(1, Ordering::Relaxed);
            work();
        }
    }

    fn poll_once(future: impl Future<Output = ()>) -> Poll<()> {
        pin!(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_runtime_holds_for_its_case_alone() {
        let entered: [Arc<AtomicUsize>; 2] = Default::default();
        let use_thread = || drop(on_threads(1, async |_| ()));
        let inner = within_runtime(counted(&entered[1]), async { use_thread() });
        let outer = within_runtime(counted(&entered[0]), async {
            assert_eq!(poll_once(inner), Poll::Ready(()));
            use_thread();
        });
        assert_eq!(poll_once(outer), Poll::Ready(()));
        use_thread();
        let entered = entered.map(|entered| entered.load(Ordering::Relaxed));
        assert_eq!(entered, [1, 1]);
    }

    #[test]
    fn a_case_that_fails_leaves_no_runtime_behind() {
        let entered = Arc::default();
        let failing = within_runtime(counted(&entered), async { panic!("the case fails") });
        let polled = panic::catch_unwind(AssertUnwindSafe(|| poll_once(failing)));
        assert!(polled.is_err());
        assert!(RUNTIME.take().is_none());
    }

    #[test]
    fn a_future_is_dropped_after_its_polls() {
        let polls = AtomicUsize::new(0);
        let counting = future::poll_fn(|_| {
            polls.fetch_add(1, Ordering::Relaxed);
            Poll::<()>::Pending
        });
        let mut pinned = pin!(polled(3, counting));
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..2 {
            assert_eq!(pinned.as_mut().poll(&mut context), Poll::Pending);
        }
        assert_eq!(pinned.as_mut().poll(&mut context), Poll::Ready(None));
        assert_eq!(polls.load(Ordering::Relaxed), 3);
    }
}
