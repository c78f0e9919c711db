//! The shape of the command line, and the texts of its help.

use clap::{Parser, Subcommand};

use super::global::Global;
use super::{
    article, backup, completions, db, demo, digest, dkim, doctor, feed, init, mail, man, reconcile, run, subscriber,
    template, topic,
};

/// News, brought to you: collects articles from feeds and mails each reader one digest of what is new in the topics
/// they chose, at their hour, in their language.
#[derive(Debug, Parser)]
#[command(name = "tidings", version, max_term_width = 100, propagate_version = false, arg_required_else_help = true)]
#[command(after_help = "Begin with `tidings demo`: everything on this machine, nothing leaves it.")]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub global: Global,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show it all at work with made-up news; nothing leaves this machine
    Demo(demo::DemoArgs),
    /// Begin a site: write a first tidings.toml, and make the keys of its links
    Init(init::InitArgs),
    /// Do the work until stopped: fetch feeds, mail digests, serve the pages behind their links
    Run(run::RunArgs),
    /// Show on one screen what runs, what comes next, and what needs you
    Status,
    /// Look at what is around it: database, disk, clock, feeds, relay, DNS, public address
    Doctor(doctor::DoctorArgs),
    /// Check the configuration file, and say where it is wrong; touches nothing else
    Check,
    /// Add, change, import, list, explain and erase readers
    #[command(subcommand)]
    Subscriber(subscriber::SubscriberCommand),
    /// Look at runs and at what comes next; hold, release or cancel mail; send a test
    #[command(subcommand)]
    Digest(digest::DigestCommand),
    /// List, fetch and try out feeds; find one behind a site; read and write lists of them
    #[command(subcommand)]
    Feed(feed::FeedCommand),
    /// List topics and regions, and say what goes to them
    #[command(subcommand)]
    Topic(topic::TopicCommand),
    /// Look at what waits and what failed, try again, suppress addresses
    #[command(subcommand)]
    Mail(mail::MailCommand),
    /// Make the key that signs mail, and show its record for the DNS
    #[command(subcommand)]
    Dkim(dkim::DkimCommand),
    /// List articles, take one back, pin one
    #[command(subcommand)]
    Article(article::ArticleCommand),
    /// List the texts of mails and pages, make them yours, look at them, hold them to rules
    #[command(subcommand)]
    Template(template::TemplateCommand),
    /// Copy the database into one file, see whether a copy is whole, put one back
    #[command(subcommand)]
    Backup(backup::BackupCommand),
    /// Look at the database itself, bring its schema up to date, copy it to another engine
    #[command(subcommand)]
    Db(db::DbCommand),
    /// After a restore: say of the mail that was on its way whether it had gone
    Reconcile(reconcile::ReconcileArgs),
    /// Print the manual page, or write one for every command
    Man(man::ManArgs),
    /// Print what a shell needs to complete commands with Tab
    Completions(completions::CompletionsArgs),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
