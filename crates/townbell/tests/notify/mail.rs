//! A mail server (RFC 5321), as small as it can be: it keeps what it takes.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A mail that was taken.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    pub(crate) to: Vec<String>,
    /// Who logged in (`AUTH PLAIN`, base64).
    pub(crate) by: Option<String>,
    /// Whether it came over TLS.
    pub(crate) secure: bool,
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

/// How its line is kept.
#[derive(Clone)]
pub(crate) enum Line {
    Plain,
    StartTls(TlsAcceptor),
    Tls(TlsAcceptor),
}

/// The server.
pub(crate) struct MailServer {
    pub(crate) address: SocketAddr,
    kept: Arc<Kept>,
}

#[derive(Default)]
struct Kept {
    taken: Mutex<Vec<Mail>>,
    refusal: Mutex<Option<&'static str>>,
}

impl MailServer {
    pub(crate) async fn start() -> Self {
        Self::start_with(Line::Plain).await
    }

    pub(crate) async fn start_with(line: Line) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let kept = Arc::<Kept>::default();
        let keeping = Arc::clone(&kept);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that was killed, or does not trust us, ends its session in the middle.
                tokio::spawn(serve(stream, line.clone(), Arc::clone(&keeping)));
            }
        });
        Self { address, kept }
    }

    /// What it says to a message from now on, where it does not take it.
    pub(crate) fn refuse(&self, answer: Option<&'static str>) {
        *self.kept.refusal.lock().expect("the refusal") = answer;
    }

    pub(crate) fn taken(&self) -> Vec<Mail> {
        self.kept.taken.lock().expect("the mails").clone()
    }
}

async fn serve(mut stream: TcpStream, line: Line, kept: Arc<Kept>) -> std::io::Result<()> {
    match line {
        Line::Plain => {
            stream.write_all(b"220 mail.test ready\r\n").await?;
            session(stream, &kept, false, false).await.map(drop)
        }
        Line::Tls(acceptor) => {
            let mut stream = acceptor.accept(stream).await?;
            stream.write_all(b"220 mail.test ready\r\n").await?;
            session(stream, &kept, true, false).await.map(drop)
        }
        Line::StartTls(acceptor) => {
            stream.write_all(b"220 mail.test ready\r\n").await?;
            let Some(stream) = session(stream, &kept, false, true).await? else { return Ok(()) };
            session(acceptor.accept(stream).await?, &kept, true, false).await.map(drop)
        }
    }
}

/// One session, until its end, or until the line is to be made secure: then it is given back.
async fn session<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    kept: &Kept,
    secure: bool,
    offers_tls: bool,
) -> std::io::Result<Option<S>> {
    let mut lines = BufReader::new(stream);
    let (mut to, mut by, mut line) = (Vec::new(), None, String::new());
    loop {
        line.clear();
        if lines.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let command = line.trim_end().to_owned();
        let word = command.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let answer = match word.as_str() {
            "EHLO" if offers_tls => "250-mail.test\r\n250-8BITMIME\r\n250 STARTTLS\r\n".to_owned(),
            "EHLO" => "250-mail.test\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n".to_owned(),
            "STARTTLS" => {
                lines.write_all(b"220 go on\r\n").await?;
                return Ok(Some(lines.into_inner()));
            }
            "AUTH" => {
                by = command.rsplit(' ').next().map(str::to_owned);
                "235 in\r\n".to_owned()
            }
            "RCPT" => {
                to.push(command);
                "250 ok\r\n".to_owned()
            }
            "DATA" => {
                lines.write_all(b"354 go on\r\n").await?;
                let mut text = String::new();
                while !text.ends_with("\r\n.\r\n") {
                    if lines.read_line(&mut text).await? == 0 {
                        return Ok(None);
                    }
                }
                let refused = *kept.refusal.lock().expect("the refusal");
                if let Some(answer) = refused {
                    format!("{answer}\r\n")
                } else {
                    let mail = Mail { to: std::mem::take(&mut to), by: by.clone(), secure, text };
                    kept.taken.lock().expect("the mails").push(mail);
                    "250 2.0.0 taken as 4711\r\n".to_owned()
                }
            }
            "QUIT" => {
                lines.write_all(b"221 bye\r\n").await?;
                return Ok(None);
            }
            _ => "250 ok\r\n".to_owned(),
        };
        lines.write_all(answer.as_bytes()).await?;
    }
}
