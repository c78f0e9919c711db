use std::time::Duration;

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::model::delivery::Mode;
use crate::model::slug::Slug;

fn read(text: &str, env: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::from_text(text, "tidings.toml", Path::new("/etc/tidings"), env)
}

fn good(text: &str) -> Config {
    read(text, &[]).unwrap_or_else(|errors| panic!("{errors}"))
}

fn errors(text: &str) -> String {
    read(text, &[]).unwrap_err().to_string()
}

const FEED: &str = "[[feed]]\nslug = \"health-en\"\nurl = \"https://news.example.org/health/rss.xml\"\n";

#[test]
fn the_defaults_stand_alone_and_send_nothing() {
    let config = good("");
    assert_eq!(config.delivery.mode, Mode::Capture);
    assert_eq!(config.warnings, [""; 0]);
    assert_eq!((config.feeds.len(), config.topics.len(), config.regions.len()), (0, 0, 0));
    let frequencies: Vec<_> = config.frequencies.iter().map(|f| (f.slug.as_str(), f.schedule.to_string())).collect();
    assert_eq!(
        frequencies,
        [
            ("daily", "0 8 * * *".to_owned()),
            ("weekly", "0 8 * * MON".to_owned()),
            ("as-it-happens", "0 * * * *".to_owned())
        ]
    );
    assert_eq!(config.relay.final_answer_timeout, Duration::from_secs(600));
    assert_eq!(config.collect.max_body, 10 << 20);
    assert_eq!(config.delivery.bounce_domain(), "news.example.org");
}

#[test]
fn the_defaults_explain_every_key() {
    let mut part = DEFAULTS;
    for section in ["site", "storage", "web", "delivery", "relay", "collect", "dkim", "log"] {
        part = part.split_once(&format!("\n[{section}]\n")).expect(section).1;
        let here = part.split("\n[").next().unwrap();
        for key in known_keys(&format!("[{section}]\nnone_such = 1")) {
            let stands = |line: &str| line.trim_start_matches("# ").starts_with(&format!("{key} = "));
            assert!(here.lines().any(stands), "[{section}] {key}");
        }
    }
    for list in ["feed", "topic", "region", "frequency"] {
        for key in known_keys(&format!("[[{list}]]\nnone_such = 1")) {
            let stands = |line: &str| line.trim_start_matches(['#', ' ']).starts_with(&format!("{key} = "));
            let written = DEFAULTS.lines().any(stands) || DEFAULTS.contains(&format!("[{list}.{key}]"));
            assert!(written, "[[{list}]] {key}");
        }
    }
}

/// What may stand where `none_such` does, straight from the types.
fn known_keys(text: &str) -> Vec<String> {
    let over = tree::parse(text, DEFAULTS.len()).unwrap();
    let tree = tree::overlay(tree::parse(DEFAULTS, 0).unwrap(), over);
    let read = Config::deserialize(toml::de::Deserializer::from(toml::Spanned::new(0..0, tree)));
    let message = read.unwrap_err().message().to_owned();
    let (field, known) = wording::unknown(&message, "unknown field").unwrap_or_else(|| panic!("{message}"));
    assert_eq!(field, "none_such");
    known.into_iter().map(str::to_owned).collect()
}

#[test]
fn the_file_lies_over_the_defaults_table_by_table() {
    let config = good(
        r#"
        site.name = "The Paper"
        [delivery]
        retry = ["1m"]
        [[frequency]]
        slug = "fridays"
        name = { en = "On Fridays" }
        cron = "0 17 * * 5"
        "#,
    );
    assert_eq!(config.site.name, "The Paper");
    assert_eq!(config.site.timezone, chrono_tz::UTC);
    assert_eq!(config.delivery.retry, [Duration::from_secs(60)]);
    assert_eq!(config.frequencies.len(), 1);
}

#[test]
fn relative_paths_begin_at_the_file() {
    let config = good("[relay]\nusername = \"u\"\npassword_file = \"secrets/smtp\"\nca_file = \"/ca.pem\"");
    assert_eq!(config.site.secret_file, Path::new("/etc/tidings/secrets/site"));
    assert_eq!(config.relay.password_file.as_deref(), Some(Path::new("/etc/tidings/secrets/smtp")));
    assert_eq!(config.relay.ca_file.as_deref(), Some(Path::new("/ca.pem")));
    assert!(matches!(&config.storage.database, Database::Sqlite(path) if path == Path::new("/etc/tidings/tidings.db")));
}

#[test]
fn a_file_on_disk_is_read_and_one_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("paper.toml");
    std::fs::write(&path, "site.name = \"The Paper\"").unwrap();
    let config = Config::load(Some(&path), []).unwrap();
    assert_eq!(config.site.name, "The Paper");
    assert_eq!(config.site.secret_file, folder.path().join("secrets/site"));
    assert_eq!(config.file, Some(path));

    let missing = folder.path().join("none.toml");
    let error = Config::load(Some(&missing), []).unwrap_err();
    assert_eq!(error.to_string(), format!("could not read the configuration {}", missing.display()));
}

#[test]
fn the_environment_lies_over_the_file() {
    let config = read(
        "[relay]\nconnections = 3\nhost = \"smtp.example.org\"",
        &[
            ("TIDINGS__RELAY__CONNECTIONS", "2"),
            ("TIDINGS__SITE__NAME", "2026"),
            ("TIDINGS__SITE__POSTAL_ADDRESS", "1 Press Road, Nairobi"),
            ("TIDINGS__DELIVERY__ALLOWLIST", r#"["me@example.org"]"#),
            ("TIDINGS__RELAY__USERNAME", "digest"),
            ("TIDINGS__RELAY__PASSWORD", "12345"),
            ("HOME", "/root"),
        ],
    )
    .unwrap();
    assert_eq!(config.relay.connections, 2);
    assert_eq!(config.relay.host.as_deref(), Some("smtp.example.org"));
    assert_eq!(config.site.name, "2026");
    assert_eq!(config.site.postal_address, "1 Press Road, Nairobi");
    assert_eq!(config.delivery.allowlist.len(), 1);
    assert!(!format!("{config:?}").contains("12345"), "a password shows");
}

#[test]
fn wrong_variables_are_named() {
    let env = [
        ("TIDINGS__FEED__URL", "https://example.org"),
        ("TIDINGS__RELAY__CONNECTIONS", "many"),
        ("TIDINGS__RELAY__PROT", "2525"),
        ("TIDINGS__RELY__PORT", "2525"),
        ("TIDINGS__RELAY", "x"),
        ("TIDINGS__SITE__TIMEZONE", "Africa/Nairoby"),
    ];
    assert_snapshot!(read("", &env).unwrap_err());
}

#[test]
fn a_syntax_error_has_its_place() {
    assert_snapshot!(errors("[site]\nname = \"The Paper\nlanguage = \"en\"\n"));
}

#[test]
fn unknown_keys_get_a_suggestion() {
    assert_snapshot!(errors(
        r#"
[sight]
name = "The Paper"

[relay]
prot = 465
zzz = 1

[[topik]]
slug = "health"

[[feed]]
slug = "health-en"
url = "https://news.example.org/health/rss.xml"
lang = "en"
"#
    ));
}

#[test]
fn wrong_values_say_what_is_wanted() {
    assert_snapshot!(errors(
        r#"
[site]
name = 5
url = "ftp://digest.example.org"
language = "english"
languages = "en"
timezone = "Africa/Nairoby"

[storage]
url = "mysql://localhost/tidings"

[web]
listen = "localhost"
trusted_proxies = ["10.0.0.0/8", "example.org"]

[delivery]
mode = "captur"
from = "Newsroom"
allowlist = ["me@example.org", "you"]
give_up_after = 5

[relay]
port = 99999
tls = "ssl"
connections = -1
command_timeout = "10"

[collect]
max_body = "10 Mib"
first_fetch = "all"

[[feed]]
slug = "Health EN"
url = "file:///etc/passwd"
allow_private = "no"

[[feed]]
slug = "no-url"

[[topic]]
slug = "health"
name = "Health"
feeds = ["no-url"]

[[topic]]
slug = "science"
name = { english = "Science" }

[[frequency]]
slug = "weekly"
name = { en = "Weekly" }
cron = "0 8 * * MOM"
"#
    ));
}

#[test]
fn values_that_contradict_one_another_are_refused() {
    assert_snapshot!(errors(
        r#"
[site]
url = "https://digest.example.org"
language = "en"
languages = ["fr", "ar", "fr"]

[delivery]
mode = "allowlist"
retry = []

[relay]
host = "smtp.example.org"
port = 587
tls = "implicit"
username = "digest"
connections = 0

[collect]
interval = "1m"

[dkim]
mode = "rsa"
selector = "d1._domainkey"
"#
    ));
}

#[test]
fn signing_needs_a_key_and_the_domain_that_readers_see() {
    assert_snapshot!(errors("[dkim]\nmode = \"rsa+ed25519\"\nselector = \"d1.\"\ndomain = \"localhost\"\n"));
    let dkim = |domain: &str| {
        format!("[dkim]\nmode = \"rsa\"\nselector = \"d1\"\nkey_file = \"d1.pem\"\ndomain = \"{domain}\"\n")
    };
    let warnings = |domain: &str| {
        read(&format!("[delivery]\nfrom = \"a@news.example.org\"\n{}", dkim(domain)), &[]).unwrap().warnings
    };
    assert_eq!(warnings("news.example.org"), Vec::<String>::new());
    assert_eq!(warnings("example.org"), Vec::<String>::new());
    assert_snapshot!(warnings("relay.example").join("\n"));
}

#[test]
fn going_live_needs_a_relay_and_a_name() {
    assert_snapshot!(errors("[delivery]\nmode = \"live\"\n"));
    assert_snapshot!(read("", &[("TIDINGS__DELIVERY__MODE", "live")]).unwrap_err());
}

#[test]
fn plain_text_goes_to_this_machine_only() {
    let tls_none = |host: &str| format!("[relay]\nhost = \"{host}\"\ntls = \"none\"\nport = 2525\n");
    for host in ["localhost", "127.0.0.1", "::1"] {
        assert!(good(&tls_none(host)).relay.is_loopback(), "{host}");
    }
    assert_snapshot!(errors(&tls_none("smtp.example.org")));
    assert_snapshot!(errors("[relay]\nhost = \"smtp.example.org:25\"\n"));
}

#[test]
fn what_could_never_work_is_refused() {
    let first = |text: &str| errors(text).lines().next().unwrap_or_default().to_owned();
    assert_snapshot!(first("[storage]\nurl = \"sqlite:tidings.db?mode=rwc\"\n"), @"tidings.toml:2:7: `storage.url`: `sqlite:tidings.db?mode=rwc` has options behind a `?`, and sqlite: takes none: leave the `?` out, and what comes after it");
    let login = |name: &str, tls: &str, password: &str| {
        format!("[relay]\nhost = \"localhost\"\ntls = \"{tls}\"\nusername = \"{name}\"\n{password}\n")
    };
    assert_snapshot!(first(&login("digest", "none", "password_file = \"smtp\"")), @r#"tidings.toml:4:12: relay.username is set but relay.tls is "none": a login would go in the clear, so none is made; use tls = "implicit" or "starttls", or leave the login out"#);
    assert_snapshot!(first(&login("", "starttls", "password_file = \"smtp\"")), @"tidings.toml:4:12: relay.username is empty; leave it out where the relay wants no login");
    assert_snapshot!(first(&login("digest", "starttls", "password = \"\"")), @"tidings.toml:5:12: relay.password is empty: no relay takes such a login");
    assert_snapshot!(first("[delivery]\ngive_up_after = \"0s\"\n"), @"tidings.toml:2:17: `delivery.give_up_after` is nothing: each mail would be given up at once");
    assert_snapshot!(first("[site]\nsecret_file = \"\"\n"), @"tidings.toml:2:15: `site.secret_file` is empty: name it, or leave the line out");
    assert_snapshot!(first("[site]\ntemplates = \"\"\n"), @"tidings.toml:2:13: `site.templates` is empty: name it, or leave the line out");
}

#[test]
fn topics_regions_and_frequencies_must_make_sense() {
    assert_snapshot!(errors(&format!(
        r#"{FEED}interval = "10s"

[[feed]]
slug = "health-en"
url = "https://news.example.org/other/rss.xml"

[[topic]]
slug = "health"
name = {{ en = "Health" }}
feeds = ["helth-en"]

[[topic]]
slug = "empty"
name = {{ en = "Empty" }}

[[topic]]
slug = "nameless"
name = {{}}
any_word = ["malaria", " "]

[[topic]]
slug = "old"
name = {{ en = "Old" }}
replaced_by = "heath"

[[topic]]
slug = "older"
name = {{ en = "Older" }}
replaced_by = "older"

[[region]]
slug = "africa"
name = {{ en = "Africa" }}

[[frequency]]
slug = "hourly"
name = {{ en = "Hourly" }}
cron = "0 * * * *"
hour_choice = true
"#
    )));
}

#[test]
fn a_missing_name_falls_back_and_is_mentioned() {
    let config = good(&format!(
        "site.languages = [\"en\", \"fr\", \"ar\"]\n{FEED}language = \"sw\"\n[[topic]]\nslug = \"health\"\nname = \
         {{ en = \"Health\" }}\nfeeds = [\"health-en\"]\n"
    ));
    assert_eq!(
        config.warnings,
        [
            "feed `health-en` is in sw, which is not among `site.languages`: no reader can choose it",
            "topic `health` has no name in fr, ar: another language's stands in"
        ]
    );
}

#[test]
fn the_fingerprint_is_that_of_what_the_database_is_brought_in_line_with() {
    let topic = "[[topic]]\nslug = \"health\"\nname = { en = \"Health\", fr = \"Santé\" }\nfeeds = [\"health-en\"]\n";
    let base = good(&format!("{FEED}{topic}")).fingerprint();
    assert_eq!(base.len(), 64);

    let elsewhere = "# a comment\n[relay]\nhost = \"smtp.example.org\"\n[collect]\ninterval = \"1h\"\n";
    assert_eq!(good(&format!("{elsewhere}{topic}\n# another\n{FEED}")).fingerprint(), base);
    let reordered = topic.replace("en = \"Health\", fr = \"Santé\"", "fr = \"Santé\", en = \"Health\"");
    assert_eq!(good(&format!("{FEED}{reordered}")).fingerprint(), base);

    for changed in [
        format!("{FEED}{}", topic.replace("Santé", "Soins")),
        format!("{FEED}allow_private = true\n{topic}"),
        format!("{FEED}{topic}no_word = [\"sport\"]\n"),
        format!("site.languages = [\"en\", \"fr\"]\n{FEED}{topic}"),
        format!("{FEED}{topic}[[frequency]]\nslug = \"daily\"\nname = {{ en = \"Daily\" }}\ncron = \"0 9 * * *\"\n"),
        format!("{FEED}{topic}[[region]]\nslug = \"africa\"\nname = {{ en = \"Africa\" }}\nany_word = [\"Africa\"]\n"),
    ] {
        assert_ne!(good(&changed).fingerprint(), base, "{changed}");
    }
}

#[test]
fn the_example_of_un_news_loads_without_a_warning() {
    let config = good(include_str!("../../config/un-news.toml"));
    assert_eq!(config.warnings, [""; 0]);
    assert_eq!((config.topics.len(), config.regions.len(), config.feeds.len()), (12, 6, 144));
    assert_eq!(config.site.languages.len(), 8);
    let used: usize = config.topics.iter().chain(&config.regions).map(|t| t.rule.feeds.len()).sum();
    assert_eq!(used, 144);
}

#[test]
fn the_first_example_loads_without_a_warning_and_is_what_the_readme_shows() {
    let example = good(include_str!("../../config/example.toml"));
    assert_eq!(example.warnings, [""; 0]);
    let readme = include_str!("../../README.md");
    let (_, shown) = readme.split_once("```toml\n").expect("a configuration in README.md");
    let (shown, _) = shown.split_once("```").expect("an end of it");
    let shown = good(shown);
    assert_eq!(shown.fingerprint(), example.fingerprint());
    assert_eq!((&shown.site.name, shown.site.timezone), (&example.site.name, example.site.timezone));
    assert_eq!(shown.delivery.mode, example.delivery.mode);
}

#[test]
fn what_is_given_up_leaves_its_readers_to_what_stays() {
    let topic = |slug: &str, more: &str| {
        format!("[[topic]]\nslug = \"{slug}\"\nname = {{ en = \"X\" }}\nfeeds = [\"health-en\"]\n{more}\n")
    };
    let short = |slug: &str, more: &str| format!("[[topic]]\nslug = \"{slug}\"\n{more}\n");
    let moved = good(&format!("{FEED}{}{}", short("a", "replaced_by = \"b\""), topic("b", "")));
    assert_eq!(moved.topics.iter().map(|t| t.slug.as_str()).collect::<Vec<_>>(), ["b"]);
    assert_eq!(moved.retired.topics[0].replaced_by.as_ref().map(Slug::as_str), Some("b"));

    let successors = |text: &str| -> Vec<String> {
        good(text)
            .retired
            .topics
            .iter()
            .map(|t| t.replaced_by.as_ref().map_or("–".to_owned(), Slug::to_string))
            .collect()
    };
    let (a, b) = (short("a", "replaced_by = \"b\""), topic("b", "replaced_by = \"c\""));
    assert_eq!(successors(&format!("{FEED}{a}{b}{}", topic("c", ""))), ["c", "c"], "along the line");

    let ended = format!("{FEED}{a}{}", topic("b", "end_subscriptions = true"));
    assert!(errors(&ended).contains("topic `b`, which is to replace `a`, is itself given up"));
    let both = format!("{FEED}{}{}", topic("a", "replaced_by = \"b\"\nend_subscriptions = true"), topic("b", ""));
    assert!(errors(&both).contains("has both `replaced_by` and `end_subscriptions`"));
    let circle = format!("{FEED}{a}{b}{}", short("c", "replaced_by = \"b\""));
    assert!(errors(&circle).contains("would arrive nowhere: `a` → `b` → `c` → `b`"), "{}", errors(&circle));
}

#[test]
fn a_frequency_that_stays_needs_a_time_and_a_name_and_one_that_goes_its_slug_alone() {
    let frequency = |slug: &str, more: &str| format!("[[frequency]]\nslug = \"{slug}\"\n{more}\n");
    let daily = frequency("daily", "name = { en = \"Daily\" }\ncron = \"0 8 * * *\"");
    let text = format!("{daily}{}", frequency("hourly", "replaced_by = \"daily\""));
    assert_eq!(good(&text).retired.frequencies[0].slug.as_str(), "hourly");
    let without = errors(&format!("{daily}{}", frequency("hourly", "name = { en = \"Hourly\" }")));
    assert!(without.contains("frequency `hourly` needs `cron`, such as \"0 8 * * *\""), "{without}");
    assert!(errors(&format!("{daily}{}", frequency("hourly", "cron = \"0 * * * *\""))).contains("has no name"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Half a file, strange characters, a key of the wrong kind: an answer, never a panic.
    #[test]
    fn no_text_makes_it_panic(cut in 0..DEFAULTS.len(), put in "\\PC{0,12}", skip in 0..40usize) {
        let cut = DEFAULTS.floor_char_boundary(cut);
        let rest = DEFAULTS.ceil_char_boundary((cut + skip).min(DEFAULTS.len()));
        let text = format!("{}{put}{}", &DEFAULTS[..cut], &DEFAULTS[rest..]);
        if let Err(errors) = read(&text, &[]) {
            prop_assert!(!errors.to_string().is_empty());
        }
        let _ = read(&put, &[("TIDINGS__SITE__NAME", &put)]);
    }
}

#[test]
fn a_site_has_a_face() {
    let config = good(
        "[site]\nlanguages = [\"en\", \"ar\"]\ncolour = \"#7A0019\"\nlogo = \"https://news.example.org/logo.png\"\n\
         footer = { en = \"Since 1911.\\nOwned by nobody.\" }",
    );
    assert_eq!(config.site.colour.unwrap().to_string(), "#7a0019");
    assert_eq!(config.site.logo.unwrap().as_str(), "https://news.example.org/logo.png");
    assert_eq!(config.warnings, ["`site.footer` has no ar: another language's stands in"]);
    let plain = good("");
    assert!(plain.site.colour.is_none() && plain.site.logo.is_none() && plain.site.footer.is_empty());
    assert_eq!(good("site.colour = \"#7a0019\"").fingerprint(), plain.fingerprint(), "no reader moves for it");

    assert_snapshot!(errors("[site]\ncolour = \"red\"\nlogo = \"http://news.example.org/logo.png\"\n"));
    assert_snapshot!(errors("[site]\nfooter = { en = \"\", fr = \"1\\n2\\n3\" }\n"));
}

#[test]
fn a_throttle_must_bound_something_and_each_domain_once() {
    let text = r#"
[relay]
messages_per_second = 0

[[throttle]]
domains = ["Exämple.edu"]
messages_per_second = 5.5
connections = 2

[[throttle]]
domains = []

[[throttle]]
domains = ["example.net", "localhost"]
connections = 1

[[throttle]]
domains = ["xn--exmple-cua.edu"]

[[throttle]]
domains = ["*"]
connections = 0
"#;
    assert_snapshot!(errors(text));
    let good =
        Config::from_text("[[throttle]]\ndomains = [\"EXÄMPLE.edu\", \"*\"]\nconnections = 1", "t", Path::new(""), []);
    assert_eq!(good.unwrap().throttles[0].domains, ["xn--exmple-cua.edu", "*"]);
}
