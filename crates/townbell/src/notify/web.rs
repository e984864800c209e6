//! Asking another server, for every channel that speaks HTTP: no redirects, a time limit, a bound on what is read, and
//! nothing of the address in what is said of it afterwards.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use city::Span;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use tokio::net::lookup_host;
use watch::notify::Url;

use super::{Earnest, Undelivered, receipt};

/// How long a receiver may take. Four attempts fit into the minute after which an alert must be shown as not delivered.
pub(super) const SEND_TIMEOUT: Duration = Duration::from_secs(15);
/// Bytes of an answer that are read: a receipt is a line.
const ANSWER_BYTES_MAX: usize = 4_096;

/// Clients, one for what is in the city's own network and one for the rest.
#[derive(Clone, Debug)]
pub(super) struct Web(Client);

impl Web {
    /// A client that goes where it is told and nowhere else.
    pub(super) fn new(_: Earnest) -> Result<Self, reqwest::Error> {
        // A second call finds the provider installed already, which is as good.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .timeout(SEND_TIMEOUT)
            .user_agent(concat!("townbell/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            // A connection that was kept may have gone in the meantime, and what is sent here is sent seldom.
            .pool_max_idle_per_host(0)
            .build()?;
        Ok(Self(client))
    }

    /// The client, for one request.
    pub(super) fn client(&self) -> &Client {
        &self.0
    }
}

/// Whether an address may be asked: one that is said to be private leads nowhere but into the city's own network, and
/// one that is not is `https`, so that what leads elsewhere is no use without that place's certificate.
pub(super) async fn check(url: &Url) -> Result<reqwest::Url, Undelivered> {
    let parsed = reqwest::Url::parse(&url.text).map_err(|_| Undelivered::refused("its url is no address"))?;
    if !url.private {
        return match parsed.scheme() {
            "https" => Ok(parsed),
            _ => Err(Undelivered::refused("its url is not https")),
        };
    }
    let host = parsed.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = parsed.port_or_known_default().unwrap_or(443);
    let found =
        lookup_host((host.as_str(), port)).await.map_err(|_| Undelivered::for_now("its host has no address"))?;
    let mut any = false;
    for address in found {
        any = true;
        if !is_private(address.ip()) {
            return Err(Undelivered::refused(
                "its url leads out of the city's own network, and private_network is set",
            ));
        }
    }
    if any { Ok(parsed) } else { Err(Undelivered::for_now("its host has no address")) }
}

/// Loopback and private addresses (RFC 1918, RFC 4193). Link-local ones are no servers of a city, but of its landlord's.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private(),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_private(IpAddr::V4(v4)),
            None => v6 == Ipv6Addr::LOCALHOST || v6.is_unique_local(),
        },
    }
}

/// What a receiver said.
#[derive(Debug)]
pub(super) struct Said {
    /// Its status.
    pub(super) status: StatusCode,
    /// The status and the beginning of the answer, as one line.
    pub(super) words: String,
    /// How long it asks us to wait (`Retry-After`, RFC 9110, 10.2.3, in seconds).
    pub(super) wait: Option<Span>,
}

/// Sends a request and reads the beginning of the answer.
pub(super) async fn ask(request: RequestBuilder) -> Result<Said, Undelivered> {
    let mut response = request.send().await.map_err(|error| Undelivered::for_now(in_words(&error)))?;
    let status = response.status();
    let header = response.headers().get(reqwest::header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let wait = header.and_then(|text| text.trim().parse::<u16>().ok()).map(|wait_s| Span::s(wait_s.into()));
    let text = beginning(&mut response).await;
    Ok(Said { status, words: receipt(&format!("{} {text}", status.as_u16())), wait })
}

/// Accepted (2xx) is delivered; what the receiver will refuse again is not hurried.
pub(super) async fn deliver(request: RequestBuilder) -> Result<String, Undelivered> {
    judge(ask(request).await?)
}

/// [`deliver`] of an answer that came.
pub(super) fn judge(said: Said) -> Result<String, Undelivered> {
    let Said { status, words, wait } = said;
    if status.is_success() {
        return Ok(words);
    }
    let again = status.is_server_error()
        || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS);
    let why = if status.is_redirection() { format!("redirects are not followed: {words}") } else { words };
    Err(Undelivered { why, refused: !again, wait })
}

/// What is at the beginning of the body; an answer that breaks off, or has no end, has said enough with its status.
async fn beginning(response: &mut Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < ANSWER_BYTES_MAX {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                bytes.extend_from_slice(chunk.get(..ANSWER_BYTES_MAX.min(chunk.len())).unwrap_or_default());
            }
            Ok(None) | Err(_) => break,
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Why nothing came back, in words that hold no address.
fn in_words(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "it cannot be reached"
    } else if error.is_builder() {
        "the request could not be made"
    } else {
        "the connection broke off before an answer"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_https_leads_out_and_what_is_private_stays_in() {
        let url = |text: &str, private| Url { text: text.to_owned(), private };
        let refused = async |text: &str, private| check(&url(text, private)).await.is_err_and(|error| error.refused);
        assert!(check(&url("https://hooks.example.org/a", false)).await.is_ok());
        assert!(refused("http://hooks.example.org/a", false).await);
        assert!(refused("file:///etc/passwd", false).await);
        for inside in
            ["http://127.0.0.1:1/", "http://10.1.2.3/x", "https://[::1]:4/", "http://[fd00::1]/", "http://localhost/"]
        {
            assert!(check(&url(inside, true)).await.is_ok(), "{inside}");
        }
        for outside in
            ["http://8.8.8.8/", "http://[2001:db8::1]/", "http://[::ffff:8.8.8.8]/", "http://169.254.169.254/"]
        {
            assert!(refused(outside, true).await, "{outside}");
        }
    }
}
