//! Who we are, for push services (VAPID, RFC 8292): a key of ours, and a token signed with it for each service.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use city::{Span, Time};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;

use crate::notify::Undelivered;
use crate::notify::secret::Plain;

/// How long a token holds; RFC 8292 allows a day.
const TOKEN_HOLDS: Span = Span::h(12);

/// Our key.
pub(super) struct Identity(EcdsaKeyPair);

impl Identity {
    /// Reads the key: PKCS #8 in PEM, as `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256` writes it; or
    /// public and private key in base64url with a space or a line break between them, in either order, as the usual
    /// generators of VAPID keys print them.
    pub(super) fn read(secret: &Plain) -> Result<Self, Undelivered> {
        let mistaken =
            || Undelivered::refused("its secret is no P-256 key pair (PKCS #8 in PEM, or both in base64url)");
        let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        if let Ok(der) = PrivatePkcs8KeyDer::from_pem_slice(secret.reveal().as_bytes()) {
            return EcdsaKeyPair::from_pkcs8(algorithm, der.secret_pkcs8_der(), &random)
                .map(Self)
                .map_err(|_| mistaken());
        }
        let decoded = secret.reveal().split_whitespace().map(|word| BASE64.decode(word.trim_end_matches('=')));
        let parts: Vec<Vec<u8>> = decoded.collect::<Result<_, _>>().map_err(|_| mistaken())?;
        let [one, other] = parts.as_slice() else { return Err(mistaken()) };
        let (private, public) = if one.len() < other.len() { (one, other) } else { (other, one) };
        EcdsaKeyPair::from_private_key_and_public_key(algorithm, private, public, &random)
            .map(Self)
            .map_err(|_| mistaken())
    }

    /// What a browser asks for when it subscribes (`applicationServerKey`).
    pub(super) fn public_key(&self) -> String {
        BASE64.encode(self.0.public_key())
    }

    /// The `Authorization` header for a push service (`audience` is its origin).
    pub(super) fn authorization(&self, audience: &str, contact: &str, now: Time) -> Result<String, Undelivered> {
        let failed = || Undelivered::refused("the token for the push service could not be signed");
        let until_s = (now + TOKEN_HOLDS).ms().div_euclid(1_000);
        let claims = serde_json::json!({ "aud": audience, "exp": until_s, "sub": contact });
        let signed =
            format!("{}.{}", BASE64.encode(r#"{"typ":"JWT","alg":"ES256"}"#), BASE64.encode(claims.to_string()));
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes()).map_err(|_| failed())?;
        Ok(format!("vapid t={signed}.{}, k={}", BASE64.encode(signature), self.public_key()))
    }
}

#[cfg(test)]
mod tests {
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    use super::*;

    /// The key pair of the application server of RFC 8291, appendix A: any pair would do.
    const PUBLIC: &str = "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8";
    const PRIVATE: &str = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";

    #[test]
    fn a_token_names_the_service_holds_for_hours_and_is_signed_with_the_key_that_goes_with_it() {
        let now: Time = "2026-01-01T00:00:00Z".parse().expect("a time");
        for text in [format!("{PUBLIC}\n{PRIVATE}"), format!("{PRIVATE}= {PUBLIC}=")] {
            let identity = Identity::read(&Plain::of_a_test(&text)).expect("a key pair");
            assert_eq!(identity.public_key(), PUBLIC);
            let header =
                identity.authorization("https://push.example", "mailto:desk@example.org", now).expect("signed");
            let (token, key) = header.strip_prefix("vapid t=").and_then(|rest| rest.split_once(", k=")).expect("both");
            assert_eq!(key, PUBLIC);
            let (signed, signature) = token.rsplit_once('.').expect("three parts");
            let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, BASE64.decode(key).expect("base64url"));
            key.verify(signed.as_bytes(), &BASE64.decode(signature).expect("base64url")).expect("signed by it");
            let claims = BASE64.decode(signed.split_once('.').expect("two parts").1).expect("base64url");
            let claims: serde_json::Value = serde_json::from_slice(&claims).expect("JSON");
            assert_eq!(claims["aud"], "https://push.example");
            assert_eq!(claims["exp"], now.ms() / 1_000 + 12 * 3_600);
        }
        for text in ["", PUBLIC, "a b c", &format!("{PRIVATE} {PRIVATE}")] {
            assert!(Identity::read(&Plain::of_a_test(text)).is_err(), "{text:?}");
        }
    }
}
