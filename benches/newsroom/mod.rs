//! Readers by chance that is the same each time, and one feed of as many articles as are wanted.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

pub const TOPICS: usize = 40;

/// A small generator (SplitMix64), so that each measurement is of the same readers.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % n as u64).unwrap()
    }
}

/// A site whose articles belong to [`TOPICS`] topics.
pub fn configuration(newsroom: &Newsroom, storage: &str) -> String {
    let mut text = format!(
        "[site]\nname = \"Bench\"\nurl = \"https://digest.example.org\"\n\n[storage]\nurl = \"{storage}\"\n\n[collect]\nmax_new = 100000\n\n\
         [[feed]]\nslug = \"all\"\nurl = \"{}\"\nallow_private = true\n",
        newsroom.url()
    );
    for topic in 0..TOPICS {
        let _ = write!(
            text,
            "\n[[topic]]\nslug = \"topic-{topic}\"\nname = {{ en = \"Topic {topic}\" }}\nfeeds = [\"all\"]\nany_category = [\"c{topic}\"]\n"
        );
    }
    text
}

/// One feed of all articles, each in one category, every fourth in two.
pub struct Newsroom {
    port: u16,
    articles: Arc<Mutex<usize>>,
}

impl Newsroom {
    /// `summary`: of every article.
    pub fn open(summary: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let articles = Arc::<Mutex<usize>>::default();
        let (shown, summary) = (Arc::clone(&articles), summary.to_owned());
        thread::spawn(move || {
            for visitor in listener.incoming().flatten() {
                let _ = answer(visitor, *shown.lock().unwrap(), &summary);
            }
        });
        Self { port, articles }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/feed.xml", self.port)
    }

    pub fn publish(&self, articles: usize) {
        *self.articles.lock().unwrap() += articles;
    }
}

fn answer(mut visitor: TcpStream, articles: usize, summary: &str) -> std::io::Result<()> {
    let mut request = BufReader::new(visitor.try_clone()?);
    let mut line = String::new();
    while request.read_line(&mut line)? > 2 {
        line.clear();
    }
    let mut items = String::new();
    for n in 0..articles {
        let second = if n % 4 == 0 { format!("<category>c{}</category>", (n / 4) % TOPICS) } else { String::new() };
        let _ = write!(
            items,
            "<item><title>Story {n}</title><link>https://news.example.org/{n}</link><guid>{n}</guid>\
             <category>c{}</category>{second}<description>{summary}</description></item>",
            n % TOPICS
        );
    }
    let body = format!(
        "<rss version=\"2.0\"><channel><title>News</title><link>https://news.example.org/</link>\
         <language>en</language>{items}</channel></rss>"
    );
    write!(
        visitor,
        "HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}
