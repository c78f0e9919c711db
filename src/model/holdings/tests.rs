use super::*;

const DAILY: i64 = 1;
const WEEKLY: i64 = 2;
const HEALTH: i64 = 7;
const CLIMATE: i64 = 8;
const AFRICA: i64 = 20;
const ASIA: i64 = 21;

fn settings() -> Settings {
    Settings { language: "en".parse().unwrap(), zone: Tz::UTC, hour: 8, format: Format::Full }
}

/// Daily has come to 50, weekly to 10; the newest filing is 60.
fn ground() -> Ground {
    let mut ground = Ground {
        now: DateTime::from_timestamp(1_772_000_000, 0).unwrap(),
        position: 60,
        frequencies: [(DAILY, true), (WEEKLY, false)].into(),
        ranks: [(HEALTH, 0), (CLIMATE, 1)].into(),
        slots: HashMap::new(),
    };
    let (daily, weekly) = (ground.slot(DAILY, &settings()), ground.slot(WEEKLY, &settings()));
    ground.slots.insert(daily, SlotState { cutoff: 50, planning: None });
    ground.slots.insert(weekly, SlotState { cutoff: 10, planning: None });
    ground
}

/// Who has read health and climate daily since long ago.
fn reader(ground: &Ground) -> Holdings {
    let mut reader = Holdings::of_new(5, settings());
    reader.grant(&wish(&[HEALTH, CLIMATE]), ground);
    for (i, s) in reader.subscriptions.iter_mut().enumerate() {
        (s.id, s.since, s.starts) = (Some(i as i64), None, 0);
    }
    reader.changed_at = 0;
    reader
}

fn wish(topics: &[i64]) -> Wanted {
    let reason = StartReason::Operator;
    Wanted { topics: topics.to_vec(), frequency: DAILY, reason, pending: false, respects_stops: false }
}

fn since(reader: &Holdings) -> Vec<Option<i64>> {
    reader.subscriptions.iter().map(|s| s.since).collect()
}

#[test]
fn a_new_subscription_begins_at_the_position_now() {
    let ground = ground();
    let mut reader = reader(&ground);
    let given = reader.grant(&wish(&[HEALTH, 9]), &ground);
    assert_eq!((given.added, given.already), (vec![9], vec![HEALTH]));
    assert_eq!(since(&reader), [None, None, Some(60)]);
    assert_eq!(reader.changed_at, 60);
}

#[test]
fn a_move_carries_the_bound_and_only_that_of_what_moves() {
    let ground = ground();
    let mut reader = reader(&ground);
    assert_eq!(reader.set_frequency(Some(&[CLIMATE]), WEEKLY, &ground), [CLIMATE]);
    assert_eq!(since(&reader), [None, Some(50)]);
    // Back before any run of the other slot: it is still the bound of the first.
    reader.set_frequency(None, DAILY, &ground);
    assert_eq!(since(&reader), [None, Some(50)]);
}

#[test]
fn while_a_run_is_planned_the_bound_is_its_lower_until_it_has_come_to_the_reader() {
    for (through, bound) in [(4, 40), (5, 50)] {
        let mut ground = ground();
        let daily = ground.slot(DAILY, &settings());
        ground.slots.insert(daily, SlotState { cutoff: 50, planning: Some((40, through)) });
        let mut reader = reader(&ground);
        reader.pause(None, Pause { until: None, reason: PauseReason::Reader }, &ground);
        assert_eq!(since(&reader), [Some(bound), Some(bound)], "{through}");
        assert_eq!(reader.left, [HEALTH, CLIMATE]);
    }
}

#[test]
fn another_hour_moves_what_has_a_choice_of_hour_and_another_language_nothing() {
    let ground = ground();
    let mut reader = reader(&ground);
    reader.set_frequency(Some(&[CLIMATE]), WEEKLY, &ground);
    reader.subscriptions[1].since = None;
    assert!(reader.set(&Settings { language: "fr".parse().unwrap(), ..settings() }, &ground));
    assert_eq!(since(&reader), [None, None]);
    let later = Settings { hour: 18, ..reader.settings.clone() };
    assert!(reader.set(&later, &ground) && !reader.set(&later, &ground));
    assert_eq!(since(&reader), [Some(50), None]);
    let elsewhere = Settings { zone: Tz::Asia__Kathmandu, ..later };
    assert!(reader.set(&elsewhere, &ground));
    assert_eq!(since(&reader), [Some(50), Some(10)]);
}

#[test]
fn a_return_catches_up_or_begins_anew() {
    for (how, bound, starts) in [(Return::CatchUp, 50, 0), (Return::FromNow, 60, 60)] {
        let ground = ground();
        let mut reader = reader(&ground);
        reader.stop(None, StopReason::OneClick, &ground);
        assert!(reader.is_gone() && reader.enrolments(&ground).is_empty());
        assert_eq!(reader.start_again(None, how, &ground), [HEALTH, CLIMATE]);
        let again: Vec<_> = reader.live().map(|s| (s.id, s.since, s.starts, s.start_reason)).collect();
        assert_eq!(again, [(None, Some(bound), starts, StartReason::StartAgain); 2], "{how:?}");
        assert_eq!(reader.subscriptions.len(), 4, "the old rows stay");
        assert!(reader.fold);
    }
}

#[test]
fn start_again_means_what_ended_last() {
    let mut ground = ground();
    let mut reader = reader(&ground);
    reader.stop(Some(&[HEALTH]), StopReason::Reader, &ground);
    ground.now += chrono::TimeDelta::days(1);
    reader.stop(None, StopReason::Reader, &ground);
    assert_eq!(reader.start_again(None, Return::CatchUp, &ground), [CLIMATE]);
    assert_eq!(reader.start_again(Some(&[HEALTH, CLIMATE]), Return::CatchUp, &ground), [HEALTH]);
}

#[test]
fn an_import_never_overrides_a_stop() {
    let ground = ground();
    let import = |topics: &[i64]| Wanted { reason: StartReason::Import, respects_stops: true, ..wish(topics) };
    let mut one_stopped = reader(&ground);
    one_stopped.stop(Some(&[HEALTH]), StopReason::Reader, &ground);
    let given = one_stopped.grant(&import(&[HEALTH, CLIMATE, 9]), &ground);
    assert_eq!((given.stopped, given.already, given.added), (vec![HEALTH], vec![CLIMATE], vec![9]));

    let mut gone = reader(&ground);
    gone.stop(None, StopReason::OneClick, &ground);
    assert_eq!(
        gone.grant(&import(&[9]), &ground).stopped,
        [9],
        "who left everything is not brought back by another topic"
    );
    assert_eq!(gone.grant(&wish(&[9]), &ground).added, [9], "but an operator may add them by hand");

    let mut retired = reader(&ground);
    retired.stop(None, StopReason::Retired, &ground);
    assert_eq!(retired.grant(&import(&[9]), &ground).added, [9], "they stopped nothing themselves");
}

#[test]
fn a_pause_with_an_end_keeps_its_slot_awake() {
    let ground = ground();
    let mut reader = reader(&ground);
    let day = |d| NaiveDate::from_ymd_opt(2026, 3, d).unwrap();
    let pause = Pause { until: Some(day(10)), reason: PauseReason::Reader };
    reader.pause(Some(&[CLIMATE]), pause, &ground);
    reader.pause(Some(&[HEALTH]), Pause { until: Some(day(12)), ..pause }, &ground);
    let enrolments = reader.enrolments(&ground);
    assert_eq!((enrolments[0].topics.len(), enrolments[0].wakes_after), (0, Some(day(10))));
    assert_eq!(reader.wake(day(10), &ground), [] as [i64; 0], "the last day is part of it");
    assert_eq!(reader.wake(day(11), &ground), [CLIMATE]);
    assert_eq!(reader.enrolments(&ground)[0].wakes_after, Some(day(12)));
    assert_eq!(since(&reader), [Some(50), Some(50)]);
}

#[test]
fn whose_last_region_ends_has_to_choose_and_is_never_widened() {
    let ground = ground();
    let mut reader = reader(&ground);
    reader.choose_regions(&[ASIA, AFRICA, ASIA], &ground);
    assert_eq!(reader.regions, [AFRICA, ASIA]);
    assert!(reader.replace_region(ASIA, None, &ground) && !reader.replace_region(ASIA, None, &ground));
    assert_eq!(reader.active(&ground), [HEALTH, CLIMATE]);
    assert!(reader.replace_region(AFRICA, None, &ground));
    assert!(reader.active(&ground).is_empty() && reader.enrolments(&ground).is_empty());
    assert!(reader.resume(None, Return::CatchUp, &ground).is_empty());
    assert!(reader.choose_regions(&[], &ground), "all of them, chosen by the reader");
    assert_eq!(reader.active(&ground), [HEALTH, CLIMATE]);
}

#[test]
fn a_successor_takes_over_with_the_bound_and_who_has_both_keeps_it() {
    let ground = ground();
    let mut one = reader(&ground);
    assert!(one.replace_topic(HEALTH, 9, &ground));
    assert_eq!(one.live().map(|s| (s.topic, s.since)).collect::<Vec<_>>(), [(9, Some(50)), (CLIMATE, None)]);
    let mut both = reader(&ground);
    assert!(both.replace_topic(HEALTH, CLIMATE, &ground));
    assert_eq!(both.live().map(|s| (s.topic, s.since)).collect::<Vec<_>>(), [(CLIMATE, None)]);
    assert!(both.left.is_empty(), "what waits goes out as it is");
}

#[test]
fn topics_stand_as_the_reader_put_them_and_the_others_after() {
    let mut ground = ground();
    ground.ranks.insert(9, 2);
    let mut reader = reader(&ground);
    reader.grant(&wish(&[9]), &ground);
    reader.order(&[9, CLIMATE], &ground);
    assert_eq!(reader.active(&ground), [9, CLIMATE, HEALTH]);
}
