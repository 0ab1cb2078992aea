//! Chooses the role. Everything else is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    match lookout::roles::run(std::env::args_os()) {
        Ok(code) => code,
        Err(error) => {
            use std::io::Write as _;
            // Standard error may be gone with the terminal; there is nobody left to tell then.
            let _nobody = writeln!(std::io::stderr(), "lookout: {error:#}");
            ExitCode::from(lookout::roles::EXIT_NO_CONTACT)
        }
    }
}
