//! A form on a page of ours, as a browser reads it.

use url::form_urlencoded;

pub struct Form {
    pub action: String,
    hidden: Vec<(String, String)>,
}

impl Form {
    /// The first form of the page that has `mark` in it.
    pub fn find(page: &str, mark: &str) -> Option<Self> {
        let forms = page.split("<form").skip(1).filter_map(|rest| rest.split("</form>").next());
        let form = forms.into_iter().find(|form| form.contains(mark))?;
        let hidden = form.split("<input type=\"hidden\"").skip(1);
        let field = |tag: &str| Some((attribute(tag, "name")?, attribute(tag, "value")?));
        Some(Self { action: attribute(form, "action")?, hidden: hidden.filter_map(field).collect() })
    }

    /// What is posted: the hidden fields, and what somebody entered.
    pub fn filled(&self, entered: &[(&str, &str)]) -> String {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(&self.hidden).extend_pairs(entered);
        body.finish()
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!("{name}=\""))?;
    rest.split('"').next().map(|value| value.replace("&amp;", "&"))
}
