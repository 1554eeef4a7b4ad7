//! The engine's life: taking up what was left, serving, ending in order. Every task of the engine belongs to one of three
//! groups, for they end one after the other: turns make bubbles, sends make results, results are written last.

use std::future::Future;

use tokio::sync::Mutex;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How far the engine's life has come. A token that is cancelled is a gate that stays open.
#[derive(Default)]
pub(crate) struct Life {
    /// Held while the engine starts, so that it starts once.
    pub(crate) starting: Mutex<()>,
    /// What the last run left is in line: from now on bubbles leave.
    pub(crate) running: CancellationToken,
    /// Nothing more is accepted, no turn is begun.
    pub(crate) stopping: CancellationToken,
    /// No turn is under way any more: what may be sent at once is sent, then the senders end.
    pub(crate) last_sends: CancellationToken,
    /// Time is up: turns and sends that are still under way are dropped where they stand …
    work_over: CancellationToken,
    /// … and so is the writing of results.
    results_over: CancellationToken,
    turns: TaskTracker,
    sends: TaskTracker,
    results: TaskTracker,
}

/// Which tasks end together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    /// Whatever may commit a turn, or wake one.
    Turns,
    /// The senders.
    Sends,
    /// The writing of results.
    Results,
}

impl Life {
    /// Runs a task that is dropped when time is up.
    pub(crate) fn spawn(&self, group: Group, task: impl Future<Output = ()> + Send + 'static) {
        let over = match group {
            Group::Turns | Group::Sends => self.work_over.clone(),
            Group::Results => self.results_over.clone(),
        };
        // A turn's future is some KiB: it is moved once, and the runtime handles a pointer.
        let task = Box::pin(task);
        self.tracker(group).spawn(async move {
            tokio::select! {
                biased;
                () = over.cancelled() => {}
                () = task => {}
            }
        });
    }

    /// Returns when no task of the group is left.
    pub(crate) async fn ended(&self, group: Group) {
        let tracker = self.tracker(group);
        tracker.close();
        tracker.wait().await;
    }

    /// Drops turns and sends where they stand, and returns when they are gone.
    pub(crate) async fn end_work(&self) {
        self.stopping.cancel();
        self.last_sends.cancel();
        self.work_over.cancel();
        self.ended(Group::Turns).await;
        self.ended(Group::Sends).await;
    }

    /// Drops all tasks where they stand, and returns when they are gone.
    pub(crate) async fn end(&self) {
        self.results_over.cancel();
        self.end_work().await;
        self.ended(Group::Results).await;
    }

    fn tracker(&self, group: Group) -> &TaskTracker {
        match group {
            Group::Turns => &self.turns,
            Group::Sends => &self.sends,
            Group::Results => &self.results,
        }
    }
}
