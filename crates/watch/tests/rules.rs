//! Rules as text: what loads, and what every mistake is told.
#![allow(clippy::expect_used, clippy::panic, reason = "a helper that fails has failed the test")]

mod town;

use city::{Datastream, DatastreamId, Span};
use town::{HEAD, contracts, datastreams, load, load_bare, places, properties, purposes, roles, services, things};
use watch::figure::{Figure, Statistic};
use watch::holds::RULE_BYTES_MAX;
use watch::rule::{Kind, Side};
use watch::{Known, Rule, RuleFile, parse_beside};

const RISE: &str = r#"
kind = "rise"
what = "The lake"
datastream = 1
trend_window = "48 h"
[open]
level = 3.0
within = "36 h"
sway = 0.1
for = "1 h"
[close]
drop = 0.35
for = "12 h"
"#;

/// All the mistakes of one file, without its name: "line:column: message".
fn mistakes(text: &str) -> Vec<String> {
    let errors = load_bare(&[("rules/x.toml", text)]).expect_err("the rule should not load");
    errors.iter().map(|error| error.to_string().replacen("rules/x.toml:", "", 1)).collect()
}

/// A question that a role may not ask is not answered by way of another rule's alerts either.
#[test]
fn the_alerts_of_a_rule_are_asked_like_its_feeds() {
    let ending = |purpose: &str, rest: &str| format!("{HEAD}{rest}").replace("\"to_test\"", &format!("\"{purpose}\""));
    let silent = ending("to_test", "kind = \"absence\"\nfeed = \"water\"\n");
    let joined = |of: &str| {
        format!(
            "kind = \"combined\"\nwhat = \"It\"\n[condition.a]\nalert_of = \"{of}\"\n[condition.b]\nalert_of = \"{of}\"\n\
             [open]\nwhen = {{ any = [\"a\", \"b\"] }}\n"
        )
    };
    let (near, far) = (joined("silent"), joined("near"));
    let known_with = |feeds: &[&str], far_purpose: &str| {
        let mut all = purposes();
        let few = feeds.iter().map(|feed| city::FeedId::new(feed)).collect();
        all.push(city::Purpose { id: "few".to_owned(), words: "Few".to_owned(), roles: roles(), feeds: few });
        let files = [
            ("rules/silent.toml", silent.clone()),
            ("rules/near.toml", ending("to_test", &near)),
            ("rules/far.toml", ending(far_purpose, &far)),
        ];
        let files: Vec<RuleFile<'_>> = files.iter().map(|(path, text)| RuleFile { path, text }).collect();
        let (things, datastreams, contracts, places, roles) = (things(), datastreams(), contracts(), places(), roles());
        let known = Known {
            things: &things,
            datastreams: &datastreams,
            properties: &town::properties(),
            contracts: &contracts,
            services: &town::services(),
            places: &places,
            roles: &roles,
            purposes: &all,
        };
        let loaded = watch::parse(&files, &known).map(|rules| rules.len());
        // The same of one that is tried beside the others.
        let others = watch::parse(&files[..2], &known).expect("right");
        let beside = parse_beside(&files[2], &others, &known).map(|_| 3);
        assert_eq!(loaded, beside);
        loaded.map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert_eq!(known_with(&["water"], "few"), Ok(3));
    assert_eq!(known_with(&["weather"], "to_test"), Ok(3));
    let refused = known_with(&["weather"], "few").expect_err("asked by a detour");
    assert_eq!(refused.len(), 2, "{refused:?}");
    assert!(
        refused[0].starts_with("rules/far.toml:")
            && refused[0].ends_with(
                "alerts of `near` rest on the feed `water`, which may not be asked for the purpose `few`; these may: weather"
            ),
        "{refused:?}"
    );
}

#[test]
fn a_rule_without_owner_consequence_first_action_or_time_does_not_load() {
    let whole = format!("{HEAD}kind = \"absence\"\nfeed = \"water\"\n");
    assert!(load_bare(&[("rules/x.toml", &whole)]).is_ok());
    for field in ["owner", "consequence", "first_action", "respond_within", "severity", "purpose", "kind"] {
        let kept: Vec<&str> = whole.lines().filter(|line| !line.starts_with(&format!("{field} "))).collect();
        let without = kept.join("\n");
        let found = mistakes(&without);
        assert_eq!(found.len(), 1, "{field}: {found:?}");
        assert!(found[0].starts_with(&format!("1:1: `{field}` is missing: it should be ")), "{found:?}");
    }
    let blank = whole.replace("\"Something floods.\"", "\"  \"");
    assert_eq!(mistakes(&blank).len(), 1, "a blank consequence is none");
    let at_once = whole.replace("\"15 min\"", "\"0 s\"");
    assert!(mistakes(&at_once)[0].contains("no time at all"));
}

#[test]
fn every_mistake_of_every_file_is_told_with_line_column_and_what_would_be_right() {
    let one = format!(
        "{HEAD}kind = \"rise\"\nwhat = \"The lake\"\ndatastream = 9\ntrend_window = \"soon\"\nspeed = 3\n\
                       [open]\nlevel = \"high\"\nwithin = \"36 h\"\nsway = 0.1\n[close]\ndrop = -1\n"
    );
    let two = "kind = \"alarm\"\n".to_owned() + HEAD;
    let errors = load_bare(&[("rules/one.toml", &one), ("rules/two.toml", &two)]).expect_err("mistakes");
    let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let expected = [
        "rules/one.toml:10:14: datastream 9 is not there; there are 1 (Lake at the quay), 2 (Lake at the bridge), 3 (Rain)",
        "rules/one.toml:11:16: `trend_window` is \"soon\"; it should be a length of time in quotes, as \"90 s\", \
         \"15 min\", \"1 h 30 min\" or \"2 days\"",
        "rules/one.toml:12:1: `speed` is no field here; the fields are ",
        "rules/one.toml:14:9: `level` is \"high\"; it should be a number in the unit of the series",
        "rules/one.toml:18:8: `drop` is how far below the level; it cannot be negative",
        "rules/two.toml:1:8: `kind` is \"alarm\"; it should be one of \"threshold\", \"trend\", \"deviation\", ",
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (found, start) in told.iter().zip(expected) {
        assert!(found.starts_with(start), "\n{found}\n{start}");
    }
}

#[test]
fn text_that_is_no_toml_is_told_where() {
    let found = mistakes("kind = \"rise\nowner = 3\n");
    assert!(found.iter().any(|mistake| mistake.starts_with("1:") && mistake.contains("not TOML")), "{found:?}");
}

#[test]
fn conditions_that_would_flap_are_refused() {
    let threshold = |window: &str, open: &str, close: &str| {
        format!(
            "{HEAD}kind = \"threshold\"\nwhat = \"The lake\"\ndatastream = 1\nstatistic = \"mean\"\n\
             window = \"{window}\"\n[open]\n{open}\n[close]\n{close}\n"
        )
    };
    assert!(load_bare(&[("x", &threshold("1 h", "above = 2.5", "below = 2.5"))]).is_ok());
    let refused = [
        (threshold("1 h", "above = 2.5", "below = 2.6"), "should be at most 2.5"),
        (threshold("1 h", "above = 2.5", "above = 2.6"), "should be `below`"),
        (threshold("1 h", "below = 2.5", "above = 2.4"), "should be at least 2.5"),
        (threshold("1 h", "above = 1\nbelow = 2", "below = 1"), "more than one of `above` or `below`"),
        (threshold("1 h", "for = \"1 h\"", "below = 1"), "needs `above` or `below`"),
    ];
    for (text, message) in refused {
        let found = mistakes(&text);
        assert!(found.len() == 1 && found[0].contains(message), "{message}: {found:?}");
    }
}

#[test]
fn a_rule_that_could_hold_too_much_is_refused_and_each_kind_says_what_it_holds() {
    let threshold = |streams: &str| {
        format!(
            "{HEAD}kind = \"threshold\"\nwhat = \"Rain\"\ndatastreams = [{streams}]\nstatistic = \"max\"\n\
             window = \"1 day\"\n[open]\nabove = 2.5\n[close]\nbelow = 2.5\n"
        )
    };
    let rain = &datastreams()[2];
    let known: Vec<Datastream> = (1..=10_000).map(|id| Datastream { id: DatastreamId(id), ..rain.clone() }).collect();
    let load = |text: &str| {
        let (things, contracts, places, roles, purposes) = (things(), contracts(), places(), roles(), purposes());
        let known = Known {
            things: &things,
            datastreams: &known,
            properties: &properties(),
            services: &services(),
            contracts: &contracts,
            places: &places,
            roles: &roles,
            purposes: &purposes,
        };
        watch::parse(&[RuleFile { path: "rules/x.toml", text }], &known)
    };
    let ids = |count: u32| (1..=count).map(|id| id.to_string()).collect::<Vec<_>>().join(", ");
    let errors = load(&threshold(&ids(10_000))).expect_err("too much");
    let told = errors[0].to_string();
    assert!(told.contains("could come to hold 31") && told.contains("MiB, and may hold 256; take fewer"), "{told}");
    let rule = &load(&threshold(&ids(8_000))).expect("it loads")[0];
    assert!(rule.holds().own_bytes < RULE_BYTES_MAX && rule.holds().shared_bytes == 0);
    let one = |body: &str| load_bare(&[("x", &format!("{HEAD}{body}"))]).expect("it loads")[0].holds();
    // However long the window: what is older than can be kept one by one is summed up.
    let line = "[open]\nabove = 2.5\n[close]\nbelow = 2.5\n";
    let window = |length: &str| {
        let head = "kind = \"threshold\"\nwhat = \"Rain\"\ndatastream = 3\nstatistic = \"sum\"";
        format!("{head}\nwindow = \"{length}\"\n{line}")
    };
    assert_eq!(one(&window("1 h")), one(&window("365 days")));
    let trip = "kind = \"trip\"\ntimetable = \"timetable\"\nfeed = \"updates\"\n[open]\nlate_by = \"15 min\"\ntrips = 2\n\
                [close]\ntrips_below = 1\n";
    let silence = "kind = \"absence\"\nfeed = \"water\"\n";
    for (body, shares) in [(trip, true), (silence, false)] {
        let holds = one(body);
        assert!(holds.own_bytes > 0 && (holds.shared_bytes > 0) == shares, "{body}: {holds:?}");
    }
}

#[test]
fn what_can_never_ring_or_never_close_does_not_load_and_says_what_would_be_right() {
    let figure = |head: &str, open: &str, close: &str| {
        format!("{HEAD}kind = {head}\nwhat = \"The lake\"\n[open]\n{open}\n[close]\n{close}\n")
    };
    let mean = "\"threshold\"\ndatastream = 1\nstatistic = \"mean\"\nwindow = \"1 h\"";
    let sum = "\"threshold\"\ndatastream = 3\nstatistic = \"sum\"\nwindow = \"1 h\"";
    let tumbling = "\"threshold\"\ndatastream = 1\nstatistic = \"mean\"\nwindow = \"1 h\"\ntumbling = true";
    let weeks = "\"deviation\"\ndatastream = 1\npast_weeks = 4";
    let twice = "\"threshold\"\ndatastreams = [1, 2, 1]\nstatistic = \"last\"";
    let joined = |body: &str| {
        format!(
            "{HEAD}kind = \"combined\"\nwhat = \"Both\"\n[condition.a]\nkind = \"absence\"\nfeed = \"water\"\n\
             [condition.b]\nkind = \"absence\"\nfeed = \"weather\"\n[condition.c]\nkind = \"threshold\"\n\
             datastream = 1\nstatistic = \"last\"\n{body}"
        )
    };
    let asks = |body: &str| {
        format!("{HEAD}kind = \"requests\"\nwhat = \"Floods\"\nfeed = \"requests\"\nwindow = \"1 h\"\n{body}")
    };
    let rise =
        |level: &str, drop: &str| format!("{HEAD}{}", RISE.replace("level = 3.0", level).replace("drop = 0.35", drop));
    let feeds = format!("{HEAD}kind = \"absence\"\nfeeds = [\"water\", \"water\"]\n");
    let long = format!("{HEAD}kind = \"absence\"\nfeed = \"water\"\nafter = \"400 days\"\n");
    let guarded = |when: &str| figure(mean, "above = 2", "below = 1") + &format!("[guard]\nwhen = \"{when}\"\n");
    let cases = [
        (
            figure(mean, "above = 500", "below = 1"),
            "14:9: it would never ring: Lake at the quay can be from -10 to 500 m",
        ),
        (figure(mean, "below = -10", "above = 1"), "14:9: it would never ring: "),
        (figure(mean, "above = 2", "below = -11"), "16:9: it would never close: Lake at the quay can be from -10"),
        (
            figure(weeks, "off = 511", "within = 1"),
            "13:7: it would never ring: Lake at the quay can be off by from -510",
        ),
        (figure(weeks, "off = 1", "within = 0"), "15:10: it would never close: "),
        (
            figure(tumbling, "above = 2\nwindows = 1_000_000_000", "below = 1"),
            "16:11: it would never hold so long; `windows` should be at most 8784",
        ),
        (figure(twice, "above = 2", "below = 1"), "9:22: 1 stands in `datastreams` twice; name it once"),
        (rise("level = 501", "drop = 0.35"), "14:9: it would never get there: "),
        (rise("level = 3.0", "drop = 14"), "19:8: it would never close: "),
        (joined("above = 2\n[open]\nwhen = { all = [\"a\", \"c\"] }\n"), "13:12: nothing asks for the condition `b`; "),
        (joined("above = 600\n[open]\nwhen = { all = [\"a\", \"b\", \"c\"] }\n"), "20:9: it would never hold: "),
        (
            asks("services = [\"flood\", \"floods\"]\n[open]\nrequests = 5\n"),
            "12:22: \"floods\" is not counted, so it would never ring; `services` of the feed requests in city.toml are flood, drain",
        ),
        (feeds, "9:19: \"water\" stands in `feeds` twice"),
        (long, "10:9: `after` is \"400 days\"; it should be at most \"366 days\""),
        (guarded("hour > 30"), "18:9: `hour > 30` is never so"),
    ];
    let found = cases.iter().map(|(text, told)| (*told, mistakes(text)));
    let wrong: Vec<_> = found.filter(|(told, found)| found.len() != 1 || !found[0].starts_with(told)).collect();
    assert!(wrong.is_empty(), "expected, found: {wrong:#?}");
    // What may come, however rarely, is taken: a sum has no most, and what only the close asks for is asked for.
    for text in [
        figure(sum, "above = 5000", "below = 1"),
        figure(mean, "above = 499.9", "below = -9.9"),
        joined("above = 2\n[open]\nwhen = { all = [\"a\", \"c\"] }\n[close]\nwhen = { not = \"b\" }\n"),
    ] {
        assert!(load_bare(&[("x", &text)]).is_ok(), "{text}: {:?}", mistakes(&text));
    }
}

#[test]
fn two_files_with_one_name_are_refused() {
    let text = format!("{HEAD}kind = \"absence\"\nfeed = \"water\"\n");
    let errors = load_bare(&[("a/x.toml", &text), ("b/x.toml", &text)]).expect_err("one name");
    assert_eq!(errors[0].to_string(), "b/x.toml:1:1: another file already has the rule `x`; rename one of them");
}

#[test]
fn a_rule_reads_as_it_is_written() {
    let rules = load(&[("lake", RISE)]).expect("it loads");
    assert_eq!(rules[0].id.as_str(), "lake");
    assert_eq!(rules[0].version.len(), 12);
    let Kind::Rise(rise) = &rules[0].kind else { panic!("a rise") };
    assert_eq!((rise.level, rise.sway, rise.drop), (3.0, 0.1, 0.35));
    assert_eq!((rise.within, rise.open_for, rise.close_for), (Span::h(36), Span::h(1), Span::h(12)));
    let edited = load(&[("lake", &RISE.replace("36 h", "30 h"))]).expect("it loads");
    assert_ne!(edited[0].version, rules[0].version, "another text is another version");
    let low = "kind = \"threshold\"\nwhat = \"The lake\"\ndatastreams = [1, 2]\nstatistic = \"min\"\nwindow = \"2 h\"\n\
               [open]\nbelow = 0\n[close]\nabove = 0.2\nfor = \"1 h\"\n";
    let rules = load(&[("low", low)]).expect("it loads");
    let Kind::Figure(threshold) = &rules[0].kind else { panic!("a threshold") };
    let figure = Figure::Window { statistic: Statistic::Min, window: Span::h(2) };
    assert_eq!((threshold.figure, threshold.open, threshold.close), (figure, Side::Below(0.0), Side::Above(0.2)));
    assert_eq!(threshold.datastreams.len(), 2);
}

#[test]
fn a_rule_explains_itself_in_one_sentence() {
    let sentence = |text: &str| town::sentence(&load(&[("x", text)]).expect("it loads")[0], &[]);
    assert_eq!(
        sentence(RISE),
        "Rings when Lake at the quay is above 3.0 m, or rises so that the line through its last 48 h comes within \
         0.1 m of 3.0 m in the next 36 h for 1 h, and stops when it no longer rises so and is more than 0.35 m below \
         3.0 m for 12 h; the water desk acts within 15 min."
    );
    let runs = "timetable = \"timetable\"\nfeed = \"positions\"\n";
    assert_eq!(
        sentence(&format!(
            "kind = \"zone\"\nzone = \"centre\"\nroute = \"T1\"\nwhere = \"inside\"\nstay = \"10 min\"\n{runs}[open]\n\
             vehicles = 2\nfor = \"5 min\"\n[close]\nvehicles_below = 1\n"
        )),
        "Rings when 2 vehicles or more of line T1 are inside the centre (counting those that have been so for 10 min) \
         for 5 min (by Bus positions), and stops when no vehicle is so; the water desk acts within 15 min."
    );
    assert_eq!(
        sentence(&format!(
            "kind = \"headway\"\n{runs}[open]\nbunched_below = 0.25\ngap_above = 2\npairs = 2\nfor = \"5 min\"\n"
        )),
        "Rings when 2 pairs or more of runs that follow one another on a line are closer than 0.25 of the planned \
         headway or further apart than 2 times the planned headway for 5 min (by Bus positions), and stops when fewer \
         than 2 are left; the water desk acts within 15 min."
    );
    assert_eq!(
        sentence("kind = \"absence\"\nthings = [1, 2]\nafter = \"2 h\"\n"),
        "Rings when Quay gauge or Bridge gauge is silent for 2 h, and stops as soon as it reports again; the water \
         desk acts within 15 min."
    );
    assert_eq!(
        sentence("kind = \"warning\"\nfeed = \"warnings\"\nat_least = \"moderate\"\nplace = \"town\"\n"),
        "Rings for a warning of Official warnings of severity moderate or worse that touches the town, when it comes \
         into force, and stops when it has ended or is cancelled; the water desk acts within 15 min."
    );
}

/// One more rule beside others, as the whole folder would take it.
fn beside(path: &str, text: &str, others: &[Rule]) -> Result<Rule, Vec<String>> {
    let (things, datastreams, contracts, places, roles) = (things(), datastreams(), contracts(), places(), roles());
    let purposes = purposes();
    let known = Known {
        things: &things,
        datastreams: &datastreams,
        properties: &properties(),
        services: &services(),
        contracts: &contracts,
        places: &places,
        roles: &roles,
        purposes: &purposes,
    };
    let read = parse_beside(&RuleFile { path, text }, others, &known);
    read.map_err(|errors| errors.iter().map(ToString::to_string).collect())
}

#[test]
fn one_more_rule_is_read_beside_others_as_it_would_be_with_all_of_them() {
    let asks = |of: &str| {
        format!(
            "{HEAD}kind = \"combined\"\nwhat = \"Both\"\n[condition.one]\nalert_of = \"{of}\"\n\
             [condition.two]\nalert_of = \"plain\"\n[open]\nwhen = {{ all = [\"one\", \"two\"] }}\n"
        )
    };
    let plain = format!("{HEAD}kind = \"absence\"\nfeed = \"water\"\n");
    let first = [("rules/plain.toml", plain.as_str()), ("rules/a.toml", &asks("plain"))];
    let others = load_bare(&first).expect("they load");

    let b = asks("a");
    let all = load_bare(&[first[0], first[1], ("rules/b.toml", &b)]).expect("they load");
    assert_eq!(beside("rules/b.toml", &b, &others).as_ref(), Ok(&all[2]));

    // In the place of the one of its name: what it asked before does not count, and a circle by way of others does.
    let mistake = |folder: &[(&str, &str)]| -> Vec<String> {
        load_bare(folder).expect_err("a mistake").iter().map(ToString::to_string).collect()
    };
    let circle = asks("b");
    let found = beside("rules/a.toml", &circle, &all).expect_err("a circle");
    assert!(found.len() == 1 && found[0].contains("and so triggers itself"), "{found:?}");
    let whole = mistake(&[first[0], ("rules/a.toml", &circle), ("rules/b.toml", &b)]);
    assert!(whole.contains(&found[0]), "{found:?} is no part of {whole:?}");

    let lost = asks("gone");
    let found = beside("rules/c.toml", &lost, &all).expect_err("no such rule");
    assert_eq!(found, mistake(&[first[0], first[1], ("rules/b.toml", &b), ("rules/c.toml", &lost)]));
}
