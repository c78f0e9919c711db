//! `tidings template list|eject|preview|lint`: the texts of mails and pages are the operator's.

mod eject;
mod lint;
mod list;
mod preview;

use clap::Subcommand;

use super::exit::Exit;
use super::global::Global;
use super::output::Output;

#[derive(Debug, Subcommand)]
pub enum TemplateCommand {
    /// List every text of mails and pages: path, kind, and whether it is the shipped one or yours
    #[command(
        after_help = "A file in the folder `templates` of [site] stands in for the shipped one of the same path; a catalogue there \
        (locale/fr.toml) changes the messages that it names. `tidings template eject` writes you one to begin with."
    )]
    List,
    /// Write shipped texts into your folder of templates, to be changed there
    #[command(
        after_help = "What is written is yours from then on: a new version of Tidings does not change it. So eject what you mean to \
        change, and of a catalogue keep only the messages that you change.\n\n\
        Examples:  tidings template eject mail/digest/subject.txt\n           \
        tidings template eject mail/digest --to /tmp/look"
    )]
    Eject(eject::EjectArgs),
    /// Show mails and pages as the templates in force make them, of made-up news
    #[command(
        after_help = "Everything is rendered with your templates and what [site] says; the links lead nowhere. Without --out the first \
        sample is printed; with it all of them are written, and an index.html that leads to each.\n\n\
        Examples:  tidings template preview mail/digest --language ar > digest.html\n           \
        tidings template preview --dark --out previews"
    )]
    Preview(preview::PreviewArgs),
    /// Hold the templates in force to rules: languages, headings, contrast, links and so on
    #[command(
        after_help = "Every mail and page is rendered with samples in every language that has a catalogue. Each line is a finding: the \
        rule, the template, the languages, what is wrong, and where. The exit code is 8 when a rule is broken. \
        `--json` also lists the rules with what each wants."
    )]
    Lint,
}

pub fn run(command: &TemplateCommand, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    match command {
        TemplateCommand::List => list::run(global, output),
        TemplateCommand::Eject(args) => eject::run(args, global, output),
        TemplateCommand::Preview(args) => preview::run(args, global, output),
        TemplateCommand::Lint => lint::run(global, output),
    }
}
