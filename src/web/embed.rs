//! `/{lang}/embed`: the line under the article, to be pasted into the newsroom's own pages.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::Pages;
use super::spoken::Spoken;
use crate::config::Config;
use crate::model::language::Language;
use crate::model::slug::Slug;
use crate::model::topic::Facet;
use crate::render::{Content, Snippets, Templates};

pub async fn show(State(pages): State<Pages>, Spoken(language): Spoken) -> Response {
    let of_topic = |topic: &crate::config::Topic| snippets(&pages.config, &pages.templates, &language, &topic.slug);
    let topics = pages.config.topics.iter().map(of_topic).collect();
    pages.open_page(StatusCode::OK, &language, "/embed", Content::Embed { topics })
}

/// Whole in themselves: no script, and no style but what a button needs to be seen as one.
pub fn snippets(config: &Config, templates: &Templates, language: &Language, topic: &Slug) -> Snippets {
    let words = |key: &str| escaped(&templates.message(language, key));
    let line = words("embed.line");
    let action = config.site.link(&format!("/{language}/subscribe"));
    let url = format!("{action}?topic={topic}");
    let speaks = format!("lang=\"{language}\" dir=\"{}\"", language.direction());
    let (label, press) = (words("subscribe.address"), words("subscribe.button"));
    let id = format!("tidings-{topic}");
    Snippets {
        name: config.name_of(Facet::Topic, topic, language),
        link: format!("<p {speaks}><a href=\"{url}\">{line}</a></p>"),
        button: format!(
            "<p {speaks}><a href=\"{url}\" style=\"display:inline-block;padding:12px 20px;border-radius:4px;background:#1d70b8;color:#fff;font-weight:bold;text-decoration:none\">{press}</a></p>"
        ),
        form: format!(
            "<form {speaks} method=\"post\" action=\"{action}\">\n  <p>{line}</p>\n  <input type=\"hidden\" name=\"topic\" value=\"{topic}\">\n  \
             <label for=\"{id}\">{label}</label>\n  <input type=\"email\" id=\"{id}\" name=\"address\" autocomplete=\"email\" required>\n  \
             <button type=\"submit\">{press}</button>\n</form>"
        ),
    }
}

/// Words of a catalogue, inside HTML that is itself shown as text.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
