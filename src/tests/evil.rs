//! What a feed that means harm would say: ways to have a script run, and disguises for them. `alert` is in each.

/// Ways to have a script run, each with `alert(1)` in it.
pub const WAYS: [&str; 50] = [
    "<script>alert(1)</script>",
    "<script src=\"data:text/javascript,alert(1)\"></script>",
    "<script>alert(1)//",
    "<script/x>alert(1)</script>",
    "<<script>alert(1);//<</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "</script><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "--><script>alert(1)</script><!--",
    "]]><script>alert(1)</script><![CDATA[",
    "<img src=x onerror=alert(1)>",
    "<img src=x onerror='alert(1)'",
    "<img/src=x/onerror=alert(1)>",
    "<img src=`x`onerror=alert(1)>",
    "<img src='x' alt='``onerror=alert(1)'>",
    "\"><img src=x onerror=alert(1)>",
    "'><img src=x onerror=alert(1)>",
    "\" onerror=\"alert(1)\" x=\"",
    "' onerror='alert(1)' x='",
    "\" onmouseover=\"alert(1)\" autofocus onfocus=\"alert(1)\" x=\"",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><a xlink:href=\"javascript:alert(1)\"><text x=20 y=20>x</text></a></svg>",
    "<svg><use href=\"data:image/svg+xml,<svg id='x' xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>#x\"/></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=x onerror=alert(1)&gt;\">",
    "<math><maction actiontype=\"statusline\" xlink:href=\"javascript:alert(1)\">x</maction></math>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "<body onload=alert(1)>",
    "<body onpageshow=alert(1)>",
    "<iframe src=\"javascript:alert(1)\"></iframe>",
    "<iframe srcdoc=\"<script>parent.alert(1)</script>\"></iframe>",
    "<object data=\"javascript:alert(1)\"></object>",
    "<embed src=\"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>\">",
    "<form action=\"javascript:alert(1)\"><button autofocus onfocus=alert(1)>x</button></form>",
    "<input autofocus onfocus=alert(1)>",
    "<select autofocus onfocus=alert(1)></select>",
    "<details open ontoggle=alert(1)><summary>x</summary></details>",
    "<video src=x onerror=alert(1)></video>",
    "<video><source onerror=alert(1)></video>",
    "<audio src=x onerror=alert(1)>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<a href=\"javascript:alert(1)\">x</a>",
    "<base href=\"javascript:alert(1)//\">",
    "<meta http-equiv=\"refresh\" content=\"0;url=javascript:alert(1)\">",
    "<link rel=stylesheet href=\"data:text/css,x{}\" onload=alert(1)>",
    "<style>@import 'javascript:alert(1)';x{background:url(javascript:alert(1))}</style>",
    "<p style=\"animation-name:x\" onanimationstart=alert(1)>x</p>",
];

/// Ways to hide each from whoever looks for it.
const DISGUISES: [fn(&str) -> String; 10] = [
    |way| way.to_owned(),
    |way| way.to_uppercase().replace("ALERT(1)", "alert(1)"),
    |way| way.replace("script", "ScRiPt").replace("on", "oN").replace("alert(1)", "top['al'+'ert'](1)"),
    |way| format!("\n\t{}", way.replace("javascript:", "java\tscript:").replace("<img ", "<img\t\n")),
    |way| way.replace("javascript:", "&#106;avascript&colon;").replace("alert", "&#97;lert"),
    |way| way.replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;"),
    |way| way.replace('<', "\u{FF1C}").replace('>', "\u{FF1E}") + way,
    |way| format!("{{{{ 7 * 7 }}}}{{% raw %}}{way}{{% endraw %}}"),
    |way| format!("\u{FDD0}stop\u{FDD1}\u{202E}{way}\u{200B}"),
    |way| format!("https://x.example/?q={way}"),
];

/// The same for the tests that need no browser and so have the time for more.
const MORE_DISGUISES: [fn(&str) -> String; 5] = [
    |way| way.chars().map(|c| format!("&#{};", c as u32)).collect(),
    |way| way.replace('<', "&#x3c").replace(':', "&colon;"),
    |way| format!("<b title=\"{way}\">x</b>"),
    |way| format!("<div><p>{way}<table><tr><!-- {way} "),
    |way| way.replace(' ', "/").replace('=', "\u{c}=\n"),
];

/// 50 ways in 10 disguises.
pub fn payloads() -> Vec<String> {
    WAYS.iter().flat_map(|way| DISGUISES.iter().map(move |disguise| disguise(way))).collect()
}

/// Those, and every handler on every element that takes one, and addresses that are scripts: more than 2,000.
pub fn many_payloads() -> Vec<String> {
    let handlers = ["onerror", "onload", "onclick", "onmouseover", "onfocus", "ontoggle", "onbegin", "onpointerenter"];
    let elements =
        ["img src=x", "svg", "body", "input autofocus", "details open", "video", "iframe", "a href=#", "p", "marquee"];
    let schemes = ["javascript:", "JaVaScRiPt:", "java\tscript:", " javascript:", "data:text/html,", "vbscript:"];
    let handled = elements.iter().flat_map(|e| handlers.iter().map(move |h| format!("<{e} {h}=\"alert(1)\">")));
    let addressed = schemes.iter().flat_map(|s| [format!("<a href=\"{s}alert(1)\">x</a>"), format!("{s}alert(1)")]);
    let ways: Vec<String> = handled.chain(addressed).chain(WAYS.map(str::to_owned)).collect();
    let disguises = || DISGUISES.iter().chain(&MORE_DISGUISES);
    ways.iter().flat_map(|way| disguises().map(move |disguise| disguise(way))).collect()
}
