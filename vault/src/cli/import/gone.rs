//! Who stood in the parts of a file that have gone: the server sees a part at a time.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

use serde::Deserialize;
use serde_json::Value;

/// Beyond so many people, eight bytes each, a row of the same person counts as held already instead.
const MOST: usize = 2_000_000;

/// A person's mark: the same only within this run.
pub(super) type Mark = u64;

/// The people that the server has taken or holds, by their marks.
#[derive(Default)]
pub(super) struct Gone {
    people: HashSet<Mark>,
    hasher: RandomState,
}

#[derive(Deserialize)]
struct Line {
    row: u64,
    fields: Fields,
}

#[derive(Deserialize)]
struct Fields {
    #[serde(rename = "person.id_no")]
    id_no: Option<String>,
}

impl Gone {
    /// The row and person of a line, where it is of one.
    pub(super) fn person(&self, line: &str) -> Option<(u64, Mark)> {
        let line: Line = serde_json::from_str(line).ok()?;
        let number = seventeen(&line.fields.id_no?)?;
        Some((line.row, self.hasher.hash_one(number)))
    }

    pub(super) fn holds(&self, person: Mark) -> bool {
        self.people.contains(&person)
    }

    /// A part has gone: its people, but for those whose row was refused.
    pub(super) fn add(&mut self, people: &[(u64, Mark)], answer: &Value) {
        let refused = answer.get("refused").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let refused: HashSet<u64> = refused.iter().filter_map(|e| e.get("row")?.as_u64()).collect();
        let room = MOST.saturating_sub(self.people.len());
        let taken = people.iter().filter(|(row, _)| !refused.contains(row)).map(|(_, person)| *person);
        self.people.extend(taken.take(room));
    }
}

/// An ID number's digits but for the check character, however it is written; none where it has not so many.
fn seventeen(text: &str) -> Option<String> {
    let half = |c: char| match c {
        '０'..='９' => char::from_u32(c as u32 - 0xfee0),
        c => Some(c).filter(char::is_ascii_digit),
    };
    let mut digits: String = text.chars().filter_map(half).collect();
    if digits.len() == 15 {
        digits.insert_str(6, "19");
    }
    digits.truncate(17);
    (digits.len() == 17).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_the_same_however_the_number_is_written_and_gone_unless_refused() {
        let mut gone = Gone::default();
        let line = |row: u64, number: &str| {
            format!("{{\"row\":{row},\"premises\":\"p\",\"fields\":{{\"person.id_no\":\"{number}\"}}}}")
        };
        let person = |gone: &Gone, number: &str| gone.person(&line(1, number)).unwrap().1;
        let one = person(&gone, "11010519491231002X");
        for same in [
            "11010519491231002x",
            " 110105 19491231 002X",
            "110105491231002",
            "１１０１０５１９４９１２３１００２Ｘ",
        ] {
            assert_eq!(person(&gone, same), one, "{same}");
        }
        let two = person(&gone, "990106194901010013");
        assert!(one != two && gone.person(&line(1, "x")).is_none() && gone.person("{}").is_none());
        gone.add(&[(1, one), (2, two)], &serde_json::json!({ "refused": [{ "row": 2 }] }));
        assert!(gone.holds(one) && !gone.holds(two));
    }
}
