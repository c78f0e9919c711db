//! `link-text`: links are also read one by one, without what stands around them.

use super::html::Element;
use super::specimen::{Flaw, Specimen};

/// What says nothing by itself, in the languages that readers can choose.
const EMPTY_WORDS: &[&str] = &[
    // English
    "click here",
    "click",
    "here",
    "more",
    "read more",
    "learn more",
    "link",
    "this link",
    "go",
    // Arabic
    "انقر هنا",
    "اضغط هنا",
    "هنا",
    "المزيد",
    "اقرأ المزيد",
    "رابط",
    // Chinese
    "点击这里",
    "点击此处",
    "这里",
    "此处",
    "更多",
    "阅读更多",
    "链接",
    // French
    "cliquez ici",
    "cliquer ici",
    "ici",
    "plus",
    "lire la suite",
    "en savoir plus",
    "lien",
    "ce lien",
    // Hindi
    "यहाँ क्लिक करें",
    "यहां क्लिक करें",
    "यहाँ",
    "यहां",
    "और पढ़ें",
    "अधिक",
    // Portuguese
    "clique aqui",
    "aqui",
    "mais",
    "leia mais",
    "saiba mais",
    "este link",
    // Russian
    "нажмите здесь",
    "здесь",
    "тут",
    "подробнее",
    "ещё",
    "читать далее",
    "ссылка",
    // Spanish
    "haga clic aquí",
    "haz clic aquí",
    "aquí",
    "más",
    "leer más",
    "saber más",
    "enlace",
    // Swahili
    "bofya hapa",
    "bonyeza hapa",
    "hapa",
    "zaidi",
    "soma zaidi",
    "kiungo",
];

pub fn look(specimen: &Specimen) -> Vec<Flaw> {
    let links = specimen.named("a").filter(|link| link.attribute("href").is_some());
    links.filter(|link| link.attribute("aria-hidden") != Some("true")).filter_map(flaw).collect()
}

fn flaw(link: &Element) -> Option<Flaw> {
    let said = said(link);
    let mark = |c: char| c.is_whitespace() || c.is_ascii_punctuation() || "»«›→←…“”".contains(c);
    let words = said.trim_matches(mark).to_lowercase();
    if words.is_empty() {
        return Some(Flaw::at(link, "a link without text"));
    }
    EMPTY_WORDS.contains(&words.as_str()).then(|| Flaw::at(link, format!("“{said}” does not say where the link leads")))
}

/// As a screen reader says it.
fn said(link: &Element) -> String {
    if let Some(label) = link.attribute("aria-label") {
        return label.to_owned();
    }
    let pictures = link.all().into_iter().filter(|inner| inner.name == "img").filter_map(|img| img.attribute("alt"));
    let words: Vec<String> = [link.text()].into_iter().chain(pictures.map(str::to_owned)).collect();
    words.join(" ").trim().to_owned()
}
