//! `oncall.toml`: the demo's reads, and every mistake says where it is and what would be right.
#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

use city::Severity;
use watch::RuleFile;
use watch::notify::channel::{ChannelKind, SmtpSecurity};
use watch::notify::{OnCall, Secret, parse};

const ROLES: [&str; 2] = ["duty_officer", "water_desk"];

fn read(text: &str) -> Result<OnCall, Vec<String>> {
    let roles = ROLES.map(str::to_owned);
    let file = RuleFile { path: "oncall.toml", text };
    parse(file, &roles).map_err(|errors| errors.iter().map(ToString::to_string).collect())
}

/// What everything else is added to: it reads, and a mistake behind it stands on line 17 or after.
const PLAIN: &str = r#"[[channel]]
name = "wall"
kind = "screen"
[[reach]]
role = "duty_officer"
at_least = "info"
channel = "wall"
[[reach]]
role = "water_desk"
at_least = "info"
channels = ["wall"]
[[escalation]]
at_least = "info"
remind_every = "15 min"
step = [{ after = "0 s", role = "owner" }, { after = "10 min", roles = ["duty_officer"] }]

"#;

#[test]
fn the_demo_city_is_on_call() {
    let text = include_str!("../../../demo/oncall.toml");
    let roles: Vec<String> =
        ["duty_officer", "water_desk", "transit_desk", "works_desk", "environment_desk", "emergency_manager"]
            .map(str::to_owned)
            .to_vec();
    let on_call = parse(RuleFile { path: "oncall.toml", text }, &roles).unwrap_or_else(|errors| panic!("{errors:?}"));
    assert!(on_call.channels().iter().all(|channel| channel.kind == ChannelKind::Screen), "nothing leaves the demo");
    assert_eq!(on_call.channels_of("duty_officer", Severity::Moderate), ["wall"]);
    assert_eq!(on_call.channels_of("duty_officer", Severity::Extreme), ["wall", "desks"]);
    for role in &roles {
        for severity in [Severity::Unknown, Severity::Info, Severity::Minor, Severity::Severe, Severity::Extreme] {
            assert!(!on_call.channels_of(role, severity).is_empty(), "{role} at {severity:?}");
            assert!(on_call.escalation(role, severity).is_some_and(|chain| !chain.steps.is_empty()));
        }
    }
    let severe = on_call.escalation("water_desk", Severity::Severe).expect("a chain");
    let after: Vec<i64> = severe.steps.iter().map(|step| step.after.as_s()).collect();
    assert_eq!(after, [0, 600, 1200]);
    let unknown = on_call.escalation("water_desk", Severity::Unknown).expect("a chain");
    assert_eq!(unknown.at_least, Severity::Moderate, "what is not known is not fine");
}

#[test]
fn every_kind_of_channel_reads() {
    let text = format!(
        "{PLAIN}{}",
        r#"
[[channel]]
name = "mail"
kind = "smtp"
host = "mail.city.example"
security = "starttls"
from = "townbell@city.example"
mailbox = "duty-desk@city.example"
user = "townbell"
secret_file = "/etc/townbell/smtp"
[[channel]]
name = "hook"
kind = "webhook"
url = "http://10.0.0.7/bell"
private_network = true
secret_env = "TOWNBELL_HOOK"
[[channel]]
name = "push"
kind = "ntfy"
url = "https://ntfy.city.example"
topic = "duty-desk-7f3k9q"
[[channel]]
name = "browsers"
kind = "web_push"
contact = "mailto:duty-desk@city.example"
secret_file = "/etc/townbell/vapid"
[[channel]]
name = "kannel"
kind = "sms_http"
url = "https://sms.city.example/send?pass={secret}&to={number}&text={text}"
method = "get"
numbers = ["+555133330000"]
secret_file = "/etc/townbell/kannel"
[[channel]]
name = "modem"
kind = "sms_serial"
device = "/dev/ttyUSB0"
number = "+555133330000"
[heartbeat]
url = "https://checker.example/ping"
fail = "https://checker.example/fail"
every = "1 min"
"#
    );
    let on_call = read(&text).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let kinds: Vec<&str> = on_call.channels().iter().map(|channel| channel.kind.name()).collect();
    assert_eq!(kinds, ["screen", "smtp", "webhook", "ntfy", "web_push", "sms_http", "sms_serial"]);
    let Some(ChannelKind::Smtp(mail)) = on_call.channel("mail").map(|channel| &channel.kind) else { panic!("mail") };
    assert_eq!((mail.port, mail.security), (587, SmtpSecurity::StartTls));
    assert_eq!(mail.secret, Some(Secret::File("/etc/townbell/smtp".to_owned())));
    assert_eq!(on_call.heartbeat().map(|beat| beat.every.as_s()), Some(60));
}

#[test]
fn a_mistake_says_where_and_what_would_be_right() {
    let cases = [
        ("[[chanel]]\nname = \"x\"", "oncall.toml:17:3: `chanel` is no part of this file"),
        ("[[channel]]\nname = \"x\"\nkind = \"pager\"", "oncall.toml:19:8: `kind` is \"pager\"; it should be one of"),
        ("[[channel]]\nname = \"wall\"\nkind = \"screen\"", "oncall.toml:17:1: another channel is already named"),
        ("[[channel]]\nname = \"a b\"\nkind = \"screen\"", "oncall.toml:18:8: `name` should be at most 40 of"),
        (
            "[[channel]]\nname = \"m\"\nkind = \"sms_serial\"\ndevice = \"/dev/x\"\nnumber = \"051 9999\"",
            "it should be numbers of duty desks, never of persons",
        ),
        (
            "[[channel]]\nname = \"h\"\nkind = \"webhook\"\nurl = \"http://a.example\"\nsecret_file = \"s\"",
            "oncall.toml:20:7: `url` is in the clear",
        ),
        (
            "[[channel]]\nname = \"h\"\nkind = \"webhook\"\nurl = \"https://me:pw@a.example\"\nsecret_file = \"s\"",
            "`url` has a user or a password in it",
        ),
        (
            "[[channel]]\nname = \"h\"\nkind = \"webhook\"\nurl = \"https://a.example\"\nsecret = \"hunter2\"",
            "`secret` does not belong here: put the secret into a file",
        ),
        (
            "[[channel]]\nname = \"h\"\nkind = \"webhook\"\nurl = \"https://a.example\"",
            "`secret_file` is missing: the file with the key that signs",
        ),
        (
            "[[channel]]\nname = \"g\"\nkind = \"sms_http\"\nurl = \"https://a.example\"\nmethod = \"post\"\nbody = \"{text}\"\nnumber = \"+4930123456\"",
            "neither `url` nor `body` says where {number} goes",
        ),
        (
            "[[reach]]\nrole = \"nobody\"\nat_least = \"severe\"\nchannel = \"wall\"",
            "oncall.toml:18:8: \"nobody\" in `role` is no role of this city; the roles are duty_officer, water_desk",
        ),
        (
            "[[reach]]\nrole = \"water_desk\"\nat_least = \"severe\"\nchannel = \"pager\"",
            "is no [[channel]]; there are wall",
        ),
        ("[[reach]]\nrole = \"water_desk\"\nat_least = \"info\"\nchannel = \"wall\"", "already has a [[reach]]"),
        (
            "[[escalation]]\nowner = \"water_desk\"\nat_least = \"severe\"\nstep = []",
            "`step` is missing: nobody would be called",
        ),
        (
            "[[escalation]]\nowner = \"water_desk\"\nat_least = \"severe\"\nstep = [{ after = \"0 s\" }]",
            "this step would call nobody",
        ),
        (
            "[[escalation]]\nowner = \"water_desk\"\nat_least = \"severe\"\nstep = [{ after = \"0 s\", role = \"mayor\" }]",
            "\"mayor\" in `roles` is no role of this city",
        ),
        (
            "[[escalation]]\nat_least = \"severe\"\nstep = [{ after = \"5 s\", role = \"owner\" }]",
            "the first step should be at once",
        ),
        (
            "[[escalation]]\nat_least = \"severe\"\nstep = [{ after = \"0 s\", role = \"owner\" }, { after = \"0 s\", role = \"duty_officer\" }]",
            "`after` should be longer than 0 s",
        ),
        (
            "[[escalation]]\nat_least = \"severe\"\nstep = [{ after = \"0 s\", role = \"owner\" }]",
            "an [[escalation]] above takes all of these alerts",
        ),
        (
            "[quiet]\nfrom = \"22:00\"\nto = \"7:00\"\nat_most = \"minor\"",
            "oncall.toml:19:6: `to` is \"7:00\"; it should be a time from",
        ),
        (
            "[quiet]\nfrom = \"22:00\"\nto = \"07:00\"\nat_most = \"severe\"",
            "`at_most` is \"severe\"; it should be one of \"info\", \"minor\", \"moderate\"",
        ),
        ("[calls]\ngroup_wait = \"2 h\"", "`group_wait` keeps calls back for too long"),
        ("[calls]\ntell_resolved = \"no\"", "`tell_resolved` should be true or false"),
        (
            "[[shift]]\nrole = \"water_desk\"\nby = \"duty_officer\"\ndays = [\"noday\"]\nfrom = \"08:00\"\nto = \"09:00\"",
            "oncall.toml:20:9: \"noday\" is no day here",
        ),
        (
            "[[shift]]\nrole = \"water_desk\"\nby = \"water_desk\"\nday = \"mon\"\nfrom = \"08:00\"\nto = \"09:00\"",
            "in a circle of shifts",
        ),
        (
            "[[shift]]\nrole = \"water_desk\"\nby = \"duty_officer\"\nday = \"mon\"\nfrom = \"08:00\"\nto = \"09:00\"\n[[shift]]\nrole = \"duty_officer\"\nby = \"water_desk\"\nday = \"mon\"\nfrom = \"08:00\"\nto = \"09:00\"",
            "in a circle of shifts",
        ),
    ];
    assert!(read(PLAIN).is_ok(), "{:?}", read(PLAIN));
    for (added, expected) in cases {
        let errors = read(&format!("{PLAIN}{added}\n")).expect_err(added);
        assert!(errors.iter().any(|error| error.contains(expected)), "{added}\n{errors:#?}");
    }
}

#[test]
fn what_is_missing_as_a_whole_is_missed() {
    let errors = read("").expect_err("nothing in it");
    for role in ROLES {
        assert!(errors.iter().any(|error| error.contains(&format!("{role} could not be called for everything"))));
        assert!(
            errors.iter().any(|error| error.contains(&format!("nobody would be called for some alerts of {role}")))
        );
    }
    assert!(read("[[channel").expect_err("no TOML").iter().any(|error| error.contains("not TOML")));
    assert!(read("channel = 3").expect_err("no list").iter().any(|error| error.contains("write [[channel]]")));
}
