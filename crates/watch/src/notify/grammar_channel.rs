//! `[[channel]]` of `oncall.toml`. An address or a number is a duty desk's, never a person's: the messages say so.

use toml::de::DeTable;

use crate::notify::channel::{
    Channel, ChannelKind, Method, Ntfy, Secret, SmsHttp, SmsSerial, Smtp, SmtpSecurity, Url, WebPush, Webhook,
};
use crate::notify::grammar::{Row, secret, url};
use crate::reader::{Fields, Mistakes};

#[derive(Clone, Copy)]
enum KindName {
    Screen,
    Smtp,
    Webhook,
    Ntfy,
    WebPush,
    SmsHttp,
    SmsSerial,
}

const KINDS: [(&str, KindName); 7] = [
    ("screen", KindName::Screen),
    ("smtp", KindName::Smtp),
    ("webhook", KindName::Webhook),
    ("ntfy", KindName::Ntfy),
    ("web_push", KindName::WebPush),
    ("sms_http", KindName::SmsHttp),
    ("sms_serial", KindName::SmsSerial),
];
const SECURITIES: [(&str, SmtpSecurity); 3] =
    [("tls", SmtpSecurity::Tls), ("starttls", SmtpSecurity::StartTls), ("none", SmtpSecurity::None)];
const METHODS: [(&str, Method); 2] = [("get", Method::Get), ("post", Method::Post)];

/// Characters that the name of a channel may have: it stands in keys of notifications and in headers.
const NAME_MAX: usize = 40;
/// Mailboxes or numbers of one channel: desks, not a mailing list.
const RECEIVERS_MAX: usize = 20;
/// What modems speak unless the file says another.
const BAUD: u32 = 115_200;

pub(crate) fn channel(row: &Row<'_, '_>, mistakes: &mut Mistakes<'_>) -> Option<Channel> {
    let private = row.flag("private_network", mistakes);
    let rest: DeTable<'_> = row.without(&["private_network"]);
    let mut fields = Fields::new(&rest, row.byte..row.byte, row.name);
    let name = fields.text("name", "a short name, as \"duty-desk-mail\"", mistakes);
    let plain = |name: &str| {
        name.len() <= NAME_MAX && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    if let Some(at) = name.as_ref().filter(|at| !plain(&at.value)) {
        mistakes
            .at(at.byte, format!("`name` should be at most {NAME_MAX} of a-z, 0-9, - and _, as \"duty-desk-mail\""));
    }
    let kind = fields.choice("kind", &KINDS, mistakes)?;
    let private = private.unwrap_or(false);
    let kind = match kind.value {
        KindName::Screen => Some(ChannelKind::Screen),
        KindName::Smtp => smtp(&mut fields, mistakes).map(ChannelKind::Smtp),
        KindName::Webhook => webhook(&mut fields, private, mistakes).map(ChannelKind::Webhook),
        KindName::Ntfy => ntfy(&mut fields, private, mistakes).map(ChannelKind::Ntfy),
        KindName::WebPush => web_push(&mut fields, mistakes).map(ChannelKind::WebPush),
        KindName::SmsHttp => sms_http(&mut fields, private, mistakes).map(ChannelKind::SmsHttp),
        KindName::SmsSerial => sms_serial(&mut fields, mistakes).map(ChannelKind::SmsSerial),
    };
    fields.finish(mistakes);
    Some(Channel { name: name?.value, kind: kind? })
}

fn smtp(fields: &mut Fields<'_, '_>, mistakes: &mut Mistakes<'_>) -> Option<Smtp> {
    let host = fields.text("host", "the mail server, as \"mail.city.example\"", mistakes);
    let security = fields.choice("security", &SECURITIES, mistakes);
    let port = if fields.has("port") { fields.count("port", mistakes) } else { None };
    let narrow = port.as_ref().and_then(|at| u16::try_from(at.value).ok());
    if let Some(at) = port.as_ref().filter(|_| narrow.is_none()) {
        mistakes.at(at.byte, "`port` should be from 1 to 65535");
    }
    let from = fields.text("from", "the mailbox of the centre, as \"townbell@city.example\"", mistakes);
    if let Some(at) = from.as_ref().filter(|at| !is_mailbox(&at.value)) {
        mistakes.at(at.byte, "`from` should be a mailbox, as \"townbell@city.example\"");
    }
    let to = receivers(fields, "mailbox", "mailboxes", is_mailbox, MAILBOX_WORDS, mistakes);
    let user = if fields.has("user") { fields.text("user", "the account at the server", mistakes) } else { None };
    let secret = secret(fields, mistakes);
    if let (Some(user), None) = (&user, &secret) {
        mistakes.at(user.byte, "`user` needs its password: name the file that holds it as `secret_file`");
    }
    if let (None, Some(secret)) = (&user, &secret) {
        mistakes.at(secret.byte, "a secret without `user`: add the account, or leave the secret out");
    }
    if let (Some(user), Some(security)) = (&user, &security)
        && security.value == SmtpSecurity::None
    {
        mistakes
            .at(user.byte, "`user` with `security = \"none\"` would send the password in the clear; as \"starttls\"");
    }
    let security = security?.value;
    Some(Smtp {
        host: host?.value,
        port: narrow.unwrap_or(security.port()),
        security,
        from: from?.value,
        to,
        user: user.map(|at| at.value),
        secret: secret.map(|at| at.value),
    })
}

fn webhook(fields: &mut Fields<'_, '_>, private: bool, mistakes: &mut Mistakes<'_>) -> Option<Webhook> {
    let to = url(fields, "url", private, mistakes);
    let secret = needed(fields, "the key that signs what is sent", mistakes);
    Some(Webhook { url: to?.value, secret: secret? })
}

fn ntfy(fields: &mut Fields<'_, '_>, private: bool, mistakes: &mut Mistakes<'_>) -> Option<Ntfy> {
    let to = url(fields, "url", private, mistakes);
    let topic = fields.text("topic", "the topic of a desk, hard to guess, as \"duty-desk-7f3k9q\"", mistakes);
    let plain = |topic: &str| {
        topic.len() <= 64 && topic.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    if let Some(at) = topic.as_ref().filter(|at| !plain(&at.value)) {
        mistakes.at(at.byte, "`topic` should be at most 64 of a-z, 0-9, - and _, as \"duty-desk-7f3k9q\"");
    }
    let secret = secret(fields, mistakes).map(|at| at.value);
    Some(Ntfy { url: to?.value, topic: topic?.value, secret })
}

fn web_push(fields: &mut Fields<'_, '_>, mistakes: &mut Mistakes<'_>) -> Option<WebPush> {
    let words = "whom a push service may ask, as \"mailto:duty-desk@city.example\"";
    let contact = fields.text("contact", words, mistakes);
    let right = |text: &str| text.strip_prefix("mailto:").is_some_and(is_mailbox) || text.starts_with("https://");
    if let Some(at) = contact.as_ref().filter(|at| !right(&at.value)) {
        mistakes.at(at.byte, format!("`contact` should be {words} (a desk, never a person)"));
    }
    let secret = needed(fields, "the private key of this server (VAPID)", mistakes);
    Some(WebPush { contact: contact?.value, secret: secret? })
}

fn sms_http(fields: &mut Fields<'_, '_>, private: bool, mistakes: &mut Mistakes<'_>) -> Option<SmsHttp> {
    let to = url(fields, "url", private, mistakes);
    let method = fields.choice("method", &METHODS, mistakes);
    let body = if fields.has("body") {
        fields.text("body", "what is posted, as \"to={number}&text={text}\"", mistakes)
    } else {
        None
    };
    let content_type = if fields.has("content_type") {
        fields.text("content_type", "what the body is, as \"application/json\"", mistakes)
    } else {
        None
    };
    let numbers = numbers(fields, mistakes);
    let secret = secret(fields, mistakes);
    let (to, method) = (to?, method?);
    if let Some(at) = body.as_ref().filter(|_| method.value == Method::Get) {
        mistakes.at(at.byte, "`body` is not sent with `method = \"get\"`; put it into `url`, or say \"post\"");
    }
    let template = format!("{} {}", to.value.text, body.as_ref().map_or("", |at| at.value.as_str()));
    for placeholder in ["{number}", "{text}"] {
        if !template.contains(placeholder) {
            mistakes.at(to.byte, format!("neither `url` nor `body` says where {placeholder} goes"));
        }
    }
    if template.contains("{secret}") != secret.is_some() {
        mistakes.at(to.byte, "`{secret}` in `url` or `body` and `secret_file` belong together; one of them is missing");
    }
    Some(SmsHttp {
        url: Url { text: to.value.text, private },
        method: method.value,
        body: body.map(|at| at.value),
        content_type: content_type.map_or_else(|| "application/x-www-form-urlencoded".to_owned(), |at| at.value),
        numbers,
        secret: secret.map(|at| at.value),
    })
}

fn sms_serial(fields: &mut Fields<'_, '_>, mistakes: &mut Mistakes<'_>) -> Option<SmsSerial> {
    let device = fields.text("device", "the modem's device, as \"/dev/ttyUSB0\"", mistakes);
    if let Some(at) = device.as_ref().filter(|at| !at.value.starts_with("/dev/")) {
        mistakes.at(at.byte, "`device` should be a device, as \"/dev/ttyUSB0\"");
    }
    let baud = if fields.has("baud") { fields.count("baud", mistakes) } else { None };
    let numbers = numbers(fields, mistakes);
    let secret = secret(fields, mistakes).map(|at| at.value);
    Some(SmsSerial { device: device?.value, baud: baud.map_or(BAUD, |at| at.value), numbers, secret })
}

const MAILBOX_WORDS: &str = "mailboxes of desks, never of persons, as [\"duty-desk@city.example\"]";
const NUMBER_WORDS: &str = "numbers of duty desks, never of persons, as [\"+555133330000\"]";

fn numbers(fields: &mut Fields<'_, '_>, mistakes: &mut Mistakes<'_>) -> Vec<String> {
    receivers(fields, "number", "numbers", is_number, NUMBER_WORDS, mistakes)
}

fn receivers(
    fields: &mut Fields<'_, '_>,
    one: &'static str,
    many: &'static str,
    is_right: fn(&str) -> bool,
    words: &str,
    mistakes: &mut Mistakes<'_>,
) -> Vec<String> {
    if !fields.has(one) && !fields.has(many) {
        mistakes.at(fields.start(), format!("`{many}` is missing: it should be {words}"));
    }
    let all = fields.texts(one, many, mistakes);
    for at in all.iter().filter(|at| !is_right(&at.value)) {
        mistakes.at(at.byte, format!("{:?} in `{many}`; it should be {words}", at.value));
    }
    if let Some(at) = all.get(RECEIVERS_MAX) {
        mistakes
            .at(at.byte, format!("`{many}` has more than {RECEIVERS_MAX}; a channel is a desk, not a mailing list"));
    }
    all.into_iter().map(|at| at.value).collect()
}

fn needed(fields: &mut Fields<'_, '_>, what: &str, mistakes: &mut Mistakes<'_>) -> Option<Secret> {
    let found = secret(fields, mistakes).map(|at| at.value);
    if found.is_none() && !fields.has("secret_file") && !fields.has("secret_env") {
        mistakes.at(fields.start(), format!("`secret_file` is missing: the file with {what}"));
    }
    found
}

fn is_mailbox(text: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'@');
    let split = text.split_once('@');
    split.is_some_and(|(local, host)| plain(local) && plain(host) && host.contains('.') && !text.contains(['<', ',']))
}

/// E.164: `+` and 5 to 15 digits.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    (5..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}
