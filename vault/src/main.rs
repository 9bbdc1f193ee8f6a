//! The gridvault binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    gridvault::cli::main()
}
