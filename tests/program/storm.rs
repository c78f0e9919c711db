//! Four daemons send side by side from one PostgreSQL, and one after the other is killed, frozen until others have taken over,
//! or cut off from the database. No message is lost, and none comes twice that was not known to be in doubt.

use std::time::{Duration, Instant};

use sqlx::PgPool;
use tidings::store::Place;

use crate::daemon::Daemon;
use crate::dice::Dice;
use crate::engine::{Engine, postgres_is_here};
use crate::kill::{self, A_WHILE, AFTER_EIGHT, CONNECTIONS, Story, configuration};
use crate::relay::Script;

const DAEMONS: usize = 4;
/// Twice as long as a server waits for one that is frozen amid a transaction.
const LEASE: Duration = Duration::from_secs(3);
/// Messages for each blow: most are sent while the next one is waited for.
const READERS: usize = 160;
/// Long enough that a blow finds messages in the air.
const PAUSE: Duration = Duration::from_millis(15);

#[test]
fn twelve_blows_to_four_daemons_lose_nothing() {
    storm(12);
}

#[test]
#[ignore = "long: 500 blows"]
fn five_hundred_blows_to_four_daemons_lose_nothing() {
    storm(500);
}

fn storm(blows: usize) {
    if !postgres_is_here() {
        return;
    }
    let story = Story::of(Engine::Postgres, READERS * blows).unwrap();
    let text = configuration(story.relay.addr.port(), &story.newsroom, CONNECTIONS);
    let [short, long] = [kill::LEASE, LEASE].map(|lease| format!("lease = \"{}ms\"", lease.as_millis()));
    assert!(text.contains(&short));
    story.house.configure(&text.replace(&short, &long));
    story.relay.becomes(Script { pause: PAUSE, ..Script::default() });
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let Place::Server { url, .. } = story.house.place() else { unreachable!("it is on a server") };
    let database = runtime.block_on(PgPool::connect(url)).unwrap();

    let start = || story.house.start(&["run", "--at", AFTER_EIGHT]);
    let mut daemons: Vec<Daemon> = (0..DAEMONS).map(|_| start()).collect();
    let mut frozen: Vec<(Instant, Daemon)> = Vec::new();
    let (mut dice, mut dealt) = (Dice::thrown(), [0; 3]);
    for _ in 0..blows {
        let next = story.relay.accepted() + dice.up_to(READERS);
        assert!(story.relay.wait_for(next, A_WHILE), "they send no more: {dealt:?}\n{}", daemons[0].said());
        let (victim, blow) = (dice.up_to(DAEMONS) - 1, dice.up_to(3) - 1);
        dealt[blow] += 1;
        match blow {
            0 => {
                std::mem::replace(&mut daemons[victim], start()).kill();
            }
            1 => {
                let mut victim = std::mem::replace(&mut daemons[victim], start());
                // One that is frozen before it has a lease takes one afterwards, and is as good as new.
                victim.wait_until_it_says("at work");
                victim.signal("-STOP");
                frozen.push((Instant::now() + 2 * LEASE, victim));
            }
            _ => {
                // One that is cut off while it starts ends, as it says, and whoever started it starts it again.
                daemons.iter_mut().for_each(|daemon| daemon.wait_until_it_says("at work"));
                runtime.block_on(cut(&database, dice.up_to(2)));
            }
        }
        let (thawing, still) = frozen.into_iter().partition(|(until, _)| *until <= Instant::now());
        frozen = still;
        thaw(thawing);
    }
    thaw(frozen);
    story.wait_until_all_is_sent(&daemons[0]);
    drop(daemons);
    let doubts: i64 =
        runtime.block_on(sqlx::query_scalar("SELECT sum(doubts)::BIGINT FROM delivery").fetch_one(&database)).unwrap();
    println!("killed, frozen, cut off: {dealt:?}; {doubts} were in doubt");
    let doubts = usize::try_from(doubts).unwrap();
    assert!(doubts <= blows * CONNECTIONS * DAEMONS, "{doubts}");
    story.check_what_arrived(doubts);
}

/// Half of all connections to the database, whoever has them.
async fn cut(database: &PgPool, half: usize) {
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
               WHERE datname = current_database() AND application_name = 'tidings' AND pid % 2 = $1";
    sqlx::query(cut).bind(i32::try_from(half).unwrap() - 1).execute(database).await.unwrap();
}

/// Others have what was theirs: they see it, send nothing more, and end.
fn thaw(frozen: Vec<(Instant, Daemon)>) {
    for (until, mut daemon) in frozen {
        std::thread::sleep(until.saturating_duration_since(Instant::now()));
        daemon.signal("-CONT");
        assert_ne!(daemon.end_within(A_WHILE), 0, "it went on without its lease:\n{}", daemon.said());
    }
}
