//! Residents' requests: a ticket, a code, a square kilometre and an hour. The type has no place for more; what is
//! judged here is that nothing hides in what it has.

use city::service_request::{REQUEST_ID_CHARS_MAX, SERVICE_CODE_CHARS_MAX};
use city::{Reason, ServiceRequest};

use super::{Door, Refused};
use crate::shape;

pub(super) fn judge(door: &Door<'_>, request: ServiceRequest) -> Result<ServiceRequest, Refused> {
    let (id, code) = (request.id.as_str(), request.code.as_str());
    let fits = |text: &str, chars_max: usize| text.chars().nth(chars_max).is_none();
    if !(shape::is_request_id(id) && fits(id, REQUEST_ID_CHARS_MAX)) {
        return Err(Reason::BadId.into());
    }
    if !(shape::is_service_code(code) && fits(code, SERVICE_CODE_CHARS_MAX)) {
        return Err(Reason::BadId.into());
    }
    // The middle of a cell that the city's edge cuts may lie outside; nobody is that near to the edge of `bounds`,
    // which are the city and its wide surroundings.
    if !(request.cell.is_real() && door.gate.policy.bounds.contains(request.cell.centre())) {
        return Err(Reason::OutOfRange.into());
    }
    // Finer than its hour, it would be told to the second when somebody rang.
    if request.hour != ServiceRequest::hour_of(request.hour) {
        return Err(Reason::BadTime.into());
    }
    door.happened(request.hour)?;
    Ok(request)
}
