//! Taking registers in: files into JSON lines of a kind, those checked row by row, recorded in whole batches.

pub mod file;
pub mod rows;
mod run;

pub use run::{Outcome, run};

/// What an import brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportKind {
    /// Areas of every scheme.
    Areas,
    /// Premises with their cells.
    Premises,
    /// Staff with their posts.
    People,
    /// Residents.
    Residents,
}

impl ImportKind {
    /// Every kind, in the order in which an empty vault takes them.
    pub const ALL: &'static [Self] = &[Self::Areas, Self::Premises, Self::People, Self::Residents];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Areas => "areas",
            Self::Premises => "premises",
            Self::People => "people",
            Self::Residents => "residents",
        }
    }

    /// The kind of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }
}
