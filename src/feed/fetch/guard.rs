//! Which addresses a feed may not lead us to, so that nobody makes us read our own network for them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Says why an address is refused, or nothing if it is a public one.
pub type Guard = fn(IpAddr) -> Option<Kind>;

/// What kind of address it is that no public feed lives at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Unspecified,
    Loopback,
    Private,
    LinkLocal,
    /// RFC 6598, between a provider and its customers.
    CarrierNat,
    /// RFC 2544 and RFC 5180.
    Benchmark,
    /// Documentation, protocol assignments, and whatever has not been given out.
    Reserved,
    Multicast,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Unspecified => "an unspecified address",
            Self::Loopback => "a loopback address",
            Self::Private => "a private address",
            Self::LinkLocal => "a link-local address",
            Self::CarrierNat => "an address of a carrier's NAT",
            Self::Benchmark => "a benchmark address",
            Self::Reserved => "a reserved address",
            Self::Multicast => "a multicast address",
        })
    }
}

/// The guard for everything that is not declared `allow_private`.
pub fn public_only(address: IpAddr) -> Option<Kind> {
    match address {
        IpAddr::V4(address) => four(address),
        IpAddr::V6(address) => six(address),
    }
}

fn four(address: Ipv4Addr) -> Option<Kind> {
    match address.octets() {
        [0, ..] => Some(Kind::Unspecified), // "this network", RFC 6890: Linux takes all of it for loopback at times
        [127, ..] => Some(Kind::Loopback),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Some(Kind::Private),
        [169, 254, ..] => Some(Kind::LinkLocal),
        [100, 64..=127, ..] => Some(Kind::CarrierNat),
        [198, 18..=19, ..] => Some(Kind::Benchmark),
        [192, 0, 0 | 2, _] | [192, 88, 99, _] | [198, 51, 100, _] | [203, 0, 113, _] => Some(Kind::Reserved),
        [224..=239, ..] => Some(Kind::Multicast),
        [240..=255, ..] => Some(Kind::Reserved),
        _ => None,
    }
}

/// Only what is given out as global unicast (2000::/3) can be public, and of that not all. An IPv4 address inside is
/// what a gateway would connect to, so it is judged in its place.
fn six(address: Ipv6Addr) -> Option<Kind> {
    let inner = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        four(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some(Kind::Unspecified),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some(Kind::Loopback),
        [0, 0, 0, 0, 0, 0xffff, high, low] => inner(high, low), // IPv4-mapped
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => inner(high, low), // NAT64, RFC 6052
        [0x64, 0xff9b, 1, ..] => Some(Kind::Private),           // NAT64 of one's own, RFC 8215
        [0x2002, high, low, ..] => inner(high, low),            // 6to4
        [0x2001, 2, 0, ..] => Some(Kind::Benchmark),
        [0x2001, 0..=0x1ff, ..] => Some(Kind::Reserved), // Teredo, ORCHID and other assignments
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Some(Kind::Reserved), // documentation
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => Some(Kind::Private), // unique local, and site-local of old
        [0xfe80..=0xfebf, ..] => Some(Kind::LinkLocal),
        [0xff00..=0xffff, ..] => Some(Kind::Multicast),
        [0x2000..=0x3fff, ..] => None,
        _ => Some(Kind::Reserved),
    }
}

#[cfg(test)]
mod tests {
    use url::{Host, Url};

    use super::*;

    fn judge(address: &str) -> Option<Kind> {
        public_only(address.parse().unwrap())
    }

    #[test]
    fn the_first_and_last_address_of_every_range_is_refused_and_its_neighbours_are_not() {
        let ranges = [
            ("0.0.0.0", "0.255.255.255", Kind::Unspecified, None, Some("1.0.0.0")),
            ("10.0.0.0", "10.255.255.255", Kind::Private, Some("9.255.255.255"), Some("11.0.0.0")),
            ("100.64.0.0", "100.127.255.255", Kind::CarrierNat, Some("100.63.255.255"), Some("100.128.0.0")),
            ("127.0.0.0", "127.255.255.255", Kind::Loopback, Some("126.255.255.255"), Some("128.0.0.0")),
            ("169.254.0.0", "169.254.255.255", Kind::LinkLocal, Some("169.253.255.255"), Some("169.255.0.0")),
            ("172.16.0.0", "172.31.255.255", Kind::Private, Some("172.15.255.255"), Some("172.32.0.0")),
            ("192.0.0.0", "192.0.0.255", Kind::Reserved, Some("191.255.255.255"), Some("192.0.1.0")),
            ("192.0.2.0", "192.0.2.255", Kind::Reserved, Some("192.0.1.255"), Some("192.0.3.0")),
            ("192.88.99.0", "192.88.99.255", Kind::Reserved, Some("192.88.98.255"), Some("192.88.100.0")),
            ("192.168.0.0", "192.168.255.255", Kind::Private, Some("192.167.255.255"), Some("192.169.0.0")),
            ("198.18.0.0", "198.19.255.255", Kind::Benchmark, Some("198.17.255.255"), Some("198.20.0.0")),
            ("198.51.100.0", "198.51.100.255", Kind::Reserved, Some("198.51.99.255"), Some("198.51.101.0")),
            ("203.0.113.0", "203.0.113.255", Kind::Reserved, Some("203.0.112.255"), Some("203.0.114.0")),
            ("224.0.0.0", "239.255.255.255", Kind::Multicast, Some("223.255.255.255"), None),
            ("240.0.0.0", "255.255.255.255", Kind::Reserved, None, None),
            ("fc00::", "fdff:ffff::1", Kind::Private, None, None),
            ("fe80::1", "febf::1", Kind::LinkLocal, None, None),
            ("fec0::1", "feff::1", Kind::Private, None, None),
            ("ff00::1", "ffff::1", Kind::Multicast, None, None),
            ("2001::", "2001:1:ffff::", Kind::Reserved, Some("2000:ffff::1"), None),
            ("2001:2::", "2001:2:0:ffff::", Kind::Benchmark, None, None),
            ("2001:3::", "2001:1ff:ffff::", Kind::Reserved, None, Some("2001:200::")),
            ("2001:db8::", "2001:db8:ffff::", Kind::Reserved, Some("2001:db7::1"), Some("2001:db9::")),
            ("3fff::", "3fff:fff::", Kind::Reserved, Some("3ffe:ffff::"), Some("3fff:1000::")),
            ("64:ff9b:1::1", "64:ff9b:1:ffff::", Kind::Private, None, None),
            ("::", "::", Kind::Unspecified, None, None),
            ("::1", "::1", Kind::Loopback, None, None),
            ("::2", "::7f00:1", Kind::Reserved, None, None),
            ("100::", "1fff:ffff::", Kind::Reserved, None, Some("2000::1")),
            ("4000::", "fbff:ffff::", Kind::Reserved, None, None),
        ];
        for (first, last, kind, before, after) in ranges {
            assert_eq!(judge(first), Some(kind), "{first}");
            assert_eq!(judge(last), Some(kind), "{last}");
            for neighbour in [before, after].into_iter().flatten() {
                assert_eq!(judge(neighbour), None, "{neighbour}");
            }
        }
    }

    #[test]
    fn an_ipv4_address_inside_an_ipv6_one_is_judged_as_itself() {
        for (inside, kind) in [
            ("7f00:1", Some(Kind::Loopback)),
            ("a00:1", Some(Kind::Private)),
            ("a9fe:a9fe", Some(Kind::LinkLocal)),
            ("6440:1", Some(Kind::CarrierNat)),
            ("e000:1", Some(Kind::Multicast)),
            ("0:0", Some(Kind::Unspecified)),
            ("808:808", None),
        ] {
            for prefix in ["::ffff:", "64:ff9b::"] {
                assert_eq!(judge(&format!("{prefix}{inside}")), kind, "{prefix}{inside}");
            }
            assert_eq!(judge(&format!("2002:{inside}::1")), kind, "6to4 {inside}");
        }
        assert_eq!(judge("::ffff:127.0.0.1"), Some(Kind::Loopback));
        assert_eq!(judge("2606:4700::1111"), None);
    }

    #[test]
    fn every_spelling_of_a_literal_is_the_address_it_means() {
        for spelling in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0x7f.0.0.1",
            "0177.0.0.1",
            "017700000001",
            "127.0.0.1.",
            "%31%32%37.0.0.1",
            "１２７.0.0.1",
            "[::1]",
            "[::ffff:7f00:1]",
            "[0:0:0:0:0:0:0:1]",
        ] {
            let url: Url = format!("http://{spelling}/").parse().unwrap();
            let address: IpAddr = match url.host().unwrap() {
                Host::Ipv4(address) => address.into(),
                Host::Ipv6(address) => address.into(),
                Host::Domain(name) => panic!("{spelling} is a name: {name}"),
            };
            assert_eq!(public_only(address), Some(Kind::Loopback), "{spelling}");
        }
    }
}
