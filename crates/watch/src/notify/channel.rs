//! The ways by which a role can be reached. Settings only: sending is the program's. Every address and number here is
//! a duty desk's, never a person's, and no secret stands in the file.

/// One way to reach a desk, as `[[channel]]` of `oncall.toml` describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Its name, unique in the file; `Notification::channel` names it.
    pub name: String,
    /// How it sends.
    pub kind: ChannelKind,
}

/// How a channel sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelKind {
    /// The pages of the control room: nothing leaves the house.
    Screen,
    /// Mail.
    Smtp(Smtp),
    /// A POST of the notification as JSON, signed (Standard Webhooks).
    Webhook(Webhook),
    /// A push through an ntfy server.
    Ntfy(Ntfy),
    /// Browsers that a role has subscribed (RFC 8030, 8291, 8292).
    WebPush(WebPush),
    /// A short message through a gateway that speaks HTTP.
    SmsHttp(SmsHttp),
    /// A short message through a modem on a serial line (AT commands).
    SmsSerial(SmsSerial),
}

impl ChannelKind {
    /// Its name in `oncall.toml`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Screen => "screen",
            Self::Smtp(_) => "smtp",
            Self::Webhook(_) => "webhook",
            Self::Ntfy(_) => "ntfy",
            Self::WebPush(_) => "web_push",
            Self::SmsHttp(_) => "sms_http",
            Self::SmsSerial(_) => "sms_serial",
        }
    }
}

/// Where a secret is kept: never in the configuration itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secret {
    /// A file that only the service may read; its text without the last line break.
    File(String),
    /// A variable of the environment.
    Env(String),
}

/// An address on the web. `https` unless `private` says that it stays in the city's own network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// As it is written: `https://` or `http://`, with a host, without user and password.
    pub text: String,
    /// `private_network = true`: it may be `http`, and may lead to loopback and private addresses; nowhere else.
    pub private: bool,
}

/// How the line to a mail server is kept from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// TLS from the first byte (RFC 8314), port 465.
    Tls,
    /// STARTTLS (RFC 3207), refused when the server has none; port 587.
    StartTls,
    /// In the clear, port 25: for a server in the same house.
    None,
}

impl SmtpSecurity {
    /// The port that is usual for it.
    pub fn port(self) -> u16 {
        match self {
            Self::Tls => 465,
            Self::StartTls => 587,
            Self::None => 25,
        }
    }
}

/// Settings of mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Smtp {
    /// The server's name or address.
    pub host: String,
    /// Its port, from 1.
    pub port: u16,
    /// How the line is kept.
    pub security: SmtpSecurity,
    /// The mailbox that it comes from.
    pub from: String,
    /// The mailboxes of desks that it goes to; at least one.
    pub to: Vec<String>,
    /// The account at the server, where it wants one; then `secret` is its password.
    pub user: Option<String>,
    /// The password of `user`.
    pub secret: Option<Secret>,
}

/// Settings of a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Where to.
    pub url: Url,
    /// The key that signs (Standard Webhooks: base64 behind `whsec_`).
    pub secret: Secret,
}

/// Settings of ntfy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ntfy {
    /// The server.
    pub url: Url,
    /// The topic. Whoever knows it can read it, unless the server asks for a token.
    pub topic: String,
    /// The access token, where the server asks for one.
    pub secret: Option<Secret>,
}

/// Settings of Web Push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebPush {
    /// Whom a push service may ask about us (RFC 8292, 2.1): `mailto:` a desk, or an `https` page.
    pub contact: String,
    /// The private key of the server (VAPID: P-256, base64url).
    pub secret: Secret,
}

/// How a gateway wants to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Everything in the address.
    Get,
    /// A body too.
    Post,
}

/// Settings of a gateway for short messages. In `url` and `body`, `{number}`, `{text}` and `{secret}` stand for what
/// is sent; each is encoded for the place where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmsHttp {
    /// Where to, with its placeholders.
    pub url: Url,
    /// How.
    pub method: Method,
    /// The body with its placeholders, with [`Method::Post`].
    pub body: Option<String>,
    /// What the body is: `application/x-www-form-urlencoded` unless the file says another.
    pub content_type: String,
    /// The numbers of desks, each `+` and 5 to 15 digits (E.164); at least one.
    pub numbers: Vec<String>,
    /// What `{secret}` stands for, where it is used.
    pub secret: Option<Secret>,
}

/// Settings of a modem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmsSerial {
    /// The device: `/dev/ttyUSB0`.
    pub device: String,
    /// Its speed in baud.
    pub baud: u32,
    /// The numbers of desks, each `+` and 5 to 15 digits (E.164); at least one.
    pub numbers: Vec<String>,
    /// The PIN of its card, where it has one.
    pub secret: Option<Secret>,
}
