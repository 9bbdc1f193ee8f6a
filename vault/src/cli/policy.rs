//! `gridvault policy`.

use std::path::PathBuf;

use clap::Subcommand;
use gridvault_policy::{Book, CASES, check, matrix, run_cases};

use super::{Outcome, say};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Run the cases: facts and what must come of them
    Test {
        /// A case file of one's own; left out: those that the rules carry
        cases: Option<PathBuf>,
    },
    /// Print who may see what
    Show,
    /// Look for holes: ambiguities, rules that never decide, laws that are broken
    Check,
}

pub(super) fn run(command: &Command) -> Outcome {
    let book = Book::builtin()?;
    match command {
        Command::Show => {
            say(&matrix(&book));
            Ok(0)
        }
        Command::Check => {
            let broken = check(&book);
            for words in &broken {
                say(words);
            }
            say(&format!("{} rules, {} faults", book.rules().len(), broken.len()));
            Ok(u8::from(!broken.is_empty()))
        }
        Command::Test { cases } => {
            let text = match cases {
                Some(path) => std::fs::read_to_string(path)?,
                None => CASES.to_owned(),
            };
            let report = run_cases(&book, &text)?;
            for words in &report.failed {
                say(words);
            }
            let missed: Vec<String> = book
                .rules()
                .iter()
                .map(|rule| rule.id)
                .filter(|id| !report.reached.contains(id))
                .map(|id| id.to_string())
                .collect();
            if !missed.is_empty() {
                say(&format!("rules that no case reaches: {}", missed.join(" ")));
            }
            say(&format!("{} passed, {} failed", report.passed, report.failed.len()));
            Ok(u8::from(!report.failed.is_empty()))
        }
    }
}
