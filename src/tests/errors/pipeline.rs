//! What ends a stage, or a trial of it.

use insta::assert_snapshot;

use super::{broken_off, page, printed, unnumbered};
use crate::app::AppError;
use crate::pipeline::Error;
use crate::pipeline::deliver::trial::TrialError;

#[tokio::test]
async fn what_ends_a_stage() {
    let told = page([
        printed(AppError::Pipeline(Error::StaleConfiguration)),
        printed(Error::NeverAgain),
        printed(Error::Broken(broken_off().await)),
    ]);
    assert_snapshot!(unnumbered(&told));
}

#[test]
fn a_test_digest_that_is_not_made() {
    let place = "mail/digest/body.txt:2:6: `nonsense` is undefined".to_owned();
    let told = page([printed(TrialError::NoArticles), printed(TrialError::Unmade(place))]);
    assert_snapshot!(told);
}
