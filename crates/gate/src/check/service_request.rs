//! Residents' requests: a ticket, a code, a square kilometre and an hour. The type has no place for more; what is
//! judged here is that nothing hides in what it has: a ticket is a digest, and a code one that the city named.

use city::{Reason, ServiceRequest};

use super::{Door, Refused};
use crate::shape;

pub(super) fn judge(door: &Door<'_>, request: ServiceRequest) -> Result<ServiceRequest, Refused> {
    if !shape::is_ticket(request.id.as_str()) {
        return Err(Reason::BadId.into());
    }
    let counted = door.gate.policy.services.get(&door.contract.feed);
    if !counted.is_some_and(|codes| codes.contains(&request.code)) {
        return Err(Reason::NotAllowed.into());
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
