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
        ..Ground::default()
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
    let mut ground = ground();
    let mut reader = reader(&ground);
    reader.choose_regions(&[ASIA, AFRICA, ASIA], &ground);
    assert_eq!(reader.regions, [AFRICA, ASIA]);
    ground.retired_topics.insert(ASIA, None);
    reader.follow(&ground);
    assert_eq!((reader.regions.as_slice(), reader.active(&ground)), (&[AFRICA][..], vec![HEALTH, CLIMATE]));

    ground.retired_topics.insert(AFRICA, None);
    reader.follow(&ground);
    assert_eq!(reader.regions, [AFRICA], "what they are to be asked about");
    assert!(reader.active(&ground).is_empty() && reader.enrolments(&ground).is_empty());
    let once = reader.clone();
    reader.follow(&ground);
    assert_eq!(reader, once, "a second time changes nothing");
    assert!(reader.resume(None, Return::CatchUp, &ground).is_empty());
    reader.grant(&wish(&[9]), &ground);
    reader.follow_regions(&ground);
    assert!(reader.active(&ground).is_empty(), "another topic is not widened, either");
    assert!(reader.choose_regions(&[], &ground), "all of them, chosen by the reader");
    assert_eq!(reader.active(&ground), [HEALTH, CLIMATE, 9]);
}

#[test]
fn a_region_is_chosen_under_its_new_name() {
    let mut ground = ground();
    let mut reader = reader(&ground);
    reader.choose_regions(&[AFRICA, ASIA], &ground);
    ground.retired_topics.insert(ASIA, Some(22));
    reader.follow(&ground);
    assert_eq!((reader.regions.as_slice(), reader.regions_changed_at), (&[AFRICA, 22][..], 60));
}

#[test]
fn a_successor_takes_over_with_the_bound_and_who_has_both_keeps_it() {
    let mut ground = ground();
    let (mut one, mut both) = (reader(&ground), reader(&ground));
    ground.retired_topics.insert(HEALTH, Some(9));
    one.follow(&ground);
    let held = |reader: &Holdings| reader.live().map(|s| (s.topic, s.since)).collect::<Vec<_>>();
    assert_eq!(held(&one), [(9, Some(50)), (CLIMATE, None)]);

    // 9 has itself been replaced meanwhile, by one that this reader has.
    ground.retired_topics.insert(9, Some(CLIMATE));
    both.subscriptions[1].starts = 20;
    both.follow(&ground);
    assert_eq!(held(&both), [(CLIMATE, None)]);
    assert_eq!(both.live().next().unwrap().starts, 0, "what was promised stays promised");
    assert!(both.left.is_empty(), "what waits goes out as it is");
}

#[test]
fn who_waits_to_confirm_the_successor_has_it_by_what_they_confirmed() {
    let mut ground = ground();
    let mut both = reader(&ground);
    both.grant(&Wanted { pending: true, frequency: WEEKLY, ..wish(&[9]) }, &ground);
    ground.retired_topics.insert(HEALTH, Some(9));
    both.follow(&ground);
    let held: Vec<_> = both.live().map(|s| (s.topic, s.state, s.frequency, s.since)).collect();
    assert_eq!(held, [(CLIMATE, State::Active, DAILY, None), (9, State::Active, DAILY, Some(50))]);
}

#[test]
fn what_is_over_ends_and_cannot_be_started_again() {
    let mut ground = ground();
    let mut reader = reader(&ground);
    reader.set_frequency(Some(&[CLIMATE]), WEEKLY, &ground);
    ground.usual_frequency = Some(DAILY);
    ground.retired_frequencies.insert(WEEKLY, None);
    ground.retired_topics.insert(HEALTH, None);
    reader.follow(&ground);
    let stops: Vec<_> = reader.subscriptions.iter().filter_map(|s| s.stop.map(|stop| stop.reason)).collect();
    assert_eq!(stops, [StopReason::Retired; 2]);
    assert_eq!(reader.start_again(None, Return::CatchUp, &ground), [CLIMATE]);
    assert_eq!(reader.live().map(|s| s.frequency).collect::<Vec<_>>(), [DAILY], "as a reader who does not choose");
}

#[test]
fn a_frequency_hands_its_readers_on_with_their_bounds() {
    let mut ground = ground();
    let mut reader = reader(&ground);
    ground.retired_frequencies.insert(DAILY, Some(WEEKLY));
    reader.follow(&ground);
    assert_eq!(reader.live().map(|s| (s.frequency, s.since)).collect::<Vec<_>>(), [(WEEKLY, Some(50)); 2]);
}

#[test]
fn a_choice_of_hour_that_goes_takes_the_bound_of_the_hour_along() {
    let mut ground = ground();
    let mut reader = reader(&ground);
    reader.enrolled = vec![ground.slot(DAILY, &settings())];
    ground.frequencies.insert(DAILY, false);
    let common = ground.slot(DAILY, &settings());
    ground.slots.insert(common, SlotState { cutoff: 55, planning: None });
    assert!(reader.is_elsewhere(&ground));
    reader.follow(&ground);
    assert_eq!(since(&reader), [Some(50), Some(50)]);
    assert_eq!(reader.enrolments(&ground)[0].slot, common);
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
