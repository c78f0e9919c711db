//! `tidings template list`

use crate::app::AppError;
use crate::cli::exit::Exit;
use crate::cli::global::Global;
use crate::cli::open;
use crate::cli::output::Output;
use crate::render::texts;

pub fn run(global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let config = open::config(global)?;
    let texts = texts::in_force(config.site.templates.as_deref()).map_err(AppError::from)?;
    output.list(&texts, &["path", "kind", "whose"], |text| {
        vec![text.path.clone(), text.kind.word().to_owned(), text.whose.word().to_owned()]
    })?;
    Ok(Exit::Done)
}
