//! What one has to know of HTML to read a feed: which names are elements of it, and which of them never close.

use super::chars;

/// Elements that have no end tag.
pub(super) fn is_void(name: &str) -> bool {
    const VOID: [&str; 14] =
        ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];
    VOID.iter().any(|void| name.eq_ignore_ascii_case(void))
}

/// RSS has titles that are plain text and titles that are HTML, and does not say which. A guess on the careful side:
/// HTML has an end tag or a reference in it, and all its tags and references are ones that HTML knows.
pub(super) fn looks_like_html(text: &str) -> bool {
    let references = || text.split('&').skip(1).filter_map(reference);
    let closes = text.split("</").skip(1).any(|after| {
        let name = word(after);
        !name.is_empty() && after[name.len()..].starts_with('>')
    });
    if !closes && references().next().is_none() {
        return false;
    }
    let tags = text.split('<').skip(1).map(|after| word(after.strip_prefix('/').unwrap_or(after)));
    tags.filter(|name| !name.is_empty()).all(is_element)
        && references().all(|name| name.starts_with('#') || chars::resolve(name).is_some())
}

/// The name in `name;…`.
fn reference(after: &str) -> Option<&str> {
    let digits = after.strip_prefix('#').unwrap_or(after);
    let name = word(digits);
    let end = after.len() - digits.len() + name.len();
    (!name.is_empty() && after[end..].starts_with(';')).then(|| &after[..end])
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

fn is_element(name: &str) -> bool {
    const ELEMENTS: &str = " a abbr acronym address area article aside audio b bdi bdo big blockquote br button \
        canvas caption center cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em fieldset \
        figcaption figure font footer form h1 h2 h3 h4 h5 h6 header hr i img input ins kbd label legend li main map \
        mark menu meter nav noscript ol optgroup option output p picture pre progress q rp rt ruby s samp section \
        select small source span strike strong sub summary sup table tbody td textarea tfoot th thead time tr track tt \
        u ul var video wbr ";
    ELEMENTS.contains(&format!(" {} ", name.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_gives_itself_away() {
        for html in ["<b>bold</b> move", "fish &amp; chips", "a&#8217;b", "x<br/>&nbsp;", "<P>shout</P>"] {
            assert!(looks_like_html(html), "{html}");
        }
    }

    #[test]
    fn text_about_html_is_text() {
        for text in ["5 < 6 > 4", "AT&T", "use <b>", "</foo> is no tag", "<x>&amp;</x>", "&nosuch;", "", "a & b; c"] {
            assert!(!looks_like_html(text), "{text}");
        }
    }
}
