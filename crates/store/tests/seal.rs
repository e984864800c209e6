//! What the compiler refuses: to store what did not pass the gate.
#![allow(missing_docs, reason = "tests")]

#[test]
fn only_the_gate_makes_what_the_store_takes() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/fail/*.rs");
}
