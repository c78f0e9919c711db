use std::collections::BTreeSet;

use chrono::{Datelike, Weekday};

use super::*;

fn schedule(text: &str) -> Schedule {
    Schedule::parse(text).unwrap_or_else(|why| panic!("{why}"))
}

fn utc(text: &str) -> DateTime<Utc> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap().and_utc()
}

fn firings(text: &str, zone: Tz, from: &str, to: &str) -> Vec<Firing> {
    let (schedule, to) = (schedule(text), utc(to));
    let mut now = utc(from);
    let mut all = Vec::new();
    while let Some(firing) = schedule.next_after(now, zone).filter(|firing| firing.at <= to) {
        now = firing.at;
        all.push(firing);
    }
    all
}

fn shown(firings: &[Firing]) -> Vec<String> {
    firings.iter().map(|f| format!("{} at {}", f.period.format("%d %H:%M"), f.at.format("%d %H:%M"))).collect()
}

const ZONES: [Tz; 6] = [
    Tz::Europe__London,
    Tz::America__New_York,
    Tz::Africa__Cairo,
    Tz::Australia__Lord_Howe,
    Tz::Asia__Kathmandu,
    Tz::Pacific__Apia,
];

/// Ten years each, at hours in and beside the gaps and folds. Cairo had none from 2015 to 2022.
#[test]
fn every_local_day_has_exactly_one_run() {
    let left_out = NaiveDate::from_ymd_opt(2011, 12, 30).unwrap();
    for zone in ZONES {
        let first = if zone == Tz::Africa__Cairo { 2016 } else { 2010 };
        let in_decade = |day: &NaiveDate| (first..first + 10).contains(&day.year());
        let (from, to) = (format!("{}-12-30 00:00:00", first - 1), format!("{}-01-02 00:00:00", first + 10));
        let every_day: Vec<NaiveDate> = NaiveDate::from_ymd_opt(first, 1, 1)
            .unwrap()
            .iter_days()
            .take_while(in_decade)
            .filter(|day| zone != Tz::Pacific__Apia || *day != left_out)
            .collect();
        for time in ["0 0", "30 0", "30 1", "0 2", "15 2", "30 2", "0 3", "0 8", "59 23"] {
            let all = firings(&format!("{time} * * *"), zone, &from, &to);
            let days: Vec<NaiveDate> = all.iter().map(|firing| firing.period.date()).filter(in_decade).collect();
            assert_eq!(days, every_day, "{zone} {time}");
            assert!(all.windows(2).all(|pair| pair[0].at < pair[1].at), "{zone} {time}");
        }
    }
}

#[test]
fn a_gap_fires_at_its_end_and_a_fold_once() {
    let day =
        |text, zone, day: &str| shown(&firings(text, zone, &format!("{day} 00:00:00"), &format!("{day} 23:00:00")));
    assert_eq!(day("30 1 * * *", Tz::Europe__London, "2026-03-29"), ["29 01:30 at 29 01:00"]);
    assert_eq!(day("30 1 * * *", Tz::Europe__London, "2026-10-25"), ["25 01:30 at 25 00:30"]);
    assert_eq!(day("30 2 * * *", Tz::America__New_York, "2026-03-08"), ["08 02:30 at 08 07:00"]);
    assert_eq!(day("30 1 * * *", Tz::America__New_York, "2026-11-01"), ["01 01:30 at 01 05:30"]);
    // Lord Howe moves by half an hour.
    let lord_howe = firings("15 2 * * *", Tz::Australia__Lord_Howe, "2026-10-03 00:00:00", "2026-10-03 20:00:00");
    assert_eq!(shown(&lord_howe), ["04 02:15 at 03 15:30"]);
    // Cairo's gap begins at midnight.
    let cairo = firings("0 0 * * *", Tz::Africa__Cairo, "2026-04-23 12:00:00", "2026-04-24 12:00:00");
    assert_eq!(shown(&cairo), ["24 00:00 at 23 22:00"]);
}

#[test]
fn local_times_that_fall_on_one_instant_are_one_firing() {
    let spring = firings("*/30 * * * *", Tz::Europe__London, "2026-03-29 00:10:00", "2026-03-29 02:00:00");
    assert_eq!(
        shown(&spring),
        ["29 00:30 at 29 00:30", "29 02:00 at 29 01:00", "29 02:30 at 29 01:30", "29 03:00 at 29 02:00"]
    );
    let autumn = firings("*/30 * * * *", Tz::Europe__London, "2026-10-25 00:10:00", "2026-10-25 02:00:00");
    assert_eq!(shown(&autumn), ["25 01:30 at 25 00:30", "25 02:00 at 25 02:00"]);
}

#[test]
fn looking_back_finds_what_looking_forward_found() {
    for text in ["0 8 * * *", "*/30 0-4 * * *", "30 1 * * *", "30 2 * * MON", "0 0 1 * *", "15 2 29 2 *"] {
        for zone in ZONES {
            let all = firings(text, zone, "2011-12-15 00:00:00", "2012-11-20 00:00:00");
            let periods: BTreeSet<_> = all.iter().map(|firing| firing.period).collect();
            assert_eq!(periods.len(), all.len(), "{text} {zone}");
            let schedule = schedule(text);
            for pair in all.windows(2) {
                assert_eq!(schedule.latest_at_or_before(pair[0].at, zone), Some(pair[0]), "{text} {zone}");
                let just_before = pair[1].at - TimeDelta::milliseconds(1);
                assert_eq!(schedule.latest_at_or_before(just_before, zone), Some(pair[0]), "{text} {zone}");
                assert_eq!(schedule.following(pair[0].period, zone), Some(pair[1]), "{text} {zone}");
            }
        }
    }
}

#[test]
fn days_of_the_week_are_those_of_standard_cron() {
    use Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
    let days = |field: &str| {
        let week = firings(&format!("0 8 * * {field}"), Tz::UTC, "2026-11-22 00:00:00", "2026-11-28 23:00:00");
        week.iter().map(|firing| firing.period.weekday()).collect::<Vec<_>>()
    };
    assert_eq!(days("1"), [Mon]);
    assert_eq!(days("mon"), [Mon]);
    assert_eq!(days("0"), [Sun]);
    assert_eq!(days("7"), [Sun]);
    assert_eq!(days("1-5"), [Mon, Tue, Wed, Thu, Fri]);
    assert_eq!(days("5-7"), [Sun, Fri, Sat]);
    assert_eq!(days("FRI-SUN"), [Sun, Fri, Sat]);
    assert_eq!(days("*/2"), [Sun, Tue, Thu, Sat]);
    assert_eq!(days("1-5/2"), [Mon, Wed, Fri]);
    assert_eq!(days("MON,3,FRI"), [Mon, Wed, Fri]);
    for all in ["*", "?", "0-6", "0-7", "1-7", "SUN-SAT"] {
        assert_eq!(days(all).len(), 7, "{all}");
    }
}

#[test]
fn a_sixth_field_before_the_others_is_seconds() {
    let all = firings("15,45 0 8 * * *", Tz::UTC, "2026-01-01 00:00:00", "2026-01-01 23:00:00");
    assert_eq!(all.iter().map(|f| f.at.second()).collect::<Vec<_>>(), [15, 45]);
}

#[test]
fn a_choice_of_hour_replaces_the_one_hour() {
    let weekly = schedule("30  8 * * MON");
    assert_eq!(weekly.fixed_hour(), Some(8));
    assert_eq!(weekly.at_hour(18).to_string(), "30 18 * * MON");
    assert_eq!(weekly.at_hour(24), weekly);
    assert_eq!(schedule("5 0 8 * * *").at_hour(0).to_string(), "5 0 0 * * *");
    let hourly = schedule("0 * * * *");
    assert_eq!((hourly.fixed_hour(), hourly.at_hour(8)), (None, hourly));
}

#[test]
fn what_is_wrong_is_said_in_words() {
    let why = |text| Schedule::parse(text).unwrap_err().to_string();
    assert_eq!(
        why("0 8 * *"),
        "`0 8 * *` has 4 fields: five are wanted (minute, hour, day of month, month, day of week), or six with seconds first"
    );
    assert_eq!(why("0 25 * * *"), "hour `25` is not 0 to 23");
    assert_eq!(why("0 8 * * MOM"), "day of week `MOM` is not 0 to 7 or SUN to SAT");
    assert_eq!(
        why("0 8 * * FRI-MON"),
        "day of week `FRI-MON` runs backwards: write two ranges, with a comma between them"
    );
    assert_eq!(why("*/0 8 * * *"), "minute `0` is not a step: use a number from 1");
    assert_eq!(why("0 8 31 FEB *"), "`0 8 31 FEB *` never fires: no month it names has such a day");
    assert_eq!(
        why("0 8 1 * MON"),
        "`0 8 1 * MON` names both days of the month and days of the week, and programs disagree whether both must hold or \
         either: put `*` in one of the two"
    );
    for bad in ["", "@daily", "0 8 L * *", "0 8 * * 8", "0 +8 * * *", "0 8 * * 1#2", "0 8, * * *", "0 8 0 * *"] {
        assert!(Schedule::parse(bad).is_err(), "{bad:?}");
    }
}
