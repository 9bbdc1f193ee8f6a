//! Why a policy is not loaded.

/// A policy that cannot be used, and where.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The field catalogue.
    #[error("catalogue: {0}")]
    Catalog(String),
    /// A line of the rules.
    #[error("rules, line {line}: {why}")]
    Rule {
        /// Its number, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// The rules as a whole.
    #[error("rules: {0}")]
    Rules(String),
    /// The instruments and letters.
    #[error("instruments: {0}")]
    Instruments(String),
    /// A case file.
    #[error("cases: {0}")]
    Cases(String),
    /// The rule engine refused, or disagrees with the compiled table.
    #[error("rule engine: {0}")]
    Engine(String),
}

impl PolicyError {
    pub(crate) fn catalog(why: &str) -> Self {
        Self::Catalog(why.to_owned())
    }
}
