//! What lies in the rules' folder: files of any size and name.
#![allow(clippy::expect_used, reason = "a test says what it expected")]

mod house;

use house::city_with;
use townbell::config::City;

#[test]
fn a_file_of_any_size_or_name_is_told_and_not_taken_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let city = city_with(folder.path(), "");
    let rules = city.join("rules");
    let whole = std::fs::read_to_string(rules.join("strong-gusts.toml")).expect("a rule");
    let long = "x".repeat(101);
    std::fs::write(rules.join(format!("{long}.toml")), &whole).expect("written");
    std::fs::write(rules.join(format!("{}.toml", &long[1..])), &whole).expect("written");
    // A gigabyte without a block on the disk: read whole it would be felt.
    let big = std::fs::File::create(rules.join("big.toml")).expect("a file");
    big.set_len(1 << 30).expect("a length");
    let tests = std::fs::File::create(rules.join("strong-gusts.test.toml")).expect("a file");
    tests.set_len(5 << 20).expect("a length");
    let found = City::read(&city).expect_err("mistakes");
    let told: Vec<String> = found.iter().map(townbell::config::Mistake::by_name).collect();
    let expected = [
        "big.toml:1:1: cannot be read: it has more than 32 KiB; make it shorter, or several".to_owned(),
        format!("{long}.toml:1:1: its name has 101 characters; a rule's has 100 at most"),
    ];
    assert_eq!(told, expected);
    std::fs::remove_file(rules.join("big.toml")).expect("removed");
    std::fs::remove_file(rules.join(format!("{long}.toml"))).expect("removed");
    let found = City::read(&city).expect("it loads").test_rules().expect_err("tests that are too long");
    assert!(found[0].by_name().starts_with("strong-gusts.test.toml:1:1: cannot be read: it has more than 4096 KiB"));
}
