//! A reader's browser and mail program: they follow the links of the mails, over real HTTP.

use anyhow::Context;
use reqwest::{Client, StatusCode};
use url::form_urlencoded;

pub struct Browser(Client);

/// What came back.
pub struct Page {
    pub status: StatusCode,
    pub html: String,
}

impl Browser {
    pub fn open() -> anyhow::Result<Self> {
        Ok(Self(Client::builder().no_proxy().build().context("could not set up the demo's HTTP client")?))
    }

    pub async fn get(&self, url: &str) -> anyhow::Result<Page> {
        Page::of(self.0.get(url).send().await).await
    }

    /// The button on a page of ours, with what stands hidden in its form.
    pub async fn press(&self, url: &str) -> anyhow::Result<Page> {
        let page = self.get(url).await?;
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(page.hidden());
        let request = self.0.post(url).header("Content-Type", "application/x-www-form-urlencoded").body(form.finish());
        Page::of(request.send().await).await
    }

    /// What a mail program does with `List-Unsubscribe` (RFC 8058 §3.2).
    pub async fn one_click(&self, url: &str) -> anyhow::Result<Page> {
        let form = "List-Unsubscribe=One-Click";
        let request = self.0.post(url).header("Content-Type", "application/x-www-form-urlencoded").body(form);
        Page::of(request.send().await).await
    }
}

impl Page {
    /// Names and values of the hidden fields of its first form.
    fn hidden(&self) -> Vec<(String, String)> {
        let form = self.html.split("<form").nth(1).and_then(|rest| rest.split("</form>").next()).unwrap_or_default();
        let value =
            |tag: &str, name: &str| Some(tag.split_once(&format!("{name}=\""))?.1.split('"').next()?.to_owned());
        let fields = form.split("<input type=\"hidden\"").skip(1);
        fields.filter_map(|tag| Some((value(tag, "name")?, value(tag, "value")?))).collect()
    }

    async fn of(answer: reqwest::Result<reqwest::Response>) -> anyhow::Result<Self> {
        let answer = answer.context("a page of the demo does not answer")?;
        Ok(Self {
            status: answer.status(),
            html: answer.text().await.context("a page of the demo broke off half-way")?,
        })
    }
}
