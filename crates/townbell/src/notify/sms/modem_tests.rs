//! A modem of the test's own behind a pseudo terminal.

use std::io::{Read as _, Write as _};
use std::sync::Mutex;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use watch::notify::Secret;

use super::*;
use crate::notify::tests::call;

/// How the modem behaves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mood {
    Well,
    /// Its card wants the PIN 4321.
    Locked,
    /// The network takes nothing to numbers that end in 9.
    Refuses,
    /// It says nothing.
    Dead,
}

/// Number and text of each message that a modem took.
type Sent = Mutex<Vec<(String, Vec<u8>)>>;

struct Modem {
    device: String,
    mood: Arc<Mutex<Mood>>,
    sent: Arc<Sent>,
    pins: Arc<Mutex<Vec<String>>>,
}

impl Modem {
    fn start(mood: Mood) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo terminal");
        grantpt(&master).expect("granted");
        unlockpt(&master).expect("unlocked");
        let device = ptsname(&master, Vec::new()).expect("its name").into_string().expect("text");
        // Held open, so that the master does not see the line closed between two sessions; and raw from the start.
        let held = OpenOptions::new().read(true).write(true).open(&device).expect("the line");
        let mut settings = tcgetattr(&held).expect("settings");
        settings.make_raw();
        tcsetattr(&held, OptionalActions::Now, &settings).expect("raw");
        let modem = Self { device, mood: Arc::new(Mutex::new(mood)), sent: Arc::default(), pins: Arc::default() };
        let (mood, sent, pins) = (Arc::clone(&modem.mood), Arc::clone(&modem.sent), Arc::clone(&modem.pins));
        std::thread::spawn(move || {
            let _held = held;
            talk(File::from(master), &mood, &sent, &pins);
        });
        modem
    }

    async fn send(
        &self,
        numbers: &[&str],
        secret: Option<Secret>,
        folder: &Path,
        had: &mut BTreeSet<String>,
    ) -> Result<String, Undelivered> {
        self.send_with(numbers, secret, folder, had, &Arc::default()).await
    }

    async fn send_with(
        &self,
        numbers: &[&str],
        secret: Option<Secret>,
        folder: &Path,
        had: &mut BTreeSet<String>,
        pin_refused: &Arc<AtomicBool>,
    ) -> Result<String, Undelivered> {
        let numbers = numbers.iter().map(|number| (*number).to_owned()).collect();
        let settings = SmsSerial { device: self.device.clone(), baud: 115_200, numbers, secret };
        let notification = call("k1");
        send(&settings, folder, Letter { notification: &notification, link: None }, had, pin_refused).await
    }
}

/// What a modem says to what it hears.
fn talk(mut line: File, mood: &Mutex<Mood>, sent: &Sent, pins: &Mutex<Vec<String>>) {
    let (mut heard, mut buffer) = (Vec::new(), [0; 64]);
    let mut number: Option<String> = None;
    while let Ok(count) = line.read(&mut buffer) {
        heard.extend_from_slice(&buffer[..count]);
        let now = *mood.lock().expect("the mood");
        if now == Mood::Dead {
            heard.clear();
            continue;
        }
        if let Some(to) = &number {
            let Some(end) = heard.iter().position(|byte| *byte == SEND) else { continue };
            let text: Vec<u8> = heard.drain(..=end).collect();
            let answer = if now == Mood::Refuses && to.ends_with('9') {
                "\r\n+CMS ERROR: 500\r\n"
            } else {
                sent.lock().expect("the messages").push((to.clone(), text[..end].to_vec()));
                "\r\n+CMGS: 17\r\n\r\nOK\r\n"
            };
            number = None;
            line.write_all(answer.as_bytes()).expect("said");
            continue;
        }
        while let Some(end) = heard.iter().position(|byte| *byte == b'\r') {
            let command: Vec<u8> = heard.drain(..=end).collect();
            let command = String::from_utf8_lossy(&command).trim_matches(['\u{1b}', '\r', '\n']).to_owned();
            let quoted = |name: &str| command.strip_prefix(name).map(|rest| rest.trim_matches('"').to_owned());
            let answer = if command == "AT+CPIN?" {
                if now == Mood::Locked { "\r\n+CPIN: SIM PIN\r\n\r\nOK\r\n" } else { "\r\n+CPIN: READY\r\n\r\nOK\r\n" }
            } else if let Some(pin) = quoted("AT+CPIN=") {
                pins.lock().expect("the pins").push(pin.clone());
                if pin == "4321" { "\r\nOK\r\n" } else { "\r\n+CME ERROR: 16\r\n" }
            } else if let Some(to) = quoted("AT+CMGS=") {
                number = Some(to);
                "\r\n> "
            } else {
                "\r\nOK\r\n"
            };
            line.write_all(answer.as_bytes()).expect("said");
        }
    }
}

#[tokio::test]
async fn each_number_gets_one_message_and_none_again_that_has_it() {
    let (modem, mut had) = (Modem::start(Mood::Refuses), BTreeSet::new());
    let folder = Path::new("/");
    let numbers = ["+555133330000", "+555133330009"];
    let why = modem.send(&numbers, None, folder, &mut had).await.expect_err("the second is refused");
    assert_eq!((why.why.as_str(), had.len()), ("+CMS ERROR: 500", 1));
    *modem.mood.lock().expect("the mood") = Mood::Well;
    assert_eq!(modem.send(&numbers, None, folder, &mut had).await.expect("taken"), "+CMGS: 17");
    let sent = modem.sent.lock().expect("the messages").clone();
    let to: Vec<&str> = sent.iter().map(|(to, _)| to.as_str()).collect();
    assert_eq!(to, numbers);
    let text = String::from_utf8_lossy(&sent[0].1).into_owned();
    assert_eq!(
        text,
        "SEVERE Lago Guaiba will pass 3.0 m about 13:00. 2.41 m, rising 5 cm an hour. The quay floods. Close the gates."
    );
}

#[tokio::test]
async fn a_pin_is_given_once_and_a_wrong_one_never_again() {
    use std::os::unix::fs::PermissionsExt as _;
    let (modem, folder) = (Modem::start(Mood::Locked), tempfile::tempdir().expect("a folder"));
    let write = |pin: &str| {
        let file = folder.path().join("pin");
        std::fs::write(&file, pin).expect("written");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("kept from others");
    };
    let secret = || Some(Secret::File("pin".to_owned()));
    let (mut had, refused) = (BTreeSet::new(), Arc::<AtomicBool>::default());
    write("1111");
    for _ in 0..3 {
        let sent = modem.send_with(&["+555133330000"], secret(), folder.path(), &mut had, &refused).await;
        assert!(sent.is_err_and(|why| why.refused && !why.why.contains("1111")));
    }
    assert_eq!(*modem.pins.lock().expect("the pins"), ["1111"], "three wrong ones lock the card");
    write("4321\n");
    modem.send(&["+555133330000"], secret(), folder.path(), &mut had).await.expect("a new start with the right one");
}

#[tokio::test]
async fn a_modem_that_says_nothing_or_is_none_is_told_as_such() {
    let modem = Modem::start(Mood::Dead);
    let why = modem.send(&["+555133330000"], None, Path::new("/"), &mut BTreeSet::new()).await.expect_err("dead");
    assert_eq!((why.why.as_str(), why.refused), ("the modem did not answer in time", false));
    let none = |device: &str| SmsSerial {
        device: device.to_owned(),
        baud: 9_600,
        numbers: vec!["+5551".to_owned()],
        secret: None,
    };
    assert!(Line::open(&none("/dev/null")).is_err_and(|why| why.refused));
    assert!(Line::open(&none("/dev/no-modem")).is_err_and(|why| !why.refused));
}
