//! `tidings check`: the configuration, offline.

use serde::Serialize;

use super::exit::Exit;
use super::global::Global;
use super::output::Output;
use super::words::count;
use crate::app::{self, AppError};
use crate::config::{Config, ConfigErrors};
use crate::model::words::with_causes;

#[derive(Serialize)]
struct Checked {
    ok: bool,
    file: Option<String>,
    feeds: usize,
    topics: usize,
    regions: usize,
    frequencies: usize,
    mode: &'static str,
    warnings: Vec<String>,
    problems: Vec<String>,
}

pub fn run(global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let config = match Config::load(global.config.as_deref(), std::env::vars()) {
        Ok(config) => config,
        Err(ConfigErrors::Wrong(problems)) if output.is_json() => {
            return refused(problems.iter().map(ToString::to_string), output);
        }
        Err(error) => return Err(error.into()),
    };
    match app::check_files(&config) {
        Err(AppError::Unfit { folder, failures }) if output.is_json() => {
            return refused(app::unfit(&folder, &failures), output);
        }
        Err(broken @ AppError::Template(_)) if output.is_json() => return refused([with_causes(&broken)], output),
        checked => checked?,
    }

    let warnings: Vec<String> = config.warnings.iter().cloned().chain(app::missing_templates(&config)).collect();
    if !output.is_json() {
        warnings.iter().for_each(|warning| output.warn(warning));
    }
    let checked = Checked {
        ok: true,
        file: config.file.as_ref().map(|file| file.display().to_string()),
        feeds: config.feeds.len(),
        topics: config.topics.len(),
        regions: config.regions.len(),
        frequencies: config.frequencies.len(),
        mode: config.delivery.mode.word(),
        warnings,
        problems: vec![],
    };
    output.result(&checked, || {
        let what = match &checked.file {
            Some(file) => format!("{file} is good"),
            None => "there is no tidings.toml here; the defaults alone are good".to_owned(),
        };
        let parts = [
            count(checked.feeds, "feed"),
            count(checked.topics, "topic"),
            count(checked.regions, "region"),
            if checked.frequencies == 1 {
                "1 frequency".to_owned()
            } else {
                format!("{} frequencies", checked.frequencies)
            },
        ];
        format!("{what}: {}; mode {}", parts.join(", "), checked.mode)
    })?;
    Ok(Exit::Done)
}

fn refused(problems: impl IntoIterator<Item = String>, output: &Output) -> anyhow::Result<Exit> {
    let problems: Vec<String> = problems.into_iter().collect();
    output.result(&serde_json::json!({ "ok": false, "problems": problems }), String::new)?;
    Ok(Exit::Configuration)
}
