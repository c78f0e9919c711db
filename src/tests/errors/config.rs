//! The configuration as a file; what is wrong within it has its snapshots beside the code.

use insta::assert_snapshot;

use super::{denied, nowhere, page, printed};
use crate::config::{Config, ConfigErrors};

#[test]
fn a_configuration_that_cannot_be_had() {
    let unreadable = |source| ConfigErrors::Unreadable { path: "/etc/tidings/tidings.toml".into(), source };
    let wrong = Config::from_text("[relay]\nprot = 465\n", "tidings.toml", "/etc/tidings".as_ref(), []).unwrap_err();
    let told = page([printed(unreadable(nowhere())), printed(unreadable(denied())), printed(wrong)]);
    assert_snapshot!(told);
}
