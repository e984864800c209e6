//! Every task and channel of the program on one page.
//!
//! ```text
//!  pollers (a task a feed)  --+                          bounded: DESK_QUEUE_MAX submissions
//!  /v1.1, acknowledgements  --+--> door (gate) --queue--> desk (one thread: journal, watch, picture)
//!  ticker, or the conductor --+                              |-- receipts, one a submission
//!  rules' folder, pages --> rulebook --(between two steps)-->|
//!                                                            |-- outbox (in the store) --> channels, a task each; live only
//!                                                            |-- picture (one lock, written by the desk alone)
//!                                                            `-- live hub (LIVE_RING_MAX, LIVE_LAG_MAX) --> browsers
//! ```
//! In a replay the conductor takes the place of the pollers and the ticker, and nothing else changes.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use account::Access;
use anyhow::{Context, bail};
use city::Time;
use gate::{Gate, Policy};
use store::NotificationFilter;
use tokio::net::TcpListener;
use tokio::sync::watch as signal;
use tokio::task::JoinHandle;

use crate::basemap::{self, Tiles};
use crate::clock::{Clock, LiveClock, ReplayClock, Stopwatch};
use crate::commands::progress::Progress;
use crate::conductor::{Conductor, Speed};
use crate::config::City;
use crate::desk::{Desk, Rebuilt, rules_kept};
use crate::feeds::Door;
use crate::feeds::poll::{Poller, open311};
use crate::limits::{LAST_ANSWERS, LAST_PAGE_MAX, TICK};
use crate::mqtt;
use crate::notify::{self, Earnest, Watchman};
use crate::replayer::{Replayer, Senders};
use crate::rulebook::Rulebook;
use crate::sensing::Sensing;
use crate::tell::live::Live;
use crate::tell::views::ReplayView;
use crate::tell::{App, Reach, routes};

/// The database in a data folder.
pub const DATABASE: &str = "townbell.sqlite";
/// The basemap in a data folder.
pub const BASEMAP: &str = "basemap.mbtiles";

/// Of so many of the newest calls it is looked, at a start, what became of them.
const NEWEST: usize = 1_000;

/// Where data comes from.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// Live feeds.
    Live,
    /// Recordings.
    Replay {
        /// First instant of the recording.
        origin: Time,
        /// First instant of this replay.
        from: Time,
        /// Last instant.
        to: Time,
        /// How fast.
        speed: Speed,
    },
}

/// How to run a city.
pub struct Options {
    /// The city.
    pub city: City,
    /// Data folder.
    pub data: PathBuf,
    /// Address.
    pub listen: SocketAddr,
    /// Who may ask.
    pub access: Access,
    /// Where data comes from.
    pub source: Source,
}

/// A city that runs.
pub struct Running {
    /// What handlers see.
    pub app: App,
    /// Where it listens.
    pub address: SocketAddr,
    stop: signal::Sender<bool>,
    driver: JoinHandle<anyhow::Result<()>>,
    /// The session with the broker.
    talking: Option<JoinHandle<()>>,
    /// True when everybody was told that the desk has ended for good; `None` where nobody is.
    paged: Option<signal::Receiver<bool>>,
    server: JoinHandle<std::io::Result<()>>,
    desk: std::thread::JoinHandle<()>,
    /// Stops when it is dropped.
    _replayer: Option<Replayer>,
    _lock: std::fs::File,
}

/// The runtime: as many workers as there are cores, at least two, so that one long answer does not hold up the rest.
///
/// # Errors
/// When the system gives no threads.
pub fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

/// Starts a city: the store, the desk, the pages, then its feeds.
///
/// # Errors
/// When the data folder is in use or unreadable, the address is taken, or the basemap cannot be built.
pub async fn start(options: Options) -> anyhow::Result<Running> {
    let Options { mut city, data, listen, access, source } = options;
    let progress = Progress::new();
    let lock = lock(&data)?;
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("{listen} cannot be listened at; is something else running there?"))?;
    let address = listener.local_addr()?;
    let tiles = open_tiles(&city, &data, &progress)?;
    if data.join(DATABASE).exists() {
        progress.at("Reading what is stored", 0, 1);
    }
    let store = store::Store::open(&data.join(DATABASE))?;
    let (clock, replay_clock, resume) = clock_for(source, &store)?;
    let begins = store.read().last_received()?.is_none();
    let replayer = match source {
        Source::Live => None,
        Source::Replay { .. } => Some(Replayer::start(Arc::clone(&clock), &city).await?),
    };
    if let Some(replayer) = &replayer {
        for feed in &mut city.feeds {
            feed.url = replayer.url(&feed.contract).or(feed.url.take());
        }
    }
    city.run_despite(|| rules_kept(&store), &data);
    let rules = std::mem::take(&mut city.rules);
    let in_force = Arc::new(rules.clone());
    let city = Arc::new(city);
    let live = Arc::new(Live::new(u64::try_from(LiveClock.now().ms()).unwrap_or_default()));
    let readers = store.readers();
    let sensing = Arc::new(Sensing::open(&city, store.read())?);
    let gate = Gate::new(policy(&city))?;
    sensing.tell_gate(&gate);
    let Rebuilt { desk, thread, picture, timetables } = Desk::start(store, &city, rules, &live, resume)?;
    let rulebook = Arc::new(Rulebook::new(Arc::clone(&city), in_force, desk.clone(), Arc::clone(&live)));
    let door = Arc::new(Door::new(gate, desk, Arc::clone(&clock), timetables));
    let app = App::from(Reach {
        city: Arc::clone(&city),
        rulebook: Arc::clone(&rulebook),
        picture,
        live: Arc::clone(&live),
        door: Arc::clone(&door),
        sensing,
        broker: broker(&city, source, &*clock),
        readers,
        clock: Arc::clone(&clock),
        access,
        tiles,
        replay: replay_view(&city, source),
        called: Arc::default(),
        running: Stopwatch::start(),
    });
    let (stop, stopped) = signal::channel(false);
    tokio::spawn(rulebook.follow(stopped.clone()));
    let (router, _) = routes::build(&app);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let mut leave = stopped.clone();
    let server = tokio::spawn(async move {
        // Live connections never end by themselves, so the listener is dropped rather than drained.
        tokio::select! {
            served = axum::serve(listener, service) => served,
            _ = leave.wait_for(|stop| *stop) => Ok(()),
        }
    });
    progress.done();
    let talking = talk(&app, address, &stopped);
    let paged = call(&app, source, &stopped)?;
    let poller = Arc::new(Poller::new(Arc::clone(&city), Arc::clone(&door), &data)?);
    let driver = match (source, replay_clock) {
        (Source::Replay { origin, from, to, speed }, Some(clock)) => {
            let senders = Senders::read(&city)?;
            let conductor = Conductor { city, door, poller, clock, senders, own: address, live, origin, from, speed };
            tokio::spawn(async move { conductor.run(resume, to, stopped).await.map(|_| ()) })
        }
        _ => tokio::spawn(async move {
            if begins {
                begin_watch(&city, &door).await?;
            }
            drive_live(city, door, poller, stopped).await
        }),
    };
    Ok(Running { app, address, stop, driver, talking, paged, server, desk: thread, _replayer: replayer, _lock: lock })
}

/// Where to count what the city's broker brings and takes, where it has one. A replay talks to nobody.
fn broker(city: &City, source: Source, clock: &dyn Clock) -> Option<Arc<mqtt::Counters>> {
    let talks = city.mqtt.is_some() && matches!(source, Source::Live);
    talks.then(|| Arc::new(mqtt::Counters::new(clock.now())))
}

/// The session with the city's broker, where it talks to one: what is sent there comes in like a POST, and what is
/// durable is told there.
fn talk(app: &App, address: SocketAddr, stopped: &signal::Receiver<bool>) -> Option<JoinHandle<()>> {
    let (config, counters) = app.city.mqtt.clone().zip(app.broker.clone())?;
    let clock = Arc::clone(&app.clock);
    let outbox = mqtt::Outbox::new(Arc::clone(&counters));
    let base = app.city.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
    let town = mqtt::town::Town {
        sensing: Arc::clone(&app.sensing),
        door: Arc::clone(&app.door),
        readers: app.readers.clone(),
        base: format!("{}/v1.1", base.trim_end_matches('/')).into(),
    };
    tokio::spawn(town.clone().tell(outbox.clone()));
    let session = mqtt::Session {
        config,
        inbox: Arc::new(town),
        outbox,
        counters,
        seed: u64::from(std::process::id()),
        now: Arc::new(move || clock.now()),
    };
    Some(tokio::spawn(mqtt::run(session, stopped.clone())))
}

/// Those who call: the outbox's senders, the heartbeat and the watchman. Only where the city is run in earnest.
fn call(app: &App, source: Source, stopped: &signal::Receiver<bool>) -> anyhow::Result<Option<signal::Receiver<bool>>> {
    let Some(earnest) = Earnest::of(source, &app.city) else { return Ok(None) };
    let mut called = Vec::new();
    let mut senders = None;
    if let Some(oncall) = &app.city.oncall {
        let all = Arc::new(notify::Senders::new(earnest, oncall.channels(), &app.city, &app.live)?);
        let delivering = notify::Delivering {
            senders: Arc::clone(&all),
            readers: app.readers.clone(),
            door: Arc::clone(&app.door),
            counters: Arc::clone(&app.called),
        };
        app.called.begin(oncall.channels(), &app.readers.get()?.notifications(&NotificationFilter::default(), NEWEST)?);
        tokio::spawn(notify::deliver(delivering, stopped.clone()));
        if let Some(heartbeat) = oncall.heartbeat().cloned() {
            let (folder, desk) = (app.city.folder.clone(), app.desk().clone());
            tokio::spawn(notify::beat(earnest, heartbeat, folder, desk, stopped.clone()));
        }
        called = notify::paged(oncall);
        senders = Some(all);
    }
    let watchman = Watchman {
        desk: app.desk().clone(),
        clock: Arc::clone(&app.clock),
        live: Arc::clone(&app.live),
        readers: app.readers.clone(),
        senders,
        pages: called,
    };
    let (last, paged) = signal::channel(false);
    tokio::spawn(watchman.watch(last, stopped.clone()));
    Ok(Some(paged))
}

/// One program a data folder.
fn lock(data: &Path) -> anyhow::Result<std::fs::File> {
    std::fs::create_dir_all(data).with_context(|| format!("{} cannot be made", data.display()))?;
    let path = data.join("lock");
    let file = std::fs::File::create(&path).with_context(|| format!("{} cannot be written", path.display()))?;
    if file.try_lock().is_err() {
        bail!("{} is in use by another townbell; stop that one, or use another folder with --data", data.display());
    }
    Ok(file)
}

fn open_tiles(city: &City, data: &Path, progress: &Progress) -> anyhow::Result<Option<Arc<Tiles>>> {
    let Some(source) = &city.basemap else { return Ok(None) };
    let path = data.join(BASEMAP);
    basemap::build(&source.osm, &source.lake, city.bbox, &path, &|what, done, all| progress.at(what, done, all))
        .context("the basemap could not be built")?;
    Ok(Some(Arc::new(Tiles::open(&path)?)))
}

type Clocks = (Arc<dyn Clock>, Option<Arc<ReplayClock>>, Time);

/// The clock, and the instant to begin at: a replay goes on where its journal ends.
fn clock_for(source: Source, store: &store::Store) -> anyhow::Result<Clocks> {
    let last = store.read().last_received()?.map(|(_, received)| received);
    match source {
        Source::Live => Ok((Arc::new(LiveClock), None, LiveClock.now())),
        Source::Replay { from, to, .. } => {
            if let Some(last) = last.filter(|last| *last < from || *last > to + TICK) {
                bail!(
                    "this data folder holds a replay that stands at {last}, outside {from} to {to}; use another folder with --data"
                );
            }
            let resume = last.unwrap_or(from).max(from);
            let clock = Arc::new(ReplayClock::new(resume));
            Ok((Arc::clone(&clock) as Arc<dyn Clock>, Some(clock), resume))
        }
    }
}

/// What the gate judges by, from the city's configuration.
pub fn policy(city: &City) -> Policy {
    // A degree around the map: trains and warnings reach beyond what is drawn.
    let bounds = city::BoundingBox {
        west: (city.bbox.west - 1.0).max(-180.0),
        south: (city.bbox.south - 1.0).max(-90.0),
        east: (city.bbox.east + 1.0).min(180.0),
        north: (city.bbox.north + 1.0).min(90.0),
    };
    let timetables = city.feeds.iter().filter_map(|feed| Some((feed.contract.feed.clone(), feed.timetable.clone()?)));
    let asked = city.feeds.iter().filter(|feed| !feed.services.is_empty());
    let services = asked.map(|feed| (feed.contract.feed.clone(), feed.services.iter().cloned().collect()));
    Policy {
        contracts: city.contracts(),
        observed_properties: city.observed_properties.clone(),
        datastreams: city.datastreams.clone(),
        bounds,
        depots: city.depots.clone(),
        roles: city.roles.clone(),
        timetable_of: timetables.collect(),
        services: services.collect(),
        timezone: city.timezone.clone(),
        desks: Vec::new(),
        sandbox: city.sandbox,
    }
}

fn replay_view(city: &City, source: Source) -> Option<ReplayView> {
    let Source::Replay { from, to, speed, .. } = source else { return None };
    let day = from.timestamp().to_zoned(city.zone.clone()).strftime("%-d %B %Y");
    let label = match speed {
        Speed::FULL => format!("Replay from {day}, as fast as it goes"),
        Speed(times) => format!("Replay from {day}, {times} times"),
    };
    Some(ReplayView { from, to, speed: speed.0, label })
}

/// The ticks of the watch begin with the first entry of the journal. A feed that is sent to us and never speaks would
/// never make one, so a journal begins by noting that nothing has come from it yet.
async fn begin_watch(city: &City, door: &Door) -> anyhow::Result<()> {
    for feed in city.feeds.iter().filter(|feed| feed.contract.kind == city::FeedKind::SensorThings) {
        let id = &feed.contract.feed;
        let silent = door.gate.beat(id, false, door.clock.now())?;
        door.desk.submit(id.clone(), silent).await?.durable().await?;
    }
    Ok(())
}

/// Live feeds: a task a feed, and the ticker. Ends when told to stop.
async fn drive_live(
    city: Arc<City>,
    door: Arc<Door>,
    poller: Arc<Poller>,
    mut stopped: signal::Receiver<bool>,
) -> anyhow::Result<()> {
    for feed in city.feeds.iter().filter(|feed| feed.contract.kind == city::FeedKind::Gtfs) {
        // Timetables first: the others are judged by them.
        let admission = poller.ask(feed).await?;
        door.desk.submit(feed.contract.feed.clone(), admission).await?.durable().await?;
    }
    let mut tasks = tokio::task::JoinSet::new();
    for feed in city.feeds.iter().filter(|feed| feed.poll_every.is_some()) {
        let (feed, door, poller) = (feed.clone(), Arc::clone(&door), Arc::clone(&poller));
        tasks.spawn(async move {
            let every =
                std::time::Duration::from_millis(feed.poll_every.map_or(60_000, |every| every.as_ms().unsigned_abs()));
            let mut beat = tokio::time::interval(every);
            beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                match feed.poll_every.filter(|_| feed.contract.kind == city::FeedKind::Open311) {
                    Some(every) => open311::until_next_poll(every, door.clock.as_ref()).await,
                    None => {
                        beat.tick().await;
                    }
                }
                let admission = poller.ask(&feed).await?;
                door.desk.submit(feed.contract.feed.clone(), admission).await?.durable().await?;
            }
        });
    }
    tasks.spawn(async move {
        let mut beat = tokio::time::interval(std::time::Duration::from_secs(1));
        loop {
            beat.tick().await;
            door.desk.tick(door.clock.now()).await?;
        }
    });
    tokio::select! {
        ended = tasks.join_next() => match ended {
            Some(Ok(result)) => result,
            Some(Err(error)) => Err(error.into()),
            None => Ok(()),
        },
        _ = stopped.wait_for(|stop| *stop) => Ok(()),
    }
}

/// Runs until Ctrl+C or SIGTERM, or until the desk stops.
///
/// # Errors
/// What ended it, when it was not asked to end.
pub async fn until_stopped(mut running: Running) -> anyhow::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let asked = async {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
    };
    tokio::pin!(asked);
    let desk = running.app.desk().clone();
    let ended = tokio::select! {
        () = &mut asked => None,
        ended = &mut running.driver => Some(ended),
        why = desk.failure() => return Err(failed(&why, running.paged).await),
    };
    match ended {
        // A replay that came to its end goes on showing its last minute.
        Some(Ok(Ok(()))) => tokio::select! {
            () = asked => {}
            why = desk.failure() => return Err(failed(&why, running.paged).await),
        },
        Some(ended) => driven(&desk, ended, running.paged.clone()).await?,
        None => {}
    }
    finish(running).await
}

/// Runs a replay to its end.
///
/// # Errors
/// What ended it early.
pub async fn until_replayed(mut running: Running) -> anyhow::Result<()> {
    let ended = (&mut running.driver).await;
    driven(running.app.desk(), ended, running.paged.clone()).await?;
    finish(running).await
}

async fn finish(running: Running) -> anyhow::Result<()> {
    let Running { app, stop, driver, talking, paged, server, desk, _replayer, _lock, .. } = running;
    // Nobody may listen any more; that is what stopping means.
    let _nobody = stop.send(true);
    if !driver.is_finished() {
        driven(app.desk(), driver.await, paged.clone()).await?;
    }
    if let Some(talking) = talking {
        // What the broker has given us is answered before the desk goes; the rest it keeps.
        talking.await?;
    }
    app.desk().stop().await;
    server.abort();
    tokio::task::spawn_blocking(move || desk.join())
        .await?
        .map_err(|_| anyhow::anyhow!("the desk ended in disorder"))?;
    if app.desk().failed() { Err(failed(&app.desk().failure().await, None).await) } else { Ok(()) }
}

/// How the driver ended. When the desk failed, that is the reason, whichever way the driver came to hear of it.
async fn driven(
    desk: &Desk,
    ended: Result<anyhow::Result<()>, tokio::task::JoinError>,
    paged: Option<signal::Receiver<bool>>,
) -> anyhow::Result<()> {
    let Err(error) = ended? else { return Ok(()) };
    match tokio::time::timeout(LAST_ANSWERS, desk.failure()).await {
        Ok(why) => Err(failed(&why, paged).await),
        Err(_) => Err(error),
    }
}

/// What is said at the end of a program whose store failed. Waits a moment, so that whoever sent something just now
/// still hears that it is not kept, and until the duty officer was told, where somebody is.
async fn failed(why: &str, paged: Option<signal::Receiver<bool>>) -> anyhow::Error {
    let told = async {
        if let Some(mut paged) = paged {
            // An error: the watchman has gone, and there is nothing to wait for.
            let _gone = tokio::time::timeout(LAST_PAGE_MAX, paged.wait_for(|told| *told)).await;
        }
    };
    tokio::join!(tokio::time::sleep(LAST_ANSWERS), told);
    anyhow::anyhow!(
        "{why}. Townbell ends here, so as not to acknowledge what it cannot keep. All that it acknowledged before is \
         on the disk, and nothing was tried again. See what the system's log says about the disk, then start it anew."
    )
}
