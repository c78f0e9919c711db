//! Texts of the operator's own that cannot be read or rendered.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;

use super::{denied, logged, page, printed};
use crate::app::AppError;
use crate::render::{Failure, RenderError, TemplateError, Templates, look_through_catalogues};

/// What becomes of this text in a folder of templates.
fn of(name: &str, text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, text).unwrap();
    printed(AppError::Template(error_of(folder.path())))
}

fn error_of(folder: &Path) -> TemplateError {
    let loaded = Templates::load(Some(folder), &"en".parse().unwrap(), None).map(drop);
    loaded.and_then(|()| look_through_catalogues(folder)).unwrap_err()
}

#[test]
fn texts_that_cannot_be_read() {
    let path = "templates/mail/digest/subject.txt".into();
    let told = page([
        printed(AppError::Template(TemplateError::Read { path, source: denied() })),
        of("mail/digest/body.txt", "Hello\n{% if %}\n"),
        of("locale/fr.toml", "[digest]\nsubject = \n"),
        of("locale/french.toml", ""),
        of("locale/fr.toml", "months = [\"janvier\"]\n"),
        printed(TemplateError::CatalogueMessage {
            name: "locale/fr.toml".to_owned(),
            line: 3,
            column: 12,
            message: "digest.subject".to_owned(),
            asked: "titel".to_owned(),
            known: "and is given `title` and `count`".to_owned(),
        }),
        printed(TemplateError::CatalogueList {
            name: "locale/fr.toml".to_owned(),
            what: "months",
            found: 1,
            wanted: 12,
        }),
    ]);
    assert_snapshot!(told);
}

#[test]
fn texts_that_cannot_be_rendered() {
    let name = || "mail/digest/body.txt".to_owned();
    let undefined = minijinja::Error::new(minijinja::ErrorKind::UndefinedError, "`nonsense` is undefined");
    let errors = || {
        [
            RenderError::TooLong { name: name(), limit: 2_000_000 },
            RenderError::Hole { name: name(), line: 2, column: 6, hole: "stop_all".to_owned() },
        ]
    };
    let failure = |error| Failure { kind: "mail/digest", sample: "ordinary", language: "ar".parse().unwrap(), error };
    let template = RenderError::Template { name: name(), line: 2, column: 6, source: undefined };
    let unfit = AppError::Unfit { folder: "templates".into(), failures: errors().into_iter().map(failure).collect() };
    let told = page(errors().into_iter().map(logged).chain([logged(template), printed(unfit)]));
    assert_snapshot!(told);
}
