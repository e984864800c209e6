//! A gateway that speaks HTTP (Kannel, gammu-smsd, a provider).

use std::collections::BTreeSet;
use std::path::Path;

use watch::notify::Url;
use watch::notify::channel::{Method, SmsHttp};

use super::text;
use crate::notify::web::{self, Web};
use crate::notify::{Letter, Undelivered, secret};

/// Sends it to each number that has not had it; those that have it are added to `had`. Gives the gateway's last answer.
pub(in crate::notify) async fn send(
    gateway: &SmsHttp,
    web: &Web,
    folder: &Path,
    letter: Letter<'_>,
    had: &mut BTreeSet<String>,
) -> Result<String, Undelivered> {
    let secret = gateway.secret.as_ref().map(|secret| secret::read(secret, folder)).transpose()?;
    let secret = secret.as_ref().map_or("", |secret| secret.reveal());
    let text = text(letter);
    let mut last = "every number has it".to_owned();
    for number in &gateway.numbers {
        if had.contains(number) {
            continue;
        }
        let values = Values { number, text: &text, secret };
        let url = Url { text: values.fill(&gateway.url.text, Encoding::Percent), private: gateway.url.private };
        let url = web::check(&url).await?;
        let request = match (gateway.method, &gateway.body) {
            (Method::Get, _) => web.client().get(url),
            (Method::Post, body) => {
                let body = values.fill(body.as_deref().unwrap_or_default(), Encoding::of(&gateway.content_type));
                web.client().post(url).header("content-type", &gateway.content_type).body(body)
            }
        };
        last = web::deliver(request).await?;
        had.insert(number.clone());
    }
    Ok(last)
}

/// What stands for the placeholders.
struct Values<'a> {
    number: &'a str,
    text: &'a str,
    secret: &'a str,
}

/// How a value is written where it stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    /// As in an address or a form.
    Percent,
    /// As inside a JSON string.
    Json,
    /// As inside an element or attribute of XML.
    Xml,
    /// As it is.
    Plain,
}

impl Encoding {
    fn of(content_type: &str) -> Self {
        let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match kind.as_str() {
            "application/x-www-form-urlencoded" => Self::Percent,
            kind if kind.ends_with("json") => Self::Json,
            kind if kind.ends_with("xml") => Self::Xml,
            _ => Self::Plain,
        }
    }

    fn write(self, value: &str) -> String {
        match self {
            Self::Percent => value
                .bytes()
                .map(|byte| match byte {
                    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
                    byte => format!("%{byte:02X}"),
                })
                .collect(),
            Self::Json => {
                let quoted = serde_json::Value::from(value).to_string();
                quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default().to_owned()
            }
            Self::Xml => value
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
                .replace('"', "&quot;")
                .replace('\'', "&apos;"),
            Self::Plain => value.to_owned(),
        }
    }
}

impl Values<'_> {
    /// The template with its placeholders filled, in one pass: what a value says is never taken for a placeholder.
    fn fill(&self, template: &str, encoding: Encoding) -> String {
        let known = [("{number}", self.number), ("{text}", self.text), ("{secret}", self.secret)];
        let (mut filled, mut rest) = (String::new(), template);
        while let Some(at) = rest.find('{') {
            let (before, from) = rest.split_at(at);
            filled.push_str(before);
            let found = known.iter().find(|(name, _)| from.starts_with(name));
            let taken = found.map_or("{", |(name, value)| {
                filled.push_str(&encoding.write(value));
                name
            });
            if found.is_none() {
                filled.push('{');
            }
            rest = from.get(taken.len()..).unwrap_or_default();
        }
        filled + rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_is_written_for_the_place_where_it_stands() {
        let values = Values { number: "+5551999", text: "a & {secret} \"b\"", secret: "p/w" };
        assert_eq!(
            values.fill("http://gw/?to={number}&text={text}&key={secret}", Encoding::Percent),
            "http://gw/?to=%2B5551999&text=a%20%26%20%7Bsecret%7D%20%22b%22&key=p%2Fw"
        );
        let json = values.fill(r#"{"to":"{number}","text":"{text}"}"#, Encoding::of("application/json; charset=utf-8"));
        assert_eq!(json, r#"{"to":"+5551999","text":"a & {secret} \"b\""}"#);
        assert_eq!(values.fill("<t>{text}</t>", Encoding::of("text/xml")), "<t>a &amp; {secret} &quot;b&quot;</t>");
    }
}
