//! chromedriver: started once per test process on a free port of loopback, and gone with it.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

pub struct Driver {
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    /// Ends the driver, and its browsers, when its standard input closes: that is, with this process.
    _keeper: Child,
}

const PROGRAM: &str = "/usr/bin/chromedriver";
pub const BROWSER: &str = "/usr/bin/chromium";

/// None: there is no browser on this machine, and nobody insists on it.
pub fn driver() -> Option<&'static Driver> {
    static DRIVER: OnceLock<Option<Driver>> = OnceLock::new();
    DRIVER
        .get_or_init(|| {
            if [PROGRAM, BROWSER].iter().all(|program| Path::new(program).exists()) {
                return Some(Driver::start());
            }
            assert!(
                !std::env::var("TIDINGS_TEST_BROWSER").is_ok_and(|v| v == "require"),
                "Chromium is required (TIDINGS_TEST_BROWSER=require) and not installed"
            );
            // Past the test harness's capture: whoever reads the result must know what it does not say.
            let words = b"\nSKIPPED: the stories in a browser, for want of Chromium; `scripts/test` installs it\n";
            let _ = std::io::stderr().write_all(words);
            None
        })
        .as_ref()
}

impl Driver {
    fn start() -> Self {
        let script = r#"
            trap '' INT
            exec 3<&0
            "$1" --port=0 --log-level=SEVERE </dev/null &
            driver=$!
            cat <&3 >/dev/null
            kill $driver
            wait $driver
        "#;
        let mut keeper = Command::new("sh")
            .args(["-c", script, "keeper", PROGRAM])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver");
        let mut said = BufReader::new(keeper.stdout.take().expect("its standard output")).lines();
        let port = said.by_ref().map_while(Result::ok).find_map(|line| {
            line.split_once("started successfully on port ")?.1.trim_end_matches('.').parse::<u16>().ok()
        });
        let url = format!("http://127.0.0.1:{}", port.expect("chromedriver says its port"));
        // What it says later would fill the pipe.
        std::thread::spawn(move || said.for_each(drop));
        Self { url, _keeper: keeper }
    }
}
