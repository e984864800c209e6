//! Answers of an Open311 server: never a panic, each request is taken or refused, and what is taken is a cell and an hour.
#![no_main]

use city::ServiceRequest;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok((requests, tally)) = formats::open311::decode(bytes) else { return };
    assert_eq!(requests.len() as u64 + tally.rejected_total(), tally.received, "neither taken nor refused");
    for request in requests {
        assert!(request.cell.is_real(), "no cell of the grid");
        assert_eq!(request.hour, ServiceRequest::hour_of(request.hour), "finer than its hour");
    }
});
