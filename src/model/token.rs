//! Links that only we can make: a subject's random key, and an HMAC over it and the purpose.

use aws_lc_rs::hmac;

use super::address::Address;

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// RFC 4648 base32 in lower case, without padding.
pub fn base32(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for chunk in bytes.chunks(5) {
        let mut block = [0u8; 8];
        block[3..3 + chunk.len()].copy_from_slice(chunk);
        let value = u64::from_be_bytes(block);
        for i in 0..(chunk.len() * 8).div_ceil(5) {
            out.push(ALPHABET[(value >> (35 - 5 * i)) as usize & 31] as char);
        }
    }
    out
}

/// Reads [`base32`] back, in either case. None for anything that it could not have written.
pub fn from_base32(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() * 5 / 8);
    let (mut value, mut bits) = (0u32, 0u32);
    for byte in text.bytes() {
        let digit = ALPHABET.iter().position(|&a| a == byte.to_ascii_lowercase())? as u32;
        value = (value << 5 | digit) & 0xfff;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push((value >> bits) as u8);
        }
    }
    (value & ((1 << bits) - 1) == 0 && base32(&out).len() == text.len()).then_some(out)
}

/// What a link may do. A token made for one purpose is nothing for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Can only stop; never expires.
    Stop,
    Confirm,
    /// In the envelope sender: what comes back names its delivery.
    Bounce,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Stop => b"tidings stop 1\0",
            Self::Confirm => b"tidings confirm 1\0",
            Self::Bounce => b"tidings bounce 1\0",
        }
    }
}

/// The site's secret keys: the first signs, all verify, so that rotation breaks no stop link.
#[derive(Clone)]
pub struct Keys(Vec<hmac::Key>);

impl Keys {
    /// Each secret 32 random bytes. None without any.
    pub fn of(secrets: &[Vec<u8>]) -> Option<Self> {
        (!secrets.is_empty()).then(|| Self(secrets.iter().map(|s| hmac::Key::new(hmac::HMAC_SHA256, s)).collect()))
    }

    /// 52 characters: the subject's 16 bytes and 16 of the HMAC.
    pub fn token(&self, purpose: Purpose, subject: &[u8; 16]) -> String {
        let mut bytes = subject.to_vec();
        bytes.extend_from_slice(&Self::mac(&self.0[0], purpose, subject)[..16]);
        base32(&bytes)
    }

    /// The subject of a token of ours, compared in constant time; None for anything else.
    pub fn subject(&self, purpose: Purpose, token: &str) -> Option<[u8; 16]> {
        let bytes = from_base32(token).filter(|b| b.len() == 32)?;
        let subject: [u8; 16] = bytes[..16].try_into().ok()?;
        let ours = |key| {
            aws_lc_rs::constant_time::verify_slices_are_equal(&Self::mac(key, purpose, &subject)[..16], &bytes[16..])
                .is_ok()
        };
        self.0.iter().any(ours).then_some(subject)
    }

    /// Under which suppressions keep an address. By the last key: the oldest, which rotation does not change.
    pub fn hash_of_address(&self, address: &Address) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.0[self.0.len() - 1]);
        context.update(b"tidings address 1\0");
        context.update(address.key().as_bytes());
        context.sign().as_ref().to_vec()
    }

    fn mac(key: &hmac::Key, purpose: Purpose, subject: &[u8; 16]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(key);
        context.update(purpose.label());
        context.update(subject);
        context.sign().as_ref().to_vec()
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base32_reads_back_what_it_wrote_and_nothing_else() {
        assert_eq!(base32(b"foobar"), "mzxw6ytboi"); // RFC 4648 §10
        for n in 0..40u8 {
            let bytes: Vec<u8> = (0..n).map(|i| i.wrapping_mul(37)).collect();
            assert_eq!(from_base32(&base32(&bytes)).unwrap(), bytes);
        }
        for bad in ["m", "mz1w", "mzxw6ytbo", "mz=="] {
            assert_eq!(from_base32(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_token_is_good_for_its_purpose_only_and_survives_rotation() {
        let old = Keys::of(&[vec![1; 32]]).unwrap();
        let token = old.token(Purpose::Stop, &[7; 16]);
        assert_eq!(old.subject(Purpose::Stop, &token), Some([7; 16]));
        assert_eq!(old.subject(Purpose::Confirm, &token), None);

        let rotated = Keys::of(&[vec![2; 32], vec![1; 32]]).unwrap();
        assert_eq!(rotated.subject(Purpose::Stop, &token), Some([7; 16]));
        assert_ne!(rotated.token(Purpose::Stop, &[7; 16]), token);

        let forged = token.replacen(&token[40..41], if &token[40..41] == "a" { "b" } else { "a" }, 1);
        assert_eq!(rotated.subject(Purpose::Stop, &forged), None);
        assert_eq!(rotated.subject(Purpose::Stop, ""), None);
    }
}
