//! Short messages: through a gateway that speaks HTTP, or a modem on a serial line. Neither has a key by which it would
//! drop a second delivery: a crash between the message and its receipt sends it twice. Within one run of the program a
//! number that has it is not sent it again when another number of the channel failed.

mod gateway;
mod gsm;
mod modem;

pub(super) use gateway::send as send_by_gateway;
pub(super) use modem::send as send_by_modem;

use super::{Letter, headline};

/// What a short message says: what, then so what and do what, as far as one message goes.
fn text(letter: Letter<'_>) -> String {
    gsm::one_message(&format!("{}. {}", headline(letter.notification).trim_end_matches('.'), letter.notification.text))
}
