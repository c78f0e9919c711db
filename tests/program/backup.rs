//! Backups: made beside a daemon, seen to be whole, put back without anybody being mailed twice.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use serde_json::{Value, json};
use tidings::store::known_schema;

use crate::commands::{configuration, house};
use crate::engine::Engine;
use crate::house::{Done, House, free_port};
use crate::kill::Story;
use crate::newsroom::Newsroom;

/// As it is told.
fn schema() -> String {
    format!("schema {}", known_schema())
}

fn add(house: &House, address: &str) {
    house.tidings(&["subscriber", "add", address, "--topic", "health"]).ended(0);
}

fn readers(house: &House) -> Vec<String> {
    let listed = house.tidings(&["subscriber", "list", "--json"]).json();
    listed.as_array().unwrap().iter().map(|one| one["address"].as_str().unwrap().to_owned()).collect()
}

/// Makes a backup; its path.
fn back_up(house: &House) -> String {
    let made = house.tidings(&["backup", "create", "--json"]).json();
    made["file"].as_str().unwrap().to_owned()
}

fn mode(file: &Path) -> u32 {
    fs::metadata(file).unwrap().permissions().mode() & 0o777
}

/// A database and what it has in it.
fn beside_the_database(house: &House, start: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(house.folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> =
        entries.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(start)).collect();
    found.sort();
    found
}

#[test]
fn a_backup_is_made_beside_a_daemon_that_goes_on() {
    let newsroom = Newsroom::open();
    newsroom.publish("A clinic opens");
    let house = house(&newsroom);
    add(&house, "a@example.org");
    let mut daemon = house.at_work();

    let dry = house.tidings(&["backup", "create", "-n", "--at", "2026-11-25 02:15:00"]).ended(0).out;
    assert!(
        dry.starts_with(&format!("would be written: backups/tidings-2026-11-25-021500.db ({}): 1 reader, ", schema())),
        "{dry}"
    );
    assert!(!house.folder().join("backups").exists());

    let made = house.tidings(&["backup", "create", "--json", "--at", "2026-11-25 02:15:00"]).json();
    assert_eq!(made["file"], "backups/tidings-2026-11-25-021500.db");
    assert_eq!(made["secret"], "backups/tidings-2026-11-25-021500.db.secret");
    assert_eq!((&made["readers"], &made["schema"]), (&json!(1), &json!(known_schema())));
    let folder = house.folder().join("backups");
    let file = folder.join("tidings-2026-11-25-021500.db");
    let secret = folder.join("tidings-2026-11-25-021500.db.secret");
    assert_eq!((mode(&folder), mode(&file), mode(&secret)), (0o700, 0o600, 0o600));
    assert_eq!(fs::read(&secret).unwrap(), fs::read(house.folder().join("secrets/site")).unwrap());
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2, "no draft is left");

    let verified = house.tidings(&["backup", "verify", "backups/tidings-2026-11-25-021500.db", "--json"]).json();
    assert_eq!(
        (&verified["whole"], &verified["readers"], &verified["problems"]),
        (&json!(true), &json!(1), &json!([]))
    );
    let listed = house.tidings(&["backup", "list"]).ended(0).out;
    let size = listed.split('\t').nth(2).unwrap();
    let listed = listed.replace(size, "[size]").replace(&format!("\t{}\t", known_schema()), "\t[schema]\t");
    assert_snapshot!(listed.replace('\t', " | "), @"backups/tidings-2026-11-25-021500.db | 2026-11-25 02:15 UTC | [size] | [schema] | 1 | yes");

    let again = house.tidings(&["backup", "create", "-o", "backups/tidings-2026-11-25-021500.db"]).ended(5).err;
    assert_snapshot!(again, @"
    error: backups/tidings-2026-11-25-021500.db is there already; a backup never writes over anything
      try:  name another file with -o
    ");
    let elsewhere = house.tidings(&["backup", "create", "-o", "copy.db"]).ended(0).out;
    assert!(elsewhere.starts_with(&format!("copy.db ({}, ", schema())), "{elsewhere}");
    assert!(elsewhere.contains("copy.db.secret: keep it with the backup, for without it no stop link works"));

    assert!(daemon.is_alive());
    add(&house, "b@example.org");
    assert_eq!(readers(&house).len(), 2);
}

#[test]
fn a_restore_brings_readers_back_and_deletes_nothing() {
    let newsroom = Newsroom::open();
    let house = house(&newsroom);
    add(&house, "a@example.org");
    house.tidings(&["subscriber", "add", "gone@example.org", "--topic", "health", "--topic", "climate"]).ended(0);
    add(&house, "erased@example.org");
    let backup = back_up(&house);
    house.tidings(&["subscriber", "stop", "gone@example.org", "--topic", "health"]).ended(0);
    house.tidings(&["subscriber", "erase", "erased@example.org", "--yes"]).ended(0);
    add(&house, "late@example.org");

    let restore = |more: &[&str]| {
        let command: Vec<&str> = ["backup", "restore", &backup].iter().chain(more).copied().collect();
        house.tidings(&command)
    };
    assert_snapshot!(restore(&[]).ended(5).err, @"
    error: nothing was restored: a restore replaces tidings.db, and nobody said yes
      try:  -n says what would be done; --yes does it
    ");
    let dry = restore(&["-n"]).ended(0).out;
    let tells = format!(
        " would take the place of tidings.db: {}, 3 readers. The database that is there would be moved aside, all mail stopped, and what was on its way held\n",
        schema()
    );
    assert!(dry.ends_with(&tells), "{dry}");
    assert!(readers(&house).contains(&"late@example.org".to_owned()), "nothing was done yet");

    let done = restore(&["--yes", "--at", "2026-11-25 12:00:00"]).ended(0).out;
    assert_snapshot!(done.replace(&backup, "[backup]").replace(&schema(), "[schema]"), @"
    restored [backup]: [schema], 3 readers
    the database that was there is now tidings.db.before-restore-2026-11-25-120000
    no mail was on its way when the backup was made
    readers are as they were then; who signed up since is not there
    stopped again, since they had stopped meanwhile: 1 reader
    forgotten again, since they had been erased meanwhile: 1 reader
    all mail is stopped, for the backup does not know what has left since it was made
    next: `tidings reconcile` shows what waits for your word; `tidings digest release --all` then lets mail go
    ");
    assert_eq!(readers(&house), ["a@example.org", "gone@example.org"]);
    let gone = house.tidings(&["subscriber", "show", "gone@example.org", "--json"]).json();
    let held = gone["subscriptions"].as_array().unwrap().iter();
    let held: Vec<[&str; 2]> =
        held.map(|one| [one["topic"].as_str().unwrap(), one["status"].as_str().unwrap()]).collect();
    assert_eq!(held, [["health", "ended"], ["climate", "active"]], "a stop is never lost");
    let aside = house.folder().join("tidings.db.before-restore-2026-11-25-120000");
    assert_eq!(mode(&house.folder().join("tidings.db")), 0o600);
    let listed = house.tidings(&["backup", "list"]).ended(0).out;
    assert!(listed.contains("tidings.db.before-restore-2026-11-25-120000\t"), "{listed}");

    // What was moved aside is a backup like any other.
    house.tidings(&["backup", "restore", aside.to_str().unwrap(), "-y", "--at", "2026-11-25 12:00:00"]).ended(0);
    assert!(readers(&house).contains(&"late@example.org".to_owned()));
    assert_eq!(beside_the_database(&house, "tidings.db.before-restore-").len(), 2, "each under a name of its own");
    assert_eq!(beside_the_database(&house, ".restoring-").len(), 0, "no draft is left");
}

/// What a killed daemon had written ahead goes with the database that it belongs to.
#[test]
fn after_a_kill_the_database_is_moved_aside_with_its_newest_rows() {
    let newsroom = Newsroom::open();
    let house = house(&newsroom);
    add(&house, "a@example.org");
    let backup = back_up(&house);
    let daemon = house.at_work();
    add(&house, "late@example.org");
    daemon.kill();
    assert!(house.folder().join("tidings.db-wal").exists(), "the story needs it");

    let done = house.tidings(&["backup", "restore", &backup, "--yes", "--json"]).json();
    let aside = done["moved_to"].as_str().unwrap();
    assert_eq!(house.tidings(&["backup", "verify", aside, "--json"]).json()["readers"], 2);
    assert_eq!(readers(&house), ["a@example.org"]);
    house.tidings(&["run", "--once"]).ended(0);
}

/// PostgreSQL's own tool has put a backup back; or somebody has copied a file.
fn what_was_restored_by_other_means_waits_for_a_word(engine: Engine) {
    let Some(story) = Story::with(engine, 6, 2) else { return };
    let (house, relay) = (&story.house, &story.relay);
    let said = |time: &str, command: &[&str]| at(house, time, command).ended(0).out;
    let dry = said("08:30", &["reconcile", "--restored", "-n"]);
    assert_eq!(dry, "all mail would be stopped, and what is on its way held\n");
    let done = said("08:30", &["reconcile", "--restored"]);
    assert_eq!(done, "all mail is stopped, and held for your word: 6 mails; `tidings reconcile` shows them\n");
    said("08:31", &["digest", "release", "--all"]);
    said("08:32", &["run", "--once"]);
    assert_eq!(relay.accepted(), 0);
    assert_eq!(said("08:33", &["reconcile", "--send", "--run", "1"]), "ready to be sent: 6 mails\n");
    said("08:34", &["run", "--once"]);
    assert_eq!(relay.accepted(), 6);
    assert_eq!(said("08:35", &["reconcile", "--gone"]), "nothing waited for a word since a restore\n");
}

#[test]
fn what_was_restored_by_other_means_waits_for_a_word_on_sqlite() {
    what_was_restored_by_other_means_waits_for_a_word(Engine::Sqlite);
}

#[test]
fn what_was_restored_by_other_means_waits_for_a_word_on_postgres() {
    what_was_restored_by_other_means_waits_for_a_word(Engine::Postgres);
}

/// Digests that wait when the backup is made, and go out after it.
#[test]
fn what_was_on_its_way_when_the_backup_was_made_goes_out_once() {
    let story = Story::with(Engine::Sqlite, 6, 2).unwrap();
    let (house, relay) = (&story.house, &story.relay);
    let at = |time: &str, command: &[&str]| at(house, time, command);
    let backup = back_up(house);
    at("08:01", &["run", "--once"]).ended(0);
    assert_eq!(relay.accepted(), 6);

    let done = at("09:00", &["backup", "restore", &backup, "--yes", "--json"]).json();
    assert_eq!((&done["held"], &done["readers"], &done["secret"]), (&json!(6), &json!(6), &json!("kept")));
    at("09:01", &["run", "--once"]).ended(0);
    at("09:02", &["digest", "release", "--all"]).ended(0);
    at("09:03", &["run", "--once"]).ended(0);
    assert_eq!(relay.accepted(), 6, "they wait for a word, whatever else is released");

    let needs = at("09:04", &["status"]).ended(0).out;
    assert!(
        needs.contains("6 mails were on their way when the backup was made that was restored; `tidings reconcile`"),
        "{needs}"
    );
    assert!(!needs.contains("in doubt too often"), "{needs}");
    assert_snapshot!(at("09:04", &["reconcile"]).ended(0).out, @"
    on the way when the backup was made, and perhaps gone since:
      run 1 (daily of 2026-03-02T08:00:00): 6 mails
      if they had gone: `tidings reconcile --gone`; if not: `tidings reconcile --send`; --run RUN is for one run
    mail is not stopped
    ");
    at("09:04", &["reconcile", "--gone", "--run", "2"]).ended(4);
    assert_snapshot!(at("09:04", &["reconcile", "--gone", "-n"]).ended(0).out, @"6 mails would count as sent");
    assert_snapshot!(at("09:05", &["reconcile", "--gone", "--run", "1"]).ended(0).out, @"counted as sent: 6 mails");
    assert_snapshot!(at("09:05", &["reconcile"]).ended(0).out, @"
    nothing waits for your word
    mail is not stopped
    ");
    at("09:06", &["run", "--once"]).ended(0);
    assert_eq!(relay.accepted(), 6);
    assert_eq!(states(house), json!([{"state": "sent", "deliveries": 6}]));
}

#[test]
fn what_had_not_gone_is_sent_when_a_person_says_so() {
    let story = Story::with(Engine::Sqlite, 6, 2).unwrap();
    let (house, relay) = (&story.house, &story.relay);
    let backup = back_up(house);
    at(house, "08:30", &["backup", "restore", &backup, "--yes"]).ended(0);
    assert_snapshot!(at(house, "08:31", &["reconcile", "--send"]).ended(0).out, @"ready to be sent: 6 mails; all mail is stopped until `tidings digest release --all`");
    at(house, "08:32", &["run", "--once"]).ended(0);
    assert_eq!(relay.accepted(), 0);
    at(house, "08:33", &["digest", "release", "--all"]).ended(0);
    at(house, "08:34", &["run", "--once"]).ended(0);
    assert_eq!(relay.accepted(), 6);
}

/// A backup from before a run: the database does not know that the run ever was.
#[test]
fn a_run_that_the_backup_does_not_know_is_made_anew_but_leaves_only_on_a_word() {
    let story = Story::with(Engine::Sqlite, 6, 2).unwrap();
    let (house, relay) = (&story.house, &story.relay);
    at(house, "08:01", &["run", "--once"]).ended(0);
    let backup = back_up(house);
    story.newsroom.publish("A hospital opens");
    at(house, "20:00", &["run", "--once"]).ended(0);
    let next_day = |time: &str, command: &[&str]| at_day(house, "2026-03-03", time, command);
    next_day("08:00", &["run", "--once"]).ended(0);
    let sent = relay.accepted();
    assert!(sent > 6, "the second digests went out");

    next_day("09:00", &["backup", "restore", &backup, "--yes"]).ended(0);
    next_day("09:01", &["run", "--once"]).ended(0);
    let shown = next_day("09:02", &["reconcile", "--json"]).json();
    assert_eq!((&shown["held"], &shown["made_anew"][0]["run"]), (&json!([]), &json!(2)), "{shown}");
    let stopped = shown["stopped"].as_str().unwrap();
    assert!(stopped.starts_with("a backup was restored (tidings-"), "{stopped}");
    next_day("09:03", &["digest", "cancel", "2", "--drop"]).ended(0);
    next_day("09:03", &["digest", "release", "--all"]).ended(0);
    next_day("09:04", &["run", "--once"]).ended(0);
    assert_eq!(relay.accepted(), sent, "nobody got it twice");
}

fn at(house: &House, time: &str, command: &[&str]) -> Done {
    at_day(house, "2026-03-02", time, command)
}

fn at_day(house: &House, day: &str, time: &str, command: &[&str]) -> Done {
    let time = format!("{day} {time}");
    let command: Vec<&str> = command.iter().copied().chain(["--at", &time]).collect();
    house.tidings(&command)
}

fn states(house: &House) -> Value {
    house.tidings(&["status", "--json"]).json()["deliveries"].clone()
}

#[test]
fn a_damaged_backup_is_refused_and_nothing_is_touched() {
    let newsroom = Newsroom::open();
    let house = house(&newsroom);
    add(&house, "a@example.org");
    let backup = back_up(&house);
    let file = house.folder().join(&backup);
    let whole = fs::read(&file).unwrap();

    let mut garbled = whole.clone();
    garbled[4096..40960].fill(0x5a);
    for (damage, bytes) in
        [("cut", &whole[..whole.len() / 2]), ("garbled", &garbled[..]), ("foreign", b"no database at all")]
    {
        fs::write(&file, bytes).unwrap();
        let verified = house.tidings(&["backup", "verify", &backup]).ended(8).out;
        assert!(verified.contains(" is NOT whole ("), "{damage}: {verified}");
        let refused = house.tidings(&["backup", "restore", &backup, "--yes"]).ended(8).err;
        assert!(refused.contains(" is not whole, so it was not restored: "), "{damage}: {refused}");
    }
    fs::write(&file, b"").unwrap();
    let empty = house.tidings(&["backup", "verify", &backup]).ended(8).out;
    assert!(empty.contains("it is no database of Tidings"), "{empty}");
    let listed = house.tidings(&["backup", "list"]).ended(0).out;
    assert!(listed.contains("cannot be read"), "{listed}");
    house.tidings(&["backup", "verify", "backups/none.db"]).ended(4);

    assert_eq!(readers(&house), ["a@example.org"]);
    assert_eq!(beside_the_database(&house, "tidings.db.before-").len(), 0);
    fs::write(&file, whole).unwrap();
    house.tidings(&["backup", "restore", &backup, "--yes"]).ended(0);
}

#[test]
fn a_damaged_database_is_replaced_by_its_backup() {
    let newsroom = Newsroom::open();
    let house = house(&newsroom);
    add(&house, "a@example.org");
    let backup = back_up(&house);
    fs::write(house.folder().join("tidings.db"), b"no database at all, whatever it was before").unwrap();

    let refused = house.tidings(&["backup", "create", "-o", "copy.db"]).ended(6).err;
    assert!(
        refused.contains("try:  `tidings backup verify tidings.db` says whether the database is whole"),
        "{refused}"
    );
    assert!(!house.folder().join("copy.db").exists());
    let done = house.tidings(&["backup", "restore", &backup, "--yes"]).ended(0);
    assert!(done.err.contains("warning: who stopped since the backup was made cannot be seen: "), "{done:?}");
    assert!(
        done.out.contains("who stopped since is a reader again: the database that was there cannot tell"),
        "{done:?}"
    );
    assert_eq!(readers(&house), ["a@example.org"]);
    let aside = beside_the_database(&house, "tidings.db.before-restore-");
    assert_eq!(fs::read(&aside[0]).unwrap(), b"no database at all, whatever it was before", "nothing is deleted");
}

#[test]
fn a_restore_beside_a_daemon_is_refused() {
    let newsroom = Newsroom::open();
    let house = house(&newsroom);
    add(&house, "a@example.org");
    let backup = back_up(&house);
    let mut daemon = house.at_work();
    let refused = house.tidings(&["backup", "restore", &backup, "--yes"]).ended(5).err;
    assert!(
        refused.contains(&format!("tidings.db is in use by `tidings run` with process id {}", daemon.pid())),
        "{refused}"
    );
    assert!(refused.contains("try:  stop it first, such as by `systemctl stop tidings`"), "{refused}");
    house.tidings(&["reconcile", "--restored"]).ended(5);
    assert!(daemon.is_alive());
    assert_eq!(beside_the_database(&house, "tidings.db.before-").len(), 0);
}

#[tokio::test]
async fn a_backup_of_a_newer_program_is_refused_with_a_sentence() {
    let newsroom = Newsroom::open();
    let house = house(&newsroom);
    add(&house, "a@example.org");
    let backup = back_up(&house);
    let file = house.folder().join(&backup);
    let newer = sqlx::SqlitePool::connect(&format!("sqlite:{}", file.display())).await.unwrap();
    let step = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (999, 'later', TRUE, x'00', 0)";
    sqlx::query(step).execute(&newer).await.unwrap();
    newer.close().await;
    let refused = house.tidings(&["backup", "restore", &backup, "--yes"]).ended(5).err;
    let knows = format!("knows {}", known_schema());
    assert_snapshot!(refused.replace(&backup, "[backup]").replace(&knows, "knows [newest]"), @"
    error: [backup] was made by a newer Tidings: its schema is 999, and this program knows [newest]
      try:  install that version or newer, and restore it with that
    ");
}

#[test]
fn the_secret_comes_back_where_there_is_none_and_is_never_replaced() {
    let newsroom = Newsroom::open();
    let house = house(&newsroom);
    add(&house, "a@example.org");
    let backup = back_up(&house);
    let site = house.folder().join("secrets/site");
    let old = fs::read_to_string(&site).unwrap();
    let restore = || house.tidings(&["backup", "restore", &backup, "--yes"]).ended(0).err;

    // The disk is gone, with all that was on it.
    fs::remove_dir_all(house.folder().join("secrets")).unwrap();
    fs::remove_file(house.folder().join("tidings.db")).unwrap();
    let said = restore();
    assert!(said.contains("the site's secret comes from backups/tidings-"), "{said}");
    assert_eq!(fs::read_to_string(&site).unwrap(), old);
    assert_eq!(mode(&site), 0o600);
    assert_eq!(readers(&house), ["a@example.org"]);

    let new = format!("{}\n", "a".repeat(52));
    fs::write(&site, &new).unwrap();
    let said = restore();
    assert!(
        said.contains("warning: the site's secret secrets/site is another than the backup's and stays as it is."),
        "{said}"
    );
    assert_eq!(fs::read_to_string(&site).unwrap(), new);
    fs::write(&site, format!("{new}{old}")).unwrap();
    assert_eq!(restore(), "");
}

#[test]
fn on_postgres_its_own_tools_are_named() {
    let newsroom = Newsroom::open();
    let house = House::new();
    let text = configuration(&newsroom, free_port());
    let storage = "\n[storage]\nurl = \"postgres://digest:hunter2@db.example.org/tidings\"\n";
    fs::write(house.file(), format!("{text}{storage}")).unwrap();
    assert_snapshot!(house.tidings(&["backup", "create"]).ended(5).err, @"
    error: this installation is on PostgreSQL, whose own tool makes its backups: pg_dump, beside running daemons too; keep secrets/site with the dump, for without it no stop link works
      try:  pg_dump --format=custom --file=tidings.dump 'postgres://digest@db.example.org/tidings'   (the password from PGPASSWORD or ~/.pgpass)
    ");
    assert_snapshot!(house.tidings(&["backup", "restore", "tidings.dump", "--yes"]).ended(5).err, @"
    error: this installation is on PostgreSQL, whose own tool puts backups back: pg_restore, while no daemon runs
      try:  pg_restore --clean --if-exists --single-transaction -d 'postgres://digest@db.example.org/tidings' tidings.dump, then `tidings reconcile --restored` before any daemon starts, so that nothing is mailed twice
    ");
}
