//! The shape of the code itself: what must not compile, which room may know which, and that papers name what is there.

mod arrows;
mod duties;
mod papers;

#[test]
fn every_way_around_recording_does_not_compile_and_its_honest_twin_does() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("compile_fail/*.rs");
    cases.pass("compile_fail/pass/*.rs");
}
