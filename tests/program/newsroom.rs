//! A newsroom of one feed, over real HTTP, on a thread of its own: it outlives the program under test.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// As a real one, it shows its newest stories only.
const SHOWN: usize = 20;

pub struct Newsroom {
    port: u16,
    titles: Arc<Mutex<Vec<String>>>,
}

impl Newsroom {
    pub fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let titles = Arc::<Mutex<Vec<String>>>::default();
        let shown = Arc::clone(&titles);
        thread::spawn(move || {
            for visitor in listener.incoming().flatten() {
                let _ = answer(visitor, &shown.lock().unwrap());
            }
        });
        Self { port, titles }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/feed.xml", self.port)
    }

    pub fn publish(&self, title: &str) {
        self.titles.lock().unwrap().push(title.to_owned());
    }
}

fn answer(mut visitor: TcpStream, titles: &[String]) -> std::io::Result<()> {
    let mut request = BufReader::new(visitor.try_clone()?);
    let mut line = String::new();
    while request.read_line(&mut line)? > 2 {
        line.clear();
    }
    let body = rss_since(titles.len().saturating_sub(SHOWN), titles);
    write!(
        visitor,
        "HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

pub fn rss(titles: &[String]) -> String {
    rss_since(0, titles)
}

fn rss_since(first: usize, titles: &[String]) -> String {
    let items: String = titles
        .iter()
        .enumerate()
        .skip(first)
        .map(|(n, title)| {
            format!(
                "<item><title>{title}</title><link>https://news.example.org/{n}</link><guid>{n}</guid>\
                 <pubDate>Mon, 02 Mar 2026 06:00:00 GMT</pubDate><category>Health</category>\
                 <description>What is known of it so far.</description></item>"
            )
        })
        .collect();
    format!(
        "<rss version=\"2.0\"><channel><title>Health News</title><link>https://news.example.org/</link>\
         <language>en</language>{items}</channel></rss>"
    )
}
