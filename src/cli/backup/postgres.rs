//! On PostgreSQL its own tools make backups and put them back: what is said of them.

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::cli::exit::{Exit, Failure};
use crate::config::Config;

/// The address of the database as it may be shown.
pub fn without_password(url: &SecretString) -> String {
    let Ok(mut url) = Url::parse(url.expose_secret()) else { return "postgres://…".to_owned() };
    let _ = url.set_password(None);
    if url.query().is_some() {
        let open: Vec<(String, String)> =
            url.query_pairs().into_owned().filter(|(name, _)| name != "password").collect();
        url.set_query(None);
        if !open.is_empty() {
            url.query_pairs_mut().extend_pairs(open);
        }
    }
    url.to_string()
}

pub fn dump(url: &str, config: &Config) -> anyhow::Error {
    let secret = config.site.secret_file.display();
    let message = format!(
        "this installation is on PostgreSQL, whose own tool makes its backups: pg_dump, beside running daemons too; keep {secret} with \
         the dump, for without it no stop link works"
    );
    let next =
        format!("pg_dump --format=custom --file=tidings.dump '{url}'   (the password from PGPASSWORD or ~/.pgpass)");
    Failure::new(Exit::Refused, message).then(next).into()
}

pub fn put_back(url: &str, _: &Config) -> anyhow::Error {
    let message =
        "this installation is on PostgreSQL, whose own tool puts backups back: pg_restore, while no daemon runs";
    let next = format!(
        "pg_restore --clean --if-exists --single-transaction -d '{url}' tidings.dump, then `tidings reconcile --restored` before any \
         daemon starts, so that nothing is mailed twice"
    );
    Failure::new(Exit::Refused, message).then(next).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown() {
        let shown = |url: &str| without_password(&url.to_owned().into());
        assert_eq!(
            shown("postgres://digest:hunter2@db.example.org/tidings"),
            "postgres://digest@db.example.org/tidings"
        );
        let by_query = "postgres://digest@localhost/tidings?host=%2Frun%2Fpostgresql&password=hunter2";
        assert_eq!(shown(by_query), "postgres://digest@localhost/tidings?host=%2Frun%2Fpostgresql");
        assert_eq!(shown("postgres://localhost/tidings?password=hunter2"), "postgres://localhost/tidings");
    }
}
