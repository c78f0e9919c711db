//! The database: whether it opens, what its schema stands at, how large it is, and whether it can be written.
//!
//! It is left as it is: none is made, and none is brought up to date.

use std::path::Path;
use std::time::Duration;

use rustix::fs::{Access, access};
use tokio::time::timeout;

use super::finding::Finding;
use crate::app;
use crate::cli::words::bytes;
use crate::config::Config;
use crate::model::words::with_causes;
use crate::store::{Error, Place, Store, health, known_schema};

const ABOUT: &str = "database";
/// A server behind a firewall may not even refuse. Longer than a file is kept busy by one who writes.
const PATIENCE: Duration = Duration::from_secs(15);

/// The store is for others to look into; it is there only if it can be understood.
pub async fn look(config: &Config) -> (Finding, Option<Store>) {
    let place = app::place(config);
    if let Place::File(file) = &place
        && !file.exists()
    {
        return (not_there_yet(file), None);
    }
    match timeout(PATIENCE, opened(&place)).await {
        Ok(Ok((store, schema))) => known(&place, store, schema).await,
        Ok(Err(error)) => (unreachable(&place, &with_causes(&error)), None),
        Err(_) => (unreachable(&place, &format!("{} did not answer within {PATIENCE:?}", name(&place))), None),
    }
}

fn not_there_yet(file: &Path) -> Finding {
    let folder = super::disk::folder_of(file);
    if !folder.is_dir() {
        let what = format!("the folder {} of the database is not there", folder.display());
        return Finding::problem(ABOUT, what, "mount the volume or make the folder, or change storage.url");
    }
    if access(folder, Access::WRITE_OK | Access::EXEC_OK).is_err() {
        let what = format!("there is no database yet, and {} cannot be written to", folder.display());
        return Finding::problem(
            ABOUT,
            what,
            "give the user of Tidings the right to write there, or change storage.url",
        );
    }
    Finding::ok(ABOUT, format!("{} is not there yet; the first start makes it", file.display()))
}

/// And what its schema stands at.
async fn opened(place: &Place) -> Result<(Store, i64), Error> {
    let store = Store::open_as_it_is(place).await?;
    let schema = store.schema().await?;
    Ok((store, schema))
}

async fn known(place: &Place, store: Store, version: i64) -> (Finding, Option<Store>) {
    let (name, known) = (name(place), known_schema());
    let behind = |what: String, fix: &str| (Finding::warning(ABOUT, what).then(fix), None);
    if version > known {
        let newer = Error::Newer { found: version, known }.to_string();
        return (Finding::problem(ABOUT, newer, "install the newer Tidings, or restore the backup"), None);
    }
    if version == 0 {
        return behind(format!("{name} opens, and is empty"), "the first start makes its tables");
    }
    if version < known {
        let what = format!("{name} opens; its schema is {version}, this program's is {known}");
        return behind(what, "the next start brings it up to date; of a file it makes a copy first");
    }
    match written_and_measured(&store).await {
        Ok(size) => {
            let what = format!("{name} opens and can be written; schema {version}, {}", bytes(size));
            (Finding::ok(ABOUT, what), Some(store))
        }
        Err(error) => {
            let what = format!("{name} opens, and cannot be written: {}", with_causes(&error));
            let fix = "look at the rights of the file and of its folder, at who else writes, and at the disk";
            (Finding::problem(ABOUT, what, fix), Some(store))
        }
    }
}

async fn written_and_measured(store: &Store) -> Result<u64, Error> {
    health::try_to_write(store).await?;
    Ok(health::size(store).await?.unsigned_abs())
}

fn unreachable(place: &Place, why: &str) -> Finding {
    let fix = match place {
        Place::File(_) => "look at the rights of the file; storage.url says where it is",
        Place::Server { .. } => "see that the server runs and lets us in; storage.url says where it is",
    };
    Finding::problem(ABOUT, why, fix)
}

/// Without the login that may be in its URL.
fn name(place: &Place) -> String {
    match place {
        Place::File(file) => file.display().to_string(),
        Place::Server { .. } => "PostgreSQL".to_owned(),
    }
}
