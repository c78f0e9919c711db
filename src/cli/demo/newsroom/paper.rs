//! The paper's data as it stands in `demo/`, embedded, so that the demo needs nothing but the program.

use serde::Deserialize;

use crate::model::language::Language;
use crate::model::topic::Names;

const PAPER: &str = include_str!("../../../../demo/newsroom.toml");
const ARTICLES: [(&str, &str); 3] = [
    ("en", include_str!("../../../../demo/articles-en.toml")),
    ("fr", include_str!("../../../../demo/articles-fr.toml")),
    ("ar", include_str!("../../../../demo/articles-ar.toml")),
];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Paper {
    pub name: String,
    /// What stands in where a topic has nothing in the reader's own.
    pub language: Language,
    pub feed: Vec<Feed>,
    pub topic: Vec<Place>,
    pub region: Vec<Place>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Feed {
    pub slug: String,
    pub title: String,
    pub language: Language,
    pub format: Format,
    /// The topic whose section it is; the city desk has none.
    pub topic: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    Rss,
    Atom,
    Json,
    /// Answers 410.
    Gone,
}

/// A topic or a region.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    pub slug: String,
    pub name: Names,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Article {
    pub slug: String,
    pub title: String,
    pub summary: String,
    pub topics: Vec<String>,
    pub regions: Vec<String>,
    /// How long before the opening it came out; a new one has none.
    pub hours: Option<i64>,
    /// From its file's name.
    #[serde(skip, default = "Article::unknown_language")]
    pub language: Language,
    #[serde(skip)]
    pub place_in_file: i64,
}

impl Article {
    fn unknown_language() -> Language {
        "und".parse().expect("a tag of three letters")
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    article: Vec<Article>,
}

/// All of it. The texts are part of the program, so what is wrong with them is a fault of the program.
pub(super) fn read() -> (Paper, Vec<Article>) {
    let paper = toml::from_str(PAPER).expect("demo/newsroom.toml is in order");
    let articles = ARTICLES.into_iter().flat_map(|(language, text)| {
        let file: File = toml::from_str(text).unwrap_or_else(|error| panic!("demo/articles-{language}.toml: {error}"));
        let language: Language = language.parse().expect("a language's tag");
        (0..).zip(file.article).map(move |(place_in_file, article)| Article {
            language: language.clone(),
            place_in_file,
            ..article
        })
    });
    (paper, articles.collect())
}
