//! Answers that are mostly numbers, written straight into bytes: what is read for them takes less time than a
//! serialiser would. Their form is that of the views of the same name, which the OpenAPI document tells.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use city::{Detail, Primitive, Time};
use sensorthings::digits;
use sensorthings::json::{Object, list, text};

use super::views::{LatestView, ValuesView};

/// Bytes of a row of an answer: an id, an instant and a value of usual length, with what stands between them.
const ROW_BYTES: usize = 40;

/// JSON, as it goes out.
#[derive(Debug)]
pub struct Written(pub(super) Vec<u8>);

impl IntoResponse for Written {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "application/json")], self.0).into_response()
    }
}

/// A result of any kind: a number, true or false, or a text.
#[derive(Clone, Debug, PartialEq, serde::Serialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum ResultView {
    /// Of a measurement or a count.
    Number(f64),
    /// True or false.
    Truth(bool),
    /// A category or another text.
    Text(Box<str>),
}

impl ResultView {
    /// The result of an observation: what is no number stands beside it.
    pub fn of(number: f64, detail: Option<&Detail>) -> Self {
        match detail.and_then(|detail| detail.result.as_ref()) {
            Some(Primitive::Bool(truth)) => Self::Truth(*truth),
            Some(Primitive::Text(words)) => Self::Text(words.as_ref().into()),
            Some(Primitive::Integer(_) | Primitive::Number(_)) | None => Self::Number(number),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Number(number) => digits::number(out, *number),
            Self::Truth(truth) => out.extend_from_slice(if *truth { b"true" } else { b"false" }),
            Self::Text(words) => text(out, words),
        }
    }
}

/// The result of an observation, as it is.
pub(super) fn result(out: &mut Vec<u8>, number: f64, detail: Option<&Detail>) {
    ResultView::of(number, detail).write(out);
}

/// An instant in quotes, or null.
pub(super) fn instant(out: &mut Vec<u8>, at: Option<Time>) {
    match at {
        Some(at) => {
            out.push(b'"');
            digits::time(out, at);
            out.push(b'"');
        }
        None => out.extend_from_slice(b"null"),
    }
}

impl From<&ValuesView> for Written {
    fn from(view: &ValuesView) -> Self {
        let mut out = Vec::with_capacity(256 + view.values.len() * ROW_BYTES);
        let mut object = Object::open(&mut out);
        digits::whole(object.key(&["datastream"]), u64::from(view.datastream));
        instant(object.key(&["from"]), Some(view.from));
        instant(object.key(&["to"]), Some(view.to));
        instant(object.key(&["as_of"]), view.as_of);
        text(object.key(&["unit_symbol"]), &view.unit_symbol);
        list(object.key(&["values"]), &view.values, |out, (ms, value)| {
            out.push(b'[');
            digits::integer(out, *ms);
            out.push(b',');
            value.write(out);
            out.push(b']');
        });
        instant(object.key(&["next_from"]), view.next_from);
        object.close();
        Self(out)
    }
}

impl From<&LatestView> for Written {
    fn from(view: &LatestView) -> Self {
        let mut out = Vec::with_capacity(64 + view.values.len() * ROW_BYTES);
        let mut object = Object::open(&mut out);
        list(object.key(&["values"]), &view.values, |out, (datastream, ms, value)| {
            out.push(b'[');
            digits::whole(out, u64::from(*datastream));
            out.push(b',');
            digits::integer(out, *ms);
            out.push(b',');
            value.write(out);
            out.push(b']');
        });
        object.close();
        Self(out)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "tests")]
    use city::Span;
    use serde_json::Value;

    use super::*;

    /// As a reader sees it: numbers as numbers, instants as instants.
    fn same(written: &Written, view: &impl serde::Serialize) {
        let written: Value = serde_json::from_slice(&written.0).expect("JSON");
        assert_eq!(plain(written), plain(serde_json::to_value(view).expect("JSON")));
    }

    pub(super) fn plain(value: Value) -> Value {
        match value {
            Value::Number(number) => Value::from(number.as_f64()),
            Value::String(text) => text.parse::<Time>().map_or(Value::String(text), |time| Value::from(time.ms())),
            Value::Array(list) => list.into_iter().map(plain).collect(),
            Value::Object(members) => members.into_iter().map(|(key, value)| (key, plain(value))).collect(),
            other => other,
        }
    }

    #[test]
    fn what_is_written_is_what_the_views_say() {
        let from = Time::from_ms(1_714_446_000_250).expect("a time");
        let numbers = [12.0, -0.125, 1.0 / 3.0, 1e300].map(ResultView::Number);
        let others = [ResultView::Truth(true), ResultView::Truth(false), ResultView::Text("\"high\"\n".into())];
        let values: Vec<_> = numbers.into_iter().chain(others).map(|value| (from.ms(), value)).collect();
        let latest = values.iter().zip(1..).map(|((ms, value), id)| (id, *ms, value.clone())).collect();
        let view = ValuesView {
            datastream: 7,
            from,
            to: from + Span::h(1),
            as_of: None,
            unit_symbol: "\"m\"\n".to_owned(),
            values,
            next_from: Some(from + Span::min(1)),
        };
        same(&Written::from(&view), &view);
        let view = ValuesView { as_of: view.next_from, values: Vec::new(), next_from: None, ..view };
        same(&Written::from(&view), &view);
        let view = LatestView { values: latest };
        same(&Written::from(&view), &view);
    }
}
