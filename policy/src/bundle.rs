//! A bundle: the files of one policy version, its manifest, and the order in which it is loaded. Whatever fails on the way,
//! nothing comes out, and whoever has a book keeps it.

use ring::digest::{SHA256, digest};

use crate::book::Book;
use crate::cases::run_cases;
use crate::check::check;
use crate::day::Day;
use crate::error::PolicyError;
use crate::{catalog, instruments};

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

    /// A line for each file: its SHA-256 in hex, and its name. Catalogue and instruments are this program's.
    pub fn manifest(&self) -> String {
        let fixed = [
            ("model.conf", self.model.as_str()),
            ("rules.csv", self.rules.as_str()),
            ("instruments.toml", instruments::TEXT),
            ("catalog.toml", catalog::TEXT),
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
