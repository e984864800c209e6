//! One keep-alive connection to a server, as little client as will do: it shares the machine with what it measures.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use anyhow::{Context, bail, ensure};

use crate::encode::message;

/// How a server talks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speech {
    /// HTTP/1.1
    Http,
    /// Protocol 3 of PostgreSQL.
    Postgres,
    /// RESP.
    Redis,
}

/// A connection, and the last answer that came over it.
#[derive(Debug)]
pub(crate) struct Connection {
    speech: Speech,
    stream: BufReader<TcpStream>,
    line: String,
    /// The body of the last answer, as it came.
    pub(crate) answer: Vec<u8>,
}

impl Connection {
    /// Connects to `127.0.0.1:PORT`.
    pub(crate) fn open(speech: Speech, host: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(host).with_context(|| format!("nobody listens at {host}"))?;
        stream.set_nodelay(true)?;
        let stream = BufReader::with_capacity(64 << 10, stream);
        let mut connection = Self { speech, stream, line: String::new(), answer: Vec::new() };
        if speech == Speech::Postgres {
            let mut hello = 196_608i32.to_be_bytes().to_vec();
            hello.extend(b"user\0postgres\0database\0postgres\0\0");
            // The first message alone has no letter.
            connection.exchange(&message(b' ', &hello)[1..], 1)?;
        }
        Ok(connection)
    }

    /// Writes a request and reads the whole answer to it; `rows` says to Redis how many replies to wait for.
    ///
    /// # Errors
    /// When the server refuses: its words are in the error.
    pub(crate) fn exchange(&mut self, request: &[u8], rows: usize) -> anyhow::Result<()> {
        self.stream.get_mut().write_all(request)?;
        self.answer.clear();
        match self.speech {
            Speech::Http => self.read_http(),
            Speech::Postgres => self.read_postgres(),
            Speech::Redis => self.read_redis(rows),
        }
    }

    /// `GET` over HTTP.
    pub(crate) fn get(&mut self, path: &str) -> anyhow::Result<&[u8]> {
        self.exchange(format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.host()?).as_bytes(), 1)
            .with_context(|| format!("GET {path}"))?;
        Ok(&self.answer)
    }

    /// SQL over PostgreSQL's simple protocol; the rows as text.
    pub(crate) fn sql(&mut self, sql: &str) -> anyhow::Result<Vec<Vec<String>>> {
        self.exchange(&message(b'Q', format!("{sql}\0").as_bytes()), 1).with_context(|| sql.to_owned())?;
        Ok(sql_rows(&self.answer))
    }

    /// Whom it is connected to.
    pub(crate) fn host(&self) -> anyhow::Result<String> {
        Ok(self.stream.get_ref().peer_addr()?.to_string())
    }

    fn read_line(&mut self) -> anyhow::Result<&str> {
        self.line.clear();
        ensure!(self.stream.read_line(&mut self.line)? > 0, "the server closed the connection");
        Ok(self.line.trim_end())
    }

    fn read_exact(&mut self, length: usize) -> anyhow::Result<()> {
        let at = self.answer.len();
        self.answer.resize(at + length, 0);
        Ok(self.stream.read_exact(&mut self.answer[at..])?)
    }

    fn read_http(&mut self) -> anyhow::Result<()> {
        let status: u16 = self.read_line()?.split(' ').nth(1).unwrap_or_default().parse()?;
        let (mut length, mut chunked) = (0usize, false);
        loop {
            let line = self.read_line()?.to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
            chunked |= line.starts_with("transfer-encoding:") && line.contains("chunked");
            if line.is_empty() {
                break;
            }
        }
        self.read_exact(length)?;
        while chunked {
            length = usize::from_str_radix(self.read_line()?, 16)?;
            self.read_exact(length)?;
            self.read_line()?;
            chunked = length > 0;
        }
        ensure!((200..300).contains(&status), "HTTP {status}: {}", String::from_utf8_lossy(&self.answer));
        Ok(())
    }

    /// Messages until the server is ready for the next query; the rows stay in `answer` as they came.
    fn read_postgres(&mut self) -> anyhow::Result<()> {
        let mut refused = None;
        loop {
            let at = self.answer.len();
            self.read_exact(5)?;
            let letter = self.answer[at];
            let size: [u8; 4] = self.answer[at + 1..].try_into()?;
            self.read_exact(u32::from_be_bytes(size) as usize - 4)?;
            if letter == b'E' {
                refused = Some(String::from_utf8_lossy(&self.answer[at + 5..]).replace('\0', " "));
            }
            if letter == b'Z' {
                break;
            }
        }
        refused.map_or(Ok(()), |words| bail!("PostgreSQL: {words}"))
    }

    fn read_redis(&mut self, replies: usize) -> anyhow::Result<()> {
        for _ in 0..replies {
            let line = self.read_line()?;
            ensure!(!line.starts_with('-'), "Redis: {line}");
            let bulk = line.strip_prefix('$').map(str::parse::<usize>).transpose()?;
            match bulk {
                Some(length) => self.read_exact(length + 2)?,
                None => self.answer.extend(self.line.trim_end().bytes()),
            }
        }
        Ok(())
    }
}

/// The rows in the messages of an answer, as text.
pub(crate) fn sql_rows(answer: &[u8]) -> Vec<Vec<String>> {
    let number = |at: usize| answer.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, i32::from_be_bytes);
    let (mut at, mut rows) = (0, Vec::new());
    while at + 5 <= answer.len() {
        let end = at + 1 + number(at + 1) as usize;
        if answer[at] == b'D' {
            let (mut cell, mut row) = (at + 7, Vec::new());
            while cell < end {
                let length = number(cell).max(0) as usize;
                row.push(String::from_utf8_lossy(&answer[cell + 4..cell + 4 + length]).into_owned());
                cell += 4 + length;
            }
            rows.push(row);
        }
        at = end;
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_between_other_messages() {
        let mut row = 2i16.to_be_bytes().to_vec();
        for cell in ["12", "-0.5"] {
            row.extend((cell.len() as i32).to_be_bytes());
            row.extend(cell.bytes());
        }
        let answer = [message(b'T', b"xyz"), message(b'D', &row), message(b'C', b"SELECT 1\0"), message(b'Z', b"I")];
        assert_eq!(sql_rows(&answer.concat()), [["12", "-0.5"]]);
    }
}
