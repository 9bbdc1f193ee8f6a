//! A bundle: the files of one policy version, its manifest, and the order in which it is loaded. Whatever fails on the way,
//! nothing comes out, and whoever has a book keeps it.

use ring::digest::{SHA256, digest};

use crate::book::Book;
use crate::cases::run_cases;
use crate::check::check;
use crate::day::Day;
use crate::error::PolicyError;
use crate::{calendar, catalog, instruments};

/// Classes that casbin is asked for anew before a version is used.
const ASKED_AGAIN: u32 = 400;

/// The files of a policy version.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// casbin's model.
    pub model: String,
    /// The rules.
    pub rules: String,
    /// The case files: name and text.
    pub cases: Vec<(String, String)>,
}

impl Bundle {
    /// The version that this program carries.
    pub fn builtin() -> Self {
        let cases = [
            ("everyday.toml", include_str!("../rules/cases/everyday.toml")),
            ("worked.toml", include_str!("../rules/cases/worked.toml")),
            ("sensitive.toml", include_str!("../rules/cases/sensitive.toml")),
            ("refusals.toml", include_str!("../rules/cases/refusals.toml")),
            ("services.toml", include_str!("../rules/cases/services.toml")),
            ("oversight.toml", include_str!("../rules/cases/oversight.toml")),
        ];
        Self {
            model: include_str!("../rules/model.conf").to_owned(),
            rules: include_str!("../rules/rules.csv").to_owned(),
            cases: cases.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec(),
        }
    }

    /// A line for each file: its SHA-256 in hex, and its name. Catalogue, instruments and calendar are this program's.
    pub fn manifest(&self) -> String {
        let fixed = [
            ("model.conf", self.model.as_str()),
            ("rules.csv", self.rules.as_str()),
            ("instruments.toml", instruments::TEXT),
            ("catalog.toml", catalog::TEXT),
            ("calendar.toml", calendar::TEXT),
        ];
        let fixed = fixed.map(|(name, text)| (name.to_owned(), text));
        let cases = self.cases.iter().map(|(name, text)| (format!("cases/{name}"), text.as_str()));
        let mut lines = String::new();
        for (name, text) in fixed.into_iter().chain(cases) {
            for byte in digest(&SHA256, text.as_bytes()).as_ref() {
                lines.push_str(&format!("{byte:02x}"));
            }
            lines.push_str(&format!(" {name}\n"));
        }
        lines
    }

    /// What names the version in every entry: SHA-256 of the manifest.
    pub fn hash(&self) -> [u8; 32] {
        let mut out = [0; 32];
        out.copy_from_slice(digest(&SHA256, self.manifest().as_bytes()).as_ref());
        out
    }

    /// Loads the version as it holds on that day: strict reading, casbin, compiling; then its cases, the laws, and random
    /// classes asked of casbin again.
    pub fn load(&self, day: Day) -> Result<Book, PolicyError> {
        let book = Book::compile(self, day)?;
        for (name, text) in &self.cases {
            let report = run_cases(&book, text)?;
            if let Some(failed) = report.failed.first() {
                return Err(PolicyError::Cases(format!("{name}: {failed}")));
            }
        }
        if let Some(broken) = check(&book).first() {
            return Err(PolicyError::Rules(broken.clone()));
        }
        book.check_against_engine(ASKED_AGAIN, 1)?;
        Ok(book)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::tests::everyday;
    use crate::facts::{Asked, RecordKey};
    use crate::{FieldId, Outcome};

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn with(from: &str, to: &str) -> Bundle {
        let mut bundle = Bundle::builtin();
        let line = bundle.rules.lines().find(|line| line.starts_with("R-023;")).unwrap().to_owned();
        let columns: Vec<&str> = line.split(';').collect();
        let mut dated = columns.clone();
        let at = columns.len() - 5;
        (dated[at], dated[at + 1]) = (from, to);
        bundle.rules = bundle.rules.replace(&line, &dated.join(";"));
        bundle
    }

    #[test]
    fn a_rule_holds_from_a_day_to_a_day_and_the_book_says_until_when_it_is_good() {
        let bundle = with("2026-11-25", "2026-12-01");
        let asked =
            [Asked { record: RecordKey([0; 16]), field: FieldId::parse("person.birth_date").unwrap() }];
        for (on, outcome, until) in [
            ("2026-11-24", Outcome::Denied, Some("2026-11-25")),
            ("2026-11-25", Outcome::Masked, Some("2026-12-01")),
            ("2026-11-30", Outcome::Masked, Some("2026-12-01")),
            ("2026-12-01", Outcome::Denied, None),
        ] {
            let book = Book::compile(&bundle, day(on)).unwrap();
            assert_eq!(book.decide(everyday(), &asked).fields()[0].outcome(), outcome, "{on}");
            assert_eq!(book.until(), until.map(day), "{on}");
        }
        assert!(Book::compile(&with("2026-12-01", "2026-11-25"), day("2026-11-24")).is_err());
        assert!(Book::compile(&with("2026-13-01", ""), day("2026-11-24")).is_err());
    }

    #[test]
    fn a_version_that_fails_any_check_is_not_loaded() {
        let now = day("2026-11-24");
        assert!(Bundle::builtin().load(now).is_ok());
        // A case that comes out otherwise; a law that is broken; a model that is not the columns'.
        let mut bundle = with("2026-12-01", "");
        assert!(matches!(bundle.load(now), Err(PolicyError::Cases(_))));
        bundle = Bundle::builtin();
        bundle.cases.clear();
        bundle.rules = bundle.rules.replacen("R-023;grid_chief;", "R-023;grid_informant;", 1);
        assert!(matches!(bundle.load(now), Err(PolicyError::Rules(_))));
        bundle = Bundle::builtin();
        bundle.model = bundle.model.replace("has(p.role, r.role) && ", "");
        assert!(bundle.load(now).is_err());
    }

    #[test]
    fn the_version_changes_with_every_file_and_the_meaning_with_the_decisions_only() {
        let (one, now) = (Bundle::builtin(), day("2026-11-24"));
        let mut two = one.clone();
        two.cases.pop();
        assert_ne!(one.hash(), two.hash());
        let mut worded = one.clone();
        worded.rules = worded.rules.replacen("网格长只看到年龄段", "网格长只看年龄段", 1);
        let mut narrower = one.clone();
        narrower.rules =
            narrower.rules.replacen("R-023;grid_chief;*;own_grid;", "R-023;grid_chief;police;own_grid;", 1);
        let meaning = |bundle: &Bundle| Book::compile(bundle, now).unwrap().semantic_hash();
        assert_eq!(meaning(&one), meaning(&worded));
        assert_ne!(meaning(&one), meaning(&narrower));
        // Split in two, a rule says the same.
        let line = one.rules.lines().find(|line| line.starts_with("R-023;")).unwrap();
        let halves = format!(
            "{}\n{}",
            line.replacen("R-023;grid_chief;*;", "R-023;grid_chief;police|none;", 1),
            line.replacen("R-023;grid_chief;*;", "R-399;grid_chief;justice|civil_affairs|health|fire|housing|urban_management|labour|floating_population|disability|minors|hotline_12345|hotline_96005|service_circle|governance_platform|terminal_backend;", 1)
        );
        let split = Bundle { rules: one.rules.replace(line, &halves), ..one.clone() };
        assert_eq!(meaning(&one), meaning(&split));
        let compile = |bundle: &Bundle| Book::compile(bundle, now).unwrap();
        let (one, split, narrower) = (compile(&one), compile(&split), compile(&narrower));
        assert!(crate::diff(&one, &split).is_empty());
        // Exactly the classes that are lost: counted by asking each version for every one of a box.
        let lost: u128 = crate::diff(&one, &narrower).iter().map(|change| change.classes).sum();
        assert!(lost > 0 && lost == crate::diff(&narrower, &one).iter().map(|change| change.classes).sum());
    }
}
