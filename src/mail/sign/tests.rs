//! The standards' own examples, and what holds of every signature. Others verify in `crate::tests::signatures`.

use aws_lc_rs::signature::{Ed25519KeyPair, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, UnparsedPublicKey};
use secrecy::ExposeSecret;

use super::*;

/// RFC 8463, appendix A.3, without its signatures.
const DINNER: &str = "From: Joe SixPack <joe@football.example.com>\r\n\
    To: Suzie Q <suzie@shopping.example.net>\r\n\
    Subject: Is dinner ready?\r\n\
    Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n\
    Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\
    \r\n\
    Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";

/// Its own fields, as far as `b=`.
fn of_the_standard(algorithm: &str, selector: &str, h: &str) -> String {
    format!(
        "DKIM-Signature: v=1; a={algorithm}; c=relaxed/relaxed;\r\n d=football.example.com; i=@football.example.com;\r\n \
         q=dns/txt; s={selector}; t=1528637909; {h};\r\n bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b="
    )
}

/// What is signed: From, To, Subject, Date and Message-ID, and the field itself.
fn signed(own: &str) -> Vec<u8> {
    let mut signed = Vec::new();
    for field in fields(halves(DINNER.as_bytes()).0).into_iter().chain([own.as_bytes()]) {
        canonical::field(field, &mut signed);
    }
    signed.truncate(signed.len() - 2);
    signed
}

/// One pair of both kinds, made once: an RSA key takes its time.
pub fn keys() -> Keys {
    static PEM: std::sync::OnceLock<secrecy::SecretString> = std::sync::OnceLock::new();
    let pem = PEM.get_or_init(|| Keys::generate(true).unwrap().to_pem().unwrap());
    Keys::from_pem(pem.expose_secret().as_bytes()).unwrap()
}

fn moment() -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_434_800, 0).unwrap()
}

#[test]
fn the_ed25519_example_of_the_standard_comes_out_octet_by_octet() {
    assert_eq!(body_hash(halves(DINNER.as_bytes()).1), "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=");
    let seed = STANDARD.decode("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=").unwrap();
    let key = Key::Ed25519(Ed25519KeyPair::from_seed_unchecked(&seed).unwrap());
    let own = of_the_standard(
        "ed25519-sha256",
        "brisbane",
        "h=from : to :\r\n subject : date : message-id : from : subject : date",
    );
    let expected = "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==";
    assert_eq!(STANDARD.encode(key.sign(&signed(&own)).unwrap()), expected);

    let record = Record::of(&key, "brisbane", "football.example.com");
    assert_eq!(record.name, "brisbane._domainkey.football.example.com");
    assert_eq!(record.value, "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
}

/// Its RSA key is too short to sign with, so the example's signature is verified over what we make of the message.
#[test]
fn the_rsa_example_of_the_standard_verifies() {
    let own =
        of_the_standard("rsa-sha256", "test", "h=from : to : subject :\r\n date : message-id : from : subject : date");
    let signature = "F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGd\
                     aSGsgeefOsk2JzdA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=";
    let public = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/b\
                  yYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+\
                  l/K4w3QIDAQAB";
    let public = STANDARD.decode(public).unwrap();
    UnparsedPublicKey::new(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, public)
        .verify(&signed(&own), &STANDARD.decode(signature).unwrap())
        .unwrap();
}

#[test]
fn the_same_message_gets_the_same_field_and_no_line_of_it_is_long() {
    let signer = Signer::new("digest.news.example.org", "d1", keys());
    let fields = signer.sign(DINNER.as_bytes(), moment()).unwrap();
    assert_eq!(signer.sign(DINNER.as_bytes(), moment()).unwrap(), fields);
    let fields = String::from_utf8(fields).unwrap();
    assert_eq!(fields.matches("DKIM-Signature: v=1; a=").count(), 2);
    assert!(fields.split("\r\n").all(|line| line.len() <= 78), "{fields}");
    assert!(fields.ends_with("\r\n") && !fields.contains("\r\n\r\n"));
    assert!(fields.contains("s=d1;") && fields.contains("s=d1-ed25519;") && fields.contains(" t=1772434800;"));
    assert!(!fields.contains("l=") && !fields.contains("x="));
}

#[test]
fn what_must_not_be_added_is_named_once_more_than_it_is_there() {
    let signer = Signer::new("football.example.com", "d1", keys());
    let field = String::from_utf8(signer.sign(DINNER.as_bytes(), moment()).unwrap()).unwrap().replace("\r\n ", "");
    let names = field.split_once("h=").unwrap().1.split(';').next().unwrap();
    assert_eq!(
        names,
        "From:From:To:To:Cc:Reply-To:Subject:Subject:Date:Date:Message-ID:Message-ID:MIME-Version:Content-Type:\
         List-Unsubscribe:List-Unsubscribe-Post"
    );
}

#[test]
fn a_key_file_is_read_in_the_forms_that_there_are() {
    let pem = keys().to_pem().unwrap();
    let text = pem.expose_secret();
    let (rsa, ed25519) = text.split_at(text.rfind("-----BEGIN").unwrap());
    assert!(Keys::from_pem(rsa.as_bytes()).unwrap().ed25519.is_none());
    assert!(Keys::from_pem(format!("a note\n{ed25519}\n{rsa}").as_bytes()).unwrap().ed25519.is_some());
    assert!(matches!(Keys::from_pem(ed25519.as_bytes()), Err(KeyError::NoRsa)));
    assert!(matches!(Keys::from_pem(b"hunter2"), Err(KeyError::NoRsa)));
    assert!(matches!(Keys::from_pem([text, rsa].concat().as_bytes()), Err(KeyError::Twice)));
    let cut = rsa.replace("-----END PRIVATE KEY-----", "");
    assert!(matches!(Keys::from_pem(cut.as_bytes()), Err(KeyError::NotPem(_))));
    let other = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    assert!(matches!(Keys::from_pem(other.as_bytes()), Err(KeyError::Unknown)));
}

#[test]
fn what_is_published_is_held_against_the_key() {
    let records = Signer::new("example.org", "d1", keys()).records();
    let names: Vec<&str> = records.iter().map(|record| record.name.as_str()).collect();
    assert_eq!(names, ["d1._domainkey.example.org", "d1-ed25519._domainkey.example.org"]);
    for (record, other) in [(&records[0], &records[1]), (&records[1], &records[0])] {
        let of = |texts: &[&str]| record.published(&texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>());
        let value = record.value.as_str();
        assert_eq!(of(&[value]), Published::Same);
        assert_eq!(
            of(&["something else", &value.replace("; ", ";").replace('=', " = ").replace(" = ", "=")]),
            Published::Same
        );
        assert_eq!(of(&[&format!("{value}; t=s:y")]), Published::Testing);
        assert_eq!(of(&[&other.value]), Published::Another);
        assert_eq!(of(&["v=DKIM1; p="]), Published::Revoked);
        assert_eq!(of(&["v=spf1 -all"]), Published::Missing);
        assert_eq!(of(&[value, value]), Published::Several);
        assert_eq!(of(&["v=DKIM1; p=hunter2"]), Published::Another);
    }
    assert_eq!(records[0].published(&[records[0].value.replace(" k=rsa;", "")]), Published::Same);
    let bare = format!("v=DKIM1; p={}", STANDARD.encode(keys().rsa.bare()));
    assert_eq!(records[0].published(&[bare]), Published::Same);
}

#[test]
fn a_zone_file_gets_strings_that_it_can_hold() {
    let record = Signer::new("example.org", "d1", keys()).records().remove(0);
    let line = record.zone_line();
    let strings: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
    assert!(line.starts_with("d1._domainkey.example.org. IN TXT ( \"v=DKIM1; k=rsa; p=MII") && line.ends_with("\" )"));
    assert!(strings.len() == 2 && strings.iter().all(|string| string.len() <= 255), "{line}");
    assert_eq!(strings.concat(), record.value);
}
