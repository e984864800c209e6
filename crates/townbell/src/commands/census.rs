//! `townbell gate census`

use std::process::ExitCode;

use gate::census::{census, lock};

/// The types of the store's bodies, and of the watch's snapshot.
struct Kept(store::schema::Traced);

impl watch::kept::Census for Kept {
    type Error = store::StoreError;
    fn add<T: serde::Deserialize<'static>>(&mut self) -> Result<(), store::StoreError> {
        self.0.add::<T>()
    }
}

/// Prints every persisted field, its class, purpose and retention: the text that `privacy.lock` is a copy of.
///
/// # Errors
/// When a field is kept that nobody has classified; then the program must not be released.
pub fn run() -> anyhow::Result<ExitCode> {
    let mut kept = Kept(store::schema::bodies()?);
    watch::kept::persisted(&mut kept)?;
    match census(&store::schema::persisted_with(kept.0)?) {
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
