use super::*;

fn urls(list: &List) -> Vec<(&str, Vec<&str>)> {
    list.feeds
        .iter()
        .map(|feed| (feed.url.as_str(), feed.folders.iter().map(|folder| folder.name.as_str()).collect()))
        .collect()
}

#[test]
fn lists_of_every_make_are_read() {
    let list = read(
        br#"<?xml version="1.0" encoding="ISO-8859-1"?>
        <OPML version="1.0"><head><title>Mine</title></head><body>
        <outline text="News"><outline text="Sant&#233; &amp; vie" title="Sant&#233; &amp; vie">
          <outline type="rss" text="A &lt;b&gt;" xmlUrl="https://a.example/rss?x=1&amp;y=2" htmlUrl="https://a.example/"/>
          <outline type="RSS" text="B" xmlurl="https://b.example/rss?x=1&y=2"></outline>
        </outline></outline>
        <outline text="C" type="rss" category="/Boston/Weather, sport" xmlUrl="feed://c.example/rss"/>
        <outline text="A again" xmlUrl="https://A.example/rss?x=1&amp;y=2"/>
        <outline text="Other"><outline text="A once more" xmlUrl="http://a.example/rss?x=1&amp;y=2"/></outline>
        </body></OPML>"#,
    )
    .unwrap();
    assert_eq!(
        urls(&list),
        [
            ("https://a.example/rss?x=1&y=2", vec!["Santé & vie", "Other"]),
            ("https://b.example/rss?x=1&y=2", vec!["Santé & vie"]),
            ("http://c.example/rss", vec!["Weather", "sport"]),
        ]
    );
    assert_eq!(list.feeds[0].title.as_deref(), Some("A <b>"));
    assert_eq!(list.bad, []);
}

#[test]
fn a_bad_outline_is_named_by_its_number_and_the_others_are_read() {
    let list = read(
        b"<opml><body><outline text='folder'/>
        <outline text='a' xmlUrl='ftp://a.example/'/><outline text='b' xmlUrl='nowhere'/>
        <outline text='c' type='rss' htmlUrl='https://c.example'/><outline type='include' url='https://d.example/x.opml'/>
        <outline text='e' xmlUrl='https://e.example/'/><outline text='f' xmlUrl='https://f.ex",
    )
    .unwrap();
    assert_eq!(urls(&list), [("https://e.example/", vec![])]);
    assert_eq!(list.bad.iter().map(|bad| bad.outline).collect::<Vec<_>>(), [2, 3, 4, 5, 6]);
    assert!(list.bad[4].why.starts_with("the list is damaged from here on"), "{}", list.bad[4].why);
}

#[test]
fn no_list_costs_more_than_its_length() {
    assert_eq!(read(b"<rss/>"), Err(OpmlError::NoOpml));
    assert_eq!(read(b""), Err(OpmlError::NoOpml));
    assert_eq!(read(&vec![b' '; LONGEST + 1]), Err(OpmlError::TooLong));
    let deep = format!("<opml>{}", "<outline text='x'>".repeat(100_000));
    let list = read(deep.as_bytes()).unwrap();
    assert_eq!((list.feeds.len(), list.bad[0].outline), (0, 51));
    let bomb = "<!DOCTYPE opml [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>]>\
                <opml><outline text='&b;' xmlUrl='https://a.example/'/></opml>";
    let list = read(bomb.as_bytes()).unwrap();
    assert_eq!(list.feeds[0].title.as_deref(), Some("&b;"));
}

#[test]
fn what_is_written_is_what_is_read() {
    let folder = |name: &str| Folder { name: name.to_owned(), slug: Some("s".parse().unwrap()) };
    let feed = |n: usize, folders: Vec<Folder>| Outline {
        url: format!("https://a.example/{n}?x=1&y=%22").parse().unwrap(),
        title: Some(format!("“{n}” <b> & 'so' \"on\" الصحة")),
        language: Some("ar".parse().unwrap()),
        folders,
        slug: Some(format!("s-{n}").parse().unwrap()),
        allow_private: n == 1,
        interval: (n == 2).then(|| Duration::from_secs(1800)),
    };
    let (a, b) = (folder("A & <b>"), folder("B"));
    let feeds = vec![feed(0, vec![a.clone(), b.clone()]), feed(1, vec![b]), feed(2, vec![])];
    let list = read(write("The \"Paper\"", &feeds).as_bytes()).unwrap();
    assert_eq!((list.feeds, list.bad), (feeds, vec![]));
}
