//! `tidings template preview`: the samples, made with the templates in force.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::app;
use crate::cli::exit::{Exit, Failure};
use crate::cli::file::could_not;
use crate::cli::global::Global;
use crate::cli::open;
use crate::cli::output::Output;
use crate::cli::words::count;
use crate::model::edition::Format;
use crate::model::language::Language;
use crate::pipeline::deliver;
use crate::render::{self, Mail, Sample, Subject, Templates};

#[derive(Debug, Args)]
pub struct PreviewArgs {
    /// Which mail or page: `mail/digest`, `pages/stop` and so on [default with --out: all]
    #[arg(value_name = "NAME", required_unless_present = "out")]
    kind: Option<String>,
    /// The language to show it in, such as `ar` [default: the site's; with --out: all that have a catalogue]
    #[arg(long)]
    language: Option<Language>,
    /// What readers can choose: a digest as HTML with or without pictures, or any mail as plain text
    #[arg(long, default_value = "full")]
    format: Shown,
    /// As programs in dark mode show it
    #[arg(long)]
    dark: bool,
    /// Write all samples into this folder
    #[arg(short, long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shown {
    Full,
    NoImages,
    Text,
}

#[derive(Serialize)]
struct Preview {
    kind: &'static str,
    sample: &'static str,
    language: Language,
    /// None for a page, as with the text.
    subject: Option<String>,
    text: Option<String>,
    /// None for a mail of text only.
    html: Option<String>,
}

#[derive(Serialize)]
struct Written {
    folder: PathBuf,
    files: Vec<String>,
}

pub fn run(args: &PreviewArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let config = open::config(global)?;
    let templates = app::templates(&config)?;
    let languages = languages(args, &config.site.language, &templates)?;
    let site = deliver::site(&config);
    let all: Vec<Sample> = languages.iter().flat_map(|language| render::samples(&site, language)).collect();
    let chosen: Vec<Sample> = all.iter().filter(|sample| is_meant(args, sample)).cloned().collect();
    if chosen.is_empty() {
        return Err(no_such(args.kind.as_deref().unwrap_or_default(), &all).into());
    }
    match &args.out {
        Some(folder) => write(args, folder, chosen, &templates, output),
        None => print(args, chosen, &templates, output),
    }
}

fn languages(args: &PreviewArgs, site: &Language, templates: &Templates) -> anyhow::Result<Vec<Language>> {
    let known: Vec<Language> = templates.languages().cloned().collect();
    match &args.language {
        Some(asked) if !known.contains(asked) => {
            let known: Vec<&str> = known.iter().map(Language::as_str).collect();
            let message = format!("there is no catalogue of `{asked}`; there are {}", known.join(", "));
            let next = format!("locale/{asked}.toml in your folder of templates makes one");
            Err(Failure::new(Exit::NotFound, message).then(next).into())
        }
        Some(asked) => Ok(vec![asked.clone()]),
        None if args.out.is_some() => Ok(known),
        None => Ok(vec![site.clone()]),
    }
}

/// Samples of other formats are for those who choose none.
fn is_meant(args: &PreviewArgs, sample: &Sample) -> bool {
    let chosen = args.format == Shown::Full || !matches!(sample.name, "no-images" | "text");
    let named =
        args.kind.as_deref().is_none_or(|kind| kind.trim_end_matches('/').trim_end_matches(".html") == sample.kind);
    chosen && named
}

fn no_such(kind: &str, all: &[Sample]) -> Failure {
    let known: Vec<&str> = all.iter().map(|sample| sample.kind).collect::<BTreeSet<_>>().into_iter().collect();
    Failure::new(Exit::NotFound, format!("there is no mail or page `{kind}`"))
        .then(format!("one of {}", known.join(", ")))
}

fn print(args: &PreviewArgs, chosen: Vec<Sample>, templates: &Templates, output: &Output) -> anyhow::Result<Exit> {
    let Some(sample) = chosen.into_iter().next() else { return Ok(Exit::Done) };
    let preview = make(args, sample, templates)?;
    if let Some(subject) = &preview.subject {
        output.say(&format!("Subject: {subject}"));
    }
    let is_page = preview.text.is_none();
    if args.format == Shown::Text && is_page {
        return Err(Failure::new(Exit::Usage, "pages have no plain text: only mails do")
            .then("leave --format out")
            .into());
    }
    output.result(&preview, || preview.shown(args.format).to_owned())?;
    Ok(Exit::Done)
}

fn write(
    args: &PreviewArgs,
    folder: &Path,
    chosen: Vec<Sample>,
    templates: &Templates,
    output: &Output,
) -> anyhow::Result<Exit> {
    let mut files = Vec::new();
    for sample in chosen {
        let preview = make(args, sample, templates)?;
        for (end, text) in preview.parts(args.format) {
            let name = format!("{}-{}-{}.{end}", preview.kind.replace('/', "-"), preview.sample, preview.language);
            put(folder, &name, &text)?;
            files.push(name);
        }
    }
    put(folder, "index.html", &index(&files))?;
    let written = Written { folder: folder.to_owned(), files };
    output.result(&written, || {
        let index = folder.join("index.html");
        format!("{} written; {} leads to them", count(written.files.len(), "file"), index.display())
    })?;
    Ok(Exit::Done)
}

fn put(folder: &Path, name: &str, text: &str) -> Result<(), Failure> {
    let file = folder.join(name);
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(&file, text));
    written.map_err(could_not("write", &file))
}

fn index(files: &[String]) -> String {
    let lines: String = files.iter().map(|name| format!("<li><a href=\"{name}\">{name}</a></li>\n")).collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Previews</title>\n<ul>\n{lines}</ul>\n</html>\n"
    )
}

fn make(args: &PreviewArgs, mut sample: Sample, templates: &Templates) -> anyhow::Result<Preview> {
    let (kind, name, language) = (sample.kind, sample.name, sample.language.clone());
    if let (Subject::Mail(mail), Shown::NoImages) = (&mut sample.content, args.format)
        && let Mail::Digest(digest) = &mut **mail
    {
        digest.format = Format::NoImages;
    }
    let broken = |error: render::RenderError| {
        Failure::new(Exit::Problems, format!("{}: {}", error.place(), error.why()))
            .then("`tidings check` says what is wrong with each of your templates")
    };
    let mut preview = Preview { kind, sample: name, language, subject: None, text: None, html: None };
    match &sample.content {
        Subject::Page(page) => preview.html = Some(templates.page(page).map_err(broken)?),
        Subject::Mail(mail) => {
            let rendering = mail.render(templates).map_err(broken)?;
            let places = mail.places(templates);
            let html = rendering.html.filled(|name| places.get(name).map(|place| place.html.as_str()));
            preview.text = Some(rendering.text.filled(|name| places.get(name).map(|place| place.text.as_str())));
            preview.html = (!html.is_empty()).then_some(html);
            preview.subject = Some(rendering.subject);
        }
    }
    if args.dark {
        preview.html = preview.html.map(|html| darkened(&html));
    }
    Ok(preview)
}

/// What is for dark mode only holds always.
fn darkened(html: &str) -> String {
    html.replace("(prefers-color-scheme:dark)", "all")
        .replace("(prefers-color-scheme: dark)", "all")
        .replace("color-scheme:light dark", "color-scheme:dark")
}

impl Preview {
    fn shown(&self, format: Shown) -> &str {
        let (first, second) = match format {
            Shown::Text => (&self.text, &self.html),
            Shown::Full | Shown::NoImages => (&self.html, &self.text),
        };
        first.as_deref().or(second.as_deref()).unwrap_or_default()
    }

    /// Endings of files, and what stands in them: a text begins with its subject.
    fn parts(&self, format: Shown) -> Vec<(&'static str, String)> {
        let html = self.html.clone().filter(|_| format != Shown::Text || self.text.is_none());
        let subject = self.subject.as_deref().unwrap_or_default();
        let text = self.text.as_ref().map(|text| format!("Subject: {subject}\n\n{text}"));
        [("html", html), ("txt", text)].into_iter().filter_map(|(end, part)| Some((end, part?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_for_dark_mode_holds_always() {
        let light = ":root{color-scheme:light dark}@media (prefers-color-scheme:dark){a{}}";
        assert_eq!(darkened(light), ":root{color-scheme:dark}@media all{a{}}");
    }
}
