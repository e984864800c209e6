//! A mail server (RFC 5321), as small as it can be: it keeps what it takes.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A mail that was taken.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    pub(crate) to: Vec<String>,
    /// Header and body, as they came.
    pub(crate) text: String,
}

impl Mail {
    pub(crate) fn header(&self, name: &str) -> String {
        let head = self.text.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ");
        let line = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned));
        line.unwrap_or_default()
    }
}

/// The server.
pub(crate) struct MailServer {
    pub(crate) address: SocketAddr,
    taken: Arc<Mutex<Vec<Mail>>>,
    refusal: Arc<Mutex<Option<&'static str>>>,
}

impl MailServer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let (taken, refusal) = (Arc::<Mutex<Vec<Mail>>>::default(), Arc::<Mutex<Option<&'static str>>>::default());
        let (taking, refusing) = (Arc::clone(&taken), Arc::clone(&refusal));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (taking, refusing) = (Arc::clone(&taking), Arc::clone(&refusing));
                // A client that was killed ends its session in the middle.
                tokio::spawn(async move { _ = session(stream, &taking, &refusing).await });
            }
        });
        Self { address, taken, refusal }
    }

    /// What it says to a message from now on, where it does not take it.
    pub(crate) fn refuse(&self, answer: Option<&'static str>) {
        *self.refusal.lock().expect("the refusal") = answer;
    }

    pub(crate) fn taken(&self) -> Vec<Mail> {
        self.taken.lock().expect("the mails").clone()
    }
}

async fn session(
    stream: TcpStream,
    taken: &Mutex<Vec<Mail>>,
    refusal: &Mutex<Option<&'static str>>,
) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader);
    writer.write_all(b"220 mail.test ready\r\n").await?;
    let mut to = Vec::new();
    let mut line = String::new();
    loop {
        line.clear();
        if lines.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let command = line.trim_end().to_owned();
        let word = command.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let answer = match word.as_str() {
            "EHLO" => "250-mail.test\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n".to_owned(),
            "AUTH" => "235 in\r\n".to_owned(),
            "RCPT" => {
                to.push(command);
                "250 ok\r\n".to_owned()
            }
            "DATA" => {
                writer.write_all(b"354 go on\r\n").await?;
                let mut text = String::new();
                while !text.ends_with("\r\n.\r\n") {
                    if lines.read_line(&mut text).await? == 0 {
                        return Ok(());
                    }
                }
                let refused = *refusal.lock().expect("the refusal");
                if let Some(answer) = refused {
                    format!("{answer}\r\n")
                } else {
                    taken.lock().expect("the mails").push(Mail { to: std::mem::take(&mut to), text });
                    "250 2.0.0 taken as 4711\r\n".to_owned()
                }
            }
            "QUIT" => {
                writer.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "250 ok\r\n".to_owned(),
        };
        writer.write_all(answer.as_bytes()).await?;
    }
}
