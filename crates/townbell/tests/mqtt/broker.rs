//! A Mosquitto of one's own on loopback, and its clients.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use tempfile::TempDir;

/// Where each kind of client connects.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports {
    /// Devices: what they publish gets `in/` before it, and they read nothing.
    pub(crate) devices: u16,
    /// Readers: they publish nothing.
    pub(crate) readers: u16,
    /// The program. Everything is allowed.
    pub(crate) town: u16,
}

/// A broker; it ends with the test.
pub(crate) struct Broker {
    pub(crate) folder: TempDir,
    pub(crate) ports: Ports,
    child: Option<Child>,
}

/// Three ports that were free a moment ago.
fn free_ports() -> Ports {
    let listeners = [(); 3].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port"));
    let [devices, readers, town] = listeners.map(|listener| listener.local_addr().expect("an address").port());
    Ports { devices, readers, town }
}

impl Broker {
    /// A broker as docs/mqtt.md sets it up, with `extra` lines for the program's listener.
    pub(crate) fn start(extra: &str) -> Self {
        for _ in 0..10 {
            let mut broker = Self { folder: tempfile::tempdir().expect("a folder"), ports: free_ports(), child: None };
            broker.configure(extra);
            // Another test may have taken a port meanwhile; then with others.
            if broker.listens() {
                return broker;
            }
        }
        panic!("mosquitto does not listen");
    }

    fn configure(&self, extra: &str) {
        let folder = self.folder.path();
        let at = |name: &str| folder.join(name).display().to_string();
        std::fs::write(folder.join("devices.acl"), "topic write in/v1.1/#\n").expect("written");
        std::fs::write(folder.join("readers.acl"), "topic read v1.1/#\n").expect("written");
        let conf = format!(
            "per_listener_settings true\nuser root\npersistence true\npersistence_location {}/\n\
             autosave_interval 1\nmax_inflight_messages 0\nmax_queued_messages 100000\n\
             log_dest topic\nlog_type subscribe\nlog_type error\nlog_timestamp false\n\
             listener {} 127.0.0.1\nallow_anonymous true\nmount_point in/\nacl_file {}\n\
             listener {} 127.0.0.1\nallow_anonymous true\nacl_file {}\n\
             listener {} 127.0.0.1\n{extra}\n",
            folder.display(),
            self.ports.devices,
            at("devices.acl"),
            self.ports.readers,
            at("readers.acl"),
            self.ports.town,
        );
        std::fs::write(folder.join("mosquitto.conf"), conf).expect("written");
    }

    /// Starts it again after [`Self::stop`], at the same ports and with what it kept.
    pub(crate) fn go_on(&mut self) {
        assert!(self.listens(), "mosquitto does not come back");
    }

    /// Starts it and waits until it listens; false when it could not.
    fn listens(&mut self) -> bool {
        let program = if Path::new("/usr/sbin/mosquitto").exists() { "/usr/sbin/mosquitto" } else { "mosquitto" };
        let child = Command::new(program)
            .arg("-c")
            .arg(self.folder.path().join("mosquitto.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("mosquitto; tests/install.sh installs it");
        let child = self.child.insert(child);
        for _ in 0..200 {
            std::thread::sleep(Duration::from_millis(25));
            if child.try_wait().expect("a state").is_some() {
                return false;
            }
            if std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, self.ports.town)).is_ok() {
                return true;
            }
        }
        false
    }

    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("killed");
            child.wait().expect("ended");
        }
    }

    /// A device publishes each line as one message at QoS 1, and waits until the broker has them.
    pub(crate) fn publish(&self, topic: &str, lines: &[&str]) {
        publish_at(self.ports.devices, &["-q", "1", "-t", topic, "-l"], &lines.join("\n"));
    }

    /// A reader of topics.
    pub(crate) fn reader(&self, topics: &[&str]) -> Reader {
        Reader::start(self.ports.readers, topics)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.stop();
    }
}

/// `mosquitto_pub` with arguments; with `-l` it sends each line of `input`.
pub(crate) fn publish_at(port: u16, arguments: &[&str], input: &str) {
    let lines = arguments.contains(&"-l");
    let mut child = Command::new("mosquitto_pub")
        .args(["-V", "mqttv5", "-h", "127.0.0.1", "-p", &port.to_string()])
        .args(arguments)
        .stdin(if lines { Stdio::piped() } else { Stdio::null() })
        .spawn()
        .expect("mosquitto_pub; tests/install.sh installs it");
    if let Some(mut stdin) = child.stdin.take() {
        writeln!(stdin, "{input}").expect("written");
    }
    assert!(child.wait().expect("ended").success());
}

/// `mosquitto_sub`.
pub(crate) struct Reader {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Reader {
    fn start(port: u16, topics: &[&str]) -> Self {
        // Without stdbuf it keeps to itself what it says to a pipe.
        let mut command = Command::new("stdbuf");
        command.args([
            "-oL",
            "mosquitto_sub",
            "-V",
            "mqttv5",
            "-d",
            "-h",
            "127.0.0.1",
            "-p",
            &port.to_string(),
            "-q",
            "1",
            "-F",
            "> %t %p",
        ]);
        for topic in topics {
            command.args(["-t", topic]);
        }
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("mosquitto_sub");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let reader = Self { child, lines };
        // With -d it says when the broker has the subscriptions.
        while !reader.line(Duration::from_secs(10)).expect("a subscription").contains("SUBACK") {}
        reader
    }

    fn line(&self, wait: Duration) -> Option<String> {
        self.lines.recv_timeout(wait).ok()
    }

    /// The next message, as topic and payload.
    pub(crate) fn next(&self, wait: Duration) -> Option<(String, String)> {
        loop {
            let line = self.line(wait)?;
            if let Some((topic, payload)) = line.strip_prefix("> ").and_then(|line| line.split_once(' ')) {
                return Some((topic.to_owned(), payload.to_owned()));
            }
        }
    }

    /// All messages until none came for a while.
    pub(crate) fn rest(&self) -> Vec<(String, String)> {
        std::iter::from_fn(|| self.next(Duration::from_millis(700))).collect()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // It may have ended with its broker.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}
