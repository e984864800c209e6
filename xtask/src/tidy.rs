//! The invariants of the house that a compiler cannot check. Each finding names file and line.

use std::fs;
use std::path::{Path, PathBuf};

/// Lines that one file may have: it is one idea. A file that is one table says so in its first ten lines.
const LINES_MAX: usize = 500;
/// Marks a file that is one table, and may be longer.
const ONE_TABLE: &str = "one table";

/// Rooms that do no I/O and read no clock (ARCHITECTURE.md, invariant 3).
const PURE: [&str; 8] = ["city", "formats", "gate", "sensorthings", "watch", "foresee", "respond", "account"];
/// What those rooms may not name outside their tests.
const IMPURE: [&str; 17] = [
    "std::fs",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "std::process",
    // `thread::scope` is let through: its threads end within the call, and what they do is looked at like the rest.
    "thread::spawn",
    "thread::sleep",
    "thread::Builder",
    "available_parallelism",
    "std::env",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "tokio::",
    "reqwest",
    "rusqlite",
];

/// Words that name a person, or something that finds one. In the types, the schema, the OpenAPI document and the
/// pages they may not be a name of a field, a column or a parameter (CHARTER.md).
const FORBIDDEN: [&str; 41] = [
    "person",
    "persons",
    "driver",
    "drivers",
    "passenger",
    "passengers",
    "operator_name",
    "first_name",
    "last_name",
    "full_name",
    "surname",
    "email",
    "phone",
    "mobile",
    "license_plate",
    "licence_plate",
    "number_plate",
    "face",
    "faces",
    "voice",
    "imsi",
    "imei",
    "mac_address",
    "device_id",
    "caller",
    "patient",
    "patients",
    "suspect",
    "suspects",
    "victim",
    "victims",
    "ethnicity",
    "religion",
    "race",
    "gender",
    "birth_date",
    "address_string",
    "account_id",
    "biometric",
    "camera",
    "photo",
];

/// File names that say nothing about what is in them.
const NAMELESS: [&str; 5] = ["utils", "util", "common", "manager", "helpers"];

/// Words that belong to no page of the project.
const STRAY: [&str; 3] = ["/root/", "/work/", "TODO"];

/// Runs all checks. Err: the findings.
pub(crate) fn run(root: &Path) -> Result<String, String> {
    let mut findings = Vec::new();
    let files = sources(root);
    for file in &files {
        let Ok(text) = fs::read_to_string(file) else { continue };
        let name = file.strip_prefix(root).unwrap_or(file).to_string_lossy().replace('\\', "/");
        length(&name, &text, &mut findings);
        nameless(&name, &mut findings);
        stray(&name, &text, &mut findings);
        purity(&name, &text, &mut findings);
        fields(&name, &text, &mut findings);
    }
    arrows(root, &mut findings);
    sql_is_upper_case(root, &mut findings);
    let stale = crate::stale(root)?;
    findings.extend(stale.iter().map(|file| format!("{file}:1: stale; run make generate and look at the difference")));
    if findings.is_empty() {
        return Ok(format!("tidy: {} files, nothing to mend.", files.len()));
    }
    findings.sort();
    Err(format!("{}\ntidy: {} to mend.", findings.join("\n"), findings.len()))
}

fn sources(root: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for folder in ["crates", "xtask", "web/src", "web/dev", "tests", "schema", "api", "demo"] {
        walk(&root.join(folder), &mut out);
    }
    out.sort();
    out
}

fn walk(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            if !["node_modules", "dist", "target", "data", "out"].contains(&name.as_str()) {
                walk(&path, out);
            }
        } else if READ.contains(&ending(&name)) {
            out.push(path);
        }
    }
}

/// Files that are looked into, by ending.
const READ: [&str; 10] = ["rs", "ts", "tsx", "mjs", "css", "sql", "toml", "json", "py", "sh"];

fn ending(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or_default()
}

fn length(name: &str, text: &str, findings: &mut Vec<String>) {
    let code = ["rs", "ts", "tsx", "mjs", "css"].contains(&ending(name));
    let table = text.lines().take(10).any(|line| line.contains(ONE_TABLE));
    let lines = text.lines().count();
    if code && lines > LINES_MAX && !table {
        findings.push(format!("{name}:{lines}: a file is one idea, at most {LINES_MAX} lines; split it, or say in its head that it is {ONE_TABLE}"));
    }
}

fn nameless(name: &str, findings: &mut Vec<String>) {
    let stem = name.rsplit('/').next().unwrap_or_default().split('.').next().unwrap_or_default();
    if NAMELESS.contains(&stem) {
        findings.push(format!("{name}:1: {stem:?} says nothing about what is in the file"));
    }
}

fn stray(name: &str, text: &str, findings: &mut Vec<String>) {
    if name == "xtask/src/tidy.rs" {
        return;
    }
    for (line, code) in text.lines().enumerate() {
        if let Some(word) = STRAY.iter().find(|word| code.contains(**word)) {
            findings.push(format!("{name}:{}: {word:?} does not belong into the project", line + 1));
        }
    }
}

/// Code before the tests of a file, line by line, comments left out.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().take_while(|(_, line)| !line.starts_with("#[cfg(test)]"));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//")).map(|(at, line)| (at + 1, line))
}

fn purity(name: &str, text: &str, findings: &mut Vec<String>) {
    let pure = PURE.iter().any(|room| name.starts_with(&format!("crates/{room}/src/")));
    if !pure || ending(name) != "rs" || name.ends_with("/tests.rs") {
        return;
    }
    for (line, code) in code(text) {
        if let Some(word) = IMPURE.iter().find(|word| code.contains(**word)) {
            findings.push(format!("{name}:{line}: {word} in a pure room; pass it in"));
        }
    }
}

/// Names of fields, columns, parameters and JSON keys.
fn fields(name: &str, text: &str, findings: &mut Vec<String>) {
    let kind = ending(name);
    for (line, code) in code(text) {
        let found: Option<&str> = match kind {
            "rs" if name.starts_with("crates/") && name.contains("/src/") => {
                code.trim().strip_prefix("pub ").and_then(|rest| rest.split_once(':')).map(|(field, _)| field.trim())
            }
            "sql" => code.split_whitespace().next(),
            "json" if name.starts_with("api/") => {
                code.trim().strip_prefix('"').and_then(|rest| rest.split_once('"')).map(|(key, _)| key)
            }
            "ts" | "tsx" if name.contains("/api/") => code.trim().split_once([':', '?']).map(|(field, _)| field.trim()),
            _ => None,
        };
        if let Some(field) = found.filter(|field| is_forbidden(field)) {
            findings
                .push(format!("{name}:{line}: {field:?} could hold a person; there is no place for it (CHARTER.md)"));
        }
    }
}

fn is_forbidden(field: &str) -> bool {
    let field = field.trim_matches(['"', '`']).to_ascii_lowercase();
    FORBIDDEN.contains(&field.as_str())
        || FORBIDDEN.iter().any(|word| field.ends_with(&format!("_{word}")) || field.starts_with(&format!("{word}_")))
}

/// Arrows between rooms (ARCHITECTURE.md): what each may depend on, of our own.
const ARROWS: [(&str, &[&str]); 9] = [
    ("city", &[]),
    ("formats", &["city"]),
    ("gate", &["city"]),
    ("sensorthings", &["city"]),
    ("store", &["city", "gate"]),
    ("watch", &["city"]),
    ("foresee", &["city"]),
    ("account", &["city"]),
    ("townbell", &["account", "city", "foresee", "formats", "gate", "sensorthings", "store", "watch"]),
];

fn arrows(root: &Path, findings: &mut Vec<String>) {
    let rooms: Vec<&str> = ARROWS.iter().map(|(room, _)| *room).collect();
    for (room, may) in ARROWS {
        let file = format!("crates/{room}/Cargo.toml");
        let Ok(text) = fs::read_to_string(root.join(&file)) else {
            findings.push(format!("{file}:1: this room is in ARCHITECTURE.md and not in the house"));
            continue;
        };
        let production = text.split("[dev-dependencies]").next().unwrap_or_default();
        for (line, text) in production.lines().enumerate() {
            let depends = text.split([' ', '=', '.']).next().unwrap_or_default();
            if rooms.contains(&depends) && !may.contains(&depends) {
                findings.push(format!("{file}:{}: {room} may not depend on {depends}", line + 1));
            }
        }
    }
}

fn sql_is_upper_case(root: &Path, findings: &mut Vec<String>) {
    let mut files = Vec::new();
    walk(&root.join("schema"), &mut files);
    for file in files {
        let text = fs::read_to_string(&file).unwrap_or_default();
        for (line, code) in text.lines().enumerate() {
            let word = code.split_whitespace().next().unwrap_or_default();
            if ["create", "insert", "select", "update", "delete"].contains(&word) {
                findings.push(format!("{}:{}: SQL keywords are in capitals", file.display(), line + 1));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings_of(name: &str, text: &str) -> Vec<String> {
        let mut findings = Vec::new();
        length(name, text, &mut findings);
        nameless(name, &mut findings);
        purity(name, text, &mut findings);
        fields(name, text, &mut findings);
        findings
    }

    #[test]
    fn each_check_finds_what_it_is_for() {
        assert_eq!(findings_of("crates/watch/src/a.rs", "let t = std::time::Instant::now();").len(), 1);
        assert_eq!(findings_of("crates/city/src/a.rs", "    pub driver: String,").len(), 1);
        assert_eq!(findings_of("crates/city/src/a.rs", "    pub caller_phone: String,").len(), 1);
        assert_eq!(findings_of("schema/sqlite/9.sql", "  email TEXT NOT NULL,").len(), 1);
        assert_eq!(findings_of("api/openapi.json", "  \"license_plate\": {").len(), 1);
        assert_eq!(findings_of("crates/store/src/utils.rs", "").len(), 1);
        assert_eq!(findings_of("crates/store/src/long.rs", &"x\n".repeat(501)).len(), 1);
    }

    #[test]
    fn what_is_right_is_left_alone() {
        assert!(
            findings_of("crates/watch/src/a.rs", "// Instant::now is not read here\n#[cfg(test)]\nstd::fs").is_empty()
        );
        assert!(findings_of("crates/city/src/a.rs", "    pub surface_m2: f64,\n    pub name: String,").is_empty());
        assert!(findings_of("crates/store/src/table.rs", &format!("//! one table\n{}", "x\n".repeat(600))).is_empty());
    }
}
