//! Signing a message of 30 KB: how long it takes, over what the bare RSA operation takes, and where the rest goes.
//! Usage: `scripts/bench-sign`.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use chrono::{DateTime, Utc};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use secrecy::ExposeSecret;
use tidings::mail::sign::{Keys, Signer};

const ROUNDS: usize = 2000;

fn main() {
    let pem = Keys::generate(true).unwrap().to_pem().unwrap();
    let pem = pem.expose_secret().as_bytes();
    let keys = || Keys::from_pem(pem).unwrap();
    let rsa = Signer::new("example.org", "d1", Keys { ed25519: None, ..keys() });
    let both = Signer::new("example.org", "d1", keys());
    let bare = KeyPair::from_pkcs8(PrivateKeyDer::from_pem_slice(pem).unwrap().secret_der()).unwrap();
    let (message, at) = (message(), DateTime::<Utc>::from_timestamp(1_772_434_800, 0).unwrap());
    let header = &message[..1500];

    let bare = || {
        let mut signature = [0; 256];
        bare.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), header, &mut signature).unwrap();
        black_box(signature);
    };
    let hash = || {
        black_box(digest::digest(&digest::SHA256, &message));
    };
    let [bare, hash, rsa, both] =
        in_turns([&bare, &hash, &|| drop(black_box(rsa.sign(&message, at).unwrap())), &|| {
            drop(black_box(both.sign(&message, at).unwrap()))
        }]);
    println!("a message of {} bytes, the middle of {ROUNDS} in turns", message.len());
    for (what, took) in [
        ("RSA-2048 alone, over a header", bare),
        ("SHA-256 alone, over the message", hash),
        ("signed with RSA", rsa),
        ("signed with RSA and Ed25519", both),
    ] {
        let micros = took.as_secs_f64() * 1e6;
        println!("{what:<34} {micros:>7.0} µs  {:>5.2} ×", took.as_secs_f64() / bare.as_secs_f64());
    }
}

/// The middle of each; in turns, so that what else the machine does meets all alike.
fn in_turns<const N: usize>(works: [&dyn Fn(); N]) -> [Duration; N] {
    let mut took = [const { Vec::new() }; N];
    for _ in 0..ROUNDS {
        for (work, took) in works.iter().zip(&mut took) {
            let began = Instant::now();
            work();
            took.push(began.elapsed());
        }
    }
    took.map(|mut took| {
        took.sort();
        took[took.len() / 2]
    })
}

/// As a digest is: two parts, lines of quoted-printable, an empty line now and then.
fn message() -> Vec<u8> {
    let mut text = "From: The Paper <digest@example.org>\r\nTo: <reader@example.org>\r\nReply-To: <desk@example.org>\r\n\
                    Subject: Salt and sugar, and 12 more\r\nDate: Mon, 2 Mar 2026 07:00:00 +0000\r\n\
                    Message-ID: <abcdefghijklmnopqrstuvwxyz@example.org>\r\nMIME-Version: 1.0\r\nContent-Language: en\r\n\
                    List-Id: \"The Paper\" <digest.example.org>\r\n"
        .to_owned();
    let token = "abcdefghijklmnopqrstuvwxyz234567".repeat(2);
    write!(text, "List-Unsubscribe: <https://digest.example.org/stop/{token}>\r\n").unwrap();
    text.push_str("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nAuto-Submitted: auto-generated\r\n\r\n");
    for n in 0.. {
        if text.len() > 30_000 {
            break;
        }
        write!(text, "A clinic opens in the harbour town, number {n}, and everybody is to come =\r\n").unwrap();
        write!(text, "who has been waiting for it since the spring of the year before. <p>\r\n\r\n").unwrap();
    }
    text.into_bytes()
}
