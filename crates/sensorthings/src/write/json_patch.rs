//! JSON Patch (RFC 6902) with JSON Pointer (RFC 6901).

use serde_json::Value;

use super::limits::OPERATIONS_MAX;
use crate::problem::Problem;

/// Applies operations, all or none. 400: no patch; 409: the document is not as the patch expects it.
pub(super) fn apply(mut document: Value, patch: &Value) -> Result<Value, Problem> {
    let Value::Array(operations) = patch else {
        return Err(Problem::malformed("expected a list of operations (RFC 6902)"));
    };
    if operations.len() > OPERATIONS_MAX {
        return Err(Problem::too_large(format!("expected at most {OPERATIONS_MAX} operations")));
    }
    for (index, operation) in operations.iter().enumerate() {
        operate(&mut document, operation).map_err(|problem| problem.about(format!("[{index}]")))?;
    }
    Ok(document)
}

fn operate(document: &mut Value, operation: &Value) -> Result<(), Problem> {
    let text = |name: &'static str| {
        let text = operation.get(name).and_then(Value::as_str);
        text.ok_or_else(|| Problem::malformed(format!("expected {name:?} as text")))
    };
    let value = || operation.get("value").cloned().ok_or_else(|| Problem::malformed("expected \"value\""));
    let path = text("path")?;
    match text("op")? {
        "add" => add(document, path, value()?),
        "remove" => remove(document, path).map(|_| ()),
        "replace" => {
            *document.pointer_mut(checked(path)?).ok_or_else(absent)? = value()?;
            Ok(())
        }
        "copy" => {
            let copied = document.pointer(checked(text("from")?)?).cloned().ok_or_else(absent)?;
            add(document, path, copied)
        }
        "move" => {
            let from = text("from")?;
            if path.strip_prefix(from).is_some_and(|rest| rest.starts_with('/')) {
                return Err(Problem::malformed("expected a move to a place outside of what is moved"));
            }
            let moved = remove(document, from)?;
            add(document, path, moved)
        }
        "test" => {
            let found = document.pointer(checked(path)?).ok_or_else(absent)?;
            if same(found, &value()?) { Ok(()) } else { Err(Problem::conflict("a test of the patch does not hold")) }
        }
        _ => Err(Problem::malformed("expected add, remove, replace, move, copy or test as \"op\"")),
    }
}

fn absent() -> Problem {
    Problem::conflict("the patch names a place that is not there")
}

/// A pointer: empty, or every token behind a slash, `~` only as `~0` and `~1`.
fn checked(path: &str) -> Result<&str, Problem> {
    let escapes = path.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    let sound = (path.is_empty() || path.starts_with('/')) && escapes;
    if sound { Ok(path) } else { Err(Problem::malformed("expected a JSON Pointer (RFC 6901)")) }
}

/// The place that holds the last token of a pointer, and that token.
fn parent<'d>(document: &'d mut Value, path: &str) -> Result<(&'d mut Value, String), Problem> {
    let (parent, token) = checked(path)?.rsplit_once('/').ok_or_else(absent)?;
    let token = token.replace("~1", "/").replace("~0", "~");
    Ok((document.pointer_mut(parent).ok_or_else(absent)?, token))
}

fn add(document: &mut Value, path: &str, value: Value) -> Result<(), Problem> {
    if path.is_empty() {
        *document = value;
        return Ok(());
    }
    match parent(document, path)? {
        (Value::Object(map), token) => {
            map.insert(token, value);
            Ok(())
        }
        (Value::Array(items), token) => {
            let at = if token == "-" { Some(items.len()) } else { index(&token) };
            let at = at.filter(|at| *at <= items.len()).ok_or_else(absent)?;
            items.insert(at, value);
            Ok(())
        }
        _ => Err(absent()),
    }
}

fn remove(document: &mut Value, path: &str) -> Result<Value, Problem> {
    if path.is_empty() {
        return Ok(std::mem::take(document));
    }
    match parent(document, path)? {
        (Value::Object(map), token) => map.remove(&token).ok_or_else(absent),
        (Value::Array(items), token) => {
            let at = index(&token).filter(|at| *at < items.len()).ok_or_else(absent)?;
            Ok(items.remove(at))
        }
        _ => Err(absent()),
    }
}

/// Digits without a leading zero.
fn index(token: &str) -> Option<usize> {
    let sound = token.bytes().all(|byte| byte.is_ascii_digit()) && (token == "0" || !token.starts_with('0'));
    sound.then(|| token.parse().ok()).flatten()
}

/// Equal as RFC 6902 clause 4.6 has it: numbers by value, so that 1 is 1.0.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, value)| b.get(name).is_some_and(|other| same(value, other)))
        }
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patched(document: Value, patch: &Value) -> Result<Value, u16> {
        apply(document, patch).map_err(|problem| problem.status)
    }

    /// The examples of RFC 6902 appendix A that have a result here.
    #[test]
    fn examples_of_the_rfc() {
        let cases = [
            (
                json!({"foo": "bar"}),
                json!([{"op": "add", "path": "/baz", "value": "qux"}]),
                json!({"baz": "qux", "foo": "bar"}),
            ),
            (
                json!({"foo": ["bar", "baz"]}),
                json!([{"op": "add", "path": "/foo/1", "value": "qux"}]),
                json!({"foo": ["bar", "qux", "baz"]}),
            ),
            (json!({"baz": "qux", "foo": "bar"}), json!([{"op": "remove", "path": "/baz"}]), json!({"foo": "bar"})),
            (
                json!({"foo": ["bar", "qux", "baz"]}),
                json!([{"op": "remove", "path": "/foo/1"}]),
                json!({"foo": ["bar", "baz"]}),
            ),
            (
                json!({"baz": "qux", "foo": "bar"}),
                json!([{"op": "replace", "path": "/baz", "value": "boo"}]),
                json!({"baz": "boo", "foo": "bar"}),
            ),
            (
                json!({"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}}),
                json!([{"op": "move", "from": "/foo/waldo", "path": "/qux/thud"}]),
                json!({"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}}),
            ),
            (
                json!({"foo": ["all", "grass", "cows", "eat"]}),
                json!([{"op": "move", "from": "/foo/1", "path": "/foo/3"}]),
                json!({"foo": ["all", "cows", "eat", "grass"]}),
            ),
            (
                json!({"foo": "bar"}),
                json!([{"op": "add", "path": "/child", "value": {"grandchild": {}}}]),
                json!({"foo": "bar", "child": {"grandchild": {}}}),
            ),
            (
                json!({"foo": "bar"}),
                json!([{"op": "add", "path": "/baz", "value": "qux", "xyz": 123}]),
                json!({"foo": "bar", "baz": "qux"}),
            ),
            (
                json!({"foo": ["bar"]}),
                json!([{"op": "add", "path": "/foo/-", "value": ["abc", "def"]}]),
                json!({"foo": ["bar", ["abc", "def"]]}),
            ),
            (
                json!({"/": 9, "~1": 10}),
                json!([{"op": "test", "path": "/~01", "value": 10}]),
                json!({"/": 9, "~1": 10}),
            ),
            (
                json!({"a": {"b": 1}}),
                json!([{"op": "copy", "from": "/a", "path": "/c"}]),
                json!({"a": {"b": 1}, "c": {"b": 1}}),
            ),
        ];
        for (document, patch, wanted) in cases {
            assert_eq!(patched(document, &patch), Ok(wanted), "{patch}");
        }
    }

    #[test]
    fn what_does_not_fit_changes_nothing() {
        let cases = [
            (json!([{"op": "test", "path": "/baz", "value": "bar"}]), 409),
            (json!([{"op": "add", "path": "/baz/bat", "value": "qux"}]), 409),
            (json!([{"op": "remove", "path": "/none"}]), 409),
            (json!([{"op": "test", "path": "/baz", "value": 10}]), 409),
            (json!([{"op": "move", "from": "/foo", "path": "/foo/0"}]), 400),
            (json!([{"op": "add", "path": "foo", "value": 1}]), 400),
            (json!([{"op": "add", "path": "/foo/~2", "value": 1}]), 400),
            (json!([{"op": "add", "path": "/foo/01", "value": 1}]), 409),
            (json!([{"op": "add", "path": "/foo/9", "value": 1}]), 409),
            (json!([{"op": "add", "path": "/x"}]), 400),
            (json!([{"op": "merge", "path": "/x"}]), 400),
            (json!({"op": "remove", "path": "/baz"}), 400),
            (json!(["x"]), 400),
        ];
        for (patch, status) in cases {
            assert_eq!(patched(json!({"baz": "qux", "foo": ["bar"]}), &patch), Err(status), "{patch}");
        }
    }
}
