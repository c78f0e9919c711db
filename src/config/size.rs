//! Amounts of data: `"10 MiB"`, `"64 KiB"`, `"500 kB"`, `"900 B"`.

use std::str::FromStr;

use serde::de::Deserializer;

use super::value;

struct Size(u64);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unit = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let each = match text[unit..].trim() {
            "B" => Some(1),
            "kB" | "KB" => Some(1_000),
            "MB" => Some(1_000_000),
            "KiB" => Some(1 << 10),
            "MiB" => Some(1 << 20),
            "GiB" => Some(1 << 30),
            _ => None,
        };
        let number: Option<u64> = text[..unit].parse().ok();
        number
            .zip(each)
            .and_then(|(number, each): (u64, u64)| number.checked_mul(each))
            .map(Self)
            .ok_or_else(|| format!("`{text}` is not an amount of data: write \"10 MiB\" or \"64 KiB\""))
    }
}

/// Bytes.
pub(super) fn read<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    value::text::<_, Size>(from, "an amount of data in quotes, such as \"10 MiB\",").map(|size| size.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_data_are_numbers_with_units() {
        for (text, bytes) in [("10 MiB", 10_485_760), ("64KiB", 65_536), ("90 kB", 90_000), ("1 B", 1)] {
            assert_eq!(text.parse::<Size>().unwrap().0, bytes, "{text}");
        }
        for bad in ["", "10", "MiB", "10 Mib", "-1 B", "99999999999 GiB"] {
            assert!(bad.parse::<Size>().is_err(), "{bad:?}");
        }
    }
}
