//! Sentences of combined rules: one each, without brackets of logic, and without the name of a file.
#![allow(clippy::expect_used, reason = "a helper that fails has failed the test")]

mod town;

use town::{load, sentence};

const LATE: &str = "kind = \"trip\"\ntimetable = \"timetable\"\nfeeds = [\"updates\"]\n[open]\n\
                    late_by = \"15 min\"\ntrips = 3\n[close]\ntrips_below = 2\n";

fn rain(open: &str, close: &str) -> String {
    format!(
        "kind = \"combined\"\nwhat = \"Trouble\"\n[condition.rain]\nkind = \"threshold\"\ndatastream = 3\n\
         statistic = \"sum\"\nwindow = \"3 h\"\nabove = 20\nremembered = \"2 h\"\n[condition.high]\nkind = \"threshold\"\n\
         datastream = 1\nstatistic = \"last\"\nabove = 2.5\n[condition.late]\nalert_of = \"late-buses\"\n\
         [open]\nwhen = {open}\nfor = \"5 min\"\n[close]\n{close}\n"
    )
}

fn sentences(open: &str, close: &str) -> (String, String) {
    let rules = load(&[("late-buses", LATE), ("trouble", &rain(open, close))]).expect("the rules load");
    let trouble = rules.iter().find(|rule| rule.id.as_str() == "trouble").expect("it is there");
    (sentence(trouble, &rules), sentence(trouble, &[]))
}

#[test]
fn a_combined_rule_is_one_plain_sentence_that_names_things_by_their_names() {
    let (among, alone) = sentences("{ all = [\"rain\", { any = [\"late\", \"high\"] }] }", "for = \"30 min\"");
    assert_eq!(
        among,
        "Rings when the sum of 3 h of Rain is above 20 mm (or was so within the last 2 h), and either 3 trips or more \
         of a line run 15 min late or more (by Bus delays) or the newest reading of Lake at the quay is above 2.5 m, \
         all of that for 5 min, and stops when that has been over for 30 min; the water desk acts within 15 min."
    );
    assert!(
        alone.contains("either the rule \"late buses\" rings or the newest reading of Lake at the quay"),
        "{alone}"
    );
}

#[test]
fn not_and_n_of_m_are_said_in_words() {
    let (among, _) =
        sentences("{ at_least = 2, of = [\"rain\", \"high\", { not = \"late\" }] }", "when = { not = \"rain\" }");
    assert!(among.starts_with("Rings when at least 2 of these hold: the sum of 3 h of Rain is above 20 mm"), "{among}");
    assert!(among.contains("; it is not so that 3 trips or more of a line"), "{among}");
    assert!(among.contains(", and stops when it is not so that the sum of 3 h of Rain"), "{among}");
    for file in ["late-buses", "((", "not ("] {
        assert!(!among.contains(file), "{among}");
    }
}
