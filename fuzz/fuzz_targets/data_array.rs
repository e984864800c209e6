//! Bodies of `CreateObservations`: never a panic, and what is read is JSON to `serde_json`, too.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sensorthings::data_array::DataArray;
use sensorthings::problem::Problem;

fuzz_target!(|bytes: &[u8]| {
    let read = DataArray::parse(bytes, |_| Err(Problem::malformed("not plain")));
    if let Ok(array) = read {
        assert_eq!(array.count, array.rows.len() + array.refused.len(), "a row is neither taken nor refused");
        assert!(serde_json::from_slice::<serde_json::Value>(bytes).is_ok(), "taken, and no JSON");
    }
});
