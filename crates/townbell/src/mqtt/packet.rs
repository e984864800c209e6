//! MQTT 5 as a client speaks it (OASIS MQTT 5.0, 2019): the packets that are needed and no more, written into a buffer
//! and read out of one. Pure: no socket, no clock. Whatever comes from the broker is bounded; a message that is too
//! large is skipped over and still told of, so that it can be acknowledged and counted and does not come again for ever.

/// The longest message that is read, in bytes after the fixed header: an observation with a feature of interest and its
/// outline fits many times.
pub const MESSAGE_BYTES_MAX: usize = 64 << 10;

/// The largest packet there is by the standard (clause 1.5.5).
const REMAINING_MAX: usize = 268_435_455;

/// The broker broke the protocol; the connection is of no more use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the broker sent what is not MQTT 5: {0}")]
pub struct Malformed(pub &'static str);

/// What the broker says to a CONNECT (clause 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnAck {
    /// Whether it still has our session, with what came while we were away.
    pub session_present: bool,
    /// 0 for welcome, 0x80 and above for refused.
    pub reason: u8,
    /// Messages it takes from us before it has acknowledged one.
    pub receive_max: u16,
    /// Whether it takes QoS 1.
    pub at_least_once: bool,
    /// The largest packet that it takes, in bytes.
    pub packet_bytes_max: u32,
    /// The keep-alive that it wants instead of ours, in seconds.
    pub keep_alive_s: Option<u16>,
}

/// A message (clause 3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish {
    /// The topic; `None` when it is not UTF-8.
    pub topic: Option<String>,
    /// The packet identifier at QoS 1; `None` at QoS 0.
    pub id: Option<u16>,
    /// Whether the broker says that it sent this before.
    pub again: bool,
    /// The message.
    pub payload: Vec<u8>,
}

/// A packet from the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// Clause 3.2.
    ConnAck(ConnAck),
    /// Clause 3.3.
    Publish(Publish),
    /// A message above [`MESSAGE_BYTES_MAX`]; it was skipped.
    TooLarge {
        /// As in [`Publish`].
        id: Option<u16>,
    },
    /// Clause 3.4.
    PubAck {
        /// Which message.
        id: u16,
        /// 0x80 and above: the broker did not take it.
        reason: u8,
    },
    /// Clause 3.9: one reason a filter, 0x80 and above for refused.
    SubAck(Vec<u8>),
    /// Clause 3.13.
    PingResp,
    /// Clause 3.14: the broker ends the connection.
    Disconnect(u8),
}

/// Bytes from the broker, cut into packets.
#[derive(Debug, Default)]
pub struct Decoder {
    bytes: Vec<u8>,
    start: usize,
    skip: usize,
}

impl Decoder {
    /// Takes bytes as they came.
    pub fn feed(&mut self, mut bytes: &[u8]) {
        let skipped = self.skip.min(bytes.len());
        self.skip -= skipped;
        bytes = bytes.get(skipped..).unwrap_or_default();
        if self.start == self.bytes.len() {
            self.bytes.clear();
            self.start = 0;
        } else if self.start > MESSAGE_BYTES_MAX {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The next packet that is there whole.
    ///
    /// # Errors
    /// When the bytes are not MQTT 5.
    #[allow(clippy::should_implement_trait, reason = "an iterator would end where this only waits for more bytes")]
    pub fn next(&mut self) -> Result<Option<Incoming>, Malformed> {
        let buffer = self.bytes.get(self.start..).unwrap_or_default();
        let mut reader = Reader { bytes: buffer };
        let Ok(first) = reader.byte() else { return Ok(None) };
        // Said before the rest is waited for, so that a server of another kind is known for what it is.
        if first >> 4 != PUBLISH && first & 0x0F != 0 {
            return Err(Malformed("reserved bits are set"));
        }
        let Some(remaining) = reader.length()? else { return Ok(None) };
        let header = buffer.len() - reader.bytes.len();
        if remaining > MESSAGE_BYTES_MAX {
            return self.too_large(first, header, remaining);
        }
        let Some(body) = reader.bytes.get(..remaining) else { return Ok(None) };
        let packet = decode(first, body)?;
        self.start += header + remaining;
        Ok(Some(packet))
    }

    /// Only the identifier of a message that is too large is read; the rest of it is skipped as it comes.
    fn too_large(&mut self, first: u8, header: usize, remaining: usize) -> Result<Option<Incoming>, Malformed> {
        if first >> 4 != PUBLISH {
            return Err(Malformed("a packet other than a message is too large"));
        }
        let mut reader = Reader { bytes: self.bytes.get(self.start + header..).unwrap_or_default() };
        let Ok(topic_bytes) = reader.short() else { return Ok(None) };
        let head = 2 + usize::from(topic_bytes) + 2;
        if head > remaining {
            return Err(Malformed("a topic is longer than its message"));
        }
        if reader.skip(usize::from(topic_bytes)).is_err() {
            return Ok(None);
        }
        let id = match quality(first)? {
            0 => None,
            _ => match reader.short() {
                Ok(id) => Some(id),
                Err(_) => return Ok(None),
            },
        };
        let there = (self.bytes.len() - self.start - header).min(remaining);
        self.start += header + there;
        self.skip = remaining - there;
        Ok(Some(Incoming::TooLarge { id }))
    }
}

const CONNECT: u8 = 1;
const CONNACK: u8 = 2;
const PUBLISH: u8 = 3;
const PUBACK: u8 = 4;
const SUBSCRIBE: u8 = 8;
const SUBACK: u8 = 9;
const PINGREQ: u8 = 12;
const PINGRESP: u8 = 13;
const DISCONNECT: u8 = 14;

fn quality(first: u8) -> Result<u8, Malformed> {
    match (first >> 1) & 3 {
        quality @ (0 | 1) => Ok(quality),
        _ => Err(Malformed("a message has a QoS that was not asked for")),
    }
}

fn decode(first: u8, body: &[u8]) -> Result<Incoming, Malformed> {
    let mut reader = Reader { bytes: body };
    Ok(match first >> 4 {
        CONNACK => Incoming::ConnAck(connack(&mut reader)?),
        PUBLISH => Incoming::Publish(message(first, &mut reader)?),
        PUBACK => {
            let id = reader.short()?;
            // A PUBACK of two bytes means success (clause 3.4.2.1).
            Incoming::PubAck { id, reason: reader.byte().unwrap_or(0) }
        }
        SUBACK => {
            reader.short()?;
            reader.skip_properties()?;
            Incoming::SubAck(reader.bytes.to_vec())
        }
        PINGRESP => Incoming::PingResp,
        DISCONNECT => Incoming::Disconnect(reader.byte().unwrap_or(0)),
        _ => return Err(Malformed("a packet that a broker does not send")),
    })
}

fn message(first: u8, reader: &mut Reader<'_>) -> Result<Publish, Malformed> {
    let topic_bytes = reader.short()?;
    let topic = reader.take(usize::from(topic_bytes))?;
    let id = if quality(first)? == 0 { None } else { Some(reader.short()?) };
    reader.skip_properties()?;
    let topic = std::str::from_utf8(topic).ok().map(str::to_owned);
    Ok(Publish { topic, id, again: first & 1 << 3 != 0, payload: reader.bytes.to_vec() })
}

fn connack(reader: &mut Reader<'_>) -> Result<ConnAck, Malformed> {
    let flags = reader.byte()?;
    let mut answer = ConnAck {
        session_present: flags & 1 == 1,
        reason: reader.byte()?,
        receive_max: u16::MAX,
        at_least_once: true,
        packet_bytes_max: u32::MAX,
        keep_alive_s: None,
    };
    let length = reader.length()?.ok_or(SHORT)?;
    let mut properties = Reader { bytes: reader.take(length)? };
    while let Ok(property) = properties.byte() {
        match property {
            0x13 => answer.keep_alive_s = Some(properties.short()?),
            0x21 => answer.receive_max = properties.short()?.max(1),
            0x24 => answer.at_least_once = properties.byte()? > 0,
            0x27 => {
                let (high, low) = (properties.short()?, properties.short()?);
                answer.packet_bytes_max = u32::from(high) << 16 | u32::from(low);
            }
            // Two-byte, four-byte, text, pair of texts, and one byte (clause 2.2.2.2).
            0x22 | 0x23 => properties.skip(2)?,
            0x02 | 0x11 | 0x18 => properties.skip(4)?,
            0x03 | 0x08 | 0x09 | 0x12 | 0x15 | 0x16 | 0x1A | 0x1C | 0x1F => properties.skip_text()?,
            0x26 => {
                properties.skip_text()?;
                properties.skip_text()?;
            }
            0x01 | 0x17 | 0x19 | 0x25 | 0x28 | 0x29 | 0x2A => properties.skip(1)?,
            _ => return Err(Malformed("a property that the standard does not have")),
        }
    }
    Ok(answer)
}

const SHORT: Malformed = Malformed("a packet ends too soon");

struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or(SHORT)?;
        self.bytes = rest;
        Ok(taken)
    }

    fn skip(&mut self, count: usize) -> Result<(), Malformed> {
        self.take(count).map(|_| ())
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        self.take(1)?.first().copied().ok_or(SHORT)
    }

    fn short(&mut self) -> Result<u16, Malformed> {
        Ok(u16::from_be_bytes([self.byte()?, self.byte()?]))
    }

    fn skip_text(&mut self) -> Result<(), Malformed> {
        let length = self.short()?;
        self.skip(usize::from(length))
    }

    fn skip_properties(&mut self) -> Result<(), Malformed> {
        let length = self.length()?.ok_or(SHORT)?;
        self.skip(length)
    }

    /// A variable byte integer (clause 1.5.5); `None` when it is not there whole.
    fn length(&mut self) -> Result<Option<usize>, Malformed> {
        let mut length = 0;
        for shift in [0, 7, 14, 21] {
            let Ok(byte) = self.byte() else { return Ok(None) };
            length |= usize::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Ok(Some(length));
            }
        }
        Err(Malformed("a length of more than four bytes"))
    }
}

/// How we introduce ourselves (clause 3.1).
#[derive(Clone, Debug)]
pub struct Connect<'a> {
    /// Under which name the broker keeps our session.
    pub client_id: &'a str,
    /// User and password, if the broker asks for them.
    pub credentials: Option<(&'a str, &'a str)>,
    /// After how many seconds without a packet the broker may give us up.
    pub keep_alive_s: u16,
    /// For how many seconds the broker shall keep our session when we are away.
    pub session_kept_s: u32,
    /// Messages that it may send before we have acknowledged one.
    pub receive_max: u16,
}

/// Writes a CONNECT that takes up an earlier session.
pub fn connect(out: &mut Vec<u8>, connect: &Connect<'_>) {
    let mut body = Vec::new();
    text(&mut body, "MQTT");
    // Version 5; clean start off; no will.
    body.push(5);
    body.push(if connect.credentials.is_some() { 0b1100_0000 } else { 0 });
    body.extend(connect.keep_alive_s.to_be_bytes());
    body.push(8);
    body.push(0x11);
    body.extend(connect.session_kept_s.to_be_bytes());
    body.push(0x21);
    body.extend(connect.receive_max.to_be_bytes());
    text(&mut body, connect.client_id);
    if let Some((user, password)) = connect.credentials {
        text(&mut body, user);
        text(&mut body, password);
    }
    packet(out, CONNECT << 4, &body);
}

/// Writes a SUBSCRIBE (clause 3.8): QoS 1, none of our own messages back, nothing retained.
pub fn subscribe(out: &mut Vec<u8>, id: u16, filters: &[String]) {
    const OPTIONS: u8 = 1 | 1 << 2 | 2 << 4;
    let mut body = id.to_be_bytes().to_vec();
    body.push(0);
    for filter in filters {
        text(&mut body, filter);
        body.push(OPTIONS);
    }
    packet(out, SUBSCRIBE << 4 | 2, &body);
}

/// One message of ours, as it goes over the wire; never retained. `None` when no broker can take it: a topic with a
/// wildcard in it, or longer than the standard allows.
pub fn publish(topic: &str, id: Option<u16>, payload: &[u8]) -> Option<Vec<u8>> {
    let size = 2 + topic.len() + 2 + 1 + payload.len();
    if topic.is_empty()
        || topic.contains(['+', '#', '\0'])
        || topic.len() > usize::from(u16::MAX)
        || size > REMAINING_MAX
    {
        return None;
    }
    let mut body = Vec::with_capacity(size);
    text(&mut body, topic);
    body.extend(id.into_iter().flat_map(u16::to_be_bytes));
    body.push(0);
    body.extend_from_slice(payload);
    let mut out = Vec::with_capacity(size + 5);
    packet(&mut out, PUBLISH << 4 | u8::from(id.is_some()) << 1, &body);
    Some(out)
}

/// Marks a message of [`publish`] as one that was perhaps sent before (clause 3.3.1.1).
pub fn mark_again(message: &mut [u8]) {
    if let Some(first) = message.first_mut() {
        *first |= 1 << 3;
    }
}

/// Writes a PUBACK (clause 3.4) for each of these messages.
pub fn pubacks(out: &mut Vec<u8>, ids: impl IntoIterator<Item = u16>) {
    for id in ids {
        packet(out, PUBACK << 4, &id.to_be_bytes());
    }
}

/// Writes a PINGREQ (clause 3.12).
pub fn ping(out: &mut Vec<u8>) {
    packet(out, PINGREQ << 4, &[]);
}

/// Writes a DISCONNECT (clause 3.14) that leaves the session for our return.
pub fn disconnect(out: &mut Vec<u8>) {
    packet(out, DISCONNECT << 4, &[]);
}

fn packet(out: &mut Vec<u8>, first: u8, body: &[u8]) {
    out.push(first);
    let mut rest = body.len();
    loop {
        let low = u8::try_from(rest & 0x7F).unwrap_or_default();
        rest >>= 7;
        out.push(if rest > 0 { low | 0x80 } else { low });
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(body);
}

/// A text with its length before it, cut at what the standard can say; callers bound what they pass.
fn text(out: &mut Vec<u8>, text: &str) {
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    out.extend(length.to_be_bytes());
    out.extend(text.bytes().take(usize::from(length)));
}

#[cfg(test)]
#[path = "packet_tests.rs"]
mod tests;
