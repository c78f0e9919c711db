//! What the DNS says of the domain that we write from: SPF (RFC 7208), DKIM (RFC 6376), DMARC (RFC 7489).
//!
//! Receivers look there whether a mail in that name is to be believed. Where the relay signs, what is missing here need
//! not be wrong; it is told, and left to whoever knows the relay. The key that we sign with must be the one that is there.

use std::path::Path;

use super::dns::{NoAnswer, Resolvers};
use super::finding::Finding;
use crate::app;
use crate::config::Config;
use crate::mail::sign::{Published, Record, tag};

/// Domains that belong to nobody (RFC 2606), such as the one in the defaults.
const NOBODYS: &[&str] = &["example.org", "example.com", "example.net", "example", "test", "invalid", "localhost"];

pub async fn look(config: &Config, resolvers: &Resolvers) -> Vec<Finding> {
    let domain = config.delivery.from.address.domain();
    if NOBODYS.iter().any(|nobody| is_under(domain, nobody)) {
        let what = format!("not looked at: {domain} is a name for examples; delivery.from says in whose name we write");
        return vec![Finding::ok("sender", what)];
    }
    match records(config, domain, resolvers).await {
        Ok(findings) => findings,
        Err(why) => {
            let what = format!("SPF, DKIM and DMARC of {domain} were not looked at: {why}");
            vec![Finding::warning("sender", what)]
        }
    }
}

async fn records(config: &Config, domain: &str, resolvers: &Resolvers) -> Result<Vec<Finding>, NoAnswer> {
    let mut findings = vec![spf(config.delivery.bounce_domain(), resolvers).await?];
    findings.extend(signatures(config, resolvers).await?);
    findings.push(dmarc(domain, resolvers).await?);
    Ok(findings)
}

/// Asked of the domain that bounces come back to: it is the one in the envelope.
async fn spf(domain: &str, resolvers: &Resolvers) -> Result<Finding, NoAnswer> {
    const ABOUT: &str = "spf";
    let records = beginning(resolvers.txt(domain).await?, "v=spf1");
    Ok(match records.as_slice() {
        [] => Finding::warning(ABOUT, format!("{domain} has no SPF record: some receivers trust its mail less"))
            .then(format!("a TXT record of {domain} that names your relay; whoever runs the relay has its words")),
        [one] if one.split_whitespace().any(|word| word == "all" || word == "+all") => Finding::problem(
            ABOUT,
            format!("{domain} lets the whole world send in its name: {one}"),
            "end the record with -all or ~all",
        ),
        [one] => Finding::ok(ABOUT, format!("{domain}: {one}")),
        several => Finding::problem(
            ABOUT,
            format!("{domain} has {} SPF records; receivers then go by none", several.len()),
            "make one record of them",
        ),
    })
}

/// Of each key that we have. Of the relay's, or of one that cannot be read, only whether there is a record.
async fn signatures(config: &Config, resolvers: &Resolvers) -> Result<Vec<Finding>, NoAnswer> {
    let settings = &config.dkim;
    let (Some(selector), Some(domain)) = (&settings.selector, &settings.domain) else { return Ok(vec![]) };
    let Ok(Some(signer)) = app::prepared_signer(config) else {
        return Ok(vec![dkim(&format!("{selector}._domainkey.{domain}"), resolvers).await?]);
    };
    let file = settings.key_file.as_deref().unwrap_or(Path::new("")).display().to_string();
    let mut findings = Vec::new();
    for record in signer.records() {
        let published = record.published(&resolvers.txt(&record.name).await?);
        findings.push(compared(&record, published, &file));
    }
    Ok(findings)
}

fn compared(record: &Record, published: Published, file: &str) -> Finding {
    const ABOUT: &str = "dkim";
    const PUBLISH: &str = "publish the record that `tidings dkim show` prints";
    let name = &record.name;
    match published {
        Published::Same => Finding::ok(ABOUT, format!("{name} has the key of {file}")),
        Published::Testing => {
            Finding::warning(ABOUT, format!("{name} has the key of {file}, but says t=y: a trial only"))
                .then("take t=y out of the record when signatures are found good")
        }
        Published::Missing => {
            Finding::problem(ABOUT, format!("{name} is not published: nobody can verify what {file} signs"), PUBLISH)
        }
        Published::Another => Finding::problem(
            ABOUT,
            format!("the key published at {name} is another than that of {file}: signatures fail"),
            format!("{PUBLISH}, or name the file of the key that is published"),
        ),
        Published::Several => Finding::problem(
            ABOUT,
            format!("{name} has several keys; receivers may go by any of them, or by none"),
            "leave one record there, the one that `tidings dkim show` prints",
        ),
        Published::Revoked => taken_back(name),
    }
}

fn taken_back(name: &str) -> Finding {
    Finding::problem(
        "dkim",
        format!("the key at {name} was taken back"),
        "publish one that holds, under another selector",
    )
}

async fn dkim(name: &str, resolvers: &Resolvers) -> Result<Finding, NoAnswer> {
    const ABOUT: &str = "dkim";
    let records = resolvers.txt(name).await?;
    let key = records.iter().find_map(|record| tag(record, "p"));
    Ok(match key {
        None => Finding::problem(
            ABOUT,
            format!("{name} has no key: signatures under that name are not believed"),
            "publish the public key there as a TXT record, or correct dkim.selector and dkim.domain",
        ),
        Some("") => taken_back(name),
        Some(_) => Finding::ok(ABOUT, format!("{name} has a key")),
    })
}

/// Of the domain itself, else of the nearest above it that has one.
async fn dmarc(domain: &str, resolvers: &Resolvers) -> Result<Finding, NoAnswer> {
    const ABOUT: &str = "dmarc";
    let mut asked = domain;
    loop {
        let name = format!("_dmarc.{asked}");
        let records = beginning(resolvers.txt(&name).await?, "v=DMARC1");
        match records.as_slice() {
            [] => {}
            [one] => {
                let policy = tag(one, "p").unwrap_or("none");
                return Ok(Finding::ok(ABOUT, format!("{name}: policy {policy}")));
            }
            several => {
                let what = format!("{name} has {} DMARC records; receivers then go by none", several.len());
                return Ok(Finding::problem(ABOUT, what, "make one record of them"));
            }
        }
        match asked.split_once('.') {
            Some((_, above)) if above.contains('.') => asked = above,
            _ => break,
        }
    }
    let what = format!("{domain} has no DMARC record: large mailbox providers want one of whoever writes to many");
    Ok(Finding::warning(ABOUT, what).then(format!("a TXT record of _dmarc.{domain}: v=DMARC1; p=none")))
}

/// Those of a kind, by the word they begin with.
fn beginning(records: Vec<String>, word: &str) -> Vec<String> {
    let is_of_it = |record: &String| {
        let head = record.split([' ', ';']).next().unwrap_or_default();
        head.eq_ignore_ascii_case(word)
    };
    records.into_iter().filter(is_of_it).collect()
}

fn is_under(domain: &str, above: &str) -> bool {
    domain.strip_suffix(above).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::super::dns::tests::{answer, name_in, resolver};
    use super::super::finding::Level;
    use super::*;
    use crate::clock::Chance;

    /// What a resolver that knows these records is found to say of the sender of `config`.
    async fn found(from: &str, more: &str, zone: &'static [(&str, &str)]) -> Vec<(Level, &'static str, String)> {
        let server = resolver(move |question| {
            let asked = name_in(question);
            let strings = |text: &'static str| -> Vec<&str> {
                text.as_bytes().chunks(255).map(|part| str::from_utf8(part).unwrap()).collect()
            };
            let records: Vec<Vec<&str>> =
                zone.iter().filter(|(name, _)| *name == asked).map(|(_, record)| strings(record)).collect();
            let records: Vec<&[&str]> = records.iter().map(Vec::as_slice).collect();
            vec![answer(question, if records.is_empty() { 3 } else { 0 }, &records)]
        });
        let text = format!("[delivery]\nfrom = \"digest@{from}\"\n{more}");
        let config = Config::from_text(&text, "tidings.toml", Path::new(""), []).unwrap();
        let resolvers = Resolvers::of(vec![server], Duration::from_secs(20), Chance::seeded(1));
        look(&config, &resolvers).await.into_iter().map(|f| (f.level, f.about, f.what)).collect()
    }

    #[tokio::test]
    async fn a_domain_with_all_its_records_is_in_order() {
        let zone = &[
            ("news.harbour.press", "v=spf1 include:relay.example -all"),
            ("news.harbour.press", "something else"),
            ("d1._domainkey.harbour.press", "v=DKIM1; k=rsa; p=MIIB"),
            ("_dmarc.harbour.press", "v=DMARC1; p=quarantine"),
        ];
        let dkim = "[dkim]\nselector = \"d1\"\ndomain = \"harbour.press\"\n";
        assert_eq!(
            found("news.harbour.press", dkim, zone).await,
            [
                (Level::Ok, "spf", "news.harbour.press: v=spf1 include:relay.example -all".to_owned()),
                (Level::Ok, "dkim", "d1._domainkey.harbour.press has a key".to_owned()),
                (Level::Ok, "dmarc", "_dmarc.harbour.press: policy quarantine".to_owned()),
            ]
        );
    }

    /// A folder with a key, what configures it, and its two records.
    fn with_a_key() -> (tempfile::TempDir, String, Vec<Record>) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("d1.pem");
        let keys = crate::mail::sign::tests::keys();
        std::fs::write(&file, secrecy::ExposeSecret::expose_secret(&keys.to_pem().unwrap())).unwrap();
        let dkim = "[dkim]\nmode = \"rsa+ed25519\"\nselector = \"d1\"\ndomain = \"harbour.press\"\n";
        let records = crate::mail::sign::Signer::new("harbour.press", "d1", keys).records();
        (folder, format!("{dkim}key_file = \"{}\"\n", file.display()), records)
    }

    #[tokio::test]
    async fn a_key_of_ours_must_be_the_one_that_is_published() {
        let (_folder, dkim, records) = with_a_key();
        let of = |text: String| -> &'static str { text.leak() };
        let (rsa, ed25519) = (of(records[0].value.clone()), of(records[1].value.clone()));
        let (first, second) = ("d1._domainkey.harbour.press", "d1-ed25519._domainkey.harbour.press");
        for (zone, expected) in [
            (vec![(first, rsa), (second, ed25519)], [(Level::Ok, "has the key of"), (Level::Ok, "has the key of")]),
            (vec![(second, rsa)], [(Level::Problem, "is not published"), (Level::Problem, "is another than")]),
            (
                vec![(first, "v=DKIM1; p="), (second, ed25519), (second, ed25519)],
                [(Level::Problem, "was taken back"), (Level::Problem, "has several keys")],
            ),
        ] {
            let found = found("harbour.press", &dkim, zone.leak()).await;
            let of_it: Vec<_> = found.iter().filter(|(_, about, _)| *about == "dkim").collect();
            assert_eq!(of_it.len(), 2, "{found:?}");
            for ((level, _, what), (expected, words)) in of_it.into_iter().zip(expected) {
                assert!(*level == expected && what.contains(words), "{level:?} {what}");
            }
        }
    }

    #[tokio::test]
    async fn what_is_missing_is_told_and_what_is_wrong_is_a_problem() {
        let levels = |found: Vec<(Level, &'static str, String)>| -> Vec<(Level, &'static str)> {
            found.into_iter().map(|(level, about, _)| (level, about)).collect()
        };
        let missing = found("harbour.press", "", &[("harbour.press", "v=spf10 is no SPF")]).await;
        assert_eq!(levels(missing), [(Level::Warning, "spf"), (Level::Warning, "dmarc")]);
        let zone = &[
            ("harbour.press", "v=spf1 -all"),
            ("harbour.press", "v=spf1 mx -all"),
            ("d1._domainkey.harbour.press", "v=DKIM1; p="),
            ("_dmarc.harbour.press", "v=DMARC1; p=none"),
            ("_dmarc.harbour.press", "v=DMARC1; p=reject"),
        ];
        let dkim = "[dkim]\nselector = \"d1\"\ndomain = \"harbour.press\"\n";
        let wrong = found("harbour.press", dkim, zone).await;
        assert_eq!(levels(wrong), [(Level::Problem, "spf"), (Level::Problem, "dkim"), (Level::Problem, "dmarc")]);
        let open = found("harbour.press", "", &[("harbour.press", "v=spf1 +all")]).await;
        assert_eq!(open[0].0, Level::Problem);
    }

    #[tokio::test]
    async fn a_domain_for_examples_is_nobodys() {
        let found = found("news.example.org", "", &[]).await;
        assert_eq!((found.len(), found[0].0), (1, Level::Ok));
        assert!(!is_under("myexample.org", "example.org"));
    }
}
