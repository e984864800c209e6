//! Message encryption for Web Push (RFC 8291) in one record of `aes128gcm` (RFC 8188).

use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::error::Unspecified;
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use ring::rand::{SecureRandom, SystemRandom};

/// Size of the one record (RFC 8291, 4: at most 4096 need be taken).
const RECORD_BYTES: u32 = 4_096;
/// What fits into 4096 bytes beside the header of 86, the delimiter and the tag of 16 (RFC 8291, 4).
pub(super) const PLAIN_BYTES_MAX: usize = 3_993;

/// What is to be derived, in bytes.
struct Bytes(usize);

impl KeyType for Bytes {
    fn len(&self) -> usize {
        self.0
    }
}

/// Encrypts for a browser: its public key (65 bytes) and the secret that it shares with us.
pub(super) fn encrypt(public_key: &[u8], auth: &[u8], plain: &[u8]) -> Result<Vec<u8>, Unspecified> {
    let random = SystemRandom::new();
    let mut salt = [0; 16];
    random.fill(&mut salt)?;
    let ours = EphemeralPrivateKey::generate(&ECDH_P256, &random)?;
    let our_public = ours.compute_public_key()?;
    let theirs = UnparsedPublicKey::new(&ECDH_P256, public_key);
    agree_ephemeral(ours, &theirs, |shared| seal(shared, auth, public_key, our_public.as_ref(), salt, plain))?
}

/// All of it that is not chance: from the shared secret of the key agreement on.
fn seal(
    shared: &[u8],
    auth: &[u8],
    their_public: &[u8],
    our_public: &[u8],
    salt: [u8; 16],
    plain: &[u8],
) -> Result<Vec<u8>, Unspecified> {
    if plain.len() > PLAIN_BYTES_MAX {
        return Err(Unspecified);
    }
    let key_material = {
        let mut out = [0; 32];
        let info = [b"WebPush: info\0".as_slice(), their_public, our_public];
        Salt::new(HKDF_SHA256, auth).extract(shared).expand(&info, Bytes(32))?.fill(&mut out)?;
        out
    };
    let (mut key, mut nonce) = ([0; 16], [0; 12]);
    let derived = Salt::new(HKDF_SHA256, &salt).extract(&key_material);
    derived.expand(&[b"Content-Encoding: aes128gcm\0"], Bytes(16))?.fill(&mut key)?;
    derived.expand(&[b"Content-Encoding: nonce\0"], Bytes(12))?.fill(&mut nonce)?;
    // The last record ends with a 2 (RFC 8188, 2).
    let mut record = plain.to_vec();
    record.push(2);
    LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key)?).seal_in_place_append_tag(
        Nonce::assume_unique_for_key(nonce),
        Aad::empty(),
        &mut record,
    )?;
    let mut body = salt.to_vec();
    body.extend(RECORD_BYTES.to_be_bytes());
    body.push(u8::try_from(our_public.len()).map_err(|_| Unspecified)?);
    body.extend_from_slice(our_public);
    body.extend(record);
    Ok(body)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;

    use super::*;

    fn bytes(text: &str) -> Vec<u8> {
        BASE64_URL_SAFE_NO_PAD.decode(text).expect("base64url")
    }

    /// RFC 8291, appendix A, from the shared secret on, to the byte.
    #[test]
    fn it_encrypts_as_the_example_of_rfc_8291() {
        let body = seal(
            &bytes("kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs"),
            &bytes("BTBZMqHH6r4Tts7J_aSIgg"),
            &bytes("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"),
            &bytes("BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"),
            bytes("DGv6ra1nlYgDCS1FRnbzlw").try_into().expect("16 bytes"),
            b"When I grow up, I want to be a watermelon",
        );
        let expected = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
        assert_eq!(BASE64_URL_SAFE_NO_PAD.encode(body.expect("encrypted")), expected);
    }

    #[test]
    fn what_does_not_fit_or_is_no_key_is_refused() {
        let public = bytes("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4");
        let body = encrypt(&public, &[7; 16], &[b'x'; PLAIN_BYTES_MAX]).expect("it fits");
        // Header, text, delimiter and tag: just what every push service has to take (RFC 8030, 7.2).
        assert_eq!(body.len(), 86 + PLAIN_BYTES_MAX + 1 + 16);
        assert_eq!(body.len(), 4_096);
        assert!(encrypt(&public, &[7; 16], &[b'x'; PLAIN_BYTES_MAX + 1]).is_err());
        let mut off_the_curve = public.clone();
        off_the_curve[40] ^= 1;
        assert!(encrypt(&off_the_curve, &[7; 16], b"x").is_err());
        assert_ne!(encrypt(&public, &[7; 16], b"x").expect("a"), encrypt(&public, &[7; 16], b"x").expect("b"));
    }
}
