//! When to kill.

use tidings::clock::Chance;

/// Chance, told in advance: the same seed kills after the same messages.
pub struct Dice(u64);

impl Dice {
    pub fn thrown() -> Self {
        let given = std::env::var("TIDINGS_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(|| u64::from_be_bytes(Chance::system().bytes()));
        println!("to kill at these moments again: TIDINGS_TEST_SEED={seed}");
        Self(seed)
    }

    /// From 1 to `most`: SplitMix64.
    pub fn up_to(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        1 + usize::try_from(mixed % most as u64).unwrap()
    }
}
