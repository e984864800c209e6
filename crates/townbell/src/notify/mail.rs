//! Mail (RFC 5321): one message to all mailboxes of the channel, as plain text. The same notification is the same mail
//! to the byte, with the same `Message-ID`, so that a mailbox that drops duplicates drops a second delivery.

use std::path::Path;
use std::time::{Duration, SystemTime};

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use watch::notify::channel::{Smtp, SmtpSecurity};

use super::web::SEND_TIMEOUT;
use super::{Letter, Undelivered, headline, receipt, secret, short_key};

/// Sends it; gives the server's answer.
pub(super) async fn send(smtp: &Smtp, folder: &Path, letter: Letter<'_>) -> Result<String, Undelivered> {
    let message = compose(smtp, letter)?;
    let transport = transport(smtp, folder)?;
    let sent = tokio::time::timeout(SEND_TIMEOUT, transport.send(message)).await;
    let answer = sent.map_err(|_| Undelivered::for_now("no answer in time"))?.map_err(|error| undelivered(&error))?;
    let code = answer.code();
    Ok(receipt(&format!("{code} {}", answer.message().collect::<Vec<_>>().join(" "))))
}

fn transport(smtp: &Smtp, folder: &Path) -> Result<AsyncSmtpTransport<Tokio1Executor>, Undelivered> {
    // A second call finds the provider installed already, which is as good.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let parameters = || {
        TlsParameters::new(smtp.host.clone())
            .map_err(|_| Undelivered::refused("its host is no name that TLS can check"))
    };
    let tls = match smtp.security {
        SmtpSecurity::Tls => Tls::Wrapper(parameters()?),
        SmtpSecurity::StartTls => Tls::Required(parameters()?),
        SmtpSecurity::None => Tls::None,
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(smtp.host.clone())
        .port(smtp.port)
        .tls(tls)
        .timeout(Some(SEND_TIMEOUT))
        .hello_name(ClientId::Domain(domain(&smtp.from).to_owned()));
    if let (Some(user), Some(password)) = (&smtp.user, &smtp.secret) {
        let password = secret::read(password, folder)?;
        builder = builder.credentials(Credentials::new(user.clone(), password.reveal().to_owned()));
    }
    Ok(builder.build())
}

fn compose(smtp: &Smtp, letter: Letter<'_>) -> Result<Message, Undelivered> {
    let notification = letter.notification;
    let mailbox = |text: &str| -> Result<Mailbox, Undelivered> {
        text.parse().map_err(|_| Undelivered::refused("a mailbox of it is no mailbox"))
    };
    let from = mailbox(&smtp.from)?;
    let id = format!("<{}@{}>", short_key(&notification.key), domain(&smtp.from));
    let due = SystemTime::UNIX_EPOCH + Duration::from_millis(notification.at.ms().unsigned_abs());
    let mut builder = Message::builder().from(from).subject(headline(notification)).message_id(Some(id)).date(due);
    for to in &smtp.to {
        builder = builder.to(mailbox(to)?);
    }
    if let Some(alert) = &notification.alert {
        // Mails about one alert hang together: all answer to a first one that need not exist (RFC 5322, 3.6.4).
        let root = format!("<{}@{}>", short_key(&alert.0), domain(&smtp.from));
        builder = builder.in_reply_to(root.clone()).references(root);
    }
    // Nobody's "I am away" may answer it (RFC 3834).
    let builder = raw(raw(builder, "Auto-Submitted", "auto-generated"), "Townbell-Key", &short_key(&notification.key));
    builder
        .header(ContentType::TEXT_PLAIN)
        .body(letter.body())
        .map_err(|_| Undelivered::refused("the mail could not be written"))
}

fn raw(builder: MessageBuilder, name: &'static str, value: &str) -> MessageBuilder {
    builder.raw_header(HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned()))
}

/// What stands behind the `@` of a mailbox, which may have a name before it.
fn domain(mailbox: &str) -> &str {
    let domain = mailbox.rsplit_once('@').map_or("", |(_, domain)| domain).trim_end_matches('>').trim();
    if domain.is_empty() { "townbell.invalid" } else { domain }
}

/// A server that refuses says so with a 5; everything else may go better the next time.
fn undelivered(error: &lettre::transport::smtp::Error) -> Undelivered {
    let words = match (error.status(), error.is_timeout(), error.is_tls() || is_about_tls(error)) {
        (Some(code), ..) => {
            // What the server said is behind the kind of the error.
            let said = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
            receipt(&format!("{code} {said}"))
        }
        (_, true, _) => "no answer in time".to_owned(),
        (.., true) => "no secure line: its certificate or its TLS is not accepted".to_owned(),
        _ if error.is_client() => {
            "the server does not offer what is asked of it (STARTTLS, or a way to log in)".to_owned()
        }
        _ => "it cannot be reached, or broke off".to_owned(),
    };
    if error.is_permanent() { Undelivered::refused(words) } else { Undelivered::for_now(words) }
}

/// Whether TLS is at the bottom of it: while connecting, it comes as an error of the connection.
fn is_about_tls(error: &lettre::transport::smtp::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let inner = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if error.is::<rustls::Error>() || inner.is_some() {
            return true;
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::tests::call;

    #[test]
    fn the_same_notification_is_the_same_mail_and_no_line_of_it_becomes_a_header() {
        let smtp = Smtp {
            host: "mail.example.org".to_owned(),
            port: 25,
            security: SmtpSecurity::None,
            from: "Townbell <watch@example.org>".to_owned(),
            to: vec!["desk@example.org".to_owned(), "second@example.org".to_owned()],
            user: None,
            secret: None,
        };
        let mut notification = call("k1");
        notification.title = "Lago Guaíba\r\nBcc: everybody@example.org".to_owned();
        let letter = Letter { notification: &notification, link: Some("https://town.example/alerts/1") };
        let mail = |letter| String::from_utf8(compose(&smtp, letter).expect("a mail").formatted()).expect("ASCII");
        let first = mail(letter);
        assert_eq!(first, mail(letter));
        assert!(!first.contains("\r\nBcc:"), "{first}");
        assert!(first.contains("Auto-Submitted: auto-generated\r\n"), "{first}");
        assert!(first.contains(&format!("Message-ID: <{}@example.org>\r\n", short_key("k1"))), "{first}");
        assert!(first.contains("Subject: SEVERE"), "{first}");
        assert!(first.contains("Date: "), "{first}");
        let other = call("k2");
        assert_ne!(first, mail(Letter { notification: &other, link: None }));
    }
}
