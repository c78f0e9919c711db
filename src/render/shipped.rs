//! The texts templates are made of: those inside the program, and the operator's beside them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::error::TemplateError;

macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/templates/", $name)))),*]
    };
}

/// Path within the folder, and text.
pub const SHIPPED: &[(&str, &str)] = shipped![
    "locale/ar.toml",
    "locale/en.toml",
    "locale/fr.toml",
    "mail/confirm/body.html",
    "mail/confirm/body.txt",
    "mail/confirm/subject.txt",
    "mail/digest/body.html",
    "mail/digest/body.txt",
    "mail/digest/subject.txt",
    "mail/layout.html",
    "mail/note/body.html",
    "mail/note/body.txt",
    "mail/note/subject.txt",
    "pages/address.html",
    "pages/again.html",
    "pages/again_form.html",
    "pages/article.html",
    "pages/confirm.html",
    "pages/edition.html",
    "pages/embed.html",
    "pages/error.html",
    "pages/fields.html",
    "pages/form.html",
    "pages/home.html",
    "pages/layout.html",
    "pages/link.html",
    "pages/mail.html",
    "pages/mailbox.html",
    "pages/preferences.html",
    "pages/privacy.html",
    "pages/sent.html",
    "pages/stop.html",
    "pages/style.css",
    "pages/subscribe.html",
    "pages/topic.html",
];

/// What lies in the operator's folder under `mail`, `pages` and `locale`, by path within it. Hidden files and what
/// editors leave behind do not count.
pub fn over(folder: &Path) -> Result<BTreeMap<String, String>, TemplateError> {
    let mut found = BTreeMap::new();
    for room in ["mail", "pages", "locale"] {
        let path = folder.join(room);
        if path.is_dir() {
            gather(&path, room, &mut found)?;
        }
    }
    Ok(found)
}

fn gather(folder: &Path, within: &str, found: &mut BTreeMap<String, String>) -> Result<(), TemplateError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| TemplateError::Read { path, source }
    };
    for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
        let path = entry.map_err(unreadable(folder))?.path();
        let Some(file) = path.file_name().and_then(|file| file.to_str()) else { continue };
        let name = format!("{within}/{file}");
        if file.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            gather(&path, &name, found)?;
        } else if file.ends_with(".html") || file.ends_with(".txt") || file.ends_with(".css") || file.ends_with(".toml")
        {
            found.insert(name, fs::read_to_string(&path).map_err(unreadable(&path))?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_shipped() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
        let there: Vec<String> = over(&folder).unwrap().into_keys().collect();
        let shipped: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
        assert_eq!(there, shipped, "templates/ and the list of shipped texts");
    }
}
