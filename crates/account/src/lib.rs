//! Who may ask. One authoriser for every route: an action on a class of data, by a caller, for a purpose.
//!
//! Pure: it takes what is known about the caller and gives a decision. Today the policy is short (everything on
//! loopback in demo mode, an API token elsewhere); purposes and Cedar policies come into this one function.

use serde::{Deserialize, Serialize};

/// What a caller wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Read.
    Read,
    /// Send observations.
    Observe,
    /// Make, change or take away things, datastreams and what belongs to them.
    Arrange,
    /// Take an alert.
    Acknowledge,
}

/// What it is done to. There is no class for data about persons, because there is no such data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataClass {
    /// Anybody may see it: the pages themselves, tiles, health, the API's description.
    Public,
    /// The state of the city: things, places, public vehicles, warnings.
    Operations,
    /// Alerts and what was done about them.
    Alerts,
    /// How the centre itself runs: feeds, metrics.
    Centre,
}

/// How the centre is run, as far as access goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// A demo: everything, but only for callers on this machine.
    DemoOnLoopback,
    /// A city: the bearer token decides; SHA-256 of it, so that the configuration holds no secret.
    Token {
        /// SHA-256 of the token.
        sha256: [u8; 32],
    },
    /// A city that set no token: only public data, and the rest only for callers on this machine.
    LoopbackOnly,
}

/// What is known about who asks.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// Whether the connection comes from this machine itself.
    pub loopback: bool,
    /// SHA-256 of the bearer token that came with the request.
    pub token_sha256: Option<[u8; 32]>,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Go on.
    Allow,
    /// No token came, and one is needed (HTTP 401).
    NeedsToken,
    /// Not this caller (HTTP 403).
    Deny,
}

/// Decides. Unknown combinations are denied.
pub fn authorise(access: &Access, caller: Caller, _action: Action, class: DataClass) -> Decision {
    match access {
        Access::DemoOnLoopback | Access::LoopbackOnly if caller.loopback => Decision::Allow,
        Access::Token { sha256 } => match (class, caller.token_sha256) {
            (DataClass::Public, _) => Decision::Allow,
            (_, None) => Decision::NeedsToken,
            (_, Some(token)) if same(&token, sha256) => Decision::Allow,
            (_, Some(_)) => Decision::Deny,
        },
        Access::LoopbackOnly if class == DataClass::Public => Decision::Allow,
        Access::DemoOnLoopback | Access::LoopbackOnly => Decision::Deny,
    }
}

/// Compares without leaving early. (Both sides are hashes already; this only spares the next reader the question.)
fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    a.iter().zip(b).fold(0u8, |difference, (x, y)| difference | (x ^ y)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: [u8; 32] = [7; 32];
    const CLASSES: [DataClass; 4] = [DataClass::Public, DataClass::Operations, DataClass::Alerts, DataClass::Centre];
    const ACTIONS: [Action; 4] = [Action::Read, Action::Observe, Action::Arrange, Action::Acknowledge];

    /// The whole table: 3 ways to run, 2 places to call from, 3 tokens, 4 classes, 4 actions.
    #[test]
    fn the_whole_truth_table() {
        for access in [Access::DemoOnLoopback, Access::Token { sha256: TOKEN }, Access::LoopbackOnly] {
            for loopback in [true, false] {
                for token_sha256 in [None, Some(TOKEN), Some([8; 32])] {
                    for class in CLASSES {
                        for action in ACTIONS {
                            let decision = authorise(&access, Caller { loopback, token_sha256 }, action, class);
                            let public = class == DataClass::Public;
                            let allowed = match &access {
                                Access::DemoOnLoopback => loopback,
                                Access::LoopbackOnly => loopback || public,
                                Access::Token { .. } => public || token_sha256 == Some(TOKEN),
                            };
                            assert_eq!(
                                decision == Decision::Allow,
                                allowed,
                                "{access:?} {loopback} {class:?} {action:?}"
                            );
                        }
                    }
                }
            }
        }
    }
}
