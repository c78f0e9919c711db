//! Links that only we can make: a subject's random key, and an HMAC over it and the purpose.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use chrono::{DateTime, Utc};

use super::address::Address;
use super::delivery::Key;

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

/// How long after their last stop a reader can start again, and their address is kept for it.
pub const AGAIN_DAYS: u32 = 28;

/// What a link may do. A token made for one purpose is nothing for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Can only stop; never expires.
    Stop,
    Confirm,
    /// Shows and changes what a reader gets; for 30 days.
    Preferences,
    /// The same, and may also change the address; for a day.
    Fresh,
    /// Starts again what was stopped; for [`AGAIN_DAYS`].
    Again,
    /// In the envelope sender: what comes back names its delivery.
    Bounce,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Stop => b"tidings stop 1\0",
            Self::Confirm => b"tidings confirm 1\0",
            Self::Preferences => b"tidings preferences 1\0",
            Self::Fresh => b"tidings fresh 1\0",
            Self::Again => b"tidings again 1\0",
            Self::Bounce => b"tidings bounce 1\0",
        }
    }
}

/// The site's secret keys: the first signs, all verify, so that rotation breaks no stop link.
#[derive(Clone)]
pub struct Keys(Vec<hmac::Key>);

/// What signs a form: which page it stands on.
const FORM: &[u8] = b"tidings form 1\0";
/// What a sealed address is sealed for.
const SEAL: &[u8] = b"tidings seal 1\0";

impl Keys {
    /// Each secret 32 random bytes. None without any.
    pub fn of(secrets: &[Vec<u8>]) -> Option<Self> {
        (!secrets.is_empty()).then(|| Self(secrets.iter().map(|s| hmac::Key::new(hmac::HMAC_SHA256, s)).collect()))
    }

    /// 52 characters: the subject's 16 bytes and 16 of the HMAC.
    pub fn token(&self, purpose: Purpose, subject: &[u8; 16]) -> String {
        let mut bytes = subject.to_vec();
        bytes.extend_from_slice(&Self::mac(&self.0[0], purpose.label(), subject)[..16]);
        base32(&bytes)
    }

    /// The subject of a token of ours, compared in constant time; None for anything else.
    pub fn subject(&self, purpose: Purpose, token: &str) -> Option<[u8; 16]> {
        let bytes = from_base32(token).filter(|b| b.len() == 32)?;
        let subject: [u8; 16] = bytes[..16].try_into().ok()?;
        self.signed(purpose.label(), &subject, &bytes[16..]).then_some(subject)
    }

    /// 58 characters: the subject's 16 bytes, the minute of its making, and 16 bytes of the HMAC.
    pub fn dated(&self, purpose: Purpose, subject: &[u8; 16], made: DateTime<Utc>) -> String {
        let minute = u32::try_from(made.timestamp() / 60).unwrap_or_default();
        let mut bytes = [subject.as_slice(), &minute.to_be_bytes()].concat();
        let mac = Self::mac(&self.0[0], purpose.label(), &bytes);
        bytes.extend_from_slice(&mac[..16]);
        base32(&bytes)
    }

    /// The subject of a dated token of ours, and when it was made, to the minute; None for anything else.
    pub fn dated_subject(&self, purpose: Purpose, token: &str) -> Option<([u8; 16], DateTime<Utc>)> {
        let bytes = from_base32(token).filter(|b| b.len() == 36)?;
        let (body, mac) = bytes.split_at(20);
        if !self.signed(purpose.label(), body, mac) {
            return None;
        }
        let minute = u32::from_be_bytes(body[16..].try_into().ok()?);
        Some((body[..16].try_into().ok()?, DateTime::from_timestamp(i64::from(minute) * 60, 0)?))
    }

    /// Stands hidden in a form of the page at `path`, and tells when the page was made.
    pub fn form(&self, path: &str, made: DateTime<Utc>) -> String {
        let millis = made.timestamp_millis().to_be_bytes();
        let mac = Self::mac(&self.0[0], FORM, &[&millis, path.as_bytes()].concat());
        base32(&[&millis, &mac[..16]].concat())
    }

    /// When the form of the page at `path` was made; None if it is none of ours.
    pub fn form_made(&self, path: &str, token: &str) -> Option<DateTime<Utc>> {
        let bytes = from_base32(token).filter(|b| b.len() == 24)?;
        let (millis, mac) = bytes.split_at(8);
        let ours = self.signed(FORM, &[millis, path.as_bytes()].concat(), mac);
        DateTime::from_timestamp_millis(i64::from_be_bytes(millis.try_into().ok()?)).filter(|_| ours)
    }

    /// The address of a letter, to be read by nobody without our keys. `nonce` is drawn anew for each.
    pub fn seal(&self, letter: &Key, address: &Address, nonce: [u8; NONCE_LEN]) -> Vec<u8> {
        let mut text = address.to_string().into_bytes();
        Self::sealer(&self.0[0])
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(letter.0), &mut text)
            .expect("an address is far below the cipher's limit");
        [nonce.as_slice(), &text].concat()
    }

    /// None if it was not sealed by us for this letter.
    pub fn unseal(&self, letter: &Key, sealed: &[u8]) -> Option<Address> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce: [u8; NONCE_LEN] = nonce.try_into().ok()?;
        self.0.iter().find_map(|key| {
            let mut text = text.to_vec();
            let nonce = Nonce::assume_unique_for_key(nonce);
            let open = Self::sealer(key).open_in_place(nonce, Aad::from(letter.0), &mut text).ok()?;
            std::str::from_utf8(open).ok()?.parse().ok()
        })
    }

    /// The token of a letter: its key, and the sealed address, of which this is the only copy once the letter has gone.
    pub fn letter_token(letter: &Key, sealed: &[u8]) -> String {
        base32(&[letter.0.as_slice(), sealed].concat())
    }

    pub fn open_letter(&self, token: &str) -> Option<(Key, Address)> {
        let bytes = from_base32(token)?;
        let (letter, sealed) = bytes.split_at_checked(16)?;
        let letter = Key(letter.try_into().ok()?);
        Some((letter, self.unseal(&letter, sealed)?))
    }

    fn sealer(key: &hmac::Key) -> LessSafeKey {
        let secret = hmac::sign(key, SEAL);
        LessSafeKey::new(UnboundKey::new(&AES_256_GCM, secret.as_ref()).expect("256 bits are a key"))
    }

    /// Whether one of our keys made this MAC, compared in constant time.
    fn signed(&self, label: &[u8], body: &[u8], mac: &[u8]) -> bool {
        let ours = |key: &hmac::Key| {
            aws_lc_rs::constant_time::verify_slices_are_equal(&Self::mac(key, label, body)[..16], mac).is_ok()
        };
        self.0.iter().any(ours)
    }

    /// Under which suppressions keep an address. By the last key: the oldest, which rotation does not change.
    pub fn hash_of_address(&self, address: &Address) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.0[self.0.len() - 1]);
        context.update(b"tidings address 1\0");
        context.update(address.key().as_bytes());
        context.sign().as_ref().to_vec()
    }

    fn mac(key: &hmac::Key, label: &[u8], body: &[u8]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(key);
        context.update(label);
        context.update(body);
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

        let made = "2026-03-02T07:00:40Z".parse().unwrap();
        let dated = old.dated(Purpose::Preferences, &[7; 16], made);
        let minute = "2026-03-02T07:00:00Z".parse().unwrap();
        assert_eq!(rotated.dated_subject(Purpose::Preferences, &dated), Some(([7; 16], minute)));
        assert_eq!(rotated.dated_subject(Purpose::Fresh, &dated), None);

        let forged = token.replacen(&token[40..41], if &token[40..41] == "a" { "b" } else { "a" }, 1);
        assert_eq!(rotated.subject(Purpose::Stop, &forged), None);
        assert_eq!(rotated.subject(Purpose::Stop, ""), None);
    }

    #[test]
    fn a_form_is_good_on_its_own_page_only() {
        let keys = Keys::of(&[vec![1; 32]]).unwrap();
        let made = "2026-03-02T07:00:40.250Z".parse().unwrap();
        let form = keys.form("/en/subscribe", made);
        assert_eq!(keys.form_made("/en/subscribe", &form), Some(made));
        assert_eq!(keys.form_made("/fr/subscribe", &form), None);
        assert_eq!(Keys::of(&[vec![2; 32]]).unwrap().form_made("/en/subscribe", &form), None);
        assert_eq!(keys.form_made("/en/subscribe", "aaaa"), None);
    }

    #[test]
    fn a_sealed_address_is_read_by_us_alone_and_only_in_its_letter() {
        let (old, rotated) = (Keys::of(&[vec![1; 32]]).unwrap(), Keys::of(&[vec![2; 32], vec![1; 32]]).unwrap());
        let (letter, address): (Key, Address) = (Key([7; 16]), "Ana@Bücher.example".parse().unwrap());
        let sealed = old.seal(&letter, &address, [3; NONCE_LEN]);
        assert!(!sealed.windows(3).any(|window| window == b"Ana"));
        assert_eq!(rotated.unseal(&letter, &sealed), Some(address.clone()));
        assert_eq!(old.unseal(&Key([8; 16]), &sealed), None);
        let token = Keys::letter_token(&letter, &sealed);
        assert_eq!(rotated.open_letter(&token), Some((letter, address)));
        for bad in ["", "aaaa", &token[..40]] {
            assert_eq!(old.open_letter(bad), None, "{bad}");
        }
    }
}
