//! The watcher at the desk: the pure engine of `watch`, its state, and what it did since that was last saved.

use std::sync::Arc;

use city::record::Entry;
use city::{Alert, AlertChange, AlertId, FeedId, Record, RuleId, Seq, Time, Timetable};
use store::{Store, StoreError, WatchPosition, WatchStep};
use watch::action::{commented, on_one_long_over};
use watch::kept::{FORM, Keeps, Kept, RuleText};
use watch::standing::TruthNow;
use watch::{Context, Done, Rule, State};

use crate::config::City;
use crate::limits::SNAPSHOT_EVERY_SEQ;
use crate::tell::calls::Calls;

/// Why a snapshot cannot be gone on from.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotKept {
    /// It was written by another version of the program.
    #[error("the watch was kept in form {0}, and this program reads form {FORM}")]
    Form(u32),
    /// It is no snapshot.
    #[error("what was kept of the watch cannot be read: {0}")]
    Broken(#[from] postcard::Error),
}

pub(super) struct Watcher {
    context: Context,
    state: State,
    position: Option<WatchPosition>,
    steps: Vec<WatchStep>,
    /// What roles wrote about alerts that only the store remembers, each with its place in `steps`.
    comments: Vec<Comment>,
    snapshot_seq: u64,
}

struct Comment {
    step: usize,
    alert: AlertId,
    role: String,
    text: String,
    at: Time,
}

fn read(snapshot: &[u8]) -> Result<Kept, NotKept> {
    let (form, rest) = postcard::take_from_bytes::<u32>(snapshot)?;
    if form == FORM { Ok(postcard::from_bytes(rest)?) } else { Err(NotKept::Form(form)) }
}

/// The rules that were in force when the program last ran; none where nobody can say.
pub(super) fn rules_kept(store: &Store) -> Vec<RuleText> {
    // A store that cannot be read is found out, and said, by the rebuild.
    let known = store.read().watch_state().ok().flatten().and_then(|known| known.snapshot);
    known.and_then(|(_, snapshot)| read(&snapshot).ok()).map(|kept| kept.rules).unwrap_or_default()
}

impl Watcher {
    pub(super) fn new(city: &City, rules: Vec<Rule>) -> Self {
        let context = Context::new(city.parts(rules));
        Self {
            context,
            state: State::default(),
            position: None,
            steps: Vec::new(),
            comments: Vec::new(),
            snapshot_seq: 0,
        }
    }

    /// Goes on from a snapshot; gives the rules that were in force after it.
    pub(super) fn restore(&mut self, position: WatchPosition, snapshot: &[u8]) -> Result<Vec<RuleText>, NotKept> {
        let Kept { rules, state } = read(snapshot)?;
        self.state = state;
        self.position = Some(position);
        self.snapshot_seq = position.seq.0;
        Ok(rules)
    }

    /// Whether these rules are in force.
    pub(super) fn has_rules(&self, texts: &[RuleText]) -> bool {
        self.context.has_rules(texts)
    }

    /// Other rules: the next step moves the state over to them, as it does after a start with other rules. Gives what
    /// was before.
    pub(super) fn adopt(&mut self, mut context: Context) -> Context {
        context.take_timetables(&self.context);
        std::mem::replace(&mut self.context, context)
    }

    /// After another version of the program went over the whole journal: `told` are the alerts that stand as far as
    /// people know.
    pub(super) fn settle(&mut self, told: Vec<Alert>, now: Time) {
        let changes = watch::settle(&self.state, told, now);
        let seq = self.position.map_or(Seq(0), |position| position.seq);
        self.done(WatchPosition { seq, time: now }, Done { changes, notifications: Vec::new() });
    }

    pub(super) fn timetable(&mut self, feed: &FeedId, tables: &Arc<Timetable>) {
        self.context.set_timetable(feed.clone(), Arc::clone(tables));
    }

    /// Steps over one row of the journal, with the ticks of the grid before it.
    pub(super) fn row(&mut self, seq: Seq, received: Time, feed: &FeedId, records: Vec<Record>) {
        let comments: Vec<Comment> = records.iter().filter_map(|record| self.comment(record, received)).collect();
        let entry = |record| Entry { feed: feed.clone(), received, record };
        let entries: Vec<Entry> = records.into_iter().map(entry).collect();
        let done = watch::run_with_calls(&mut self.state, &self.context, &entries, None);
        self.done(WatchPosition { seq, time: received }, done);
        self.comments.extend(comments.into_iter().map(|comment| Comment { step: self.steps.len() - 1, ..comment }));
    }

    fn comment(&self, record: &Record, at: Time) -> Option<Comment> {
        let Record::DeskAction(action) = record else { return None };
        let (alert, text) = on_one_long_over(&self.state, action)?;
        Some(Comment { step: 0, alert: alert.clone(), role: action.role.clone(), text: text.to_owned(), at })
    }

    /// Time has come to `now`: the ticks of the grid until then.
    pub(super) fn tick(&mut self, now: Time) {
        let done = watch::run_with_calls(&mut self.state, &self.context, [], Some(now));
        let seq = self.position.map_or(Seq(0), |position| position.seq);
        self.done(WatchPosition { seq, time: now }, done);
    }

    fn done(&mut self, position: WatchPosition, done: Done) {
        self.position = Some(position);
        let Done { changes, notifications } = done;
        if changes.is_empty() && notifications.is_empty() {
            // Only the newest position without changes is worth keeping.
            let empty = |last: &&mut WatchStep| last.changes.is_empty() && last.notifications.is_empty();
            if let Some(last) = self.steps.last_mut().filter(empty) {
                last.position = position;
                return;
            }
        }
        self.steps.push(WatchStep { position, changes, notifications });
    }

    /// What is kept quiet, and who is called.
    pub(super) fn calls(&self, roles: &[String]) -> Calls {
        let now = self.now().or(self.state.now()).unwrap_or_default();
        Calls::of(self.state.notify(), &self.context.calls(), roles, now)
    }

    /// What every rule makes of what it looks at now.
    pub(super) fn truths(&self) -> Vec<(RuleId, TruthNow)> {
        watch::standing::truths(&self.state, &self.context)
    }

    /// Whether it is time for a snapshot. The first comes with the first entry, as it keeps the rules, too.
    pub(super) fn is_due(&self) -> bool {
        let seq = self.position.map_or(0, |position| position.seq.0);
        seq > 0 && (self.snapshot_seq == 0 || seq.saturating_sub(self.snapshot_seq) > SNAPSHOT_EVERY_SEQ)
    }

    /// The newest entry that is in the last snapshot.
    pub(super) fn covered(&self) -> Seq {
        Seq(self.snapshot_seq)
    }

    pub(super) fn position(&self) -> Option<WatchPosition> {
        self.position
    }

    pub(super) fn now(&self) -> Option<Time> {
        self.position.map(|position| position.time)
    }

    /// Keeps what happened, with a snapshot when asked. Gives the changes that were not kept before. Without changes
    /// and without a snapshot nothing is written: the position alone is found again by stepping.
    pub(super) fn save(&mut self, store: &mut Store, snapshot: bool) -> Result<Vec<AlertChange>, StoreError> {
        for Comment { step, alert, role, text, at } in self.comments.drain(..) {
            // The gate has taken it, so there was such an alert; it can have been erased with its year.
            if let (Some(alert), Some(step)) = (store.read().alert(&alert)?, self.steps.get_mut(step)) {
                step.changes.push(commented(&alert.into(), &role, &text, at));
            }
        }
        let idle = |step: &WatchStep| step.changes.is_empty() && step.notifications.is_empty();
        if !snapshot && self.steps.iter().all(idle) {
            return Ok(Vec::new());
        }
        let keeps = || postcard::to_stdvec(&(FORM, Keeps::new(&self.context, &self.state))).ok();
        let bytes = if snapshot { keeps() } else { None };
        if let (Some(_), Some(position)) = (&bytes, self.position) {
            self.snapshot_seq = position.seq.0;
            if self.steps.is_empty() {
                self.steps.push(WatchStep { position, changes: Vec::new(), notifications: Vec::new() });
            }
        }
        let new = store.save_watch(&self.steps, bytes.as_deref())?;
        self.steps.clear();
        Ok(new)
    }
}
