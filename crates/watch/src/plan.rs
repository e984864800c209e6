//! What the rules come to: which cell takes the readings of which series. Made once from the rules and the city, and
//! cut into shards that share nothing, so that cores can work side by side.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;

use city::{Datastream, DatastreamId, FeedId, RuleId, Span};
use serde::{Deserialize, Serialize};

use crate::combined::Looks;
use crate::figure::{Against, Figure};
use crate::rule::{Absence, Kind, OnFigure, Rise, Rule, Side, Voice};

/// Shards: more than the cores of any machine that a city buys, so that each core finds work; always the same, so
/// that a snapshot of one machine is read by another.
pub(crate) const SHARDS: usize = 16;

/// A series that the city knows.
#[derive(Clone, Debug)]
pub(crate) struct SeriesPlan {
    pub(crate) id: DatastreamId,
    pub(crate) beat: Span,
    /// The shortest silence that anybody may notice: its beat, or an earlier `after` of a rule.
    pub(crate) gap: Span,
    pub(crate) feed: FeedId,
    /// Where its cells begin and end in the shard.
    cells: (u32, u32),
    /// Cells of the shard for which it is the forecast.
    pub(crate) forecast_of: Box<[u32]>,
}

impl SeriesPlan {
    /// Its cells in the shard, in the order of their rules.
    pub(crate) fn cells(&self) -> Range<u32> {
        self.cells.0..self.cells.1
    }
}

/// What a cell looks for.
#[derive(Clone, Debug)]
pub(crate) enum Look {
    /// A figure on a side of a line.
    Figure { figure: Figure, open: Side, close: Side },
    /// A rise that will reach a level.
    Rise(Arc<Rise>),
}

/// For what a cell looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Part {
    /// For a rule, on this series as its subject.
    Subject,
    /// For a rule with a guard: what it sees is judged together with the guard.
    Guarded,
    /// For a condition of a combined rule, by its place.
    Condition(u16),
    /// For a guard that asks for its newest reading.
    Input,
}

/// One rule, or one condition of one, on one series. Small, because a reading goes through it: what is the same for all
/// series of a rule is in [`Wish`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct CellPlan {
    /// Place in the wishes of the shard.
    pub(crate) wish: u32,
    /// Place in the series of the shard.
    pub(crate) series: u32,
}

/// What one rule, or one condition of one, looks for on each of its series.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// Place in the rules.
    pub(crate) rule: u32,
    pub(crate) part: Part,
    pub(crate) look: Look,
    pub(crate) open_for: Span,
    pub(crate) close_for: Span,
    /// Whether its severity changes with time.
    pub(crate) steps: bool,
    /// Whether what flaps is held open.
    pub(crate) damped: bool,
}

impl Wish {
    fn place(&self, series: u32) -> CellPlace {
        let figure = match &self.look {
            Look::Figure { figure: Figure::Tumbling { statistic, window }, .. } => {
                fingerprint(&(*statistic as u8, *window))
            }
            Look::Figure { figure: Figure::Deviation { against: Against::Forecast(id), .. }, .. } => fingerprint(id),
            _ => 0,
        };
        CellPlace { rule: self.rule, part: self.part, series, figure }
    }
}

/// Half of a SipHash with fixed keys.
fn fingerprint(of: &impl Hash) -> u32 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    u32::try_from(hasher.finish() >> 32).unwrap_or_default()
}

/// One shard.
#[derive(Clone, Debug, Default)]
pub(crate) struct ShardPlan {
    pub(crate) series: Vec<SeriesPlan>,
    /// In the order of the rules.
    pub(crate) wishes: Vec<Wish>,
    /// In the order of their series, and there of the rules: what one reading touches lies together.
    pub(crate) cells: Vec<CellPlan>,
    /// Cells whose figure is over when the feed's time says so, by feed, and by the length of the stretch and the beat of
    /// the series; in order.
    pub(crate) tumbling: BTreeMap<FeedId, BTreeMap<(Span, Span), Vec<u32>>>,
}

impl ShardPlan {
    /// A cell, with what it looks for.
    #[inline]
    pub(crate) fn cell(&self, place: u32) -> Option<(&Wish, CellPlan)> {
        let cell = self.cells.get(place as usize)?;
        Some((self.wishes.get(cell.wish as usize)?, *cell))
    }

    /// The cells of a series, each with its place.
    pub(crate) fn cells_of(&self, series: &SeriesPlan) -> impl Iterator<Item = (u32, &Wish)> {
        series.cells().filter_map(|place| Some((place, self.cell(place)?.0)))
    }

    fn places(&self) -> Vec<CellPlace> {
        let place = |cell: &CellPlan| Some(self.wishes.get(cell.wish as usize)?.place(cell.series));
        self.cells.iter().filter_map(place).collect()
    }

    /// Adds a cell for a series. Cells are where they are to be after [`Self::settle`].
    fn add(&mut self, series: u32, wish: &Wish) {
        if self.wishes.last().is_none_or(|last| (last.rule, last.part) != (wish.rule, wish.part)) {
            self.wishes.push(wish.clone());
        }
        let wish = u32::try_from(self.wishes.len() - 1).unwrap_or(u32::MAX);
        self.cells.push(CellPlan { wish, series });
    }

    /// Puts the cells in their order, and notes where they are. `forecast` tells the place of a series in its shard.
    fn settle(&mut self, forecast: impl Fn(DatastreamId) -> Option<u32>) {
        self.cells.sort_by_key(|cell| cell.series);
        let mut forecasts: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (place, cell) in (0..).zip(&self.cells) {
            let wish = self.wishes.get(cell.wish as usize);
            let (Some(wish), Some(series)) = (wish, self.series.get_mut(cell.series as usize)) else { continue };
            if series.cells.1 == 0 {
                series.cells.0 = place;
            }
            series.cells.1 = place + 1;
            match &wish.look {
                Look::Figure { figure: Figure::Tumbling { window, .. }, .. } => {
                    let of_feed = self.tumbling.entry(series.feed.clone()).or_default();
                    of_feed.entry((*window, series.beat)).or_default().push(place);
                }
                // The roots put both into one shard.
                Look::Figure { figure: Figure::Deviation { against: Against::Forecast(id), .. }, .. } => {
                    forecasts.entry(forecast(*id).unwrap_or(u32::MAX)).or_default().push(place);
                }
                _ => {}
            }
        }
        for (series, cells) in forecasts {
            if let Some(series) = self.series.get_mut(series as usize) {
                series.forecast_of = cells.into();
            }
        }
    }
}

/// Where a series is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct SeriesSlot {
    pub(crate) shard: u8,
    pub(crate) series: u32,
}

/// Ids below this are looked up by their place: ids are given one after the other, so a city's are, in 8 MiB at most.
const NEAR_MAX: u32 = 1 << 20;
/// No series.
const NOWHERE: SeriesSlot = SeriesSlot { shard: u8::MAX, series: u32::MAX };

/// Where each series is, by the id of its datastream.
#[derive(Clone, Debug, Default)]
struct Slots {
    near: Vec<SeriesSlot>,
    far: BTreeMap<DatastreamId, SeriesSlot>,
}

impl Slots {
    #[inline]
    fn get(&self, id: DatastreamId) -> Option<SeriesSlot> {
        if id.0 < NEAR_MAX {
            return self.near.get(id.0 as usize).copied().filter(|slot| *slot != NOWHERE);
        }
        self.far.get(&id).copied()
    }

    fn set(&mut self, id: DatastreamId, slot: SeriesSlot) {
        if id.0 >= NEAR_MAX {
            self.far.insert(id, slot);
            return;
        }
        let place = id.0 as usize;
        if self.near.len() <= place {
            self.near.resize(place + 1, NOWHERE);
        }
        if let Some(known) = self.near.get_mut(place) {
            *known = slot;
        }
    }
}

/// The whole plan.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) shards: Vec<ShardPlan>,
    slots: Slots,
    /// What a state was made for; another one has to be moved over.
    pub(crate) layout: Layout,
}

/// Which cell is whose, so that a state can be moved from one set of rules to another.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Layout {
    /// A fingerprint of all below and of the beats.
    pub(crate) fingerprint: u64,
    pub(crate) rules: Vec<(RuleId, Arc<str>)>,
    /// The series of each shard.
    pub(crate) series: Vec<Vec<DatastreamId>>,
    /// The cells of each shard.
    pub(crate) cells: Vec<Vec<CellPlace>>,
}

/// Whose a cell is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct CellPlace {
    /// Place in the rules.
    pub(crate) rule: u32,
    pub(crate) part: Part,
    /// Place in the series of the shard.
    pub(crate) series: u32,
    /// A fingerprint of what its figure is worked out from, where a memory of one means nothing to another.
    pub(crate) figure: u32,
}

impl Plan {
    pub(crate) fn new(rules: &[Rule], datastreams: &BTreeMap<DatastreamId, Datastream>) -> Self {
        let mut plan = Self { shards: vec![ShardPlan::default(); SHARDS], ..Self::default() };
        let (roots, silences) = (forecast_roots(rules), shortest_silences(rules));
        for stream in datastreams.values() {
            let root = roots.get(&stream.id).copied().unwrap_or(stream.id);
            let at = root.0 as usize % SHARDS;
            let Some(shard) = plan.shards.get_mut(at) else { continue };
            let series = u32::try_from(shard.series.len()).unwrap_or(u32::MAX);
            let voices = [Voice::Datastream(stream.id), Voice::Thing(stream.thing)];
            let asked = voices.iter().filter_map(|voice| silences.get(voice).copied());
            plan.slots.set(stream.id, SeriesSlot { shard: u8::try_from(at).unwrap_or_default(), series });
            shard.series.push(SeriesPlan {
                id: stream.id,
                beat: stream.beat,
                gap: asked.fold(stream.beat, Ord::min),
                feed: stream.feed.clone(),
                cells: (0, 0),
                forecast_of: Box::default(),
            });
        }
        for (place, rule) in (0..).zip(rules) {
            plan.add_rule(place, rule);
        }
        let slots = &plan.slots;
        for shard in &mut plan.shards {
            shard.settle(|id| slots.get(id).map(|slot| slot.series));
        }
        plan.layout = plan.lay_out(rules);
        plan
    }

    /// Where a series is; `None` for one that no configuration names.
    pub(crate) fn slot(&self, id: DatastreamId) -> Option<SeriesSlot> {
        self.slots.get(id)
    }

    pub(crate) fn series(&self, slot: SeriesSlot) -> Option<&SeriesPlan> {
        self.shards.get(usize::from(slot.shard))?.series.get(slot.series as usize)
    }

    fn add_rule(&mut self, place: u32, rule: &Rule) {
        let part = if rule.guard.is_some() { Part::Guarded } else { Part::Subject };
        self.add_kind(place, rule, &rule.kind, part);
        if let Kind::Combined(combined) = &rule.kind {
            for (condition, at) in combined.conditions.iter().zip(0..) {
                if let Looks::At(kind) = &condition.looks {
                    self.add_kind(place, rule, kind, Part::Condition(at));
                }
            }
        }
        for (_, input) in rule.guard.iter().flat_map(|guard| &guard.inputs) {
            let side = Side::Above(0.0);
            let wish = Wish {
                rule: place,
                part: Part::Input,
                look: Look::Figure { figure: Figure::Last, open: side, close: side },
                open_for: Span::default(),
                close_for: Span::default(),
                steps: false,
                damped: true,
            };
            self.add_cell(*input, &wish);
        }
    }

    fn add_kind(&mut self, rule_place: u32, rule: &Rule, kind: &Kind, part: Part) {
        let (look, open_for, close_for) = match kind {
            Kind::Figure(OnFigure { figure, open, close, open_for, close_for, .. }) => {
                (Look::Figure { figure: *figure, open: *open, close: *close }, *open_for, *close_for)
            }
            Kind::Rise(rise) => (Look::Rise(Arc::new(rise.clone())), rise.open_for, rise.close_for),
            Kind::Absence(_)
            | Kind::Warning(_)
            | Kind::Trip(_)
            | Kind::Zone(_)
            | Kind::Fence(_)
            | Kind::Headway(_)
            | Kind::Requests(_)
            | Kind::Combined(_) => return,
        };
        let steps = !rule.severity_steps.is_empty();
        let wish = Wish { rule: rule_place, part, look, open_for, close_for, steps, damped: rule.damped };
        for datastream in kind.datastreams() {
            self.add_cell(*datastream, &wish);
        }
    }

    fn add_cell(&mut self, datastream: DatastreamId, wish: &Wish) {
        let Some(slot) = self.slot(datastream) else { return };
        if let Some(shard) = self.shards.get_mut(usize::from(slot.shard)) {
            shard.add(slot.series, wish);
        }
    }

    fn lay_out(&self, rules: &[Rule]) -> Layout {
        let mut layout = Layout {
            fingerprint: 0,
            rules: rules.iter().map(|rule| (rule.id.clone(), rule.version.clone())).collect(),
            series: self.shards.iter().map(|shard| shard.series.iter().map(|s| s.id).collect()).collect(),
            cells: self.shards.iter().map(ShardPlan::places).collect(),
        };
        // SipHash with fixed keys: the same on every machine of one build, and another one only costs a move.
        let mut hasher = DefaultHasher::new();
        layout.rules.hash(&mut hasher);
        layout.series.hash(&mut hasher);
        layout.cells.hash(&mut hasher);
        for series in self.shards.iter().flat_map(|shard| &shard.series) {
            (series.beat, &series.feed).hash(&mut hasher);
        }
        layout.fingerprint = hasher.finish().max(1);
        layout
    }
}

/// The shortest silence of each voice that a rule rings for, where the rule says one.
fn shortest_silences(rules: &[Rule]) -> BTreeMap<&Voice, Span> {
    let mut shortest = BTreeMap::new();
    for rule in rules {
        let Kind::Absence(Absence { of, after: Some(after), .. }) = &rule.kind else { continue };
        for voice in of {
            shortest.entry(voice).and_modify(|known: &mut Span| *known = (*known).min(*after)).or_insert(*after);
        }
    }
    shortest
}

/// A forecast and what it is a forecast of live in one shard: the first of each such family names it.
fn forecast_roots(rules: &[Rule]) -> BTreeMap<DatastreamId, DatastreamId> {
    let mut roots: BTreeMap<DatastreamId, DatastreamId> = BTreeMap::new();
    let mut join = |kind: &Kind| {
        let Kind::Figure(on) = kind else { return };
        let Figure::Deviation { against: Against::Forecast(forecast), .. } = on.figure else { return };
        let family = on.datastreams.iter().chain([&forecast]).map(|id| roots.get(id).copied().unwrap_or(*id));
        let family: Vec<DatastreamId> = family.collect();
        let Some(root) = family.iter().min().copied() else { return };
        for id in on.datastreams.iter().chain([&forecast]) {
            roots.insert(*id, root);
        }
        for other in roots.values_mut().filter(|other| family.contains(other)) {
            *other = root;
        }
    };
    for rule in rules {
        join(&rule.kind);
        if let Kind::Combined(combined) = &rule.kind {
            for condition in &combined.conditions {
                if let Looks::At(kind) = &condition.looks {
                    join(kind);
                }
            }
        }
    }
    roots
}
