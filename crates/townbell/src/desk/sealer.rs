//! The sealer: a thread that compresses the newest parts of series into chunks, off the way of those who wait for an
//! answer. It hands slices back to the desk, which alone writes.

use std::sync::mpsc as handing;

use store::SealPlan;
use tokio::sync::mpsc;

use super::Message;

/// The desk's side of it.
#[derive(Debug)]
pub(super) struct Sealer {
    plans: handing::Sender<SealPlan>,
}

impl Sealer {
    /// Starts the thread. It ends when the desk does.
    pub(super) fn start(desk: &mpsc::Sender<Message>) -> std::io::Result<Self> {
        // At most one plan is out at a time (`Store::plan_seal`), so the channel holds one at most.
        let (plans, waiting) = handing::channel::<SealPlan>();
        // Weak: the desk stops when nobody else can write to it any more.
        let desk = desk.downgrade();
        let work = move || waiting.into_iter().for_each(|plan| work(plan, &desk));
        std::thread::Builder::new().name("sealer".to_owned()).spawn(work)?;
        Ok(Self { plans })
    }

    /// Hands a plan over.
    pub(super) fn take(&self, plan: SealPlan) {
        // The thread ends only with the desk; a plan that is dropped gives its place back.
        let _gone = self.plans.send(plan);
    }
}

fn work(mut plan: SealPlan, desk: &mpsc::WeakSender<Message>) {
    loop {
        match plan.next_slice() {
            Ok(Some(slice)) => {
                let Some(desk) = desk.upgrade() else { return };
                if desk.blocking_send(Message::Sealed(Box::new(slice))).is_err() {
                    return;
                }
            }
            Ok(None) => return,
            Err(error) => {
                // Nothing is lost: the points stay where they are, and the next plan has them again.
                tracing::error!(%error, "series could not be sealed");
                return;
            }
        }
    }
}
