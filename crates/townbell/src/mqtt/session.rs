//! The session with the broker: one task that connects, serves the connection until it breaks, and comes back. A broker
//! that is away is a feed that is silent; it stops nothing.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use city::Time;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::MqttConfig;
use super::packet::{self, ConnAck, Connect, Decoder, Incoming, Malformed};
use super::publish::{Outbox, Teller};
use super::receive::{Inbox, RECEIVE_MAX, Receiver};
use super::status::{Count, Counters};
use super::transport::{self, Stream, TransportError};

/// Time that a broker has to welcome us.
const WELCOME: Duration = Duration::from_secs(10);
/// Without a packet for so long, in seconds, the broker may give us up; we ask it twice as often.
const KEEP_ALIVE_S: u16 = 30;
/// For how long, in seconds, the broker shall keep what comes while we are away: a week.
const SESSION_KEPT_S: u32 = 7 * 24 * 3_600;
/// The first and the longest wait before the next attempt at a broker that is away.
const ATTEMPT_AGAIN: (Duration, Duration) = (Duration::from_millis(500), Duration::from_mins(1));
/// A connection that lasted so long was a good one: the waits begin anew after it.
const GOOD: Duration = Duration::from_secs(30);
/// Messages of ours that the broker has not acknowledged.
const PUBLISHED_UNSETTLED_MAX: usize = 512;
/// Bytes that wait for the socket before no more messages are made.
const OUT_BYTES_MAX: usize = 256 << 10;
/// Bytes read at once.
const READ_BYTES: usize = 64 << 10;
/// Time for what is on its way to the disk to be acknowledged when the program stops. The rest comes again.
const FAREWELL: Duration = Duration::from_secs(3);

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error("{0}")]
    Transport(#[from] TransportError),
    #[error("{0}")]
    Broken(#[from] std::io::Error),
    #[error("{0}")]
    Malformed(#[from] Malformed),
    #[error("it did not welcome us within {} s", WELCOME.as_secs())]
    NoWelcome,
    #[error("it refused us with MQTT reason 0x{0:02X}")]
    Refused(u8),
    #[error("it ended the connection with MQTT reason 0x{0:02X}")]
    Ended(u8),
    #[error("it closed the connection")]
    Closed,
    #[error("it does not answer any more")]
    Silent,
}

impl Lost {
    /// In a few words, for the status.
    fn words(&self) -> &'static str {
        match self {
            Self::Transport(TransportError::Credentials(_)) => "the credentials file cannot be used",
            Self::Transport(TransportError::Certificates(_)) => "a certificate or key cannot be used",
            Self::Transport(_) => "it cannot be reached",
            Self::Refused(0x86 | 0x87) => "it refused our credentials",
            Self::Refused(_) => "it refused us",
            Self::Ended(0x8E) => "another client took our client id",
            Self::Ended(_) | Self::Broken(_) | Self::Closed => "it ended the connection",
            Self::Malformed(_) => "it does not speak MQTT 5",
            Self::NoWelcome | Self::Silent => "it does not answer",
        }
    }
}

/// Everything that the session needs.
pub struct Session<I> {
    /// Where the broker is.
    pub config: MqttConfig,
    /// Where messages go.
    pub inbox: Arc<I>,
    /// Where updates come from.
    pub outbox: Outbox,
    /// Where is counted.
    pub counters: Arc<Counters>,
    /// The city's time.
    pub now: Arc<dyn Fn() -> Time + Send + Sync>,
    /// For the jitter of attempts, so that a city's programs do not come back all at once.
    pub seed: u64,
}

/// Runs the session until it is told to stop. It never ends by itself.
pub async fn run<I: Inbox>(session: Session<I>, mut stopped: watch::Receiver<bool>) {
    let Session { config, inbox, outbox, counters, now, seed } = session;
    let plain = config.receive_prefix == config.publish_prefix;
    if plain {
        tracing::warn!(
            "receive_prefix and publish_prefix are the same: the broker passes devices' own messages to readers"
        );
    }
    let mut talk = Talk {
        receiver: Receiver::new(inbox, Arc::clone(&counters), &config.receive_prefix, plain),
        sender: Sender::new(Teller::new(&config.publish_prefix, outbox.clone(), &config.topics), Arc::clone(&counters)),
        outbox,
        learn: config.learn_topics,
    };
    let mut waits = Waits { failures: 0, random: seed };
    while !*stopped.borrow() {
        let mut good = false;
        let ended = attempt(&config, &mut talk, &counters, &now, &mut good, &mut stopped).await;
        let Err(lost) = ended else { break };
        if counters.silent(now(), lost.words()) {
            tracing::warn!(why = %lost, "the MQTT broker is silent");
        }
        waits.failures = if good { 0 } else { waits.failures + 1 };
        tokio::select! {
            () = async { talk.receiver.settle().await; sleep(waits.next()).await } => {}
            _ = stopped.wait_for(|stop| *stop) => break,
        }
    }
}

/// How long to wait between attempts.
struct Waits {
    failures: u32,
    random: u64,
}

impl Waits {
    /// Twice as long after each failure, up to a bound, of which between half and all is waited.
    fn next(&mut self) -> Duration {
        // splitmix64
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let part = f64::from(u16::try_from((mixed ^ (mixed >> 31)) >> 48).unwrap_or_default()) / f64::from(u16::MAX);
        let longest = (ATTEMPT_AGAIN.0 * 2_u32.pow(self.failures.min(10))).min(ATTEMPT_AGAIN.1);
        longest.mul_f64(0.5 + part / 2.0)
    }
}

/// Connects and serves. Ok when the program stops.
async fn attempt<I: Inbox>(
    config: &MqttConfig,
    talk: &mut Talk<I>,
    counters: &Counters,
    now: &Arc<dyn Fn() -> Time + Send + Sync>,
    good: &mut bool,
    stopped: &mut watch::Receiver<bool>,
) -> Result<(), Lost> {
    let welcomed = tokio::select! {
        welcomed = timeout(WELCOME, Connection::open(config)) => welcomed,
        _ = stopped.wait_for(|stop| *stop) => return Ok(()),
    };
    let (mut connection, welcome) = welcomed.map_err(|_| Lost::NoWelcome)??;
    counters.connected(now());
    tracing::info!(session_kept = welcome.session_present, "the MQTT broker is there");
    talk.receiver.resume(welcome.session_present);
    talk.sender.resume(&welcome, &mut connection.out);
    talk.subscribe(&mut connection.out);
    tokio::select! {
        served = talk.serve(&mut connection, &welcome, good) => return served,
        _ = stopped.wait_for(|stop| *stop) => {}
    }
    // What does not get through in time comes again: it is not acknowledged.
    let _late = timeout(FAREWELL, talk.farewell(&mut connection)).await;
    Ok(())
}

/// One connection, from its welcome to its end.
struct Connection {
    reader: ReadHalf<Box<dyn Stream>>,
    writer: WriteHalf<Box<dyn Stream>>,
    decoder: Decoder,
    buffer: Vec<u8>,
    out: Vec<u8>,
    written: usize,
    flushed: bool,
}

impl Connection {
    async fn open(config: &MqttConfig) -> Result<(Self, ConnAck), Lost> {
        let (reader, writer) = tokio::io::split(transport::open(config).await?);
        let credentials = config.credentials_file.as_deref().map(transport::credentials).transpose()?;
        let mut connection = Self {
            reader,
            writer,
            decoder: Decoder::default(),
            buffer: vec![0; READ_BYTES],
            out: Vec::new(),
            written: 0,
            flushed: true,
        };
        let connect = Connect {
            client_id: &config.client_id,
            credentials: credentials.as_ref().map(|(user, password)| (user.as_str(), password.as_str())),
            keep_alive_s: KEEP_ALIVE_S,
            session_kept_s: SESSION_KEPT_S,
            receive_max: RECEIVE_MAX,
        };
        packet::connect(&mut connection.out, &connect);
        connection.write_all().await?;
        loop {
            match connection.decoder.next()? {
                Some(Incoming::ConnAck(welcome)) if welcome.reason < 0x80 => return Ok((connection, welcome)),
                Some(Incoming::ConnAck(refusal)) => return Err(Lost::Refused(refusal.reason)),
                Some(_) => return Err(Malformed("something before its CONNACK").into()),
                None => connection.read().await?,
            }
        }
    }

    /// Reads what is there. Nothing is lost when it is not waited for to the end.
    async fn read(&mut self) -> Result<(), Lost> {
        let count = self.reader.read(&mut self.buffer).await?;
        if count == 0 {
            return Err(Lost::Closed);
        }
        self.decoder.feed(self.buffer.get(..count).unwrap_or_default());
        Ok(())
    }

    async fn write_all(&mut self) -> Result<(), Lost> {
        while !self.out.is_empty() || !self.flushed {
            write(&mut self.writer, &mut self.out, &mut self.written, &mut self.flushed).await?;
        }
        Ok(())
    }
}

/// Writes some of what is to be written, or flushes when all is. Nothing is lost or written twice when it is not waited
/// for to the end.
async fn write(
    writer: &mut WriteHalf<Box<dyn Stream>>,
    out: &mut Vec<u8>,
    written: &mut usize,
    flushed: &mut bool,
) -> Result<(), Lost> {
    let rest = out.get(*written..).unwrap_or_default();
    if rest.is_empty() {
        writer.flush().await?;
        *flushed = true;
        return Ok(());
    }
    *written += writer.write(rest).await?;
    *flushed = false;
    if *written >= out.len() {
        out.clear();
        *written = 0;
    }
    Ok(())
}

/// What outlives connections.
struct Talk<I> {
    receiver: Receiver<I>,
    sender: Sender,
    outbox: Outbox,
    learn: bool,
}

/// Where Mosquitto publishes its log of subscriptions, when its operator lets it.
const SUBSCRIPTIONS: &str = "$SYS/broker/log/M/subscribe";

impl<I: Inbox> Talk<I> {
    fn subscribe(&mut self, out: &mut Vec<u8>) {
        let filters = self.receiver.filters();
        packet::subscribe(out, self.sender.identifier(), &filters);
        if self.learn {
            // Apart from the others, because a broker may refuse it.
            packet::subscribe(out, self.sender.identifier(), &[SUBSCRIPTIONS.to_owned()]);
        }
    }

    async fn serve(&mut self, connection: &mut Connection, welcome: &ConnAck, good: &mut bool) -> Result<(), Lost> {
        let keep_alive_s = welcome.keep_alive_s.unwrap_or(KEEP_ALIVE_S).clamp(2, KEEP_ALIVE_S);
        let mut beat = interval(Duration::from_secs(u64::from(keep_alive_s)) / 2);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = true;
        let lasted = sleep(GOOD);
        tokio::pin!(lasted);
        loop {
            while self.receiver.has_room()
                && let Some(incoming) = connection.decoder.next()?
            {
                self.hear(incoming, &mut connection.out)?;
            }
            self.receiver.begin();
            let room = self.receiver.has_room();
            self.sender.fill(&mut connection.out);
            let Connection { reader, writer, decoder, buffer, out, written, flushed } = &mut *connection;
            tokio::select! {
                count = reader.read(buffer), if room => {
                    let count = count?;
                    if count == 0 {
                        return Err(Lost::Closed);
                    }
                    heard = true;
                    decoder.feed(buffer.get(..count).unwrap_or_default());
                }
                wrote = write(writer, out, written, flushed), if !out.is_empty() || !*flushed => wrote?,
                settled = acknowledge(&mut self.receiver) => packet::pubacks(out, settled),
                () = self.outbox.news(), if self.sender.has_room(out.len()) => {}
                _ = beat.tick() => {
                    if !std::mem::take(&mut heard) && room {
                        return Err(Lost::Silent);
                    }
                    packet::ping(out);
                }
                () = &mut lasted, if !*good => *good = true,
            }
        }
    }

    fn hear(&mut self, incoming: Incoming, out: &mut Vec<u8>) -> Result<(), Lost> {
        match incoming {
            Incoming::Publish(message) if message.topic.as_deref() == Some(SUBSCRIPTIONS) => {
                self.sender.teller.learn(&message.payload);
                packet::pubacks(out, message.id);
            }
            Incoming::Publish(message) => {
                let id = self.receiver.take(message);
                packet::pubacks(out, id);
            }
            Incoming::TooLarge { id } => {
                packet::pubacks(out, self.receiver.too_large(id));
            }
            Incoming::PubAck { id, reason } => self.sender.acknowledged(id, reason),
            Incoming::SubAck(reasons) => {
                let refused = reasons.iter().any(|reason| *reason >= 0x80);
                match reasons.len() {
                    1 if refused => tracing::info!("the MQTT broker keeps its log of subscriptions to itself"),
                    _ if refused => tracing::warn!("the MQTT broker refuses subscriptions to devices' topics"),
                    _ => {}
                }
            }
            Incoming::PingResp => {}
            Incoming::Disconnect(reason) => return Err(Lost::Ended(reason)),
            Incoming::ConnAck(_) => return Err(Malformed("a second CONNACK").into()),
        }
        Ok(())
    }

    /// Acknowledges what is on its way to the disk, and says goodbye.
    async fn farewell(&mut self, connection: &mut Connection) -> Result<(), Lost> {
        if self.receiver.is_trying() {
            let settled = self.receiver.tried().await;
            packet::pubacks(&mut connection.out, settled);
        }
        self.sender.fill(&mut connection.out);
        packet::disconnect(&mut connection.out);
        connection.write_all().await
    }
}

/// Waits for what can be acknowledged, or for the end of a pause.
async fn acknowledge<I: Inbox>(receiver: &mut Receiver<I>) -> Vec<u16> {
    if receiver.is_trying() {
        return receiver.tried().await;
    }
    receiver.rested().await;
    Vec::new()
}

/// The state of sending.
struct Sender {
    teller: Teller,
    counters: Arc<Counters>,
    /// Sent and not acknowledged, oldest first.
    unsettled: VecDeque<(u16, Vec<u8>)>,
    last: u16,
    unsettled_max: usize,
    bytes_max: usize,
    at_least_once: bool,
}

impl Sender {
    fn new(teller: Teller, counters: Arc<Counters>) -> Self {
        Self {
            teller,
            counters,
            unsettled: VecDeque::new(),
            last: 0,
            unsettled_max: PUBLISHED_UNSETTLED_MAX,
            bytes_max: usize::MAX,
            at_least_once: true,
        }
    }

    /// At a new connection: what it takes, and once more what the last one did not acknowledge (clause 4.4).
    fn resume(&mut self, welcome: &ConnAck, out: &mut Vec<u8>) {
        self.unsettled_max = usize::from(welcome.receive_max).min(PUBLISHED_UNSETTLED_MAX);
        self.bytes_max = usize::try_from(welcome.packet_bytes_max).unwrap_or(usize::MAX);
        self.at_least_once = welcome.at_least_once;
        if !self.at_least_once {
            self.unsettled.clear();
        }
        for (_, message) in &mut self.unsettled {
            if welcome.session_present {
                packet::mark_again(message);
            }
            out.extend_from_slice(message);
        }
    }

    fn has_room(&self, out_bytes: usize) -> bool {
        self.unsettled.len() < self.unsettled_max && out_bytes < OUT_BYTES_MAX
    }

    /// Writes messages as long as the broker and the socket take them.
    fn fill(&mut self, out: &mut Vec<u8>) {
        while self.has_room(out.len()) {
            let Some(letter) = self.teller.next() else { return };
            let id = self.at_least_once.then(|| self.identifier());
            match packet::publish(&letter.topic, id, &letter.payload).filter(|bytes| bytes.len() <= self.bytes_max) {
                Some(bytes) => {
                    out.extend_from_slice(&bytes);
                    match id {
                        Some(id) => self.unsettled.push_back((id, bytes)),
                        None => self.counters.add(Count::Published, 1),
                    }
                }
                None => self.counters.add(Count::TurnedAway, 1),
            }
        }
    }

    fn acknowledged(&mut self, id: u16, reason: u8) {
        let Some(place) = self.unsettled.iter().position(|(other, _)| *other == id) else { return };
        self.unsettled.remove(place);
        self.counters.add(if reason < 0x80 { Count::Published } else { Count::TurnedAway }, 1);
    }

    /// An identifier that is not in use.
    fn identifier(&mut self) -> u16 {
        loop {
            self.last = self.last.checked_add(1).unwrap_or(1);
            if self.unsettled.iter().all(|(id, _)| *id != self.last) {
                return self.last;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_their_bound_and_differ() {
        let mut waits = Waits { failures: 0, random: 7 };
        for failures in 0..40 {
            waits.failures = failures;
            let longest = (ATTEMPT_AGAIN.0 * 2_u32.pow(failures.min(10))).min(ATTEMPT_AGAIN.1);
            let (one, other) = (waits.next(), waits.next());
            assert_ne!(one, other);
            assert!(one >= longest / 2 && one <= longest, "{one:?} after {failures}");
        }
    }
}
