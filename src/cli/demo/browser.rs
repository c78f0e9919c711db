//! A reader's browser and mail program: they follow the links of the mails, over real HTTP.

use anyhow::Context;
use reqwest::{Client, StatusCode};

pub struct Browser(Client);

/// What came back.
pub struct Page {
    pub status: StatusCode,
    pub html: String,
}

impl Browser {
    pub fn open() -> anyhow::Result<Self> {
        Ok(Self(Client::builder().no_proxy().build().context("no HTTP client")?))
    }

    pub async fn get(&self, url: &str) -> anyhow::Result<Page> {
        Page::of(self.0.get(url).send().await).await
    }

    /// The button on a page of ours.
    pub async fn press(&self, url: &str) -> anyhow::Result<Page> {
        Page::of(self.0.post(url).send().await).await
    }

    /// What a mail program does with `List-Unsubscribe` (RFC 8058 §3.2).
    pub async fn one_click(&self, url: &str) -> anyhow::Result<Page> {
        let form = "List-Unsubscribe=One-Click";
        let request = self.0.post(url).header("Content-Type", "application/x-www-form-urlencoded").body(form);
        Page::of(request.send().await).await
    }
}

impl Page {
    async fn of(answer: reqwest::Result<reqwest::Response>) -> anyhow::Result<Self> {
        let answer = answer.context("a page of the demo does not answer")?;
        Ok(Self { status: answer.status(), html: answer.text().await.context("a page of the demo broke off")? })
    }
}
