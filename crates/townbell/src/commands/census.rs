//! `townbell gate census`

use std::process::ExitCode;

use gate::census::{census, lock};

/// Prints every persisted field, its class, purpose and retention: the text that `privacy.lock` is a copy of.
///
/// # Errors
/// When a field is kept that nobody has classified; then the program must not be released.
pub fn run() -> anyhow::Result<ExitCode> {
    let mut bodies = store::schema::bodies()?;
    bodies.add::<watch::State>()?;
    match census(&store::schema::persisted_with(bodies)?) {
        Ok(rows) => {
            print!("{}", lock(&rows));
            Ok(ExitCode::SUCCESS)
        }
        Err(wrong) => {
            for field in &wrong {
                println!("{field}");
            }
            anyhow::bail!("{} fields are kept that the census does not allow", wrong.len())
        }
    }
}
