//! A modem on a serial line, in text mode (3GPP TS 27.005, 3): `AT+CMGS` for each number, one after the other.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::termios::{ControlModes, OptionalActions, QueueSelector, SpecialCodeIndex, tcflush, tcgetattr, tcsetattr};
use watch::notify::channel::SmsSerial;

use super::text;
use crate::clock::Stopwatch;
use crate::notify::secret::Plain;
use crate::notify::{Letter, Undelivered, receipt, secret};

/// How long a modem may take to answer a setting.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the network may take to accept a message (3GPP TS 27.005 names none; makers say up to a minute).
const ACCEPT_TIMEOUT: Duration = Duration::from_mins(1);
/// A read gives up after this many tenths of a second without a byte, so that time-outs are seen.
const READ_TENTHS: u8 = 1;
/// Bytes of an answer that are kept: modems answer in a line or two.
const ANSWER_BYTES_MAX: usize = 4_096;
/// Ends the text of a message (Ctrl+Z).
const SEND: u8 = 0x1a;
/// Gives one up (Escape).
const ESCAPE: u8 = 0x1b;

/// Sends it to each number that has not had it; those that have it are added to `had`. Gives the last message's
/// reference. Runs beside: a modem takes seconds.
pub(in crate::notify) async fn send(
    modem: &SmsSerial,
    folder: &Path,
    letter: Letter<'_>,
    had: &mut BTreeSet<String>,
    pin_refused: &Arc<AtomicBool>,
) -> Result<String, Undelivered> {
    let pin = modem.secret.as_ref().map(|secret| secret::read(secret, folder)).transpose()?;
    let (modem, text, mut had_it) = (modem.clone(), text(letter), had.clone());
    let pin_refused = Arc::clone(pin_refused);
    let sending = tokio::task::spawn_blocking(move || {
        let card = Card { pin: pin.as_ref(), refused: &pin_refused };
        let result = Line::open(&modem).and_then(|mut line| line.send_all(&modem, card, &text, &mut had_it));
        (result, had_it)
    });
    let (result, had_it) = sending.await.map_err(|_| Undelivered::for_now("the line was cut off"))?;
    *had = had_it;
    result
}

/// What opens the modem's card.
#[derive(Clone, Copy)]
struct Card<'a> {
    pin: Option<&'a Plain>,
    /// It was refused once: a third time would lock the card, so it is not tried again in this run.
    refused: &'a AtomicBool,
}

/// The line, open and set.
struct Line(File);

impl Line {
    fn open(modem: &SmsSerial) -> Result<Self, Undelivered> {
        let closed = |_| Undelivered::for_now("its device cannot be opened");
        // Without waiting for a carrier, which a line of three wires never gives.
        let flags = (rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::NONBLOCK).bits().cast_signed();
        let file = OpenOptions::new().read(true).write(true).custom_flags(flags).open(&modem.device).map_err(closed)?;
        let set = || -> Result<(), rustix::io::Errno> {
            let mut settings = tcgetattr(&file)?;
            settings.make_raw();
            settings.control_modes |= ControlModes::CREAD | ControlModes::CLOCAL;
            settings.special_codes[SpecialCodeIndex::VMIN] = 0;
            settings.special_codes[SpecialCodeIndex::VTIME] = READ_TENTHS;
            settings.set_speed(modem.baud)?;
            tcsetattr(&file, OptionalActions::Now, &settings)?;
            // From here on reads wait, as long as VTIME says.
            rustix::fs::fcntl_setfl(&file, rustix::fs::OFlags::empty())?;
            tcflush(&file, QueueSelector::IOFlush)
        };
        set().map_err(|_| Undelivered::refused("its device is no serial line that takes this speed"))?;
        Ok(Self(file))
    }

    fn send_all(
        &mut self,
        modem: &SmsSerial,
        card: Card<'_>,
        text: &str,
        had: &mut BTreeSet<String>,
    ) -> Result<String, Undelivered> {
        // Whatever an earlier run left half-said is given up first.
        self.say(&[ESCAPE])?;
        self.ask("AT", ANSWER_TIMEOUT)?;
        self.ask("ATE0", ANSWER_TIMEOUT)?;
        self.unlock(card)?;
        self.ask("AT+CMGF=1", ANSWER_TIMEOUT)?;
        // The alphabet in which the text comes: 8-bit characters that both sides know.
        self.ask("AT+CSCS=\"8859-1\"", ANSWER_TIMEOUT)?;
        let mut last = "every number has it".to_owned();
        for number in modem.numbers.iter().filter(|number| !had.contains(*number)).cloned().collect::<Vec<_>>() {
            self.say(format!("AT+CMGS=\"{number}\"\r").as_bytes())?;
            self.until(ANSWER_TIMEOUT, |said| said.contains('>'))?;
            let mut message = latin_1(text);
            message.push(SEND);
            self.say(&message)?;
            let said = self.until(ACCEPT_TIMEOUT, is_over)?;
            last = receipt(said.lines().find(|line| line.contains("+CMGS")).unwrap_or("accepted"));
            had.insert(number);
        }
        Ok(last)
    }

    /// Gives the card its PIN, where it asks for it.
    fn unlock(&mut self, card: Card<'_>) -> Result<(), Undelivered> {
        let Some(pin) = card.pin else { return Ok(()) };
        if self.ask("AT+CPIN?", ANSWER_TIMEOUT)?.contains("READY") {
            return Ok(());
        }
        if card.refused.load(Ordering::Relaxed) || !pin.reveal().bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Undelivered::refused("its card refused the PIN, which is not tried again before a restart"));
        }
        let unlocked = self.ask(&format!("AT+CPIN=\"{}\"", pin.reveal()), ANSWER_TIMEOUT);
        card.refused.store(unlocked.is_err(), Ordering::Relaxed);
        unlocked.map(drop).map_err(|_| Undelivered::refused("its card does not take the PIN"))
    }

    fn say(&mut self, bytes: &[u8]) -> Result<(), Undelivered> {
        self.0.write_all(bytes).map_err(|_| Undelivered::for_now("the line is gone"))
    }

    /// A command and its answer, which must be `OK`.
    fn ask(&mut self, command: &str, within: Duration) -> Result<String, Undelivered> {
        self.say(format!("{command}\r").as_bytes())?;
        self.until(within, is_over)
    }

    /// Reads until it is so. An error of the modem's is an error.
    fn until(&mut self, within: Duration, so: impl Fn(&str) -> bool) -> Result<String, Undelivered> {
        let (since, mut said) = (Stopwatch::start(), String::new());
        let mut buffer = [0; 256];
        while since.elapsed() < within && said.len() < ANSWER_BYTES_MAX {
            let read = self.0.read(&mut buffer).map_err(|_| Undelivered::for_now("the line is gone"))?;
            said.push_str(&String::from_utf8_lossy(buffer.get(..read).unwrap_or_default()));
            if let Some(error) = said.lines().find(|line| line.contains("ERROR")) {
                return Err(Undelivered::for_now(receipt(error)));
            }
            if so(&said) {
                return Ok(said);
            }
        }
        Err(Undelivered::for_now("the modem did not answer in time"))
    }
}

/// Whether an answer is at its end.
fn is_over(said: &str) -> bool {
    said.lines().any(|line| line.trim() == "OK")
}

/// The text in ISO 8859-1; what the alphabet of short messages has beyond it (Greek capitals) as a question mark.
fn latin_1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

#[cfg(test)]
#[path = "modem_tests.rs"]
mod tests;
