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

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "what cannot be traced has failed the test")]

    use std::collections::BTreeSet;

    use super::Kept;

    /// The form of the watch's snapshot, and what it looks like. When this fails, the types of the snapshot are others
    /// than before: let [`watch::kept::FORM`] grow by one, and write both down here.
    const FORM: (u32, &str) = (2, "e447e1c3baf8");

    #[test]
    fn the_form_grows_with_the_types_of_the_snapshot() {
        let mut kept = Kept(store::schema::bodies().expect("bodies"));
        watch::kept::persisted(&mut kept).expect("the snapshot's types");
        let fields = kept.0.fields().expect("fields");
        // Everything that can be reached from the whole.
        let (mut reached, mut next) = (BTreeSet::new(), vec!["Kept".to_owned()]);
        let mut looks = String::new();
        while let Some(container) = next.pop() {
            if !reached.insert(container.clone()) {
                continue;
            }
            let start = format!("value.{container}.");
            for field in fields.iter().filter(|field| field.path.starts_with(&start)) {
                looks.extend([field.path.as_str(), " ", field.kind.as_str(), "\n"]);
                let names = field.kind.split(|c: char| !c.is_alphanumeric());
                next.extend(names.filter(|name| name.starts_with(char::is_uppercase)).map(str::to_owned));
            }
        }
        assert!(reached.len() > 40 && reached.contains("Stretch") && reached.contains("Timers"), "{reached:?}");
        assert_eq!((watch::kept::FORM, watch::parse::version(&looks).as_str()), FORM);
    }
}
