//! Any path is read or refused; what it leads to is within the bounds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sensorthings::Resource;
use sensorthings::path::STEPS_MAX;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Resource::parse(text) {
        Ok(Resource::Entities(path)) => {
            assert!(path.steps.len() < STEPS_MAX);
            let _ = (path.entity(), path.is_collection());
        }
        Ok(_) => {}
        Err(error) => assert!(error.at <= text.len() && !error.to_string().is_empty()),
    }
});
